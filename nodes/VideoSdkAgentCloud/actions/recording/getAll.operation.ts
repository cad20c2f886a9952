import { listRecords } from '../../api/pagination';
import type { RecordingType } from '../../api/recordings';
import { RECORDINGS } from '../../api/recordings';
import { readFilters } from '../../fields/filters';
import { inputError } from '../../fields/inputError';
import { LIST_FIELDS, readLimit } from '../../fields/list';
import { asText, readOptional } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import { ROOM_FILTERS, roomFiltersField } from '../../fields/room';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many recordings',
	description: 'Retrieve a list of recordings. A recording appears some time after the conversation.',
	fields: [
		{
			displayName: 'Recording Type',
			name: 'recordingType',
			type: 'options',
			options: [
				{ name: 'Merged', value: 'merged', description: 'Agent and caller on the two channels of a file' },
				{ name: 'Participant', value: 'participant', description: 'A file for each participant' },
				{
					name: 'Room',
					value: 'room',
					description: "All participants in a file, as a room's Recording makes it",
				},
				{ name: 'Track', value: 'track', description: 'A file for each camera or microphone' },
			],
			default: 'room',
		},
		...LIST_FIELDS,
		roomFiltersField,
		optionsField(),
	],
	prepare(context, itemIndex) {
		const type = readOptional(context, 'recordingType', 'Recording Type', itemIndex) ?? 'room';
		if (!Object.hasOwn(RECORDINGS, type)) {
			throw inputError(
				context,
				`'Recording Type' is '${type}', which is not one of its options`,
				`Use ${Object.keys(RECORDINGS)
					.map((name) => `'${name}'`)
					.join(', ')}.`,
				itemIndex,
			);
		}
		const limit = readLimit(context, itemIndex);
		const filters = readFilters(context, ROOM_FILTERS, itemIndex);
		const qs = {
			roomId: asText(context, filters.roomId, 'Room ID', itemIndex),
			sessionId: asText(context, filters.sessionId, 'Session ID', itemIndex),
		};
		return async (send) => await listRecords(send, { ...RECORDINGS[type as RecordingType], qs }, limit);
	},
};
