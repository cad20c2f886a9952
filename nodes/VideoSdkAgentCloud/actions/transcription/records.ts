import { stopRealtime, TRANSCRIPTIONS } from '../../api/transcriptions';
import { roomIdField } from '../../fields/room';
import { readRoomFilters, roomFiltersField } from '../../fields/kit/filters';
import { getMany, onRecord, type RecordOperations } from '../recordOperations';

export const operations: RecordOperations = [
	getMany({
		action: 'Get many transcriptions',
		description: 'Retrieve a list of transcriptions of recordings, without their text',
		fields: [roomFiltersField],
		read: (read) => ({ list: { ...TRANSCRIPTIONS, qs: readRoomFilters(read) } }),
	}),
	onRecord(roomIdField, stopRealtime, {
		value: 'stopRealtime',
		action: 'Stop realtime transcription',
		description: "Stop transcribing what's said in a room",
		ends: true,
	}),
];
