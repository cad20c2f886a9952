import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { readOptional, readRequired } from '../../fields/ids';
import { metaDataProperties, readMetaData } from '../../fields/keyValue';
import { requestOptionsProperty } from '../../fields/requestOptions';
import { DeclinedError, isRecord, pathOf } from '../../transport/request';
import type { Call } from '../operation';
import { showFor } from '../operation';

const show = showFor('agent', ['dispatch']);

export const description: INodeProperties[] = [
	{
		displayName: 'Agent ID',
		name: 'agentId',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. ag_1a2b3c',
		description: 'The agent to send into a room, as found in the VideoSDK dashboard',
		displayOptions: show,
	},
	{
		displayName: 'Meeting ID',
		name: 'meetingId',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. abcd-efgh-ijkl',
		description: 'The room that the agent joins, also called room ID',
		displayOptions: show,
	},
	{
		displayName: 'Version ID',
		name: 'versionId',
		type: 'string',
		default: '',
		description: 'The version of the agent. Leave empty for the active one.',
		displayOptions: show,
	},
	{
		displayName: 'Version Tag',
		name: 'versionTag',
		type: 'string',
		default: '',
		placeholder: 'e.g. production',
		description: 'The tag of a published version, instead of its ID',
		displayOptions: show,
	},
	...metaDataProperties(show),
	{
		displayName: 'Room Options',
		name: 'roomOptions',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		displayOptions: show,
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
				description: 'Whether the agent joins the meeting by itself',
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
				description: 'Time in seconds that the agent stays when nobody is there',
			},
			{
				displayName: 'Vision',
				name: 'vision',
				type: 'boolean',
				default: false,
				description: 'Whether the agent gets the video of the participants',
			},
		],
	},
	requestOptionsProperty(show),
];

export function prepare(context: IExecuteFunctions, itemIndex: number): Call {
	const meetingId = readRequired(context, 'meetingId', 'Meeting ID', itemIndex);
	const roomOptions = context.getNodeParameter('roomOptions', itemIndex, {}) as IDataObject;
	const body = {
		agentId: readRequired(context, 'agentId', 'Agent ID', itemIndex),
		// The official SDK sends the room under both names.
		meetingId,
		roomId: meetingId,
		versionId: readOptional(context, 'versionId', 'Version ID', itemIndex),
		versionTag: readOptional(context, 'versionTag', 'Version Tag', itemIndex),
		metadata: readMetaData(context, itemIndex),
		roomOptions: Object.keys(roomOptions).length === 0 ? undefined : roomOptions,
	};
	return async (send) =>
		await send(
			{ method: 'POST', path: pathOf('v2', 'agent', 'dispatch'), body, starts: 'dispatch' },
			(answer) => {
				const result = [answer.data, answer].find(
					(candidate): candidate is IDataObject => isRecord(candidate) && 'success' in candidate,
				);
				// The API answers 200 also when no worker was free.
				if (result && result.success !== true) throw new DeclinedError();
				return result;
			},
		);
}
