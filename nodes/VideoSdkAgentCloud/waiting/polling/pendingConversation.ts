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

/** How often the API is asked soon for what an event says may be over. */
const SOON_POLLS = 10;
/** A request takes so long at most. */
const LONGEST_REQUEST_MS = 10_000;

/** A step for which one conversation sends requests of its own, unlike a round of looks. */
export type OwnStep = 'poll' | 'end' | 'fetch';

/** A request for a conversation alone is under way, or waits for its turn, and holds it up until a time in ms since 1970. */
export interface Busy {
	step: OwnStep;
	untilMs: number;
}

/** A conversation that an execution of this process waits for: what is known, and what was done. What is next, `next` decides. */
export class PendingConversation {
	private readonly progress: Progress;
	/** The record that the last look has shown. */
	private shown = '';
	busy?: Busy;
	/** Called when there is nothing left to do for it. */
	onReady?: () => void;
	/** Called when the API rejects the credential. */
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
	 * Learns what a look at the API has shown.
	 *
	 * @param atMs when the look began, in ms since 1970
	 * @param wasOver whether an end was known before
	 */
	mergePoll(record: IDataObject, atMs: number, skewMs: number, wasOver?: boolean): void {
		const text = JSON.stringify(record);
		// Nearly every look shows what the one before has shown.
		if (text === this.shown && this.progress.endPolls === 0 && !wasOver) return;
		this.shown = text;
		const { stageOf } = this.kind;
		const isUnknownEnd = stageOf(record) < FINAL && stageOf(record, true) >= FINAL;
		const isConfirmed = noteEndPoll(this.progress, isUnknownEnd, atMs);
		this.mergeFact({ record, skewMs, wasOver, isConfirmed });
	}

	merge(known: Known): void {
		this.known = merge(this.known, known);
	}

	/** What to do next: nothing while a request for it alone is under way. */
	next(nowMs: number): Step {
		if (this.busy) {
			const { step: begun, untilMs } = this.busy;
			if (nowMs < untilMs) return { step: 'pause', atMs: untilMs };
			// A request that is still under way when its time is over is given up.
			this.noteStep(begun, nowMs, begun !== 'poll');
			this.busy = undefined;
		}
		extendIfSlept(this.limits, nowMs);
		// What lies ahead was noted before the clock was set back.
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

	/** Whether nothing is left to do for it, and no answer to the end or to a look for what was said is outstanding. */
	isReady(nowMs: number): boolean {
		return this.next(nowMs).step === 'ready';
	}

	/** An event said that it may be over. */
	pollSoon(): void {
		this.progress.soonPolls = SOON_POLLS;
	}

	/** Whether the list, which may lag behind, is not enough. */
	get needsOwnPoll(): boolean {
		if (this.known.isConfirmedOver) return needsLog(this.known);
		return this.progress.soonPolls > 0 || Object.keys(this.known.reported).length > 0;
	}

	/** Whether it is over after the next look, so that the list, which may lag behind, is of no use. */
	isLastPoll(nowMs: number): boolean {
		return nowMs >= this.policy.deadlineMs;
	}

	/** Whether VideoSDK has answered a look since Max Wait. */
	get isPolled(): boolean {
		return this.progress.polledAtMs >= this.policy.deadlineMs;
	}

	/** @returns after what time no request of a step is sent, in ms since 1970 */
	lastMs(step: OwnStep): number {
		if (step === 'fetch') return this.limits.fetchUntilMs;
		return endsUntilMs(this.policy, this.progress, this.limits);
	}

	/** Begins a step. It holds up the execution for a while at most, even if its request still waits for a place then. */
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
	 * Notes what was done.
	 *
	 * @param nowMs when it was begun, in ms since 1970
	 * @param isAnswered the last look, and one that is to tell whether someone picked up, count only then
	 */
	noteStep(step: OwnStep, nowMs: number, isAnswered = true): void {
		const field = ({ poll: 'polledAtMs', end: 'endedAtMs', fetch: 'fetchedAtMs' } as const)[step];
		const isNeeded = this.isLastPoll(nowMs) || (step === 'poll' && needsLog(this.known));
		this.progress[isAnswered || !isNeeded ? field : 'failedAtMs'] = nowMs;
		if (step === 'poll') this.progress.soonPolls = Math.max(0, this.progress.soonPolls - 1);
	}
}
