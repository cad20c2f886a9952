/** What an owner has under way, and what waits for its turn. */
interface Turns {
	running: number;
	waiting: Array<() => void>;
}

/** Limits how much is under way, of one owner and of all. An owner that holds few slots goes first, so that none starves another. */
export class FairSlots<Owner> {
	private readonly turns = new Map<Owner, Turns>();
	private running = 0;

	constructor(
		private readonly maxOfOwner: number,
		private readonly maxOfAll: number,
	) {}

	/** Does work when it is its turn: among that of its owner, in the order of arrival. */
	async run<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
		const turns = this.turns.get(owner) ?? { running: 0, waiting: [] };
		this.turns.set(owner, turns);
		await new Promise<void>((resolve) => {
			turns.waiting.push(resolve);
			this.startNext();
		});
		try {
			return await work();
		} finally {
			turns.running--;
			this.running--;
			if (turns.running === 0 && turns.waiting.length === 0) this.turns.delete(owner);
			this.startNext();
		}
	}

	private startNext(): void {
		if (this.running >= this.maxOfAll) return;
		let next: Turns | undefined;
		for (const turns of this.turns.values()) {
			const mayRun = turns.waiting.length > 0 && turns.running < this.maxOfOwner;
			if (mayRun && turns.running < (next?.running ?? Infinity)) next = turns;
		}
		if (next === undefined) return;
		next.running++;
		this.running++;
		next.waiting.shift()?.();
	}
}
