import { leaveNote } from '../../n8n/retryNote';
import { continuesOnFail } from '../../n8n/tool';
import type { Left, StartRun } from './itemStart';
import { ownClaims } from './startState';

/**
 * Notes what was started, or may have been, for a user's Retry, because the execution is about to fail.
 *
 * @param begunAtMs when the node began, in ms since 1970
 */
export function leaveToRetry({ context, base, note, state }: StartRun, begunAtMs: number): void {
	if (base === undefined || continuesOnFail(context)) return;
	const left: Record<string, Left> = { ...note?.starts };
	for (const { claim } of ownClaims(state, context).values()) {
		const { key, sentAtMs } = claim;
		if (key === undefined) continue;
		if (claim.state.name === 'started') {
			left[key] = { ...claim.state.started, sentAtMs };
		} else if (claim.state.name === 'inDoubt') {
			left[key] = { message: claim.state.said.message, roomId: claim.roomId, sentAtMs };
		}
	}
	// If what this execution retries was killed, it may have started something at any time.
	const sinceMs = context.getMode() === 'retry' ? note?.sinceMs : begunAtMs;
	leaveNote<Left>(context, { sinceMs, starts: left });
}
