import type { IExecuteFunctions } from 'n8n-workflow';
import type { InEngine } from './nodeContext';

/**
 * @returns whether the node runs as a tool of an AI agent. The type decides, to which n8n appends "Tool" (convertNodeToAiTool),
 *   because `isToolExecution()` is false in an execute context
 */
export function isTool(context: IExecuteFunctions): boolean {
	return context.getNode().type.endsWith('Tool');
}

/** @returns whether the node runs as the human review of an AI agent's tools, which n8n makes of `sendAndWait` (convertNodeToHitlTool) */
export function isHumanReview(context: Pick<IExecuteFunctions, 'getNode'>): boolean {
	return context.getNode().type.endsWith('HitlTool');
}

/**
 * @returns whether the AI agent itself runs the tool, as versions before 3 and sub-agents do, so that the execution can't wait. Only the
 * SupplyDataContext with which they run it has `cloneWith`
 */
export function isRunByAgent(context: IExecuteFunctions): boolean {
	return 'cloneWith' in context;
}

/** @returns the names of the AI agents that use the tool, at any depth */
const usersOf = (context: IExecuteFunctions): string[] =>
	(context as InEngine).workflow?.getChildNodes(context.getNode().name, 'ALL_NON_MAIN') ?? [];

/**
 * Identifies the run of the AI agents that use the tool, except for agents that are tools themselves. A retried execution repeats the run
 * that failed, and none before it.
 */
export function agentRun(context: IExecuteFunctions): string {
	const { workflow, runExecutionData } = context as InEngine;
	const { runData = {} } = runExecutionData?.resultData ?? {};
	return usersOf(context)
		.filter((name) => !workflow?.getNode(name)?.type.endsWith('Tool'))
		.map((name) => runData[name]?.length ?? 0)
		.join();
}

/**
 * Finds out whether an AI agent that uses the tool starts over if it fails ("Retry On Fail"), without remembering what its tools did.
 * Version 3 remembers it, unless On Error makes it output its failure (the retry loop of WorkflowExecute.processRunExecutionData).
 */
export function isAgentTriedAgain(context: IExecuteFunctions): boolean {
	const { workflow } = context as InEngine;
	return usersOf(context).some((name) => {
		const { retryOnFail, onError = 'stopWorkflow' } = workflow?.getNode(name) ?? {};
		return retryOnFail === true && (isRunByAgent(context) || onError !== 'stopWorkflow');
	});
}

/**
 * Finds out whether an AI agent (version 3) that uses the tool, itself or by a sub-agent, has several items. n8n gives all of them the
 * history of the first one (executeBatch keeps only its metadata), and runs a tool that was approved in a human review once for each item
 * (processHitlResponses).
 */
export function hasAgentSeveralItems(context: IExecuteFunctions): boolean {
	const { runExecutionData } = context as InEngine;
	const stack = runExecutionData?.executionData?.nodeExecutionStack ?? [];
	return stack.some(
		({ node, metadata, data }) =>
			metadata?.nodeWasResumed && !node.executeOnce && (data.main?.[0]?.length ?? 0) > 1,
	);
}

/**
 * @returns whether each item has its own outcome, so that a failure doesn't stop the node. That's so for a tool as well, because n8n gives
 *   the AI agent an empty result if the tool throws, and the agent would try again (test/e2e/aiAgent)
 */
export function continuesOnFail(context: IExecuteFunctions): boolean {
	return context.continueOnFail() || isTool(context);
}
