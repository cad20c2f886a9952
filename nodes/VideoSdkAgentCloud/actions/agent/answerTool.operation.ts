import { type IDataObject, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { inputError } from '../../fields/inputError';
import { readChoice, readFlag } from '../../fields/read';
import { hasOpenCall } from '../../tools/openCalls';
import { toAnswerBody, toolResult } from '../../tools/toolResult';
import { type Operation } from '../operation';

const TOOL_TRIGGER = 'videoSdkAgentCloudToolTrigger';
const NOBODY_WAITS =
	'No agent is waiting for this answer, so it was not sent. Agents wait if the workflow was started by a VideoSDK Agent Cloud Tool Trigger, and not in a sub-workflow.';

/** @returns the answer of one item */
function readAnswer(context: IExecuteFunctions, itemIndex: number): unknown {
	if (readChoice(context, 'respondWith', 'Respond With', ['json', 'text'], itemIndex) === 'text') {
		return String(context.getNodeParameter('answerText', itemIndex, '') ?? '');
	}
	const value: unknown = context.getNodeParameter('answerJson', itemIndex, {});
	if (typeof value !== 'string') return value ?? null;
	try {
		return JSON.parse(value) as unknown;
	} catch (error) {
		throw inputError(
			context,
			"'Answer' is not valid JSON",
			`Correct it (${(error as Error).message}), or set 'Respond With' to 'Text'.`,
			itemIndex,
		);
	}
}

/** @returns whether an agent may be waiting for the answer of this execution */
function isAwaited(context: IExecuteFunctions): boolean {
	const isFromTool = context
		.getParentNodes(context.getNode().name)
		.some(({ type }) => type.endsWith(`.${TOOL_TRIGGER}`));
	if (!isFromTool) return false;
	// Where the process that received the call is not this one, only the mode tells.
	return context.getMode() === 'webhook' || hasOpenCall(String(context.getWorkflow().id));
}

/** Several items are one answer: a list of theirs, in order. */
async function answer(
	context: IExecuteFunctions,
	output: INodeExecutionData[],
): Promise<INodeExecutionData[]> {
	const answers = output.map(({ json }) => json.answer);
	const whole = answers.length === 1 ? answers[0] : answers;
	const text = typeof whole === 'string' ? whole : JSON.stringify(whole);
	const isError = output.some(({ json }) => json.isError);
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
	value: 'answerTool',
	name: 'Answer Tool Call',
	action: 'Answer tool call',
	description:
		'Answer an agent that asked this workflow during a conversation: the last node after a VideoSDK Agent Cloud Tool Trigger',
	isTool: false,
	fields: [
		{
			displayName: 'Respond With',
			name: 'respondWith',
			type: 'options',
			noDataExpression: true,
			options: [
				{ name: 'JSON', value: 'json' },
				{ name: 'Text', value: 'text' },
			],
			default: 'json',
		},
		{
			displayName: 'Answer',
			name: 'answerJson',
			type: 'json',
			default: '={{ $json }}',
			description: 'What the agent reads: it puts it into words for the caller. Several items are one list.',
			displayOptions: { show: { respondWith: ['json'] } },
		},
		{
			displayName: 'Answer',
			name: 'answerText',
			type: 'string',
			typeOptions: { rows: 3 },
			default: '',
			placeholder: 'e.g. The order left the warehouse this morning',
			description: 'What the agent reads: it puts it into words for the caller',
			displayOptions: { show: { respondWith: ['text'] } },
		},
		{
			displayName: 'Tell the Agent That It Failed',
			name: 'isError',
			type: 'boolean',
			default: false,
			description:
				'Whether the answer says what went wrong. The agent can then try differently, or tell the caller.',
		},
	],
	prepare(context, itemIndex) {
		const record = {
			answer: readAnswer(context, itemIndex),
			isError: readFlag(context, 'isError', 'Tell the Agent That It Failed', false, itemIndex),
		} as IDataObject;
		return async () => record;
	},
	complete: answer,
};
