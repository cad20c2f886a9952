import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { apiSessionId } from '../api/sessionId';
import { filtersField, readFilters } from './filters';
import { asText } from './read';

/** An existing room, by its own ID. */
export const roomIdField: INodeProperties = {
	displayName: 'Room ID',
	name: 'roomId',
	type: 'string',
	default: '',
	required: true,
	placeholder: 'e.g. abcd-efgh-ijkl',
	description: 'The room, as <code>roomId</code> in the output of Room: Create and Session: Start',
};

/** Filters of lists that belong to rooms. */
const ROOM_FILTERS: INodeProperties[] = [
	{
		displayName: 'Room ID',
		name: 'roomId',
		type: 'string',
		default: '',
		placeholder: 'e.g. abcd-efgh-ijkl',
		description: 'Only those of this room',
	},
	{
		displayName: 'Session ID',
		name: 'sessionId',
		type: 'string',
		default: '',
		placeholder: 'e.g. 65f1c2d3e4b5a69788a9b0c1',
		description:
			'Only those of this session of a room, as room events and calls name it. It is not the ID of an agent session.',
	},
];

/** The collection of ROOM_FILTERS. */
export const roomFiltersField = filtersField(ROOM_FILTERS);

/** Reads `roomFiltersField`, as the API names the filters. */
export function readRoomFilters(context: IExecuteFunctions, itemIndex: number): IDataObject {
	const filters = readFilters(context, ROOM_FILTERS, itemIndex);
	const sessionId = asText(context, filters.sessionId, 'Session ID', itemIndex);
	return {
		roomId: asText(context, filters.roomId, 'Room ID', itemIndex),
		sessionId: sessionId && apiSessionId(sessionId),
	};
}
