import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { type InEngine, keptOfNode, startsMs } from './nodeContext';

const STARTED_FIELD = 'agentCloudStarted';
const USES_FIELD = 'agentCloudUses';

/**
 * Leaves a text for the case that a user retries the execution, which the node is about to fail: n8n runs the node again with the
 * same items (ExecutionService.retry), and stores a node's context with the execution.
 */
export function leaveForRetry(context: IExecuteFunctions, text: string): void {
	keptOfNode(context)[STARTED_FIELD] = text;
}

/** @returns what the node has left; undefined if the execution is no retry */
export function readInRetry(context: IExecuteFunctions): string | undefined {
	const { [STARTED_FIELD]: text } = keptOfNode(context);
	return context.getMode() === 'retry' && typeof text === 'string' ? text : undefined;
}

/** Forgets what the node has left, which counts for its next run only. */
export function forgetLeft(context: IExecuteFunctions): void {
	delete keptOfNode(context)[STARTED_FIELD];
}

/**
 * Tells retries of one execution from those of others: n8n keeps what ran before the node that failed.
 *
 * @returns when the execution began, and which run of the node this is; undefined if the execution is no retry
 */
export function originInRetry(context: IExecuteFunctions): string | undefined {
	const { runExecutionData } = context as InEngine;
	const starts = startsMs(runExecutionData);
	if (context.getMode() !== 'retry' || starts.length === 0) return undefined;
	const { runData } = runExecutionData!.resultData;
	return `${Math.min(...starts)} ${runData[context.getNode().name]?.length ?? 0}`;
}

/** What a tool has started, or may have. */
export interface ToolUse extends IDataObject {
	executionId: string;
	/** See `agentRun`. */
	run: string;
	/** Empty: not known, or not yet. */
	startedId: string;
}

/**
 * Gives what a tool has started in this execution, and in those of which it is a retry: n8n stores a node's context with an execution,
 * and hands it on (ExecutionService.retry). An AI agent may have forgotten it.
 */
export function toolUses(context: IExecuteFunctions): Record<string, ToolUse> {
	const kept = keptOfNode(context);
	return (kept[USES_FIELD] ??= {}) as Record<string, ToolUse>;
}
