import type { IDataObject, IExecuteFunctions, IRunExecutionData, Workflow } from 'n8n-workflow';

/** What contexts of n8n-core have beside n8n-workflow's types. */
export interface InEngine {
	workflow?: Workflow;
	runExecutionData?: IRunExecutionData;
}

/** @returns how often the node has run in its execution before; undefined if it has none */
export function runIndexOf(context: IExecuteFunctions): number | undefined {
	const { runExecutionData } = context as InEngine;
	return runExecutionData && (runExecutionData.resultData.runData[context.getNode().name]?.length ?? 0);
}

/**
 * Gives what n8n stores of a node with an execution, to be read and changed. Agents of n8n 2.41 use tools without an execution
 * (EphemeralNodeExecutor), where nothing is kept and n8n's own function throws.
 */
export function keptOfNode(context: IExecuteFunctions): IDataObject {
	const { runExecutionData } = context as InEngine;
	return runExecutionData?.executionData === undefined ? {} : context.getContext('node');
}
