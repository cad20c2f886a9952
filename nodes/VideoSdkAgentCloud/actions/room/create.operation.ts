import { textField } from '../../fields/kit/field';
import { readRecording, recordingFields } from '../../fields/recording';
import { readWebhook, webhookFields } from '../../fields/triggers/webhook';
import { dryRunField, readOptions } from '../../fields/kit/requestOptions';
import { ROOM_EVENT_OPTIONS } from '../../webhook/event';
import { type Operation } from '../operation';

const customRoomIdField = textField('default', 'Custom Room ID', 'customRoomId', {
	placeholder: 'e.g. order-4711',
	description:
		"Your own ID for the room. If a room with this ID already exists, VideoSDK returns that room as it is, with its first 'Webhook URL' and 'Recording'.",
});

const DEFAULT_EVENTS = ['session-ended', 'recording-stopped', 'transcription-stopped'];

export const operation: Operation = {
	value: 'create',
	action: 'Create room',
	description:
		'Create a room where agents and people meet, and choose whether to record it. Recording costs money.',
	consequence: 'costs money if the room is recorded',
	starts: 'room',
	fields: [
		...recordingFields(
			"You can't choose it afterwards. Get it with Transcription: Get or Recording: Get Many.",
		),
		...webhookFields('room', "this room's events", ROOM_EVENT_OPTIONS, DEFAULT_EVENTS),
	],
	options: [customRoomIdField, dryRunField],
	prepare(read) {
		const options = readOptions(read);
		const body = {
			customRoomId: options.text(customRoomIdField),
			autoStartConfig: readRecording(read),
			webhook: readWebhook(read, ROOM_EVENT_OPTIONS),
		};
		return { request: { kind: 'room', body } };
	},
};
