import { type IDataObject, sleep } from 'n8n-workflow';
import { credentialOf, type ReadCredential, type RequestContext } from '../../api/http/credential';
import { listPages, PAGE_SIZE } from '../../api/http/pagination';
import { type Kind } from '../../conversation/kinds';
import { AccountRequests, keyOf } from './accountRequests';
import type { PendingConversation, Busy } from './pendingConversation';
import { pollRecord, STEPS } from './steps';

/** For fewer, the list cannot take fewer requests than one for each. */
const MIN_FOR_LIST = 3;
/** A page of the list with fewer saves no more than the one request that it costs. */
const MIN_HITS = 2;
/** What is not on the first pages is asked for one by one, so many at a time. */
const MAX_SINGLE = 10;
/** What is due so much of its pause later is looked for in the list together with what is due now. */
const NEAR_SHARE = 2 / 3;
/** So that no account is asked more than five times a second, a round of looks is followed by a pause for each of its requests. */
const MS_PER_REQUEST = 200;
const SHORTEST_SLEEP_MS = 250;
/** A computer that has slept through a deadline has less than a minute until n8n's own timer comes. */
const LONGEST_SLEEP_MS = 15_000;

/**
 * Asks VideoSDK for everything that the executions of this process await of one account: one loop, so that the cost grows with the
 * account's conversations, not with the executions. It has timers and requests; what is to be done, `Awaited` says.
 */
export class Poller {
	private readonly watched = new Set<PendingConversation>();
	private isPolling = false;
	/** No round of looks begins before, in ms by a clock that no one sets. It grows with the requests of the present one. */
	private pollsAgainAtMs = 0;
	/** By the same clock. Only the timer for this time counts, since n8n's `sleep` cannot be cancelled. */
	private wakesAtMs = Infinity;

	constructor(readonly account: AccountRequests) {}

	add(watched: PendingConversation[]): void {
		for (const one of watched) this.watched.add(one);
		this.wake();
	}

	remove(watched: PendingConversation[]): void {
		for (const one of watched) this.watched.delete(one);
	}

	/** Something has changed: what is due is done. */
	wake(): void {
		this.sleepFor(SHORTEST_SLEEP_MS);
	}

	/** Looks for one at once, as an event told. Never throws. */
	async pollOne(one: PendingConversation): Promise<void> {
		const nowMs = Date.now();
		one.noteStep('poll', nowMs, await pollRecord(this.account, one));
	}

	private sleepFor(ms: number): void {
		const atMs = performance.now() + ms;
		if (atMs >= this.wakesAtMs) return;
		this.wakesAtMs = atMs;
		void sleep(ms).then(() => {
			if (atMs !== this.wakesAtMs) return;
			this.wakesAtMs = Infinity;
			this.work();
		});
	}

	/** Begins what is due, and sleeps until something else is. */
	private work(): void {
		const nowMs = Date.now();
		const due: PendingConversation[] = [];
		const near: PendingConversation[] = [];
		// Each wait looks at all that it awaits, so it's told once.
		const ready = new Set<() => void>();
		const roundAtMs = nowMs + this.pollsAgainAtMs - performance.now();
		let nextAtMs = nowMs + LONGEST_SLEEP_MS;
		for (const one of this.watched) {
			const next = one.next(nowMs);
			if (next.step === 'ready') {
				if (one.onReady) ready.add(one.onReady);
			} else if (next.step === 'pause') {
				nextAtMs = Math.min(nextAtMs, next.atMs);
			} else if (next.step !== 'poll' || one.isLastPoll(nowMs)) {
				// It waits for no round of looks.
				if (next.atMs > nowMs) {
					nextAtMs = Math.min(nextAtMs, next.atMs);
					continue;
				}
				const busy = one.begin(next.step, nowMs);
				void this.carryOut(one, busy, nowMs);
				// It is given up then, also if nothing else wakes this.
				nextAtMs = Math.min(nextAtMs, busy.untilMs);
			} else {
				// A look that takes long doesn't hold up what is to be done at Max Wait.
				nextAtMs = Math.min(nextAtMs, next.untilMs);
				if (this.isPolling) continue;
				const atMs = Math.max(next.atMs, roundAtMs);
				if (atMs <= nowMs) due.push(one);
				else if (atMs - nowMs < next.pauseMs * NEAR_SHARE) near.push(one);
				nextAtMs = Math.min(nextAtMs, atMs);
			}
		}
		for (const tell of ready) tell();
		if (due.length > 0) void this.poll(due, near, nowMs);
		if (this.watched.size > 0) this.sleepFor(Math.max(nextAtMs - nowMs, SHORTEST_SLEEP_MS));
	}

