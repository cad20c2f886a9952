import { type IDataObject } from 'n8n-workflow';
import { optional, textField } from './field';
import { apiSessionId } from '../api/sessionId';
import { filtersField } from './filters';
import { type ItemReader } from './reader';
import { roomIdField } from './roomId';

const roomFilter = optional('refused', roomIdField, 'Only return results from this room');
const sessionFilter = textField('refused', 'Session ID', 'sessionId', {
	placeholder: 'e.g. 65f1c2d3e4b5a69788a9b0c1',
	description:
		'Only return results from this room session, the <code>sessionId</code> of a room event or a call',
});

/** Filters of lists that belong to rooms. */
export const roomFiltersField = filtersField([roomFilter, sessionFilter]);

/** Reads `roomFiltersField`, as the API names the filters. */
export function readRoomFilters(read: ItemReader): IDataObject {
	const filters = read.collection(roomFiltersField);
	const sessionId = filters.text(sessionFilter);
	return { roomId: filters.text(roomFilter), sessionId: sessionId && apiSessionId(sessionId) };
}
