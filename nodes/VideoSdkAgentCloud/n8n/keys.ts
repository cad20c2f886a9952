/**
 * The names under which this package stores something with an execution, in n8n's context of a node or of the whole run. n8n hands both
 * on to a user's Retry (ExecutionService.retry), and whoever may read the execution's data may read them.
 */
export const CONTEXT_KEYS = {
	/** Of a node: what it waits for. Written by n8n/waitingState.ts, read there by whatever process receives a request for the execution. */
	wait: 'agentCloudWait',
	/** Of a node that failed: what it has started. Written and read by n8n/retryNote.ts. */
	started: 'agentCloudStarted',
	/** Of the run: what AI tools have started. Written and read by actions/run/toolUse.ts. */
	toolUses: 'agentCloudUses',
} as const;
