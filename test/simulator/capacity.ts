/** How agents run: in copies, each of which takes some conversations at once, and has to start first. */
export interface AgentLimits {
	/** The conversations of a copy: `max_processes` of VideoSDK's framework, whose worker refuses one more (agents `worker.py`). */
	perCopy: number;
	/** How many copies run at most. */
	copies: number;
	/** Milliseconds until a copy has started. None runs while nobody talks. */
	coldStartMs: number;
}

/** A conversation of an agent. */
interface Talk {
	isOver: () => boolean;
}

/** Who finds an agent that has time. VideoSDK doesn't say what becomes of the others: here, they hear silence. */
export class AgentCapacity {
	/** Undefined: agents have time for everyone, at once. */
	limits: AgentLimits | undefined;
	private readonly talks = new Map<string, Talk[]>();
	/** When each copy has started, in ms since 1970. */
	private readonly startedAt = new Map<string, number[]>();

	/**
	 * A conversation begins.
	 *
	 * @param isOver whether it's over by now
	 * @returns in how many milliseconds the agent comes; undefined: it has no time
	 */
	take(agentId: string, isOver: () => boolean): number | undefined {
		const { limits } = this;
		if (limits === undefined) return 0;
		const talks = (this.talks.get(agentId) ?? []).filter((talk) => !talk.isOver());
		if (talks.length >= limits.perCopy * limits.copies) return undefined;
		const startedAt = talks.length === 0 ? [] : (this.startedAt.get(agentId) ?? []);
		const copy = Math.floor(talks.length / limits.perCopy);
		const readyAt = (startedAt[copy] ??= Date.now() + limits.coldStartMs);
		this.startedAt.set(agentId, startedAt);
		this.talks.set(agentId, [...talks, { isOver }]);
		return Math.max(0, readyAt - Date.now());
	}
}
