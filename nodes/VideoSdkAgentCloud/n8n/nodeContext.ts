import type {
	IDataObject,
	IExecuteFunctions,
	IRunExecutionData,
	IWorkflowExecuteAdditionalData,
	Workflow,
} from 'n8n-workflow';

/** What contexts of n8n-core have beside n8n-workflow's types. */
export interface InEngine {
	workflow?: Workflow;
	runExecutionData?: IRunExecutionData;
	runIndex?: number;
	additionalData?: IWorkflowExecuteAdditionalData & { hooks?: { retryOf?: string } };
}

/**
 * @returns what n8n knows of a run of an execution, the same for all its nodes; undefined for agents of n8n 2.41, which use tools without
 * an execution (EphemeralNodeExecutor)
 */
export function runOf(context: IExecuteFunctions): IRunExecutionData | undefined {
	const { runExecutionData } = context as InEngine;
	return runExecutionData?.executionData && runExecutionData;
}

/**
 * Gives what n8n stores of a node with an execution, to be read and changed. Without an execution nothing is kept, and n8n's own
 * function throws.
 *
 * @param of the node, or the whole run, which all nodes share
 */
export function keptOfNode(context: IExecuteFunctions, of: 'node' | 'flow' = 'node'): IDataObject {
	return runOf(context) === undefined ? {} : context.getContext(of);
}
