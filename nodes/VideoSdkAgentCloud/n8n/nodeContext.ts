import type { IDataObject, IExecuteFunctions, IRunExecutionData, ITaskData, Workflow } from 'n8n-workflow';

/** What contexts of n8n-core have beside n8n-workflow's types. */
export interface InEngine {
	workflow?: Workflow;
	runExecutionData?: IRunExecutionData;
	runIndex?: number;
}

/**
 * @returns what n8n knows of a run of an execution, the same for all its nodes; undefined for agents of n8n 2.41, which use tools without
 * an execution (EphemeralNodeExecutor)
 */
export function runOf(context: IExecuteFunctions): IRunExecutionData | undefined {
	const { runExecutionData } = context as InEngine;
	return runExecutionData?.executionData && runExecutionData;
}

/** @returns what tells one run of a node from its others, as in a loop */
export const placeIn = (context: IExecuteFunctions): string =>
	`${context.getNode().name} ${(context as InEngine).runIndex}`;

/** @returns the runs of all nodes of an execution, as far as they are known */
export function runsIn(execution?: IRunExecutionData): ITaskData[] {
	return Object.values(execution?.resultData.runData ?? {}).flat();
}

/** @returns when they began, in ms since 1970 */
export function startsMs(execution?: IRunExecutionData): number[] {
	// 0: a tool that an AI agent has requested, and that hasn't run yet.
	return runsIn(execution).flatMap(({ startTime }) => startTime || []);
}

/**
 * Gives what n8n stores of a node with an execution, to be read and changed. Without an execution nothing is kept, and n8n's own
 * function throws.
 */
export function keptOfNode(context: IExecuteFunctions): IDataObject {
	return runOf(context) === undefined ? {} : context.getContext('node');
}
