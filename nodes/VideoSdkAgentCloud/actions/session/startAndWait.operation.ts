import { switchField } from '../../fields/kit/field';
import { SESSION_AGENT_OPTIONS } from '../../fields/agentTools';
import { idempotencyKeyField, sameForAllItemsField } from '../../fields/idempotencyKey';
import { MAX_WAIT_FIELDS } from '../../fields/maxWait';
import { includeWaitField, recordingFields } from '../../fields/recording';
import { dryRunField } from '../../fields/kit/requestOptions';
import { roomIdOption } from '../../fields/room';
import { EVENT_PREFIX } from '../../webhook/event';
import { type Operation } from '../operation';
import { checkWait, waitingFor } from '../waitForAll';
import { readStart, startFields } from './start.operation';

const END_AT_TIMEOUT = switchField('default', 'End When Max Wait Ends', 'endAtTimeout', {
	description: 'Whether to end sessions that are still running when Max Wait ends, unless n8n restarts first',
});

export const operation: Operation = {
	value: 'startAndWait',
	action: 'Start session and wait',
	description:
		'Start a session per item and continue when all are over. This costs money and may call real people.',
	isTool: false,
	starts: 'session',
	fields: startFields([
		...recordingFields('The node waits for it and adds it to the output.'),
		...MAX_WAIT_FIELDS,
	]),
	options: [
		dryRunField,
		idempotencyKeyField,
		roomIdOption,
		sameForAllItemsField,
		...SESSION_AGENT_OPTIONS,
		END_AT_TIMEOUT,
		includeWaitField,
	],
	prepare(read) {
		checkWait(read, END_AT_TIMEOUT);
		const webhook = { events: [`${EVENT_PREFIX}stopped`, `${EVENT_PREFIX}failed`] };
		return { ...readStart(read, webhook), wait: {} };
	},
	...waitingFor('session', END_AT_TIMEOUT),
};
