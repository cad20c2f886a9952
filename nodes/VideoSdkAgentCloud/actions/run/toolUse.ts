import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import type { Operation, PreparedCall } from '../operation';
import { STARTS } from '../../api/starts';
import { type ToolUse, toolUses } from '../../n8n/retryExecution';
import { agentRun, hasAgentSeveralItems, isAgentTriedAgain, isTool } from '../../n8n/tool';
import { type Outcome, type Run, startedBy } from './outcome';
import { outcomesBefore } from './retriedExecution';
import { phoneKey } from './sameNumber';

/** Whether the tool itself knows whom it has called. A person may be asked more than once. */
const callsOnce = ({ starts, isQuestion }: Operation) => starts === 'call' && !isQuestion;

/** @returns whether a use of the tool was in the execution that is being retried, by the same run of the AI agent */
const isOfRetried = (context: IExecuteFunctions, use: ToolUse) =>
	use.executionId !== context.getExecutionId() && use.run === agentRun(context);

/** @returns whether the AI agent may not remember an earlier use of the tool. It would then just do the same thing again */
const mayBeForgotten = (context: IExecuteFunctions, use: ToolUse) =>
	isAgentTriedAgain(context) || hasAgentSeveralItems(context) || isOfRetried(context, use);

/** @returns why the tool starts nothing, in words for the model, too; undefined if it may */
async function whyNot(context: IExecuteFunctions, operation: Operation): Promise<string | undefined> {
	const { starts } = operation;
	if (starts === undefined) return undefined;
	const isNodeTriedAgain = context.getNode().retryOnFail;
	const knowsItsCalls = callsOnce(operation);
	if (isNodeTriedAgain || (!knowsItsCalls && isAgentTriedAgain(context))) {
		const whose = isNodeTriedAgain ? "this node's" : "the AI agent's";
		return `Turn off 'Retry On Fail' in ${whose} settings. A tool that starts or creates something can't use it. Nothing was sent.`;
	}
	if (!knowsItsCalls && hasAgentSeveralItems(context)) {
		return "An AI agent with several items mixes up what its tools did. Put Loop Over Items, with 'Batch Size' 1, before the AI agent. Nothing was sent.";
	}
	const uses = Object.values(toolUses(context));
	if (!knowsItsCalls && uses.some((use) => isOfRetried(context, use))) {
		return `This tool was already used in the execution that is being retried, so nothing was sent. ${STARTS[starts].check}`;
	}
	return await outcomesBefore(context, operation).then(
		() => undefined,
		({ message }: Error) => `${message}. Nothing was sent.`,
	);
}

/**
 * An AI agent uses a tool again if it is run again, if its execution is retried, or if it has several items and loses track of what its
 * tools did. Each use has its own IExecuteData, so it looks like a new request.
 *
 * @returns the outcome of each item of a tool that starts nothing for this reason; undefined if it may start something
 */
export async function refusalOfTool(
	context: IExecuteFunctions,
	operation: Operation,
): Promise<Outcome | undefined> {
	const reason = await whyNot(context, operation);
	return reason === undefined ? undefined : { error: new NodeOperationError(context.getNode(), reason) };
}

/**
 * Notes what a tool is about to start, for its next uses.
 *
 * @param prepared of an item that makes a call
 * @returns is to be told the outcome; undefined if there is nothing to note
 * @throws NodeOperationError if the tool has already called the number, and may call it only once, or the agent may not remember the call
 */
export function claimUse(
	{ context, operation }: Run,
	prepared: PreparedCall | undefined,
): ((outcome: Outcome | undefined) => void) | undefined {
	const { starts } = operation;
	if (starts === undefined || !isTool(context)) return undefined;
	const call = callsOnce(operation) ? prepared : undefined;
	const uses = toolUses(context);
	const key = call ? phoneKey(call.to) : starts;
	const { [key]: earlier } = uses;
	if (earlier && call && (!call.allowsSameNumber || mayBeForgotten(context, earlier))) {
		const { startedId } = earlier;
		const was = startedId ? `was already called (call ${startedId})` : 'may already have been called';
		throw new NodeOperationError(
			context.getNode(),
			`${call.to} ${was}. To let the AI agent call a number again, turn on 'Allow Same Number' under 'Options', and give the agent one item at a time, without 'Retry On Fail'.`,
		);
	}
	const use: ToolUse = { executionId: context.getExecutionId(), run: agentRun(context), startedId: '' };
	uses[key] = use;
	return (outcome) => {
		const [record] = startedBy(outcome);
		if (record) use.startedId = String(record[STARTS[starts].idField] ?? '');
		// Another use may have taken its place meanwhile.
		else if (outcome?.isInDoubt || uses[key] !== use) return;
		else if (earlier) uses[key] = earlier;
		else delete uses[key];
	};
}
