import {
	type IDataObject,
	type IExecuteFunctions,
	type NodeApiError,
	NodeOperationError,
} from 'n8n-workflow';
import { CALL_KEY_MS } from '../../api/calls';
import { failureOf } from '../../api/http/client';
import { isInDoubt } from '../../api/http/failure';
import { pause } from '../../api/http/pause';
import { type StartKind, STARTS } from '../../api/startWords';
import { type Claim, type Started, type Target } from './claims';
import { withReason } from './itemOutcome';
import { type Found, isFindable, type WantedStart } from './startSearch';

/** It isn't known whether something was started. The cause says it in words for the user. */
export class InDoubt extends Error {
	constructor(override readonly cause: Error) {
		super(cause.message);
	}
}

/** A start that may have been carried out is looked for after these pauses, in ms. */
const LOOK_AFTER_MS = [1_000, 3_000, 8_000];
/** Looking ends when so many looks in a row have failed. */
const MAX_FAILED_LOOKS = 2;
/** A call that no one has answered is listed since it rang. */
const UNANSWERED_AFTER_MS = 1_000;
const NOTHING: Found = { others: [] };

/** Finds out at VideoSDK whether something was started. */
export class StartLook {
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly kind: StartKind,
		/** See StartRequests. */
		private readonly find: (wanted: WantedStart) => Promise<Found>,
	) {}

	/**
	 * Looks once for what another execution may have started.
	 *
	 * @param sinceMs what is retried began then, in ms since 1970; undefined: nothing but the key tells
	 * @throws NodeOperationError if nothing can be learned
	 */
	async byKey(key: string, target: Target, sinceMs?: number): Promise<IDataObject | undefined> {
		const isByNumber = sinceMs === undefined;
		const wanted = { ...target, key, sinceMs: sinceMs ?? Date.now() - CALL_KEY_MS, isByNumber };
		try {
			return (await this.find(wanted)).record;
		} catch (error) {
			const { one, started } = STARTS[this.kind];
			const { message, description } = error as NodeApiError;
			const text = `Nothing was sent, because n8n couldn't check whether the ${one} was already ${started}: ${message}`;
			const shown = { description: description ?? undefined };
			throw withReason(new NodeOperationError(this.context.getNode(), text, shown), 'failed');
		}
	}

	/** Looks once for what was in doubt. @throws InDoubt if it isn't found */
	async doubtful({ key, target }: Claim, error: Error, sinceMs: number): Promise<Started> {
		if (!isFindable(this.kind) || key === undefined) throw new InDoubt(error);
		const wanted = { ...target, key, sinceMs, isByNumber: false };
		const { record } = await this.find(wanted).catch(() => NOTHING);
		if (record === undefined) throw new InDoubt(error);
		return { record };
	}

	/**
	 * Finds out whether a start that failed was carried out all the same.
	 *
	 * @param waitsForAnswer see PreparedStart
	 * @returns its record
	 * @throws InDoubt; the error if it wasn't
	 */
	async carriedOut(claim: Claim, error: Error, waitsForAnswer: boolean): Promise<IDataObject> {
		const { key, target, sentAtMs } = claim;
		const failure = failureOf(error);
		const mayBe = failure !== undefined && isInDoubt(failure);
		// VideoSDK may tell by an error that no one has answered, as LiveKit's SIP service does.
		const isUnanswered = failure?.kind === 'status' && waitsForAnswer;
		if (!mayBe && !isUnanswered) throw error;
		if (!isFindable(this.kind) || key === undefined) throw mayBe ? new InDoubt(error) : error;
		const stopSignal = this.context.getExecutionCancelSignal();
		let others: string[] = [];
		let failed = 0;
		for (const afterMs of mayBe ? LOOK_AFTER_MS : [UNANSWERED_AFTER_MS]) {
			await pause(afterMs, stopSignal);
			if (stopSignal?.aborted || failed === MAX_FAILED_LOOKS) break;
			const wanted = { ...target, key, sinceMs: sentAtMs, isByNumber: false };
			const found = await this.find(wanted).catch(() => undefined);
			if (found?.record) return found.record;
			failed = found ? 0 : failed + 1;
			others = found?.others ?? others;
		}
		if (!mayBe) throw error;
		if (others.length > 0) {
			const apiError = error as NodeApiError;
			const since = `Calls to ${target.to} since then: ${others.join(', ')}.`;
			apiError.description = [since, apiError.description].filter(Boolean).join(' ');
		}
		throw new InDoubt(error);
	}
}
