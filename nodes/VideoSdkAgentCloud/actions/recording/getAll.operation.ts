import { RECORDINGS } from '../../api/recordings';
import { choiceField } from '../../fields/field';
import { readRoomFilters, roomFiltersField } from '../../fields/filters';
import { getMany } from '../getMany';

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

export const operation = getMany({
	action: 'Get many recordings',
	description:
		'Retrieve a list of recordings. A recording appears a few minutes after the conversation has ended.',
	first: [recordingTypeField],
	fields: [roomFiltersField],
	read(read) {
		const type = read.choice<keyof typeof RECORDINGS>(recordingTypeField);
		return { list: { ...RECORDINGS[type], qs: readRoomFilters(read) } };
	},
});
