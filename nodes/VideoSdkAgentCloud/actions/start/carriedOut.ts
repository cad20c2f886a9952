import { type NodeApiError } from 'n8n-workflow';
import { failureOf } from '../../api/http/client';
import { isInDoubt } from '../../api/http/failure';
import { pause } from '../../api/http/pause';
import { search } from './earlier';
import { calleeOf, type ItemStart, startedAs, type StartEnd } from './itemStart';
import { isFindable } from './search';

/** The pauses before each search for a start that may have been carried out, in ms. */
const SEARCH_AFTER_MS = [1_000, 3_000, 8_000];
/** The searches end when this many in a row have failed. */
const MAX_FAILED_SEARCHES = 2;
/** The pause before the only search for a call that no one has answered, which VideoSDK has listed since it rang. */
const UNANSWERED_AFTER_MS = 1_000;

/** @returns whether VideoSDK responds to this start only when someone has picked up, or the phone has stopped ringing */
const waitsForAnswer = ({ item }: ItemStart): boolean => {
	const { request } = item.start;
	return request.kind === 'call' && request.ringingMs > 0;
};

/** @returns whether a start that has failed may have been carried out: `mayBe`, or `unanswered`, a call that was made and not answered */
export function doubtAbout(start: ItemStart, error: Error): 'mayBe' | 'unanswered' | undefined {
	const failure = failureOf(error);
	if (failure === undefined) return undefined;
	if (isInDoubt(failure)) return 'mayBe';
	// VideoSDK may respond with an error when no one has picked up, as LiveKit's SIP service does.
	return failure.kind === 'status' && waitsForAnswer(start) ? 'unanswered' : undefined;
}

/**
 * Searches for a start that has failed, and may have been carried out all the same.
 *
 * @param doubt what `doubtAbout` has said of its error
 */
export async function findCarriedOut(
	start: ItemStart,
	error: Error,
	doubt: 'mayBe' | 'unanswered',
): Promise<StartEnd> {
	const { key, sentAtMs } = start.claim;
	const to = calleeOf(start);
	const notFound: StartEnd = { name: doubt === 'mayBe' ? 'inDoubt' : 'failed', error };
	if (!isFindable(start.run.kind) || key === undefined) return notFound;
	const stopSignal = start.run.context.getExecutionCancelSignal();
	let others: string[] = [];
	let failed = 0;
	for (const afterMs of doubt === 'mayBe' ? SEARCH_AFTER_MS : [UNANSWERED_AFTER_MS]) {
		await pause(afterMs, stopSignal);
		if (stopSignal?.aborted || failed === MAX_FAILED_SEARCHES) break;
		const found = await search(start, { key, to, sinceMs: sentAtMs }).catch(() => undefined);
		if (found?.started) return { name: 'started', started: startedAs(start, found.started.record) };
		failed = found ? 0 : failed + 1;
		others = found?.others ?? others;
	}
	if (doubt === 'mayBe' && others.length > 0) {
		const apiError = error as NodeApiError;
		const since = `Calls to ${to} since then: ${others.join(', ')}.`;
		apiError.description = [since, apiError.description].filter(Boolean).join(' ');
	}
	return notFound;
}
