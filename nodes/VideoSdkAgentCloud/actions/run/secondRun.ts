import { randomUUID } from 'crypto';
import { type IExecuteFunctions, type IRunExecutionData, sleep } from 'n8n-workflow';
import { BoundedMap } from '../../api/memory';
import { runOf, runsIn } from '../../n8n/nodeContext';
import { type Above, executionsAbove, hasSubExecutions } from '../../n8n/subExecution';
import { isContinuedByRequest, timersUntilMs } from '../../n8n/wait';
import { isFirstFor } from '../../trigger/firstExecution';
import { hasContinuedHere } from '../../waiting/wait';

/** As many as n8n keeps by default. */
const MAX_EXECUTIONS = 10_000;
/** One list for all nodes of a workflow, since the other run may be at a different node. */
const scope = 'workflow';
const CONTEXT_FIELD = 'agentCloudRun';
/** By then n8n's store has what another process wrote at the same moment. */
const WRITTEN_AFTER_MS = 500;

/** What the latest of our nodes in a run of an execution has noted, as n8n keeps it with the execution. */
interface Run {
	/** Counts the notes, in all processes. */
	count: number;
	id: string;
}

const NONE: Run = { count: 0, id: '' };

/** The latest run of each execution and, by `belowKey`, its sub-workflow that began to wait last. */
const latestRuns = new BoundedMap<string, Run>(MAX_EXECUTIONS);
/** By runs: their IDs, and whether they are second ones, as their latest nodes have found. */
const judged = new WeakMap<IRunExecutionData, { id: string; isSecond?: Promise<boolean> }>();

/** @returns a key for n8n's store, with the day: after a move to another database, n8n counts executions from 1 again */
const keyToday = (...parts: unknown[]) => [...parts, new Date().toISOString().slice(0, 10)].join(' ');

/** @param isFirst whether the run has come to no other node of ours */
async function judge(
	context: IExecuteFunctions,
	executionId: string,
	runId: string,
	isFirst: boolean,
): Promise<boolean> {
	const kept = context.getContext('flow');
	const { count, id } = (kept[CONTEXT_FIELD] ?? NONE) as Run;
	const latest = latestRuns.get(executionId) ?? NONE;
	if (count < latest.count || (count === latest.count && id !== latest.id)) return true;
	const noted: Run = { count: count + 1, id: runId };
	// In queue mode, the other run is probably in a different process. n8n's store is slow, so a run asks it only once, but for each node
	// while a timer may fire.
	const isAllHere = hasContinuedHere(executionId) && context.getMode() !== 'manual';
	const isContinued = hasSubExecutions(context) || (isContinuedByRequest(context) && !isAllHere);
	const mayBeTwo = timersUntilMs(context) > Date.now() || (isFirst && isContinued);
	if (mayBeTwo) {
		const key = keyToday(executionId, noted.count);
		if (!(await isFirstFor(context, key, { scope, by: runId, isKept: 'once' }))) return true;
		// Of two that came at the same moment, the one that wrote last is the first.
		await sleep(WRITTEN_AFTER_MS);
		if (!(await isFirstFor(context, key, { scope, by: runId }))) return true;
	}
	kept[CONTEXT_FIELD] = noted;
	latestRuns.set(executionId, noted);
	return false;
}

/**
 * n8n can run the same execution twice at once. 1.x does so when the timer of a wait fires although a request has already ended that
 * wait, and each time a sub-workflow has waited (WaitTracker.startExecution). Both lines do so when two requests end one wait: while
 * n8n's limit for production executions is reached, or (1.x) on two webhook processes. Each of the runs has what n8n had stored, so the
 * second one lacks the note that the first one has made since.
 *
 * @returns whether another run of the execution has come to one of our nodes since n8n stored what this one knows: in this process, or
 * in any if it may be due to a timer, a sub-workflow, or another process
 * @throws what n8n's store throws
 */
export async function isSecondRun(context: IExecuteFunctions): Promise<boolean> {
	const executionId = context.getExecutionId();
	const run = runOf(context);
	if (!executionId || run === undefined) return false;
	const known = judged.get(run) ?? { id: randomUUID() };
	judged.set(run, known);
	const before = known.isSecond;
	// n8n stores the note of a node at once, and a second run has it, if it saves the progress of executions.
	const isSecond = Promise.resolve(before).then(
		async (was) => was || (await judge(context, executionId, known.id, before === undefined)),
	);
	known.isSecond = isSecond;
	// Retry On Fail asks again.
	isSecond.catch(() => (known.isSecond = before));
	return await isSecond;
}

const belowKey = ({ executionId }: Above) => `below ${executionId}`;
const countOf = ({ data }: Above) => runsIn(data).length;

/** Asks n8n's store, which workers share, whether a sub-workflow is the first to wait since n8n last stored what runs it. */
const isFirstBelow = async (context: IExecuteFunctions, above: Above, isKept?: 'no') =>
	await isFirstFor(context, keyToday(belowKey(above), countOf(above)), { scope, by: above.childId, isKept });

/** Notes, of what runs this execution as a sub-workflow, that this one waits, if it does. */
export async function noteWait(context: IExecuteFunctions): Promise<void> {
	if (!runOf(context)?.waitTill) return;
	for await (const above of executionsAbove(context)) {
		const { count = 0 } = latestRuns.get(belowKey(above)) ?? {};
		latestRuns.set(belowKey(above), { count: Math.max(count, countOf(above)), id: above.childId });
		// The execution waits already.
		await isFirstBelow(context, above).catch(() => undefined);
	}
}

/**
 * n8n 1.x runs an execution a second time, from its start, if one of its sub-workflows has waited and is over while it still runs others,
 * one for each item.
 *
 * @returns whether another sub-workflow has begun to wait since n8n last stored what runs this one; if so, it stays so
 * @throws what n8n's store throws
 */
export async function isOneOfMany(context: IExecuteFunctions): Promise<boolean> {
	for await (const above of executionsAbove(context)) {
		const { count = -1, id = '' } = latestRuns.get(belowKey(above)) ?? {};
		if (id === above.childId) continue;
		if (count < countOf(above) && (await isFirstBelow(context, above, 'no'))) continue;
		// The first of two runs may be stored before the second one comes to its next item.
		latestRuns.set(belowKey(above), { count: Infinity, id });
		return true;
	}
	return false;
}
