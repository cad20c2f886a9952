import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * @returns whether the node runs as a tool of an AI agent. (`isToolExecution()` is false in an execute context, so the type decides:
 * NodeTypes.getByNameAndVersion appends "Tool".)
 */
export function isTool(context: IExecuteFunctions): boolean {
	return context.getNode().type.endsWith('Tool');
}

/** @returns whether the node runs as the human review of an AI agent's tools, which n8n 2.x makes of `sendAndWait` */
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

/**
 * @returns whether each item has its own outcome, so that a failure stops nothing. An AI agent learns of a failure only from an output:
 * n8n gives it an empty result for a tool that throws, and it would try again.
 */
export function continuesOnFail(context: IExecuteFunctions): boolean {
	return context.continueOnFail() || isTool(context);
}
