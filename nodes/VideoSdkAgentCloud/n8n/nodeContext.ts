import type { IDataObject, IExecuteFunctions, IRunExecutionData } from 'n8n-workflow';

/**
 * Gives what n8n stores of a node with an execution, to be read and changed. Agents of n8n 2.41 use tools without an execution
 * (EphemeralNodeExecutor), where nothing is kept and n8n's own function throws. (`runExecutionData` of n8n-core's contexts isn't in
 * n8n-workflow's types.)
 */
export function keptOfNode(context: IExecuteFunctions): IDataObject {
	const { runExecutionData } = context as { runExecutionData?: IRunExecutionData };
	return runExecutionData?.executionData === undefined ? {} : context.getContext('node');
}
