import { listRecords } from '../../api/pagination';
import { RECORDINGS } from '../../api/recordings';
import { LIST_FIELDS, readLimit } from '../../fields/list';
import { readChoice } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import { readRoomFilters, roomFiltersField } from '../../fields/room';
import type { Operation } from '../operation';

const TYPES = ['room', 'participant', 'track', 'merged'] as const;

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
		const type = readChoice(context, 'recordingType', 'Recording Type', TYPES, itemIndex);
		const limit = readLimit(context, itemIndex);
		const qs = readRoomFilters(context, itemIndex);
		return async (send) => await listRecords(send, { ...RECORDINGS[type], qs }, limit);
	},
};
