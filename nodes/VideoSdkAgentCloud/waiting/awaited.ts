import type { IDataObject } from 'n8n-workflow';
import { FINAL, type Kind } from '../conversation/kinds';
import { type Fact, join, type Known, learn, needsLog } from '../conversation/known';
import {
	endsUntilMs,
	forgetFuture,
	isOver,
	next,
	noteEndLook,
	nothingDone,
	type Progress,
	type Step,
	type Want,
} from '../conversation/wait';
import { type Budget, extendIfSlept } from './budget';

/** How often the API is asked soon for what an event says may be over. */
const SOON_LOOKS = 10;
/** A request takes so long at most. */
const LONGEST_REQUEST_MS = 10_000;

/** A step for which one conversation sends requests of its own, unlike a round of looks. */
export type OwnStep = 'look' | 'end' | 'keep';

/** A request for a conversation alone is under way, or waits for its turn, and holds it up until a time in ms since 1970. */
export interface Busy {
	step: OwnStep;
	untilMs: number;
}

/** A conversation that an execution of this process waits for: what is known, and what was done. What is next, `next` decides. */
export class Awaited {
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
		readonly want: Want,
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

	learn(fact: Fact): void {
		this.known = learn(this.kind, this.known, fact);
	}

	/**
	 * Learns what a look at the API has shown.
	 *
	 * @param atMs when the look began, in ms since 1970
	 * @param wasOver whether an end was known before
	 */
	learnLook(record: IDataObject, atMs: number, skewMs: number, wasOver?: boolean): void {
		const text = JSON.stringify(record);
		// Nearly every look shows what the one before has shown.
		if (text === this.shown && this.progress.endLooks === 0 && !wasOver) return;
		this.shown = text;
		const { stageOf } = this.kind;
		const isUnknownEnd = stageOf(record) < FINAL && stageOf(record, true) >= FINAL;
		const isConfirmed = noteEndLook(this.progress, isUnknownEnd, atMs);
		this.learn({ record, skewMs, wasOver, isConfirmed });
	}

	join(known: Known): void {
		this.known = join(this.known, known);
	}

	/** What to do next: nothing while a request for it alone is under way. */
	next(nowMs: number): Step {
		if (this.busy) {
			const { step: begun, untilMs } = this.busy;
			if (nowMs < untilMs) return { step: 'pause', atMs: untilMs };
			// A request that is still under way when its time is over is given up.
			this.noteStep(begun, nowMs, begun !== 'look');
			this.busy = undefined;
		}
		extendIfSlept(this.limits, nowMs);
		// What lies ahead was noted before the clock was set back.
		if ((this.known.seenOverAtMs ?? Infinity) > nowMs && isOver(this.known, this.want, nowMs)) {
			this.learn({ seenOverAtMs: nowMs });
		}
		forgetFuture(this.progress, nowMs);
		const step = next(this.known, this.want, this.progress, this.limits, nowMs);
		if (step.step === 'keep' && step.isLast) {
			this.progress.lastKeepAtMs = Math.min(this.progress.lastKeepAtMs, nowMs);
		}
		return step;
	}

	/** Whether nothing is left to do for it, and no answer to the end or to a look for what was said is outstanding. */
	isReady(nowMs: number): boolean {
		return this.next(nowMs).step === 'ready';
	}

	/** An event said that it may be over. */
	lookSoon(): void {
		this.progress.soonLooks = SOON_LOOKS;
	}

	/** Whether the list, which may lag behind, is not enough. */
	get needsOwnLook(): boolean {
		if (this.known.isShownOver) return needsLog(this.known);
		return this.progress.soonLooks > 0 || Object.keys(this.known.told).length > 0;
	}

	/** Whether it is over after the next look, so that the list, which may lag behind, is of no use. */
	isLastLook(nowMs: number): boolean {
		return nowMs >= this.want.deadlineMs;
	}

	/** Whether VideoSDK has answered a look since Max Wait. */
	get isLookedAt(): boolean {
		return this.progress.lookedAtMs >= this.want.deadlineMs;
	}

	/** @returns after what time no request of a step is sent, in ms since 1970 */
	lastMs(step: OwnStep): number {
		if (step === 'keep') return this.limits.keepUntilMs;
		return endsUntilMs(this.want, this.progress, this.limits);
	}

	/** Begins a step. It holds up the execution for a while at most, even if its request still waits for a place then. */
	begin(step: OwnStep, nowMs: number): Busy {
		const { known, want, limits, progress } = this;
		if (step !== 'keep') progress.triedAtMs = Math.min(progress.triedAtMs, nowMs);
		const dueMs = (known.seenOverAtMs ?? 0) + want.keepMs;
		const lastKeepAtMs = progress.lastKeepAtMs === Infinity ? dueMs : progress.lastKeepAtMs;
		const keptMs = step === 'keep' ? lastKeepAtMs + limits.endMs : Infinity;
		this.busy = { step, untilMs: Math.min(keptMs, this.lastMs(step)) + LONGEST_REQUEST_MS };
		return this.busy;
	}

	/**
	 * Notes what was done.
	 *
	 * @param nowMs when it was begun, in ms since 1970
	 * @param isAnswered the last look, and one that is to tell whether someone picked up, count only then
	 */
	noteStep(step: OwnStep, nowMs: number, isAnswered = true): void {
		const field = ({ look: 'lookedAtMs', end: 'endedAtMs', keep: 'keptAtMs' } as const)[step];
		const isNeeded = this.isLastLook(nowMs) || (step === 'look' && needsLog(this.known));
		this.progress[isAnswered || !isNeeded ? field : 'failedAtMs'] = nowMs;
		if (step === 'look') this.progress.soonLooks = Math.max(0, this.progress.soonLooks - 1);
	}
}
