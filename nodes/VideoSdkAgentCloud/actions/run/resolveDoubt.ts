import {
	type IDataObject,
	type IExecuteFunctions,
	type NodeApiError,
	NodeOperationError,
} from 'n8n-workflow';
import { failureOf } from '../../api/http/client';
import { isInDoubt } from '../../api/http/failure';
import { pause } from '../../api/http/pause';
import { type StartKind, STARTS } from '../../api/startWords';
import { type Claim, type Started } from './claims';
import { withReason } from './itemOutcome';
import { type Found, isFindable, type WantedStart } from './startSearch';

/** Thrown if it isn't known whether something was started. The cause says so in words for the user. */
export class InDoubt extends Error {
	constructor(override readonly cause: Error) {
		super(cause.message);
	}
}

/** The pauses before each search for a start that may have been carried out, in ms. */
const SEARCH_AFTER_MS = [1_000, 3_000, 8_000];
/** The searches end when this many in a row have failed. */
const MAX_FAILED_SEARCHES = 2;
/** The pause before the only search for a call that no one has answered, which VideoSDK has listed since it rang. */
const UNANSWERED_AFTER_MS = 1_000;
const NOTHING: Found = { others: [] };

/** Finds out from VideoSDK whether something was started, if that is in doubt. */
export class DoubtResolver {
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly kind: StartKind,
		/** See StartRequests. */
		private readonly find: (wanted: WantedStart) => Promise<Found>,
	) {}

	/**
	 * Searches once for what another execution may have started.
	 *
	 * @param to the number of a call, cleaned
	 * @param sinceMs when the retried execution began, in ms since 1970; undefined: it isn't known, or the key is a user's own
	 * @throws NodeOperationError if the search fails
	 */
	async findByKey(key: string, to?: string, sinceMs?: number): Promise<IDataObject | undefined> {
		try {
			return (await this.find({ key, to, sinceMs })).record;
		} catch (error) {
			const { one, started } = STARTS[this.kind];
			const { message, description } = error as NodeApiError;
			const text = `Nothing was sent, because n8n couldn't check whether the ${one} was already ${started}: ${message}`;
			const shown = { description: description ?? undefined };
			throw withReason(new NodeOperationError(this.context.getNode(), text, shown), 'failed');
		}
	}

	/** Searches once for a start that was in doubt. @throws InDoubt if it isn't found */
	async findDoubtful({ key, to, sentAtMs }: Claim, error: Error): Promise<Started> {
		if (!isFindable(this.kind) || key === undefined) throw new InDoubt(error);
		const { record } = await this.find({ key, to, sinceMs: sentAtMs }).catch(() => NOTHING);
		if (record === undefined) throw new InDoubt(error);
		return { record };
	}

	/**
	 * Finds out whether a start that has just failed was carried out all the same.
	 *
	 * @param waitsForAnswer see PreparedStart
	 * @returns the record of what was started
	 * @throws InDoubt if that isn't certain; `error` if the start certainly wasn't carried out
	 */
	async findFailed(claim: Claim, error: Error, waitsForAnswer: boolean): Promise<IDataObject> {
		const { key, to, sentAtMs } = claim;
		const failure = failureOf(error);
		const mayBe = failure !== undefined && isInDoubt(failure);
		// VideoSDK may respond with an error when no one has picked up, as LiveKit's SIP service does.
		const isUnanswered = failure?.kind === 'status' && waitsForAnswer;
		if (!mayBe && !isUnanswered) throw error;
		if (!isFindable(this.kind) || key === undefined) throw mayBe ? new InDoubt(error) : error;
		const stopSignal = this.context.getExecutionCancelSignal();
		let others: string[] = [];
		let failed = 0;
		for (const afterMs of mayBe ? SEARCH_AFTER_MS : [UNANSWERED_AFTER_MS]) {
			await pause(afterMs, stopSignal);
			if (stopSignal?.aborted || failed === MAX_FAILED_SEARCHES) break;
			const found = await this.find({ key, to, sinceMs: sentAtMs }).catch(() => undefined);
			if (found?.record) return found.record;
			failed = found ? 0 : failed + 1;
			others = found?.others ?? others;
		}
		if (!mayBe) throw error;
		if (others.length > 0) {
			const apiError = error as NodeApiError;
			const since = `Calls to ${to} since then: ${others.join(', ')}.`;
			apiError.description = [since, apiError.description].filter(Boolean).join(' ');
		}
		throw new InDoubt(error);
	}
}
