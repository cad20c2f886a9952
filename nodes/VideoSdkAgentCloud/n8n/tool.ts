import type { IExecuteFunctions } from 'n8n-workflow';
import type { InEngine } from './nodeContext';

/**
 * @returns whether the node runs as a tool of an AI agent. (`isToolExecution()` is false in an execute context, so the type decides:
 * NodeTypes.getByNameAndVersion appends "Tool".)
 */
export function isTool(context: IExecuteFunctions): boolean {
	return context.getNode().type.endsWith('Tool');
}

/** @returns whether the node runs as the human review of an AI agent's tools, which n8n makes of `sendAndWait` */
export function isHumanReview(context: Pick<IExecuteFunctions, 'getNode'>): boolean {
	return context.getNode().type.endsWith('HitlTool');
}

/**
 * @returns whether the AI agent itself runs the tool and continues with what it gives at once, as versions before 3 and sub-agents
 * do: then no execution can wait. (Only the SupplyDataContext that they run it with has `cloneWith`.)
 */
export function isRunByAgent(context: IExecuteFunctions): boolean {
	return 'cloneWith' in context;
}

/** @returns the names of the AI agents that use the tool, at any depth */
const usersOf = (context: IExecuteFunctions): string[] =>
	(context as InEngine).workflow?.getChildNodes(context.getNode().name, 'ALL_NON_MAIN') ?? [];

/**
 * Tells one run of the AI agents that use the tool from another, leaving out agents that are tools themselves. A retried execution
 * repeats the run that failed, and none before it.
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
 * Tells whether an AI agent that uses the tool will start over if it fails ("Retry On Fail"), with no memory of what its tools did.
 * Version 3 remembers, unless On Error makes it output its failure (the retry loop of WorkflowExecute).
 */
export function isAgentTriedAgain(context: IExecuteFunctions): boolean {
	const { workflow } = context as InEngine;
	return usersOf(context).some((name) => {
		const { retryOnFail, onError = 'stopWorkflow' } = workflow?.getNode(name) ?? {};
		return retryOnFail === true && (isRunByAgent(context) || onError !== 'stopWorkflow');
	});
}

/**
 * Tells whether an AI agent that uses the tool (version 3), or whose sub-agent does, has several items. n8n gives all of them the history
 * of the first one (buildResponseMetadata), and runs a tool that is approved in a human review once for each (processHitlResponses).
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
 * @returns whether each item has its own outcome, so that a failure stops nothing. An AI agent learns of a failure only from an output:
 * n8n gives it an empty result for a tool that throws, and it would try again.
 */
export function continuesOnFail(context: IExecuteFunctions): boolean {
	return context.continueOnFail() || isTool(context);
}
