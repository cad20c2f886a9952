/** The option Not Called Within: finds out, from VideoSDK's list of calls and from this process, whether a number was called lately. */
import {
	type IDataObject,
	type IExecuteFunctions,
	NodeApiError,
	NodeOperationError,
	UserError,
} from 'n8n-workflow';
import { trimKey } from '../../../../credentials/apiTarget';
import { latestOf, startMsOf } from '../../api/http/responseReaders';
import { mayHaveRung } from '../../api/callOutcome';
import { listCallsSince } from '../../api/calls';
import { type Send } from '../../api/http/client';
import { isSameNumber, phoneKey } from '../../api/telephony';
import { notCalled, type NotNow, withReason } from '../notCalled';

/** A call that this process is placing, has placed, or may have placed. */
export interface PlacedCall {
	state: 'placing' | 'placed' | 'inDoubt';
	/** When it was sent, in ms since 1970. */
	atMs: number;
	callId?: string;
}

/** The call that one start places, and the calls of other starts to the same number. */
export class Placing {
	private readonly number: string;
	private own?: PlacedCall;

	/**
	 * @param placedCalls see StartState
	 * @param apiKey the key of the VideoSDK project that makes the call
	 */
	constructor(
		private readonly placedCalls: Map<string, PlacedCall[]>,
		apiKey: unknown,
		to: string,
	) {
		this.number = JSON.stringify([trimKey(apiKey), phoneKey(to)]);
	}

	/** The calls of other starts to the number, in the order in which they were sent. */
	get others(): PlacedCall[] {
		return (this.placedCalls.get(this.number) ?? []).filter((call) => call !== this.own);
	}

	/** Notes that the call is about to be sent, or sent again. */
	begin(): void {
		const { others, own = { state: 'placing', atMs: Date.now() } } = this;
		this.own = own;
		this.placedCalls.set(this.number, [...others, own]);
	}

	/** Records the result of the call that `begin` announced. @param result undefined if the call was certainly not placed */
	end(result?: Pick<PlacedCall, 'callId'> & { state: 'placed' | 'inDoubt' }): void {
		const { others, own } = this;
		if (own === undefined) return;
		// Of the calls that aren't under way, only the latest one is needed.
		const kept = result
			? [...others.filter(({ state }) => state === 'placing'), Object.assign(own, result)]
			: others;
		const { placedCalls } = this;
		if (kept.length > 0) placedCalls.set(this.number, kept);
		else placedCalls.delete(this.number);
	}
}

/** Checks whether a call would ring its number too soon after another call. */
export class CalledBefore {
	/** The IDs of the calls in VideoSDK's list; undefined: the list hasn't been read yet. */
	private listed?: Set<unknown>;

	/** @param withinMs how long ago another call counts */
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly to: string,
		private readonly withinMs: number,
		private readonly placing: Placing,
	) {}

	/** Checks VideoSDK's list of calls. @throws NotNow if the number was called; NodeOperationError if the list doesn't tell */
	async checkListed(send: Send): Promise<void> {
		const sinceMs = Date.now() - this.withinMs;
		const { rows, isWhole } = await this.read(send, sinceMs);
		this.listed = new Set(rows.map(({ callId }) => callId));
		const latest = latestOf(
			rows.filter(
				(row) => isSameNumber(String(row.to), this.to) && mayHaveRung(row) && !(startMsOf(row) < sinceMs),
			),
		);
		if (latest) throw this.calledAt(startMsOf(latest), ` (${String(latest.outcome)})`, latest.callId);
		if (!isWhole)
			throw this.unknown("VideoSDK's list of calls to it is too long. Lower 'Not Called Within'.");
	}

	/**
	 * Checks the calls of this process. One that was placed counts only if VideoSDK's list was read and lacks it, because the list has its
	 * outcome.
	 *
	 * @throws NotNow if the number was called
	 */
	checkPlaced(): void {
		const { listed } = this;
		const sinceMs = Date.now() - this.withinMs;
		const isUnlisted = ({ callId }: PlacedCall) => listed !== undefined && !listed.has(callId);
		const latest = this.placing.others
			.filter((call) => call.atMs >= sinceMs && (call.state !== 'placed' || isUnlisted(call)))
			.at(-1);
		if (latest === undefined) return;
		const { state, atMs, callId } = latest;
		if (state === 'placing') throw notCalled(this.to, 'n8n is calling this number right now', 'calledBefore');
		throw this.calledAt(
			atMs,
			state === 'inDoubt' ? ", but it isn't known whether that call was made" : '',
			callId,
		);
	}

	private calledAt(atMs: number, how: string, lastCallId?: unknown): NotNow {
		const timeZone = this.context.getTimezone();
		const format = new Intl.DateTimeFormat('en-US', { timeZone, dateStyle: 'medium', timeStyle: 'short' });
		const isKnown = !Number.isNaN(atMs);
		const when = isKnown ? `on ${format.format(atMs)} in ${timeZone}` : 'before';
		return notCalled(this.to, `Called ${when}${how}`, 'calledBefore', {
			...(typeof lastCallId === 'string' && { lastCallId }),
			...(isKnown && { lastCallAt: new Date(atMs).toISOString() }),
		});
	}

	private async read(send: Send, sinceMs: number): Promise<{ rows: IDataObject[]; isWhole: boolean }> {
		return await listCallsSince(send, sinceMs, this.to).catch(async (error: Error) => {
			// Any other error isn't about the list, such as the one after another item's failure.
			const isFailure = error instanceof NodeApiError || error instanceof UserError;
			return await Promise.reject(isFailure ? this.unknown(error.message, error.description) : error);
		});
	}

	private unknown(why: string, description?: string | null): NodeOperationError {
		const text = `${this.to} wasn't called, because n8n couldn't check whether it was called before: ${why}`;
		const shown = { description: description ?? undefined };
		return withReason(new NodeOperationError(this.context.getNode(), text, shown), 'failed');
	}
}
