import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { InEngine } from './nodeContext';

/**
 * n8n sets the timer of a wait at most 70 s before its deadline (ExecutionRepository.getWaitingExecutions), so a wait that ended before has
 * none.
 */
const ARMED_BEFORE_MS = 71_000;
const UNIT_MS: Record<string, number> = {
	seconds: 1_000,
	minutes: 60_000,
	hours: 3_600_000,
	days: 86_400_000,
};

/** @returns how long a node waits at most, in ms; undefined if its parameters don't say, or not as plain numbers */
function limitMs(parameters: IDataObject = {}): number | undefined {
	const { limitWaitTime } = (parameters.options ?? {}) as IDataObject;
	// The nodes Wait and Form have the limit among their fields, and operations Send and Wait have it among their options.
	const limit = parameters.limitWaitTime === true ? parameters : (limitWaitTime as IDataObject)?.values;
	const { limitType, resumeAmount, resumeUnit } = (limit ?? {}) as IDataObject;
	if (limitType !== 'afterTimeInterval') return undefined;
	const ms = Number(resumeAmount) * (UNIT_MS[String(resumeUnit)] ?? NaN);
	return Number.isNaN(ms) ? undefined : ms;
}

/**
 * Finds out whether a timer of n8n's could end the next wait of the execution. When a request ends a wait, n8n doesn't cancel the timer of
 * its deadline (WaitTracker.startExecution). Only a wait that has ended shortly before its deadline has one.
 *
 * @param nowMs the present time, in ms since 1970
 * @returns until when such a timer may fire, in ms since 1970; 0: there is none
 *
 * until: n8n cancels the timer of a wait that a request has ended (test/e2e/nightly/waiting: each session in a loop has the whole of its
 * time).
 */
export function timersUntilMs(context: IExecuteFunctions, nowMs: number): number {
	const { workflow, runExecutionData } = context as InEngine;
	const { runData = {} } = runExecutionData?.resultData ?? {};
	const deadlines = Object.entries(runData).flatMap(([name, runs]) => {
		const ms = limitMs(workflow?.getNode(name)?.parameters as IDataObject | undefined);
		if (ms === undefined) return [];
		// The start time of a node that has waited is that of its resumption, so the end of the node before it is when the wait began.
		return runs.flatMap(({ startTime: resumedAtMs, source: [from] }) => {
			const before = from ? runData[from.previousNode]?.[from.previousNodeRun ?? 0] : undefined;
			const deadlineMs = before ? before.startTime + before.executionTime + ms : 0;
			return deadlineMs <= resumedAtMs + ARMED_BEFORE_MS ? [deadlineMs] : [];
		});
	});
	return Math.max(0, ...deadlines.filter((ms) => ms > nowMs));
}
