import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { InEngine } from './nodeContext';

/** n8n arms the timer of a wait at most 70 s before its deadline (ExecutionRepository.getWaitingExecutions). */
const ARMED_BEFORE_MS = 71_000;
const UNIT_MS: Record<string, number> = {
	seconds: 1_000,
	minutes: 60_000,
	hours: 3_600_000,
	days: 86_400_000,
};

/** @returns how long a node waits at most, in ms, as its parameters say; undefined: they don't, or not as plain numbers */
function limitMs(parameters: IDataObject = {}): number | undefined {
	const { limitWaitTime } = (parameters.options ?? {}) as IDataObject;
	// The nodes Wait and Form have the limit beside their other fields, Send and Wait among its options.
	const limit = parameters.limitWaitTime === true ? parameters : (limitWaitTime as IDataObject)?.values;
	const { limitType, resumeAmount, resumeUnit } = (limit ?? {}) as IDataObject;
	if (limitType !== 'afterTimeInterval') return undefined;
	const ms = Number(resumeAmount) * (UNIT_MS[String(resumeUnit)] ?? NaN);
	return Number.isNaN(ms) ? undefined : ms;
}

/**
 * When a request ends a wait, n8n doesn't cancel the timer of its deadline (WaitTracker.startExecution), which would then end the
 * execution's next wait. Only deadlines that are near have a timer.
 *
 * @param nowMs in ms since 1970
 * @returns until when such a timer may fire, in ms since 1970; 0: there is none
 */
export function timersUntilMs(context: IExecuteFunctions, nowMs: number): number {
	const { workflow, runExecutionData } = context as InEngine;
	const { runData = {} } = runExecutionData?.resultData ?? {};
	const deadlines = Object.entries(runData).flatMap(([name, runs]) => {
		const ms = limitMs(workflow?.getNode(name)?.parameters as IDataObject | undefined);
		if (ms === undefined) return [];
		// A resumed node has the time at which it was resumed, so the wait began when the node before it ended.
		return runs.map(({ source: [from] }) => {
			const before = from ? runData[from.previousNode]?.[from.previousNodeRun ?? 0] : undefined;
			return before ? before.startTime + before.executionTime + ms : 0;
		});
	});
	return Math.max(0, ...deadlines.filter((ms) => ms > nowMs && ms <= nowMs + ARMED_BEFORE_MS));
}
