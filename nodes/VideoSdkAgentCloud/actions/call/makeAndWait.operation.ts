import type { INodeProperties } from 'n8n-workflow';
import { makeCall } from '../../api/calls';
import { TOOLS_VALID_FOR } from '../../fields/agentTools';
import { CALL_OPTIONS } from '../../fields/callOptions';
import { OPTIONAL_MAX_WAIT_FIELDS } from '../../fields/maxWait';
import { CALLS_MAX_CONCURRENCY, optionsField } from '../../fields/requestOptions';
import type { Operation } from '../operation';
import { checkWait, completeByWaiting, rejectAsTool } from '../waitForAll';
import { makeFields, readMake } from './make.operation';

const HANG_UP_AT_TIMEOUT: INodeProperties = {
	displayName: 'Hang Up at Timeout',
	name: 'hangUpAtTimeout',
	type: 'boolean',
	default: false,
	description: 'Whether to hang up the calls that are still going on when the wait time is over',
};

export const operation: Operation = {
	value: 'makeAndWait',
	name: 'Make and Wait',
	action: 'Make call and wait',
	description:
		'Have an agent call somebody, for each item, and wait until all calls are over, without keeping n8n busy. This costs money and reaches real people.',
	isTool: false,
	starts: 'call',
	maxConcurrency: CALLS_MAX_CONCURRENCY,
	fields: [
		...makeFields(OPTIONAL_MAX_WAIT_FIELDS),
		optionsField([...CALL_OPTIONS, TOOLS_VALID_FOR, HANG_UP_AT_TIMEOUT], CALLS_MAX_CONCURRENCY),
	],
	prepare(context, itemIndex) {
		rejectAsTool(context, 'Make and Wait', 'Call: Make', itemIndex);
		checkWait(context, HANG_UP_AT_TIMEOUT, itemIndex);
		const { body, metadata, timeoutMs } = readMake(context, itemIndex);
		return async (send) => await makeCall(send, { ...body, metadata: await metadata() }, timeoutMs);
	},
	complete: completeByWaiting('call', HANG_UP_AT_TIMEOUT),
};
