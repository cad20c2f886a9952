import { type IDataObject, type IExecuteFunctions, type INodeExecutionData, jsonParse } from 'n8n-workflow';
import { choiceField, jsonField, switchField, textField } from '../../fields/kit/field';
import { type ItemReader } from '../../fields/kit/reader';
import { toolResult } from '../../agentTools/server';
import { MAX_TIMEOUT_S } from '../../agentTools/timeout';
import { toAnswerBody } from '../../agentTools/toolResult';
import { type Operation } from '../operation';

const TOOL_TRIGGER = 'videoSdkAgentCloudMcpTrigger';
const NO_ONE_WAITS =
	"No agent is waiting for this answer, so it wasn't sent. An agent waits only for an execution that a VideoSDK Agent Cloud Tool Trigger started in the last five minutes, not for a sub-workflow.";

const respondWithField = choiceField('default', 'Respond With', 'respondWith', {
	noDataExpression: true,
	options: [
		{ name: 'JSON', value: 'json' },
		{ name: 'Text', value: 'text' },
	],
	default: 'json',
});

const ANSWER_DESCRIPTION = 'What the agent reads and puts into words';

const answerJsonField = jsonField('refused', 'Answer', 'answerJson', {
	default: '={{ $json }}',
	description: `${ANSWER_DESCRIPTION}. Multiple items are sent as a single list.`,
	displayOptions: { show: { respondWith: ['json'] } },
});

const answerTextField = textField('refused', 'Answer', 'answerText', {
	typeOptions: { rows: 3 },
	placeholder: 'e.g. The order left the warehouse this morning',
	description: ANSWER_DESCRIPTION,
	displayOptions: { show: { respondWith: ['text'] } },
});

const isErrorField = switchField('default', 'Report as Failed', 'isError', {
	description:
		'Whether the answer says what went wrong. The agent from Agent: Deploy can then try another way, or explain the problem.',
});

/** @returns whether an answer is empty. Such an answer is refused, because an agent that gets nothing makes something up */
function isNothing(value: unknown): boolean {
	return typeof value === 'string' ? value.trim() === '' : (JSON.stringify(value) ?? 'null') === 'null';
}

/** @returns the value of a text in the JSON field. Plain text, such as an AI node's output, stays as it is */
function parseAnswer(read: ItemReader, text: string): unknown {
	// Only a text that looks like an object or a list was meant to be JSON.
	if (/^\s*[[{]/.test(text)) return read.parse(answerJsonField, text, "'Respond With' to 'Text'");
	const answer = jsonParse<unknown>(text, { fallbackValue: text });
	// As a number, a parcel number would lose digits, and a price its last zero.
	return typeof answer === 'number' ? text : answer;
}

function readAnswer(read: ItemReader): unknown {
	const isText = read.choice<'json' | 'text'>(respondWithField) === 'text';
	const field = isText ? answerTextField : answerJsonField;
	// The default isn't evaluated, because n8n would need two milliseconds for that while a caller waits.
	const isInput = !isText && read.entered(field) === field.default;
	read.refuseUnevaluated(`'${field.displayName}'`, read.entered(field));
	// The raw value is read, because an object with 'mode' and 'value' is no resource locator here.
	const value = isInput ? read.context.getInputData()[read.itemIndex]?.json : read.raw(field);
	const answer = !isText && typeof value === 'string' && !isNothing(value) ? parseAnswer(read, value) : value;
	if (!isNothing(answer)) return answer;
	throw read.fail(
		"'Answer' is empty",
		"Enter what the agent gets. If 'Answer' contains an expression, check that the incoming item has a value for it.",
	);
}

/** @returns whether an agent may be waiting, because one of our tool triggers started this execution within the longest timeout */
function isAwaited(context: IExecuteFunctions): boolean {
	const { $ } = context.getWorkflowDataProxy(0);
	return context
		.getParentNodes(context.getNode().name)
		.filter(({ type }) => type.endsWith(`.${TOOL_TRIGGER}`))
		.some(
			({ name }) =>
				$(name).isExecuted &&
				// In the editor, an execution may also hold the trigger's output of an earlier execution.
				Date.now() - Date.parse(String($(name).first().json.receivedAt)) < MAX_TIMEOUT_S * 1000,
		);
}

const isFailed = ({ json }: INodeExecutionData) => json.error !== undefined;

/** Sends the answer, unless no one waits for it. The answers of several items are sent as one list, in order. */
async function send(context: IExecuteFunctions, output: INodeExecutionData[]): Promise<void> {
	if (!isAwaited(context)) {
		context.addExecutionHints({ message: NO_ONE_WAITS, location: 'outputPane' });
		return;
	}
	const answers = output.map(({ json }) => json.error ?? json.answer);
	const whole = answers.length === 1 ? answers[0] : answers;
	const text = typeof whole === 'string' ? whole : JSON.stringify(whole);
	const isError = output.some((item) => item.json.isError || isFailed(item));
	await context.sendResponse({ body: toAnswerBody(toolResult(text, isError)), headers: {}, statusCode: 200 });
}

/**
 * Answers the agent, and passes the items on. If an item has failed, the agent is told why. With an error output, nothing is sent, because
 * a node behind that output may answer, and the first answer counts.
 */
async function complete(
	context: IExecuteFunctions,
	output: INodeExecutionData[],
): Promise<INodeExecutionData[]> {
	const failed = output.findIndex(isFailed);
	if (failed >= 0 && context.getNode().onError === 'continueErrorOutput') {
		const error = `The answer wasn't sent because item ${failed} failed`;
		return output.map((item) => (isFailed(item) ? item : { ...item, json: { error } }));
	}
	await send(context, output);
	const input = context.getInputData();
	return output.map((item, index) =>
		isFailed(item) ? item : { ...(input[index] ?? item), pairedItem: item.pairedItem },
	);
}

export const operation: Operation = {
	value: 'answer',
	action: 'Answer tool call',
	description:
		'Send the answer to the agent that called this workflow. Use it as the last node after a tool trigger.',
	isTool: false,
	fields: [respondWithField, answerJsonField, answerTextField, isErrorField],
	options: null,
	prepare(read) {
		const record = { answer: readAnswer(read), isError: read.flag(isErrorField) } as IDataObject;
		return async () => record;
	},
	complete,
};
