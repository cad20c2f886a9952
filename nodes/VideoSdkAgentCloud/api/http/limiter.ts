import { sleep } from 'n8n-workflow';

/** How much work may be under way, and how fast it may begin. */
export interface RateLimits {
	/** The highest number under way at a time. */
	inFlight: number;
	/** The highest number of these for one owner. Default: all */
	ofOwner?: number;
	/** The highest number that begins within a second. Default: no limit */
	perSecond?: number;
	/** The highest number that begins within a second for a minute after "too many requests". Default: no limit */
	slowPerSecond?: number;
	/** How long nothing begins after "too many requests", in ms. Default: no pause */
	pauseMs?: number;
	/**
	 * Whether "too many requests" halves how much may be under way, which then rises step by step as work succeeds (additive increase,
	 * multiplicative decrease). Default: no
	 */
	isAdaptive?: boolean;
}

/** How long less work begins after "too many requests". */
const SLOW_MS = 60_000;
/** Several "too many requests" within this time halve the limit once, because their requests were sent at the same pace. */
const HALVING_INTERVAL_MS = 500;
/** The share of `inFlight` by which a halved limit rises after as many successes as the limit. */
const RECOVERY_SHARE = 0.1;

/** The work of an owner that is under way, and that waits for a place. */
interface Queue {
	running: number;
	/** Continues what has begun, so that it's finished before the next begins. */
	followUps: Array<() => void>;
	waiting: Array<() => void>;
}

const hasWork = ({ followUps, waiting }: Queue): boolean => followUps.length + waiting.length > 0;

/**
 * Limits how much of one kind of work is under way (a semaphore with a rate limit). Kinds that can stall independently have separate
 * limiters. The owner with the fewest running tasks goes first, then the one that has waited longest, so that no owner starves another,
 * however much work it has, or however often that work fails.
 */
export class Limiter {
	private readonly queues = new Map<object, Queue>();
	private running = 0;
	private isPausing = false;
	/** The time before which nothing begins, in ms by a clock that no one can set. */
	private nextAtMs = 0;
	private slowUntilMs = 0;
	/** How much may be under way now. */
	private inFlight: number;
	private halvedAtMs = -Infinity;
	/** The successes since the limit was changed. */
	private successes = 0;

	constructor(private readonly limits: RateLimits) {
		this.inFlight = limits.inFlight;
	}

	/**
	 * Does work when there is a place for it. The work of one owner is done in the order of arrival.
	 *
	 * @param isFollowUp whether it continues what has begun, and so goes before the owner's other work
	 */
	async run<T>(owner: object, work: () => Promise<T>, isFollowUp = false): Promise<T> {
		const leave = await this.take(owner, isFollowUp);
		try {
			return await work();
		} finally {
			leave();
		}
	}

	/** Waits for a place, as `run` does. @returns a function that gives it back, to be called once */
	async take(owner: object, isFollowUp = false): Promise<() => void> {
		const queue = this.queues.get(owner) ?? { running: 0, followUps: [], waiting: [] };
		this.queues.set(owner, queue);
		await new Promise<void>((resolve) => {
			(isFollowUp ? queue.followUps : queue.waiting).push(resolve);
			this.startNext();
		});
		return () => {
			queue.running--;
			this.running--;
			// The owner moves to the end of the queues, because it has waited for the shortest time.
			this.queues.delete(owner);
			if (queue.running > 0 || hasWork(queue)) this.queues.set(owner, queue);
			this.startNext();
		};
	}

	/** Slows down, because the other side has responded with "too many requests". */
	slowDown(): void {
		const nowMs = performance.now();
		const { pauseMs = 0, isAdaptive } = this.limits;
		this.slowUntilMs = nowMs + SLOW_MS;
		this.nextAtMs = Math.max(this.nextAtMs, nowMs + pauseMs);
		if (!isAdaptive || nowMs < this.halvedAtMs + HALVING_INTERVAL_MS) return;
		this.halvedAtMs = nowMs;
		this.successes = 0;
		this.inFlight = Math.max(1, Math.floor(this.inFlight / 2));
	}

	/** Counts work that succeeded, and raises a halved limit after a whole round of it. */
	recover(): void {
		const { inFlight: maximum } = this.limits;
		if (this.inFlight >= maximum) return;
		this.successes++;
		if (this.successes < this.inFlight) return;
		this.successes = 0;
		const step = Math.max(1, Math.round(maximum * RECOVERY_SHARE));
		this.inFlight = Math.min(maximum, this.inFlight + step);
		this.startNext();
	}

	private startNext(): void {
		const queue = this.nextQueue();
		if (queue === undefined || this.isPausing) return;
		const nowMs = performance.now();
		if (nowMs < this.nextAtMs) {
			this.isPausing = true;
			void sleep(Math.ceil(this.nextAtMs - nowMs)).then(() => {
				this.isPausing = false;
				this.startNext();
			});
			return;
		}
		const { perSecond, slowPerSecond } = this.limits;
		const rate = nowMs < this.slowUntilMs ? slowPerSecond : perSecond;
		if (rate !== undefined) this.nextAtMs = nowMs + 1000 / rate;
		queue.running++;
		this.running++;
		(queue.followUps.shift() ?? queue.waiting.shift())?.();
		this.startNext();
	}

	/** @returns the queue of the owner whose turn it is; undefined if nothing may begin */
	private nextQueue(): Queue | undefined {
		const { inFlight, ofOwner = inFlight } = this.limits;
		if (this.running >= this.inFlight) return undefined;
		let next: Queue | undefined;
		for (const queue of this.queues.values()) {
			const mayRun = hasWork(queue) && queue.running < ofOwner;
			if (mayRun && queue.running < (next?.running ?? Infinity)) next = queue;
		}
		return next;
	}
}
