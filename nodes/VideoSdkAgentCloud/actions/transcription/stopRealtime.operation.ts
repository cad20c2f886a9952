import { stopRealtime } from '../../api/transcriptions';
import { readRequired } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import { roomIdField } from '../../fields/room';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'stopRealtime',
	name: 'Stop Realtime',
	action: 'Stop realtime transcription',
	description: 'Stop the realtime transcription of a room',
	fields: [roomIdField, optionsField()],
	prepare(context, itemIndex) {
		const roomId = readRequired(context, 'roomId', 'Room ID', itemIndex);
		return async (send) => await stopRealtime(send, roomId);
	},
};
