import { type IDataObject, type IExecuteFunctions, type INodeProperties } from 'n8n-workflow';
import { type Send } from '../../api/client';
import { type SessionWebhook, type StartBody, startSession } from '../../api/sessions';
import { EVENT_OPTIONS } from '../../fields/events';
import { agentToolsField, readWithTools, TOOLS_OPTIONS } from '../../fields/agentTools';
import { ENV_FIELDS, metaDataFields, readEnv, readKeyValues } from '../../fields/keyValue';
import { deploymentField, optionalTagField } from '../../fields/locators';
import { type ItemReader } from '../../fields/reader';
import { readWebhook, WEBHOOK_FIELDS } from '../../fields/webhook';
import { recordingFields } from '../../fields/recording';
import { readSessionRoom, type RoomChoice, roomIdOption, ROOM_VARIABLE } from '../../fields/room';
import { withSignedContext } from '../../webhook/context';
import { ROOM_EVENTS } from '../../webhook/event';
import { openRoom } from '../openRoom';
import { type Operation, type RunTools } from '../operation';

/** The body of a start, and the room for it. */
export interface SessionStart extends StartBody {
	room: RoomChoice;
}

const META_DATA_FIELDS = metaDataFields(
	"Your own data to keep with the session. For data that the agent reads, use 'Environment Variables'.",
);

/**
 * The fields of a start. What most need comes first.
 *
 * @param own what differs between the operations
 */
export function startFields(own: INodeProperties[]): INodeProperties[] {
	return [deploymentField, optionalTagField, ...own, ...ENV_FIELDS, ...META_DATA_FIELDS, agentToolsField];
}

/**
 * Reads what `startFields` has for all operations, as the API names it.
 *
 * @returns the start, and what gives its environment variables with the agent's tools in them
 */
export function readStart(read: ItemReader): {
	start: SessionStart;
	env: ReturnType<typeof readWithTools>;
} {
	const env = readEnv(read);
	const start = {
		deploymentId: read.text(deploymentField),
		tag: read.text(optionalTagField),
		metaData: readKeyValues(read, META_DATA_FIELDS),
		room: readSessionRoom(read, env),
	};
	return { start, env: readWithTools(read, 'env', env) };
}

/**
 * Starts a session in the room that was chosen for it.
 *
 * @returns the session, with the `roomId` of the room if one was chosen
 * @throws NodeApiError as `startSession` and `openRoom` do
 */
export async function startInRoom(
	context: IExecuteFunctions,
	send: Send,
	tools: RunTools,
	{ room, ...body }: SessionStart,
): Promise<IDataObject> {
	const roomId = await openRoom(context, send, tools, room, 'session');
	if (roomId === undefined) return await startSession(send, body);
	const session = await startSession(send, { ...body, env: { ...body.env, [ROOM_VARIABLE]: roomId } });
	return { ...session, roomId };
}

/** A room takes a webhook only when it is created. All its events are sent: the trigger chooses. */
function withEvents(room: RoomChoice, webhook: SessionWebhook | undefined): RoomChoice {
	if (room.body === undefined || webhook === undefined) return room;
	return { ...room, body: { ...room.body, webhook: { ...webhook, events: [...ROOM_EVENTS] } } };
}

export const operation: Operation = {
	value: 'start',
	name: 'Start',
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
	options: [roomIdOption, ...TOOLS_OPTIONS],
	prepare(read) {
		const { start, env } = readStart(read);
		const { room, ...body } = start;
		const target = readWebhook(read, EVENT_OPTIONS);
		return async (send, tools) => {
			const webhook = await withSignedContext(target, tools.credential);
			return await startInRoom(read.context, send, tools, {
				...body,
				env: await env(tools.credential),
				room: withEvents(room, webhook),
				webhook,
			});
		};
	},
};
