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
}

/** How long less work begins after "too many requests". */
const SLOW_MS = 60_000;

/** The work of an owner that is under way, and that waits for a place. */
interface Queue {
	running: number;
	waiting: Array<() => void>;
}

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

	constructor(private readonly limits: RateLimits) {}

	/** Does work when there is a place for it. The work of one owner is done in the order of arrival. */
	async run<T>(owner: object, work: () => Promise<T>): Promise<T> {
		const queue = this.queues.get(owner) ?? { running: 0, waiting: [] };
		this.queues.set(owner, queue);
		await new Promise<void>((resolve) => {
			queue.waiting.push(resolve);
			this.startNext();
		});
		try {
			return await work();
		} finally {
			queue.running--;
			this.running--;
			// The owner moves to the end of the queues, because it has waited for the shortest time.
			this.queues.delete(owner);
			if (queue.running > 0 || queue.waiting.length > 0) this.queues.set(owner, queue);
			this.startNext();
		}
	}

	/** Slows down, because the other side has responded with "too many requests". */
	slowDown(): void {
		const nowMs = performance.now();
		this.slowUntilMs = nowMs + SLOW_MS;
		this.nextAtMs = Math.max(this.nextAtMs, nowMs + (this.limits.pauseMs ?? 0));
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
		queue.waiting.shift()?.();
		this.startNext();
	}

	/** @returns the queue of the owner whose turn it is; undefined if nothing may begin */
	private nextQueue(): Queue | undefined {
		const { inFlight, ofOwner = inFlight } = this.limits;
		if (this.running >= inFlight) return undefined;
		let next: Queue | undefined;
		for (const queue of this.queues.values()) {
			const mayRun = queue.waiting.length > 0 && queue.running < ofOwner;
			if (mayRun && queue.running < (next?.running ?? Infinity)) next = queue;
		}
		return next;
	}
}
