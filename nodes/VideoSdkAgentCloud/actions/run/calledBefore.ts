/** The option Not Called Within: whom VideoSDK's list, or this process, has as called. */
import {
	type IDataObject,
	type IExecuteFunctions,
	NodeApiError,
	NodeOperationError,
	UserError,
} from 'n8n-workflow';
import { trimKey } from '../../../../credentials/apiTarget';
import { latestOf, startMsOf } from '../../api/http/responseReaders';
import { mayHaveRung } from '../../api/callRecord';
import { listCallsTo } from '../../api/calls';
import { type Send } from '../../api/http/client';
import { BoundedMap } from '../../n8n/boundedStores';
import { isSameNumber } from '../../api/telephony';
import { notCalled, type NotNow } from './brakes';
import { withReason } from './itemOutcome';
import { phoneKey } from './sameNumber';

/** A call to a number that this process is placing, has placed, or may have. */
interface PlacedCall {
	state: 'placing' | 'placed' | 'inDoubt';
	/** When it was sent, in ms since 1970. */
	atMs: number;
	callId?: string;
}

const MAX_NUMBERS = 10_000;

/** By API key and number, whatever workflow and credential placed them: VideoSDK's list may show a call some seconds later. */
const placedCalls = new BoundedMap<string, PlacedCall[]>(MAX_NUMBERS);

/** The call of one start, among those to the same number. */
export class Placing {
	private readonly number: string;
	private own?: PlacedCall;

	/** @param apiKey of the project that is called from */
	constructor(apiKey: unknown, to: string) {
		this.number = JSON.stringify([trimKey(apiKey), phoneKey(to)]);
	}

	/** Those of other starts, in the order in which they were sent. */
	get others(): PlacedCall[] {
		return (placedCalls.get(this.number) ?? []).filter((call) => call !== this.own);
	}

	/** It is about to be sent, or sent again. */
	begin(): void {
		const { others, own = { state: 'placing', atMs: Date.now() } } = this;
		this.own = own;
		placedCalls.set(this.number, [...others, own]);
	}

	/** Ends what `begin` began, if it did. @param result undefined: it was certainly not placed */
	end(result?: Pick<PlacedCall, 'callId'> & { state: 'placed' | 'inDoubt' }): void {
		const { others, own } = this;
		if (own === undefined) return;
		// The latest one tells all that is asked.
		const kept = result
			? [...others.filter(({ state }) => state === 'placing'), Object.assign(own, result)]
			: others;
		if (kept.length > 0) placedCalls.set(this.number, kept);
		else placedCalls.delete(this.number);
	}
}

/** Whom a call of one item would ring too soon after another call. */
export class CalledBefore {
	/** The IDs of the calls in VideoSDK's list, which has their outcomes; undefined: the list hasn't been read yet. */
	private listed?: Set<unknown>;

	/** @param withinMs how long ago another call counts */
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly to: string,
		private readonly withinMs: number,
		private readonly placing: Placing,
	) {}

	/** Asks VideoSDK. @throws NotNow if the number was called; NodeOperationError if that can't be told */
	async look(send: Send): Promise<void> {
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

	/** Looks at what this process places. What it has placed is looked up in VideoSDK's list first. @throws NotNow */
	check(): void {
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
		return await listCallsTo(send, this.to, sinceMs).catch(async (error: Error) => {
			// Anything else stops the node, such as that another item has failed.
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
