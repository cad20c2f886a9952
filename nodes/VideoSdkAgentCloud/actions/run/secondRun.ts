import { randomUUID } from 'crypto';
import type { IExecuteFunctions, IRunExecutionData } from 'n8n-workflow';
import { BoundedMap } from '../../api/boundedMap';
import { runOf } from '../../n8n/nodeContext';

const MAX_EXECUTIONS = 10_000;
const CONTEXT_FIELD = 'agentCloudRun';

/** A run of an execution, as n8n keeps it with the execution. */
interface Run {
	/** How many there have been, in any process: each wait that ends begins another one. */
	count: number;
	id: string;
}

const NONE: Run = { count: 0, id: '' };

/** The latest run of each execution. */
const latestRuns = new BoundedMap<string, Run>(MAX_EXECUTIONS);
/** Runs that aren't second ones. */
const firstRuns = new WeakSet<IRunExecutionData>();

/**
 * n8n can run the same execution twice at once. 1.x does so when the timer of a wait fires although a request has already ended that
 * wait (WaitTracker.startExecution). Both lines do so when two requests end one wait while n8n's limit for production executions is
 * reached. Each of the runs has what n8n had stored, so the second one lacks the note that the first one has made since.
 *
 * @returns whether another run of the execution has come to one of our nodes, in this process, since n8n stored what this one knows
 */
export function isSecondRun(context: IExecuteFunctions): boolean {
	const executionId = context.getExecutionId();
	const run = runOf(context);
	if (!executionId || run === undefined || firstRuns.has(run)) return false;
	const kept = context.getContext('flow');
	const { count, id } = (kept[CONTEXT_FIELD] ?? NONE) as Run;
	const latest = latestRuns.get(executionId) ?? NONE;
	if (count < latest.count || (count === latest.count && id !== latest.id)) return true;
	const noted: Run = { count: count + 1, id: randomUUID() };
	kept[CONTEXT_FIELD] = noted;
	latestRuns.set(executionId, noted);
	firstRuns.add(run);
	return false;
}
