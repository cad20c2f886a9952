import { switchField } from '../../fields/kit/field';
import { AGENT_OPTIONS } from '../../fields/agentTools';
import { CALL_OPTIONS } from '../../fields/callOptions';
import { MAX_WAIT_FIELDS } from '../../fields/maxWait';
import { includeWaitField, recordingFields } from '../../fields/recording';
import { CALLS_MAX_CONCURRENCY } from '../../fields/kit/requestOptions';
import { ownRoomOption } from '../../fields/room';
import { type Operation } from '../operation';
import { checkWait, waitingFor } from '../waitForAll';
import { callFields, prepareCall } from './make.operation';

const HANG_UP_AT_TIMEOUT = switchField('refused', 'Hang Up When Max Wait Ends', 'hangUpAtTimeout', {
	default: true,
	description:
		'Whether to hang up calls that are still running when Max Wait ends. n8n also tells VideoSDK to do so, in case n8n is down by then.',
});

export const operation: Operation = {
	value: 'makeAndWait',
	action: 'Make call and wait',
	description:
		'Call one person per item and continue when all calls are over. This costs money and reaches real people.',
	isTool: false,
	starts: 'call',
	maxConcurrency: CALLS_MAX_CONCURRENCY,
	fields: callFields(recordingFields('The node waits for it and adds it to the output.'), MAX_WAIT_FIELDS),
	options: [...CALL_OPTIONS, ownRoomOption, ...AGENT_OPTIONS, HANG_UP_AT_TIMEOUT, includeWaitField],
	prepare: (read) => prepareCall(read, { limitMs: checkWait(read, HANG_UP_AT_TIMEOUT) }),
	...waitingFor('call', HANG_UP_AT_TIMEOUT),
};
