import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * @returns whether the node runs as a tool of an AI agent. (`isToolExecution()` is false in an execute context, so the type decides:
 * NodeTypes.getByNameAndVersion appends "Tool".)
 */
export function isTool(context: IExecuteFunctions): boolean {
	return context.getNode().type.endsWith('Tool');
}

/**
 * @returns whether each item has its own outcome, so that a failure stops nothing. An AI agent learns of a failure only from an output:
 * n8n gives it an empty result for a tool that throws, and it would try again.
 */
export function continuesOnFail(context: IExecuteFunctions): boolean {
	return context.continueOnFail() || isTool(context);
}
