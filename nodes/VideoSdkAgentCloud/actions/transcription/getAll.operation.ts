import { listRecords } from '../../api/pagination';
import { TRANSCRIPTIONS } from '../../api/transcriptions';
import { readLimit, RETURN_ALL_FIELDS } from '../../fields/returnAll';
import { optionsField } from '../../fields/requestOptions';
import { readRoomFilters, roomFiltersField } from '../../fields/roomFilters';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many transcriptions',
	description: 'Retrieve a list of transcriptions, without their text',
	fields: [...RETURN_ALL_FIELDS, roomFiltersField, optionsField()],
	prepare(read) {
		const limit = readLimit(read);
		const qs = readRoomFilters(read);
		return async (send) => await listRecords(send, { ...TRANSCRIPTIONS, qs }, limit);
	},
};
