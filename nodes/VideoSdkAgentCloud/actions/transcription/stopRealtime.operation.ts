import { stopRealtime } from '../../api/transcriptions';
import { roomIdField } from '../../fields/room';
import { onRecord } from '../oneRecordOperation';

export const operation = onRecord(roomIdField, stopRealtime, {
	value: 'stopRealtime',
	action: 'Stop realtime transcription',
	description: "Stop transcribing what's said in a room",
});
