import { choiceField } from '../../fields/field';
import { listRecords } from '../../api/pagination';
import { RECORDINGS } from '../../api/recordings';
import { readLimit, RETURN_ALL_FIELDS } from '../../fields/returnAll';
import { optionsField } from '../../fields/requestOptions';
import { readRoomFilters, roomFiltersField } from '../../fields/roomFilters';
import { type Operation } from '../operation';

const recordingTypeField = choiceField('default', 'Recording Type', 'recordingType', {
	options: [
		{
			name: 'Merged',
			value: 'merged',
			description: 'One file, with the agent on one channel and everyone else on another',
		},
		{ name: 'Participant', value: 'participant', description: 'One file per participant' },
		{
			name: 'Room',
			value: 'room',
			description: "One file with all participants, as created by a room's 'Recording' setting",
		},
		{ name: 'Track', value: 'track', description: 'One file per camera or microphone' },
	],
	default: 'room',
});

export const operation: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many recordings',
	description:
		'Retrieve a list of recordings. A recording appears a few minutes after the conversation has ended.',
	fields: [recordingTypeField, ...RETURN_ALL_FIELDS, roomFiltersField, optionsField()],
	prepare(read) {
		const type = read.choice<keyof typeof RECORDINGS>(recordingTypeField);
		const limit = readLimit(read);
		const qs = readRoomFilters(read);
		return async (send) => await listRecords(send, { ...RECORDINGS[type], qs }, limit);
	},
};
