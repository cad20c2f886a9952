import { deleteRecording, RECORDINGS } from '../../api/recordings';
import { choiceField, optionsIn, textField } from '../../fields/kit/field';
import { readRoomFilters, roomFiltersField } from '../../fields/kit/filters';
import { getMany, onRecord, type RecordOperations } from '../recordOperations';

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

const recordingIdField = textField('required', 'Recording ID', 'recordingId', {
	placeholder: 'e.g. 64f89a7c1a23b4',
	description:
		"The <code>id</code> of a room's recording, from Recording: Get Many with 'Recording Type' set to Room",
});

export const operations: RecordOperations = [
	getMany({
		action: 'Get many recordings',
		description:
			'Retrieve a list of recordings. A recording appears a few minutes after the conversation has ended.',
		first: [recordingTypeField],
		fields: [roomFiltersField],
		read(read) {
			const type = read.choice<keyof typeof RECORDINGS>(recordingTypeField);
			return { list: { ...RECORDINGS[type], qs: readRoomFilters(read) } };
		},
	}),
	onRecord(recordingIdField, deleteRecording, {
		value: 'delete',
		action: 'Delete recording',
		description:
			"Delete a room's recording, which VideoSDK calls a soft delete. Its transcripts and summaries stay.",
		isTool: false,
		ends: true,
	}),
];
