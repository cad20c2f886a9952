import type {
	IDataObject,
	IExecuteFunctions,
	IRunExecutionData,
	IWorkflowExecuteAdditionalData,
	Workflow,
} from 'n8n-workflow';

/** The properties of n8n-core's contexts that n8n-workflow's types don't have. */
export interface InEngine {
	workflow?: Workflow;
	runExecutionData?: IRunExecutionData;
	runIndex?: number;
	additionalData?: IWorkflowExecuteAdditionalData & { hooks?: { retryOf?: string } };
}

/**
 * @returns n8n's data of the execution, which all its nodes share; undefined for n8n's own Agents of 2.41, which use tools without an
 *   execution (EphemeralNodeExecutor; test/engine/starts/aiAgentTool)
 */
export function runOf(context: IExecuteFunctions): IRunExecutionData | undefined {
	const { runExecutionData } = context as InEngine;
	return runExecutionData?.executionData && runExecutionData;
}

/**
 * Returns the object that n8n stores with an execution, which may be changed. Without an execution, nothing is stored, and n8n's own
 * `getContext` throws.
 *
 * @param of whether it's the object of the node, or the one that all nodes of the run share
 */
export function storedContext(context: IExecuteFunctions, of: 'node' | 'flow' = 'node'): IDataObject {
	return runOf(context) === undefined ? {} : context.getContext(of);
}
