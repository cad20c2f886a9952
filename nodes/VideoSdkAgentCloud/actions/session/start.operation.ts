import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { SessionWebhook } from '../../api/sessions';
import { AGENT_TOOLS_FIELDS_OF_WEBHOOK, TOOLS_CONTEXT, TOOLS_VALID_FOR } from '../../fields/agentTools';
import { readEnvWithTools } from '../../fields/readAgentTools';
import { ENV_FIELDS, metaDataFields } from '../../fields/keyValue';
import { deploymentField, optionalTagField } from '../../fields/locators';
import { readOptional, readRequired } from '../../fields/read';
import { readEnv, readMetaData } from '../../fields/readKeyValue';
import { readWebhookTarget } from '../../fields/readWebhook';
import { optionsField } from '../../fields/requestOptions';
import type { SessionRoom } from '../../fields/sessionRoom';
import { readSessionRoom, SESSION_ROOM_FIELDS } from '../../fields/sessionRoom';
import { WEBHOOK_FIELDS } from '../../fields/webhook';
import { ROOM_EVENTS } from '../../webhook/event';
import type { Operation } from '../operation';
import type { SessionStart } from './startInRoom';
import { startInRoom } from './startInRoom';

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

/**
 * Reads what `startFields` has for all operations, as the API names it.
 *
 * @returns the start, and its environment variables with the agent's tools in them
 */
export function readStart(
	context: IExecuteFunctions,
	itemIndex: number,
): { start: SessionStart; env: () => Promise<IDataObject | undefined> } {
	const env = readEnv(context, itemIndex);
	const start = {
		deploymentId: readRequired(context, 'deploymentId', 'Deployment', itemIndex),
		tag: readOptional(context, 'tag', 'Tag', itemIndex),
		metaData: readMetaData(context, itemIndex),
		room: readSessionRoom(context, env, itemIndex),
	};
	return { start, env: readEnvWithTools(context, env, itemIndex) };
}

/** A room takes a webhook only when it is created. All its events are sent: the trigger chooses. */
function withEvents(room: SessionRoom, webhook: SessionWebhook | undefined): SessionRoom {
	if (room.choice !== 'create' || webhook === undefined) return room;
	return { ...room, body: { ...room.body, webhook: { ...webhook, events: [...ROOM_EVENTS] } } };
}

export const operation: Operation = {
	value: 'start',
	name: 'Start',
	action: 'Start session (costs money)',
	description: 'Start a session of an agent. This costs money and may call a real person.',
	starts: 'session',
	// One context for both: it comes with the events and with each call of a tool.
	fields: [
		...startFields([
			...AGENT_TOOLS_FIELDS_OF_WEBHOOK,
			...WEBHOOK_FIELDS.filter(({ name }) => name !== TOOLS_CONTEXT.pairsName),
		]),
		optionsField([TOOLS_VALID_FOR]),
	],
	prepare(context, itemIndex) {
		const { start, env } = readStart(context, itemIndex);
		const { room, ...body } = start;
		const target = readWebhookTarget(context, itemIndex);
		return async (send) => {
			const webhook = await target?.();
			return await startInRoom(context, send, {
				...body,
				env: await env(),
				room: withEvents(room, webhook),
				webhook,
			});
		};
	},
};
