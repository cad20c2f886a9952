/** `SIMULATOR_JITTER_MS`: answers and events come up to so much later, at random, as over the internet. */
const MAX_JITTER_MS = Number(process.env.SIMULATOR_JITTER_MS ?? 0);

/** @returns by how much the next answer or event is late, in ms */
export const jitterMs = (): number => Math.random() * MAX_JITTER_MS;

/** Timers that can all be ended at once, so that a closed simulator does nothing more. */
export class Timers {
	private readonly pending = new Set<NodeJS.Timeout>();
	private closed = false;

	/** Runs `action` after `ms`, unless cancelled or closed before. */
	after(ms: number, action: () => void): NodeJS.Timeout | undefined {
		if (this.closed) return undefined;
		const timer = setTimeout(() => {
			this.pending.delete(timer);
			action();
		}, ms);
		this.pending.add(timer);
		return timer;
	}

	cancel(timer: NodeJS.Timeout | undefined): void {
		if (!timer) return;
		clearTimeout(timer);
		this.pending.delete(timer);
	}

	close(): void {
		this.closed = true;
		for (const timer of this.pending) clearTimeout(timer);
		this.pending.clear();
	}
}
