import { type INodeProperties } from 'n8n-workflow';
import { startSession } from '../../api/sessions';
import { AGENT_TASK_FIELDS } from '../../fields/agentTask';
import { AGENT_OPTIONS, readForAgent } from '../../fields/agentTools';
import { agentToolsField } from '../../fields/chosenTool';
import { ENV_FIELDS, metaDataFields, readEnv, readKeyValues } from '../../fields/kit/keyValue';
import { idempotencyKeyField, withKey } from '../../fields/idempotencyKey';
import { deploymentField, optionalTagField } from '../../fields/kit/locators';
import { dryRunField, readOptions } from '../../fields/kit/requestOptions';
import { type ItemReader } from '../../fields/kit/reader';
import { readWebhook, WEBHOOK_FIELDS } from '../../fields/triggers/webhook';
import { recordingFields } from '../../fields/recording';
import { readSessionRoom, roomIdOption, ROOM_VARIABLE } from '../../fields/room';
import { type WebhookOf } from '../../waiting/resuming/resumeUrl';
import { SESSION_EVENT_OPTIONS, ROOM_EVENTS } from '../../webhook/event';
import { openRoom } from '../openRoom';
import { type Operation, type PreparedStart } from '../operation';

const META_DATA_FIELDS = metaDataFields(
	"Your own data to keep with the session. For data that the agent reads, use 'Environment Variables'.",
);

/**
 * Makes the fields of a start, with those that most users need first.
 *
 * @param own the operation's own fields
 */
export function startFields(own: INodeProperties[]): INodeProperties[] {
	return [
		deploymentField,
		optionalTagField,
		...AGENT_TASK_FIELDS,
		...own,
		...ENV_FIELDS,
		...META_DATA_FIELDS,
		agentToolsField,
	];
}

/**
 * Reads the fields that all operations that start a session share: those of `startFields`.
 *
 * @returns a function that makes the start of an item, out of the function that gives the session's webhook. A room that is created for
 *   the session sends its `roomEvents` to the same URL, and its `roomId` is added to the record
 * @throws NodeOperationError naming the field
 */
export function readStart(read: ItemReader): (webhookOf: WebhookOf, roomEvents?: string[]) => PreparedStart {
	const env = readEnv(read);
	const body = { deploymentId: read.text(deploymentField), tag: read.text(optionalTagField) };
	const metaData = readKeyValues(read, META_DATA_FIELDS);
	const room = readSessionRoom(read, env);
	const envOf = readForAgent(read, 'env', env);
	return (webhookOf, roomEvents) => ({
		deploymentId: body.deploymentId,
		idempotencyKey: readOptions(read).text(idempotencyKeyField),
		show: (session) => session,
		arrange: async (send, tools) => {
			const webhook = await webhookOf(tools.credential);
			const sentEnv = await envOf(tools);
			const ofRoom = webhook && roomEvents && { ...webhook, events: roomEvents };
			const roomId = await openRoom(read.context, send, tools, room, 'session', async () => ofRoom);
			return {
				wait: { roomId: room.body && roomId },
				post: async (post, key) => {
					const start = { ...body, metaData: withKey(metaData, key), webhook };
					if (roomId === undefined) return await startSession(post, { ...start, env: sentEnv });
					const inRoom = { ...sentEnv, [ROOM_VARIABLE]: roomId };
					return { ...(await startSession(post, { ...start, env: inRoom })), roomId };
				},
			};
		},
	});
}

export const operation: Operation = {
	value: 'start',
	action: 'Start session',
	description: 'Start an agent session. This costs money, and the agent may call a real person.',
	consequence: 'costs money and may call a person',
	starts: 'session',
	fields: startFields([
		...WEBHOOK_FIELDS,
		...recordingFields(
			'n8n creates a room for it. Get it afterwards with Transcription: Get or Recording: Get Many.',
		),
	]),
	options: [dryRunField, idempotencyKeyField, roomIdOption, ...AGENT_OPTIONS],
	prepare(read) {
		const webhook = readWebhook(read, SESSION_EVENT_OPTIONS);
		return readStart(read)(async () => webhook, ROOM_EVENTS);
	},
};
