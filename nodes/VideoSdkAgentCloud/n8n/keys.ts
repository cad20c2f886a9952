/**
 * The names under which this package stores something with an execution, in n8n's context of a node or of the whole run. n8n passes both on
 * to a user's Retry (ExecutionService.retry), and everyone who can read the execution's data can read them.
 */
export const CONTEXT_KEYS = {
	/** What a node waits for. n8n/waitingState.ts writes it, and reads it in each process that receives a request for the execution. */
	wait: 'agentCloudWait',
	/** What a node that failed has started. n8n/retryNote.ts writes and reads it. */
	started: 'agentCloudStarted',
	/** How often a node has begun the same start. actions/start/rounds.ts writes and reads it. */
	rounds: 'agentCloudRounds',
	/** Of which execution the keys of the run's starts are made. actions/start/startKey.ts writes and reads it. */
	base: 'agentCloudBase',
	/** What the AI tools of the whole run have started. actions/start/toolUse.ts writes and reads it. */
	toolUses: 'agentCloudUses',
} as const;
