import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { type SessionWebhook, type StartBody, startSession } from '../../api/sessions';
import { ENV_FIELDS, metaDataFields } from '../../fields/keyValue';
import { deploymentField, optionalTagField } from '../../fields/locators';
import { readOptional, readRequired } from '../../fields/read';
import { readEnv, readMetaData } from '../../fields/readKeyValue';
import { readWebhookTarget } from '../../fields/readWebhook';
import { optionsField } from '../../fields/requestOptions';
import {
	readSessionRoom,
	ROOM_VARIABLE,
	SESSION_ROOM_FIELDS,
	type SessionRoom,
} from '../../fields/sessionRoom';
import { WEBHOOK_FIELDS } from '../../fields/webhook';
import { ROOM_EVENTS } from '../../webhook/event';
import type { Send } from '../../api/client';
import { openRoom } from '../openRoom';
import type { Operation, RunTools } from '../operation';

/** The body of a start, and the room for it. */
export interface SessionStart extends StartBody {
	room: SessionRoom;
}

/**
 * The fields of a start. What most need comes first.
 *
 * @param own those of the operation
 */
export function startFields(own: INodeProperties[]): INodeProperties[] {
	return [
		deploymentField,
		optionalTagField,
		...own,
		...SESSION_ROOM_FIELDS,
		...ENV_FIELDS,
		...metaDataFields('session'),
	];
}

/** Reads what `startFields` has for all operations, as the API names it. */
export function readStart(context: IExecuteFunctions, itemIndex: number): SessionStart {
	const env = readEnv(context, itemIndex);
	return {
		deploymentId: readRequired(context, 'deploymentId', 'Deployment', itemIndex),
		tag: readOptional(context, 'tag', 'Tag', itemIndex),
		env,
		metaData: readMetaData(context, itemIndex),
		room: readSessionRoom(context, env, itemIndex),
	};
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
function withEvents(room: SessionRoom, webhook: SessionWebhook | undefined): SessionRoom {
	if (room.body === undefined || webhook === undefined) return room;
	return { ...room, body: { ...room.body, webhook: { ...webhook, events: [...ROOM_EVENTS] } } };
}

export const operation: Operation = {
	value: 'start',
	name: 'Start',
	action: 'Start session (costs money)',
	description: 'Start a session of an agent. This costs money and may call a real person.',
	starts: 'session',
	fields: [...startFields(WEBHOOK_FIELDS), optionsField()],
	prepare(context, itemIndex) {
		const { room, ...body } = readStart(context, itemIndex);
		const target = readWebhookTarget(context, itemIndex);
		return async (send, tools) => {
			const webhook = await target?.();
			return await startInRoom(context, send, tools, { ...body, room: withEvents(room, webhook), webhook });
		};
	},
};
