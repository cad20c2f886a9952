import {
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeProperties,
} from 'n8n-workflow';
import { type ItemReader } from '../../fields/reader';
import { MAX_TIMEOUT_S } from '../../tools/timeout';
import { toAnswerBody, toolResult } from '../../tools/toolResult';
import { type Operation } from '../operation';

const TOOL_TRIGGER = 'videoSdkAgentCloudMcpTrigger';
const NOBODY_WAITS =
	"No agent is waiting for this answer, so it wasn't sent. An agent waits only for a workflow that a VideoSDK Agent Cloud Tool Trigger started, not for a sub-workflow.";

const respondWithField: INodeProperties = {
	displayName: 'Respond With',
	name: 'respondWith',
	type: 'options',
	noDataExpression: true,
	options: [
		{ name: 'JSON', value: 'json' },
		{ name: 'Text', value: 'text' },
	],
	default: 'json',
};

const ANSWER_DESCRIPTION = 'What the agent reads and puts into words';

const answerJsonField: INodeProperties = {
	displayName: 'Answer',
	name: 'answerJson',
	type: 'json',
	default: '={{ $json }}',
	description: `${ANSWER_DESCRIPTION}. Multiple items are sent as a single list.`,
	displayOptions: { show: { respondWith: ['json'] } },
};

const answerTextField: INodeProperties = {
	displayName: 'Answer',
	name: 'answerText',
	type: 'string',
	typeOptions: { rows: 3 },
	default: '',
	placeholder: 'e.g. The order left the warehouse this morning',
	description: ANSWER_DESCRIPTION,
	displayOptions: { show: { respondWith: ['text'] } },
};

const isErrorField: INodeProperties = {
	displayName: 'Report as Failed',
	name: 'isError',
	type: 'boolean',
	default: false,
	description:
		'Whether the answer explains what went wrong. The agent can then try again in a different way, or explain the problem.',
};

/** An agent that gets nothing makes something up. */
function noAnswer(read: ItemReader, field: INodeProperties): Error {
	return read.fail(`'${field.displayName}' has no value`, 'Check its expression. It returned nothing.');
}

/** @returns the answer of one item */
function readAnswer(read: ItemReader): unknown {
	if (read.choice<'json' | 'text'>(respondWithField) === 'text') {
		const text = read.raw(answerTextField);
		if (text === undefined) throw noAnswer(read, answerTextField);
		return typeof text === 'object' && text !== null ? JSON.stringify(text) : String(text ?? '');
	}
	// A caller is waiting: n8n 2.x would need two milliseconds to evaluate the default.
	if (read.entered(answerJsonField) === answerJsonField.default) {
		return read.context.getInputData()[read.itemIndex]?.json;
	}
	// As it is: an object with 'mode' and 'value' is no locator here.
	const value = read.raw(answerJsonField);
	if (value === undefined) throw noAnswer(read, answerJsonField);
	if (typeof value !== 'string') return value;
	if (value.trim() === '') throw noAnswer(read, answerJsonField);
	try {
		return JSON.parse(value) as unknown;
	} catch (error) {
		// Text, such as an AI node's output. Only what looks like an object or a list was meant to be JSON.
		if (!/^\s*[[{]/.test(value)) return value;
		throw read.fail(
			"'Answer' isn't valid JSON",
			`Correct it (${(error as Error).message}), or set 'Respond With' to 'Text'.`,
		);
	}
}

/** @returns whether an agent may be waiting for the answer of this execution: as long as its question is not too old */
function isAwaited(context: IExecuteFunctions): boolean {
	const triggers = context
		.getParentNodes(context.getNode().name)
		.filter(({ type }) => type.endsWith(`.${TOOL_TRIGGER}`));
	if (context.getMode() === 'webhook') return triggers.length > 0;
	// A call of the Test URL, or an execution by hand with what an earlier call left.
	const { $ } = context.getWorkflowDataProxy(0);
	return triggers.some(
		({ name }) =>
			$(name).isExecuted &&
			Date.now() - Date.parse(String($(name).first().json.receivedAt)) < MAX_TIMEOUT_S * 1000,
	);
}

/** Several items are one answer: a list of theirs, in order. */
async function answer(
	context: IExecuteFunctions,
	output: INodeExecutionData[],
): Promise<INodeExecutionData[]> {
	// An item that failed has an error in place of the answer, with 'On Error' set to continue.
	const answers = output.map(({ json }) => json.answer ?? json.error ?? null);
	const whole = answers.length === 1 ? answers[0] : answers;
	const text = typeof whole === 'string' ? whole : JSON.stringify(whole);
	const isError = output.some(({ json }) => json.isError || json.error);
	if (isAwaited(context)) {
		await context.sendResponse({
			body: toAnswerBody(toolResult(text, isError)),
			headers: {},
			statusCode: 200,
		});
	} else {
		context.addExecutionHints({ message: NOBODY_WAITS, location: 'outputPane' });
	}
	return context.getInputData().map((item, itemIndex) => ({ ...item, pairedItem: { item: itemIndex } }));
}

export const operation: Operation = {
	value: 'answer',
	name: 'Answer',
	action: 'Answer tool call',
	description:
		'Send the answer back to the agent that called this workflow during a conversation. Use it as the last node after a VideoSDK Agent Cloud Tool Trigger.',
	isTool: false,
	fields: [respondWithField, answerJsonField, answerTextField, isErrorField],
	prepare(read) {
		const record = { answer: readAnswer(read), isError: read.flag(isErrorField) } as IDataObject;
		return async () => record;
	},
	complete: answer,
};
