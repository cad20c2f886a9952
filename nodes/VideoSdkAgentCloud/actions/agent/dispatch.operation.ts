import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { dispatchAgent } from '../../api/agents';
import { inputError } from '../../fields/inputError';
import { AGENT_TOOLS_FIELDS, TOOLS_VALID_FOR } from '../../fields/agentTools';
import { readMetadataWithTools } from '../../fields/readAgentTools';
import { metaDataFields } from '../../fields/keyValue';
import { agentField } from '../../fields/locators';
import { asFlag, readCollection, readCount, readOptional, readRequired } from '../../fields/read';
import { readMetaData } from '../../fields/readKeyValue';
import { optionsField } from '../../fields/requestOptions';
import type { Operation } from '../operation';

const ROOM_OPTIONS: INodeProperties[] = [
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
];

/** @returns Room Options, as the API names them; undefined if none is given */
function readRoomOptions(context: IExecuteFunctions, itemIndex: number): IDataObject | undefined {
	const given = readCollection(context, 'roomOptions', itemIndex);
	const options = ROOM_OPTIONS.filter(({ name }) => name in given);
	if (options.length === 0) return undefined;
	return Object.fromEntries(
		options.map(({ name, displayName, type }) => [
			name,
			(type === 'number' ? readCount : asFlag)(context, given[name], displayName, itemIndex),
		]),
	);
}

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
		...AGENT_TOOLS_FIELDS,
		...metaDataFields('dispatch'),
		{
			displayName: 'Room Options',
			name: 'roomOptions',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: ROOM_OPTIONS,
		},
		optionsField([TOOLS_VALID_FOR]),
	],
	prepare(context, itemIndex) {
		const meetingId = readRequired(context, 'meetingId', 'Room ID', itemIndex);
		const body = {
			agentId: readRequired(context, 'agentId', 'Agent', itemIndex),
			meetingId,
			versionId: readOptional(context, 'versionId', 'Version ID', itemIndex),
			versionTag: readOptional(context, 'versionTag', 'Version Tag', itemIndex),
			roomOptions: readRoomOptions(context, itemIndex),
		};
		if (body.versionId !== undefined && body.versionTag !== undefined) {
			throw inputError(
				context,
				"Both 'Version ID' and 'Version Tag' are set",
				'Clear one of the two: each of them names the version.',
				itemIndex,
			);
		}
		const metadata = readMetadataWithTools(context, readMetaData(context, itemIndex), itemIndex);
		return async (send) => await dispatchAgent(send, { ...body, metadata: await metadata() });
	},
};
