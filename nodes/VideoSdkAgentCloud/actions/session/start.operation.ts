import { type INodeProperties } from 'n8n-workflow';
import { SESSION_TASK_FIELDS } from '../../fields/agentTask';
import { SESSION_AGENT_OPTIONS, readForAgent } from '../../fields/agentTools';
import { agentToolsField } from '../../fields/chosenTool';
import { ENV_FIELDS, metaDataFields, readEnv, readKeyValues } from '../../fields/kit/keyValue';
import { idempotencyKeyField, sameForAllItemsField } from '../../fields/idempotencyKey';
import { deploymentField, optionalTagField } from '../../fields/kit/locators';
import { dryRunField, readOptions } from '../../fields/kit/requestOptions';
import { type ItemReader } from '../../fields/kit/reader';
import { readWebhook, WEBHOOK_FIELDS } from '../../fields/triggers/webhook';
import { recordingFields } from '../../fields/recording';
import { readSessionRoom, roomIdOption } from '../../fields/room';
import { SESSION_EVENT_OPTIONS, ROOM_EVENTS } from '../../webhook/event';
import { type EventTarget, type Operation, type PreparedStart } from '../operation';

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
		...SESSION_TASK_FIELDS,
		...own,
		...ENV_FIELDS,
		...META_DATA_FIELDS,
		agentToolsField,
	];
}

/**
 * Reads the fields that all operations that start a session share: those of `startFields`.
 *
 * @param webhook where the session's events are sent to
 * @param roomEvents the events of a room that is created for the session, which are sent there, too
 * @throws NodeOperationError naming the field
 */
export function readStart(read: ItemReader, webhook?: EventTarget, roomEvents?: string[]): PreparedStart {
	const env = readEnv(read);
	const body = {
		deploymentId: read.text(deploymentField),
		tag: read.text(optionalTagField),
		metaData: readKeyValues(read, META_DATA_FIELDS),
	};
	const room = readSessionRoom(read, env);
	const options = readOptions(read);
	return {
		request: { kind: 'session', body, webhook },
		room: { ...room, webhook: webhook && roomEvents && { ...webhook, events: roomEvents } },
		agent: readForAgent(read, 'env', env),
		idempotencyKey: options.text(idempotencyKeyField),
		sharesKey: options.flag(sameForAllItemsField),
	};
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
	options: [dryRunField, idempotencyKeyField, roomIdOption, sameForAllItemsField, ...SESSION_AGENT_OPTIONS],
	prepare(read) {
		return readStart(read, readWebhook(read, SESSION_EVENT_OPTIONS), ROOM_EVENTS);
	},
};
