import type { IExecuteFunctions } from 'n8n-workflow';
import type { InEngine } from './nodeContext';

/**
 * @returns whether an evaluation runs the workflow, or a workflow of which this one is a sub-workflow: that has a mode of its own, but
 * inherits the ID that expressions see as `$evaluation` (executeWorkflow). n8n 2.14 hands on none
 */
export function isEvaluation(context: IExecuteFunctions): boolean {
	const { additionalData } = context as InEngine;
	return context.getMode() === 'evaluation' || additionalData?.evaluationRunId !== undefined;
}
