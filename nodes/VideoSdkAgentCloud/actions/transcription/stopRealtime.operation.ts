import { stopRealtime } from '../../api/transcriptions';
import { optionsField } from '../../fields/requestOptions';
import { roomIdField } from '../../fields/roomId';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'stopRealtime',
	name: 'Stop Realtime',
	action: 'Stop realtime transcription',
	description: "Stop transcribing what's said in a room",
	fields: [roomIdField, optionsField()],
	prepare(read) {
		const roomId = read.text(roomIdField);
		return async (send) => await stopRealtime(send, roomId);
	},
};
