import { type INodeProperties } from 'n8n-workflow';
import { listRecords } from '../../api/pagination';
import { RECORDINGS } from '../../api/recordings';
import { readLimit, RETURN_ALL_FIELDS } from '../../fields/returnAll';
import { optionsField } from '../../fields/requestOptions';
import { readRoomFilters, roomFiltersField } from '../../fields/roomFilters';
import { type Operation } from '../operation';

const recordingTypeField: INodeProperties = {
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
};

export const operation: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many recordings',
	description: 'Retrieve a list of recordings. A recording appears some time after the conversation.',
	fields: [recordingTypeField, ...RETURN_ALL_FIELDS, roomFiltersField, optionsField()],
	prepare(read) {
		const type = read.choice<keyof typeof RECORDINGS>(recordingTypeField);
		const limit = readLimit(read);
		const qs = readRoomFilters(read);
		return async (send) => await listRecords(send, { ...RECORDINGS[type], qs }, limit);
	},
};
