import { type IExecuteFunctions } from 'n8n-workflow';
import { Limiter } from '../../api/http/limiter';
import { pause } from '../../api/http/pause';
import { continuesOnFail } from '../../n8n/tool';

/** The turn of one item, during which it sends one request after another. */
export interface Turn {
	/** Gives the place to another item for a time in ms, or until nothing more is sent, then waits for one again. */
	pause(ms: number): Promise<void>;
	/**
	 * Gives the place to others, because it isn't known what has become of this item. If the node stops at a failure, no item begins
	 * before `end`.
	 */
	leaveInDoubt(): void;
	/** Ends the turn. If the item has failed, that has to be noted before. */
	end(): void;
}

/** Gives the items of one run of a node their turns. An item has its turn until it's done, so it's finished before another one begins. */
export class Turns {
	private readonly limiter: Limiter;
	/** The items in doubt, each of which resolves when its turn ends. */
	private readonly doubts = new Set<Promise<void>>();
	private readonly failure = new AbortController();
	private readonly stopsOnFail: boolean;
	/** Aborted when the user stops the execution. */
	readonly cancelSignal?: AbortSignal;
	/** Aborted when nothing more is sent: the execution was stopped, or an item has failed and the node stops at that. */
	readonly stopSignal: AbortSignal;

	/** @param atOnce how many items have a turn at a time, at least 1. After "too many requests", there are fewer for a while */
	constructor(context: IExecuteFunctions, atOnce: number) {
		this.limiter = new Limiter({ inFlight: atOnce, isAdaptive: true });
		this.stopsOnFail = !continuesOnFail(context);
		this.cancelSignal = context.getExecutionCancelSignal();
		const signals = [this.failure.signal, ...(this.cancelSignal ? [this.cancelSignal] : [])];
		this.stopSignal = AbortSignal.any(signals);
	}

	/** Waits for a turn, in the order of arrival. @returns undefined if no more items begin */
	async take(): Promise<Turn | undefined> {
		const leave = await this.limiter.take(this);
		while (this.stopsOnFail && this.doubts.size > 0) await Promise.all(this.doubts);
		if (!this.stopSignal.aborted) return this.turn(leave);
		leave();
		return undefined;
	}

	/** Notes that an item has failed. No other one begins, unless each item has its own outcome. */
	noteFailure(): void {
		if (this.stopsOnFail) this.failure.abort();
	}

	/** Gives fewer turns, because the API has rejected a request as one too many. */
	slowDown(): void {
		this.limiter.slowDown();
	}

	/** Counts a request that succeeded, after which there may be more turns again. */
	recover(): void {
		this.limiter.recover();
	}

	private turn(leave: () => void): Turn {
		let end = leave;
		return {
			pause: async (ms) => {
				end();
				await pause(ms, this.stopSignal);
				end = await this.limiter.take(this, true);
			},
			leaveInDoubt: () => {
				const leavePlace = end;
				const doubt: Promise<void> = new Promise((resolve) => {
					end = () => {
						this.doubts.delete(doubt);
						resolve();
					};
				});
				this.doubts.add(doubt);
				leavePlace();
			},
			end: () => end(),
		};
	}
}
