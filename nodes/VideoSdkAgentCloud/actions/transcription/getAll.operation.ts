import { listRecords } from '../../api/pagination';
import { TRANSCRIPTIONS } from '../../api/transcriptions';
import { readFilters } from '../../fields/filters';
import { LIST_FIELDS, readLimit } from '../../fields/list';
import { asText } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import { ROOM_FILTERS, roomFiltersField } from '../../fields/room';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many transcriptions',
	description: 'Retrieve a list of the transcriptions of recordings, without their text',
	fields: [...LIST_FIELDS, roomFiltersField, optionsField()],
	prepare(context, itemIndex) {
		const limit = readLimit(context, itemIndex);
		const filters = readFilters(context, ROOM_FILTERS, itemIndex);
		const qs = {
			roomId: asText(context, filters.roomId, 'Room ID', itemIndex),
			sessionId: asText(context, filters.sessionId, 'Session ID', itemIndex),
		};
		return async (send) => await listRecords(send, { ...TRANSCRIPTIONS, qs }, limit);
	},
};
