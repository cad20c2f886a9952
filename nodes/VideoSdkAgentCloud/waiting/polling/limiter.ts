import { sleep } from 'n8n-workflow';

/** How much may be under way, and how fast it may begin. */
export interface RateLimits {
	/** At most so many at a time. */
	inFlight: number;
	/** At most so many of them for one owner. Default: all */
	ofOwner?: number;
	/** At most so many begin in a second. Default: as many as there are places */
	perSecond?: number;
	/** The same for a minute after "too many requests", if there is such a rate. */
	slowPerSecond?: number;
	/** After "too many requests" nothing begins for so long, in ms. */
	pauseMs?: number;
}

/** So long after "too many requests" fewer begin. */
const SLOW_MS = 60_000;

/** What an owner has under way, and what waits for a place. */
interface Queue {
	running: number;
	waiting: Array<() => void>;
}

/**
 * Limits how much of one kind of work is under way. Each thing that can hang by itself has a limiter of its own, so that it holds up
 * nothing else. Among owners, who holds fewer places goes first, then who has waited longest: none starves another, however much it
 * wants to do, or however often that fails.
 */
export class Limiter {
	private readonly queues = new Map<object, Queue>();
	private running = 0;
	private isPausing = false;
	/** Nothing begins before, in ms by a clock that no one sets. */
	private nextAtMs = 0;
	private slowUntilMs = 0;

	constructor(private readonly limits: RateLimits) {}

	/** Does work when there is a place for it: among that of its owner, in the order of arrival. */
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
			// Whoever comes again has waited for the shortest time.
			this.queues.delete(owner);
			if (queue.running > 0 || queue.waiting.length > 0) this.queues.set(owner, queue);
			this.startNext();
		}
	}

	/** The other side has answered "too many requests". */
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
