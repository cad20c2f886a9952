import { dispatchAgent } from '../../api/agents';
import { inputError } from '../../fields/inputError';
import { metaDataFields } from '../../fields/keyValue';
import { agentField } from '../../fields/locators';
import { readCollection, readOptional, readRequired } from '../../fields/read';
import { readMetaData } from '../../fields/readKeyValue';
import { optionsField } from '../../fields/requestOptions';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'dispatch',
	name: 'Dispatch',
	action: 'Dispatch agent to room (costs money)',
	description: 'Send an agent to a room. This costs money.',
	starts: 'dispatch',
	fields: [
		agentField,
		{
			displayName: 'Room ID',
			name: 'meetingId',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. abcd-efgh-ijkl',
			description: 'The room for the agent to join',
		},
		{
			displayName: 'Version ID',
			name: 'versionId',
			type: 'string',
			default: '',
			placeholder: 'e.g. ver_1a2b3c',
			description: 'The version of the agent. Leave empty for the latest deployed one.',
		},
		{
			displayName: 'Version Tag',
			name: 'versionTag',
			type: 'string',
			default: '',
			placeholder: 'e.g. production',
			description: 'The tag of a published version, instead of its ID',
		},
		...metaDataFields('dispatch'),
		{
			displayName: 'Room Options',
			name: 'roomOptions',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				{
					displayName: 'Auto End Session',
					name: 'autoEndSession',
					type: 'boolean',
					default: true,
					description: 'Whether the session ends when the last participant has left',
				},
				{
					displayName: 'Join Meeting',
					name: 'joinMeeting',
					type: 'boolean',
					default: true,
					description: 'Whether the agent joins the room automatically',
				},
				{
					displayName: 'Playground',
					name: 'playground',
					type: 'boolean',
					default: false,
					description: 'Whether the session can be watched in the VideoSDK playground',
				},
				{
					displayName: 'Session Timeout',
					name: 'sessionTimeoutSeconds',
					type: 'number',
					typeOptions: { minValue: 1 },
					default: 60,
					hint: 'In seconds',
					description: 'Time in seconds that the agent stays in an empty room',
				},
				{
					displayName: 'Vision',
					name: 'vision',
					type: 'boolean',
					default: false,
					description: "Whether the agent receives the participants' video",
				},
			],
		},
		optionsField(),
	],
	prepare(context, itemIndex) {
		const roomOptions = readCollection(context, 'roomOptions', itemIndex);
		const meetingId = readRequired(context, 'meetingId', 'Room ID', itemIndex);
		const body = {
			agentId: readRequired(context, 'agentId', 'Agent', itemIndex),
			meetingId,
			versionId: readOptional(context, 'versionId', 'Version ID', itemIndex),
			versionTag: readOptional(context, 'versionTag', 'Version Tag', itemIndex),
			metadata: readMetaData(context, itemIndex),
			roomOptions: Object.keys(roomOptions).length === 0 ? undefined : roomOptions,
		};
		if (body.versionId !== undefined && body.versionTag !== undefined) {
			throw inputError(
				context,
				"Both 'Version ID' and 'Version Tag' are set",
				'Clear one of the two: each of them names the version.',
				itemIndex,
			);
		}
		return async (send) => await dispatchAgent(send, body);
	},
};
