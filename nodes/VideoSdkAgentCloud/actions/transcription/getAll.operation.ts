import { TRANSCRIPTIONS } from '../../api/transcriptions';
import { readRoomFilters, roomFiltersField } from '../../fields/kit/filters';
import { getMany } from '../getManyOperation';

export const operation = getMany({
	action: 'Get many transcriptions',
	description: 'Retrieve a list of transcriptions of recordings, without their text',
	fields: [roomFiltersField],
	read: (read) => ({ list: { ...TRANSCRIPTIONS, qs: readRoomFilters(read) } }),
});
