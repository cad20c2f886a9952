import { listRecords } from '../../api/pagination';
import { TRANSCRIPTIONS } from '../../api/transcriptions';
import { LIST_FIELDS, readLimit } from '../../fields/list';
import { optionsField } from '../../fields/requestOptions';
import { readRoomFilters, roomFiltersField } from '../../fields/room';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many transcriptions',
	description: 'Retrieve a list of the transcriptions of recordings, without their text',
	fields: [...LIST_FIELDS, roomFiltersField, optionsField()],
	prepare(context, itemIndex) {
		const limit = readLimit(context, itemIndex);
		const qs = readRoomFilters(context, itemIndex);
		return async (send) => await listRecords(send, { ...TRANSCRIPTIONS, qs }, limit);
	},
};
