import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { keptOfNode } from './nodeContext';

const CONTEXT_FIELD = 'agentCloudUses';

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
	return (kept[CONTEXT_FIELD] ??= {}) as Record<string, ToolUse>;
}
