import { RECORDINGS } from '../../api/recordings';
import { choiceField, optionsIn } from '../../fields/kit/field';
import { readRoomFilters, roomFiltersField } from '../../fields/kit/filters';
import { getMany } from '../getManyOperation';

const recordingTypeField = choiceField('default', 'Recording Type', 'recordingType', {
	options: optionsIn({
		merged: {
			name: 'Merged',
			description: 'One file, with the agent on one channel and everyone else on another',
		},
		participant: { name: 'Participant', description: 'One file per participant' },
		room: {
			name: 'Room',
			description: "One file with all participants, as created by a room's 'Recording' setting",
		},
		track: { name: 'Track', description: 'One file per camera or microphone' },
	} satisfies Record<keyof typeof RECORDINGS, object>),
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