	/** Carries out an end, a look for what was said, or the last look. Never throws. */
	private async carryOut(one: PendingConversation, busy: Busy, nowMs: number): Promise<void> {
		const { step } = busy;
		const isAnswered = await STEPS[step](this.account, one, busy, nowMs).catch(({ message }: Error) =>
			this.account.context.logger.warn(`VideoSDK Agent Cloud: ${message}`),
		);
		if (one.busy === busy) {
			one.noteStep(step, nowMs, isAnswered !== false);
			one.busy = undefined;
		}
		this.wake();
	}

	/** One round of looks, if need be with what is due soon. Ends don't wait for it. */
	private async poll(due: PendingConversation[], near: PendingConversation[], nowMs: number): Promise<void> {
		this.isPolling = true;
		this.pollsAgainAtMs = performance.now();
		const found = new Set<PendingConversation>();
		for (const kind of new Set(due.map((one) => one.kind))) {
			const ofKind = [...due, ...near].filter((one) => one.kind === kind && !one.known.isConfirmedOver);
			if (ofKind.length < MIN_FOR_LIST) continue;
			await this.searchList(kind, ofKind, found, nowMs).catch(() => undefined);
		}
		const open = due.filter((one) => !found.has(one) || one.needsOwnPoll);
		const asked = open.slice(0, MAX_SINGLE);
		for (const one of found) if (!one.needsOwnPoll) one.noteStep('poll', nowMs);
		await Promise.all(
			asked.map(async (one) => one.noteStep('poll', nowMs, await pollRecord(this.account, one))),
		);
		// The others have waited longest, and come first in the next round.
		for (const one of asked) if (this.watched.delete(one)) this.watched.add(one);
		this.pollsAgainAtMs += asked.length * MS_PER_REQUEST;
		this.isPolling = false;
		this.wake();
	}

	/** Reads the list, as long as its pages have what is due. @throws ApiError; what was found stays */
	private async searchList(
		kind: Kind,
		due: PendingConversation[],
		found: Set<PendingConversation>,
		nowMs: number,
	): Promise<void> {
		const open = new Set(due.map((one) => one.id));
		let pagesLeft = Math.ceil(open.size / PAGE_SIZE) + 1;
		const untilMs = Math.max(...due.map((one) => one.limits.fetchUntilMs));
		const send = this.account.sender(this.account.polls, this, untilMs);
		for await (const { rows } of listPages(send, kind.list)) {
			this.pollsAgainAtMs += MS_PER_REQUEST;
			const records = new Map(rows.map((row) => [String(row[kind.idField]), row]));
			const hits = due.filter((one) => records.has(one.id));
			for (const one of hits) {
				const record = kind.fromRow(records.get(one.id) as IDataObject);
				one.mergePoll(record, nowMs, this.account.skewMs);
				found.add(one);
				open.delete(one.id);
			}
			if (open.size === 0 || hits.length < MIN_HITS || --pagesLeft === 0) return;
		}
	}
}

/** By what their credential read when they were made, see `keyOf`. Those that no wait uses any more are garbage. */
const pollers = new Map<string, WeakRef<Poller>>();

/**
 * Finds the poller of the account whose credential read the same when it was last read, or makes one. Never throws: if a credential
 * cannot be read, its requests fail.
 *
 * @param itemIndex the input item, if there are any
 * @param read reads that item's credential
 */
export async function findPoller(
	context: RequestContext,
	itemIndex?: number,
	read: ReadCredential = credentialOf(context, itemIndex),
): Promise<Poller> {
	const current = await read().catch(() => undefined);
	const key = keyOf(context, current);
	const present = pollers.get(key)?.deref();
	if (current && present?.account.key === key) return present;
	for (const [unused, reference] of pollers) if (!reference.deref()) pollers.delete(unused);
	const poller = new Poller(new AccountRequests(context, itemIndex, current));
	pollers.set(key, new WeakRef(poller));
	return poller;
}
