import { type IDataObject, sleep } from 'n8n-workflow';
import { listPages, PAGE_SIZE } from '../../api/http/pagination';
import { type Kind } from '../../conversation/kinds';
import { type AccountRequests } from './accountRequests';
import type { PendingConversation, Busy } from './pendingConversation';
import { pollRecord, STEPS } from './steps';

/** For fewer conversations, reading the list can't take fewer requests than polling each one. */
const MIN_FOR_LIST = 3;
/** A page of the list with fewer wanted rows doesn't save more requests than the one that it costs. */
const MIN_HITS = 2;
/** The number of conversations that aren't on the first pages, and are polled one by one in the same round. */
const MAX_SINGLE = 10;
/** A poll that is due within this share of its pause is done with those that are due now, if the list is read. */
const NEAR_SHARE = 2 / 3;
/** The pause for each request of a round of polls, so that an account gets at most five of them a second. */
const MS_PER_REQUEST = 200;
const SHORTEST_SLEEP_MS = 250;
/** The longest sleep, because a computer that has slept through a deadline has less than a minute until n8n's own timer fires. */
const LONGEST_SLEEP_MS = 15_000;

/**
 * Polls VideoSDK for all conversations of one account for which executions of this process wait. It's one loop, so that the cost grows
 * with the number of conversations, and not of executions. It has the timers and requests, and PendingConversation decides what to do.
 */
export class Poller {
	private readonly watched = new Set<PendingConversation>();
	private isPolling = false;
	/** When the next round of polls may begin, in ms by a clock that no one can set. Each request of the present round makes it later. */
	private pollsAgainAtMs = 0;
	/** When to work next, by the same clock. Only the timer for this time counts, because n8n 2.14 has no `sleep` that can be cancelled. */
	private wakesAtMs = Infinity;

	constructor(readonly account: AccountRequests) {}

	add(watched: PendingConversation[]): void {
		for (const one of watched) this.watched.add(one);
		this.wake();
	}

	remove(watched: PendingConversation[]): void {
		for (const one of watched) this.watched.delete(one);
	}

	/** Does what is due, because something has changed. */
	wake(): void {
		this.sleepFor(SHORTEST_SLEEP_MS);
	}

	/** Polls one conversation at once, because of an event. Never throws. */
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
		// The conversations of a wait share one `onReady`, which checks all of them, so it's called once.
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
				// These steps don't wait for a round of polls.
				if (next.atMs > nowMs) {
					nextAtMs = Math.min(nextAtMs, next.atMs);
					continue;
				}
				const busy = one.begin(next.step, nowMs);
				void this.carryOut(one, busy, nowMs);
				// The step is given up then, even if nothing else wakes this loop.
				nextAtMs = Math.min(nextAtMs, busy.untilMs);
			} else {
				// A poll that takes long must not hold up what is to be done at Max Wait.
				nextAtMs = Math.min(nextAtMs, next.untilMs);
				if (this.isPolling) continue;
				const atMs = Math.max(next.atMs, roundAtMs);
				if (atMs <= nowMs) due.push(one);
				else if (atMs - nowMs < next.pauseMs * NEAR_SHARE) near.push(one);
				nextAtMs = Math.min(nextAtMs, atMs);
			}
		}
		for (const onReady of ready) onReady();
		if (due.length > 0) void this.poll(due, near, nowMs);
		if (this.watched.size > 0) this.sleepFor(Math.max(nextAtMs - nowMs, SHORTEST_SLEEP_MS));
	}

	/** Carries out an end, a search for artifacts, or the last poll. Never throws. */
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

	/** Makes one round of polls, by the list or one by one. Ends don't wait for it. @param near the conversations that are due soon */
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
		// These move to the end, so that the others, which have waited longest, come first in the next round.
		for (const one of asked) if (this.watched.delete(one)) this.watched.add(one);
		this.pollsAgainAtMs += asked.length * MS_PER_REQUEST;
		this.isPolling = false;
		this.wake();
	}

	/** Reads the list, as long as its pages have enough of what is due. @throws ApiError, after which `found` keeps what was found */
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
