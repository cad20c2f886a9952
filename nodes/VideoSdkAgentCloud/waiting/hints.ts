import { sleep } from 'n8n-workflow';
import type { Ends } from './ends';

/** The record of a call follows its room's event. */
const FIRST_PAUSE_MS = 500;
const PAUSE_MS = 1_000;
/** While many are waited for, events that come within this time share one request. The last one's ends that. */
const SHARED_PAUSE_MS = 5_000;
const MIN_SHARED = 3;
/** After this many requests in a row the record does not follow the event, so usual polling is enough. */
const MAX_TRIES = 10;

/** Asks the API soon for those that may have ended, as an event says. The API decides. Never throws. */
export class Hints {
	/** How often each was asked for. */
	private readonly tries = new Map<string, number>();
	private isRunning = false;
	private polledAtMs = -Infinity;

	/** @param poll asks the API for these IDs; never rejects */
	constructor(
		private readonly ends: Ends,
		private readonly poll: (ids: string[]) => Promise<void>,
		private readonly isOver: () => boolean,
	) {}

	note(id: string): void {
		if (!this.ends.isOpen(id)) return;
		this.tries.set(id, 0);
		if (!this.isRunning) void this.run();
	}

	private get pauseMs(): number {
		const { outstanding } = this.ends;
		return outstanding < MIN_SHARED || this.tries.size >= outstanding ? PAUSE_MS : SHARED_PAUSE_MS;
	}

	private async run(): Promise<void> {
		this.isRunning = true;
		while (this.tries.size > 0 && !this.isOver()) {
			// The last event may come while the others wait for their request.
			do await sleep(FIRST_PAUSE_MS);
			while (Date.now() < this.polledAtMs + this.pauseMs && !this.isOver());
			if (this.isOver()) break;
			this.polledAtMs = Date.now();
			const ids = [...this.tries.keys()];
			await this.poll(ids);
			for (const id of ids) {
				const tries = (this.tries.get(id) ?? 0) + 1;
				this.tries.set(id, tries);
				if (!this.ends.isOpen(id) || tries >= MAX_TRIES) this.tries.delete(id);
			}
		}
		this.isRunning = false;
	}
}
