import type { IExecuteFunctions } from 'n8n-workflow';
import type { InEngine } from './nodeContext';

/**
 * Finds out whether an evaluation runs the workflow, or its parent workflow. A sub-workflow has a mode of its own, but inherits the ID that
 * expressions see as `$evaluation` (startExecution in workflow-execute-additional-data), which n8n 2.14 doesn't pass on.
 */
export function isEvaluation(context: IExecuteFunctions): boolean {
	const { additionalData } = context as InEngine;
	return context.getMode() === 'evaluation' || additionalData?.evaluationRunId !== undefined;
}
