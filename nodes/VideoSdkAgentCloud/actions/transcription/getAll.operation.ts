import { TRANSCRIPTIONS } from '../../api/transcriptions';
import { readRoomFilters, roomFiltersField } from '../../fields/filters';
import { getMany } from '../getMany';

export const operation = getMany({
	action: 'Get many transcriptions',
	description: 'Retrieve a list of transcriptions of recordings, without their text',
	fields: [roomFiltersField],
	read: (read) => ({ list: { ...TRANSCRIPTIONS, qs: readRoomFilters(read) } }),
});
