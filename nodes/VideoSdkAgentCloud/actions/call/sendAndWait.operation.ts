import type { IDataObject, INodeProperties } from 'n8n-workflow';
import { AGENT_OPTIONS } from '../../fields/agentTools';
import { callingHoursField } from '../../fields/callingHours';
import { allowSameNumberField, notCalledWithinField, ringingTimeoutField } from '../../fields/callOptions';
import { idempotencyKeyField } from '../../fields/idempotencyKey';
import { MAX_WAIT_FOR_RESPONSE, readMaxWaitMs } from '../../fields/maxWait';
import { QUESTION_FIELDS, readQuestionTool, readResponseForm } from '../../fields/questionFields';
import { ItemReader } from '../../fields/kit/reader';
import { recordingFields } from '../../fields/recording';
import { dryRunField } from '../../fields/kit/requestOptions';
import { ownRoomOption, roomIdOption } from '../../fields/room';
import { isRunByAgent } from '../../n8n/tool';
import { DEFAULT_TIMEOUT_S } from '../../agentTools/timeout';
import { createKey, withoutResponse } from '../../waiting/question';
import { responseUrlOf } from '../../waiting/resuming/resumeUrl';
import type { Operation, PreparedStart } from '../operation';
import { remainingWaitMs, waitingBy } from '../waitForAll';
import { callFields, prepareCall } from './make.operation';

/** Hides a field in a human review, which n8n shows as a tool: without a node after it, nothing could read what was said. */
const notAsTool = (field: INodeProperties): INodeProperties => ({
	...field,
	displayOptions: { ...field.displayOptions, hide: { '@tool': [true] } },
});
const RECORDING_FIELDS = recordingFields(
	'The workflow continues at the answer. Get it with Call: Get, which waits for the end of the call.',
).map(notAsTool);

/** @throws NodeOperationError if the execution can't wait for a response to this item alone */
function checkCanWait(read: ItemReader): void {
	if (read.context.getInputData().length > 1) {
		throw read.fail(
			'Ask and Wait asks one person at a time, but there are several items',
			"To ask many people, run a sub-workflow for each item with Execute Sub-workflow, and turn off its option 'Wait For Sub-Workflow Completion'. To ask one after another, use Loop Over Items.",
		);
	}
	if (!isRunByAgent(read.context)) return;
	throw read.fail(
		"Ask and Wait can't be used as a tool here, because this AI agent can't wait",
		'Run version 3 or later of the AI Agent node, with the tool connected to it directly.',
	);
}

/** Reads the question of an item, to which it gives a key of its own, and the call that asks it. */
function prepareQuestion(read: ItemReader): PreparedStart {
	checkCanWait(read);
	const { key, keyHash } = createKey();
	return prepareCall(read, {
		question: { ...readResponseForm(read), tool: readQuestionTool(read), keyHash },
		limitMs: readMaxWaitMs(read, MAX_WAIT_FOR_RESPONSE),
		responseTool: {
			url: responseUrlOf(read.context),
			headers: { Authorization: `Bearer ${key}` },
			timeout: DEFAULT_TIMEOUT_S,
		},
	});
}

const WAITING = waitingBy('call', (read) => {
	const maxWaitMs = remainingWaitMs(read, MAX_WAIT_FOR_RESPONSE);
	return { maxWaitMs, isEnded: true, isSimplified: true, include: [], fetchMs: 0 };
});

const show = (read: ItemReader, record: IDataObject) => withoutResponse(readResponseForm(read), record);

export const operation: Operation = {
	value: 'sendAndWait',
	name: 'Ask and Wait',
	action: 'Ask by phone and wait',
	description:
		'Call a person, ask, and continue with the response. This costs money and reaches a real person.',
	consequence: 'costs money and calls a person',
	isQuestion: true,
	starts: 'call',
	fields: callFields([...QUESTION_FIELDS, ...RECORDING_FIELDS], MAX_WAIT_FOR_RESPONSE),
	options: [
		allowSameNumberField,
		callingHoursField,
		dryRunField,
		idempotencyKeyField,
		notCalledWithinField,
		ownRoomOption,
		ringingTimeoutField,
		roomIdOption,
		...AGENT_OPTIONS,
	],
	prepare: prepareQuestion,
	show,
	...WAITING,
	async complete(context, output, waits) {
		if (waits.sentOf(0)) return await WAITING.complete(context, output, waits);
		// Items are changed in place, because a copy would lack the property by which they go to the error output, see `toErrorOutput`.
		for (const [index, item] of output.entries()) {
			item.json = show(new ItemReader(context, index), item.json);
		}
		return output;
	},
};
