import type { IDataObject } from 'n8n-workflow';
import { FINAL, type Kind } from '../../conversation/kinds';
import { type Fact, merge, type Known, mergeFact, needsLog } from '../../conversation/known';
import {
	endsUntilMs,
	forgetFuture,
	isOver,
	next,
	noteEndPoll,
	nothingDone,
	type Progress,
	type Step,
	type WaitPolicy,
} from '../../conversation/nextStep';
import { type Budget, extendIfSlept } from '../budget';

/** The number of polls that follow each other soon if an event says that a conversation may be over. */
const SOON_POLLS = 10;
const LONGEST_REQUEST_MS = 10_000;

/** A step for which a conversation sends requests of its own, unlike a round of polls. */
export type OwnStep = 'poll' | 'end' | 'fetch';

/**
 * A request for one conversation alone that is under way, or waits for its turn. It holds up the conversation until `untilMs`, in ms since
 * 1970.
 */
export interface Busy {
	step: OwnStep;
	untilMs: number;
}

/**
 * A conversation for which an execution of this process waits. It holds what is known and what was done, and `next` decides what to do
 * next.
 */
export class PendingConversation {
	private readonly progress: Progress;
	/** The record of the last poll, as JSON. */
	private lastRecord = '';
	busy?: Busy;
	/** Is called when nothing is left to do for it. */
	onReady?: () => void;
	onRejected?: (error: Error) => void;

	constructor(
		readonly kind: Kind,
		readonly policy: WaitPolicy,
		/** The same object for all conversations of an execution. */
		readonly limits: Budget,
		sinceMs: number,
		public known: Known,
	) {
		this.progress = nothingDone(sinceMs);
	}

	get id(): string {
		return this.known.id;
	}

	mergeFact(fact: Fact): void {
		this.known = mergeFact(this.kind, this.known, fact);
	}

	/**
	 * Merges the record of a poll.
	 *
	 * @param atMs when the poll began, in ms since 1970
	 * @param wasOver whether an end was known before
	 */
	mergePoll(record: IDataObject, atMs: number, skewMs: number, wasOver?: boolean): void {
		const text = JSON.stringify(record);
		// The record rarely differs from that of the poll before.
		if (text === this.lastRecord && this.progress.endPolls === 0 && !wasOver) return;
		this.lastRecord = text;
		const { stageOf } = this.kind;
		const isUnknownEnd = stageOf(record) < FINAL && stageOf(record, true) >= FINAL;
		const isConfirmed = noteEndPoll(this.progress, isUnknownEnd, atMs);
		this.mergeFact({ record, skewMs, wasOver, isConfirmed });
	}

	merge(known: Known): void {
		this.known = merge(this.known, known);
	}

	/** @returns what to do next, which is nothing while a request for it alone is under way */
	next(nowMs: number): Step {
		if (this.busy) {
			const { step: begun, untilMs } = this.busy;
			if (nowMs < untilMs) return { step: 'pause', atMs: untilMs };
			// A request that is still under way when its time is over is given up.
			this.noteStep(begun, nowMs, begun !== 'poll');
			this.busy = undefined;
		}
		extendIfSlept(this.limits, nowMs);
		// A time in the future was noted before the clock was set back.
		if ((this.known.seenOverAtMs ?? Infinity) > nowMs && isOver(this.known, this.policy, nowMs)) {
			this.mergeFact({ seenOverAtMs: nowMs });
		}
		forgetFuture(this.progress, nowMs);
		const step = next(this.known, this.policy, this.progress, this.limits, nowMs);
		if (step.step === 'fetch' && step.isLast) {
			this.progress.lastFetchAtMs = Math.min(this.progress.lastFetchAtMs, nowMs);
		}
		return step;
	}

	/** @returns whether nothing is left to do for it, and no request of its own is under way */
	isReady(nowMs: number): boolean {
		return this.next(nowMs).step === 'ready';
	}

	/** Makes polls follow each other soon, because an event says that it may be over. */
	pollSoon(): void {
		this.progress.soonPolls = SOON_POLLS;
	}

	/** Makes the next poll due, because another process knows more. */
	pollAgain(): void {
		this.progress.polledAtMs = -Infinity;
	}

	/** Whether its own record has to be fetched, because the list may lag behind. */
	get needsOwnPoll(): boolean {
		if (this.known.isConfirmedOver) return needsLog(this.known);
		return this.progress.soonPolls > 0 || Object.keys(this.known.reported).length > 0;
	}

	/** @returns whether the next poll is the last one, for which its own record is fetched, because the list may lag behind */
	isLastPoll(nowMs: number): boolean {
		return nowMs >= this.policy.deadlineMs;
	}

	/** Whether VideoSDK has responded to a poll since Max Wait. */
	get isPolled(): boolean {
		return this.progress.polledAtMs >= this.policy.deadlineMs;
	}

	/** @returns the time after which no request of a step is sent, in ms since 1970 */
	lastMs(step: OwnStep): number {
		if (step === 'fetch') return this.limits.fetchUntilMs;
		return endsUntilMs(this.policy, this.progress, this.limits);
	}

	/** Begins a step, which holds up the execution for a limited time, even if its request still waits for a place then. */
	begin(step: OwnStep, nowMs: number): Busy {
		const { known, policy, limits, progress } = this;
		if (step !== 'fetch') progress.triedAtMs = Math.min(progress.triedAtMs, nowMs);
		const dueMs = (known.seenOverAtMs ?? 0) + policy.fetchMs;
		const lastFetchAtMs = progress.lastFetchAtMs === Infinity ? dueMs : progress.lastFetchAtMs;
		const fetchedByMs = step === 'fetch' ? lastFetchAtMs + limits.endMs : Infinity;
		this.busy = { step, untilMs: Math.min(fetchedByMs, this.lastMs(step)) + LONGEST_REQUEST_MS };
		return this.busy;
	}

	/**
	 * Notes that a step was done.
	 *
	 * @param nowMs when it began, in ms since 1970
	 * @param isAnswered whether VideoSDK has responded. Otherwise, the last poll, or one for the timelog, has to be repeated
	 */
	noteStep(step: OwnStep, nowMs: number, isAnswered = true): void {
		const field = ({ poll: 'polledAtMs', end: 'endedAtMs', fetch: 'fetchedAtMs' } as const)[step];
		const isNeeded = this.isLastPoll(nowMs) || (step === 'poll' && needsLog(this.known));
		this.progress[isAnswered || !isNeeded ? field : 'failedAtMs'] = nowMs;
		if (step === 'poll') this.progress.soonPolls = Math.max(0, this.progress.soonPolls - 1);
	}
}
