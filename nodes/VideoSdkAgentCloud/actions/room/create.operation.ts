import { createRoom } from '../../api/rooms';
import { ROOM_EVENT_OPTIONS } from '../../fields/events';
import { asText, readCollection } from '../../fields/read';
import { readRecording, RECORDING_FIELDS } from '../../fields/recording';
import { readWebhookTarget } from '../../fields/readWebhook';
import { optionsField } from '../../fields/requestOptions';
import { webhookFields } from '../../fields/webhook';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'create',
	name: 'Create',
	action: 'Create room (recording costs money)',
	description:
		'Create a room in which agents, callers and participants meet, and choose whether it is recorded. Recording costs money.',
	starts: 'room',
	fields: [
		...RECORDING_FIELDS,
		...webhookFields({
			thing: 'room',
			eventOptions: ROOM_EVENT_OPTIONS,
			defaultEvents: ['session-ended', 'recording-stopped', 'transcription-stopped'],
		}),
		optionsField([
			{
				displayName: 'Custom Room ID',
				name: 'customRoomId',
				type: 'string',
				default: '',
				placeholder: 'e.g. order-4711',
				description:
					'An ID of your own. If there is a room of that ID already, VideoSDK returns it as it was created.',
			},
			{
				displayName: 'Geo Fence',
				name: 'geoFence',
				type: 'string',
				default: '',
				placeholder: 'e.g. eu001',
				description: 'The region whose servers the room is limited to, such as us001, eu001 or in002',
			},
		]),
	],
	prepare(context, itemIndex) {
		const options = readCollection(context, 'options', itemIndex);
		const body = {
			customRoomId: asText(context, options.customRoomId, 'Custom Room ID', itemIndex),
			geoFence: asText(context, options.geoFence, 'Geo Fence', itemIndex),
			autoStartConfig: readRecording(context, itemIndex),
		};
		const webhook = readWebhookTarget(context, itemIndex, ROOM_EVENT_OPTIONS);
		return async (send) => await createRoom(send, { ...body, webhook: await webhook?.() });
	},
};
