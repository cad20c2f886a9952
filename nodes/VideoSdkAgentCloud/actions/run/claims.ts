import type { IDataObject, IExecuteData, IExecuteFunctions } from 'n8n-workflow';
import { BoundedMap } from '../../n8n/boundedStores';
import type { InEngine } from '../../n8n/nodeContext';
import { type SentWait } from '../../waiting/planWait';

/** What was started, and how an execution waits for it. */
export interface Started {
	/** The whole record, as the API told it. */
	record: IDataObject;
	wait?: SentWait;
	/** Another execution has started it. */
	alreadyStarted?: true;
}

/**
 * What is known of a start: nothing yet, or that it failed for certain (`free`), that it is under way, that it was made, or that
 * it may have been.
 */
type State =
	| { name: 'free' }
	| { name: 'inFlight' }
	| { name: 'started'; started: Started; atMs: number }
	| { name: 'inDoubt'; error: Error };

/** Whom or what a start reaches. */
export interface Target {
	/** The number of a call, cleaned. */
	to?: string;
	deploymentId?: string;
}

/** The memory of one start, shared by all that would repeat it in this process. */
export class Claim {
	/** The execution that has sent it. */
	executionId?: string;
	/** When it was sent, in ms since 1970. */
	sentAtMs = 0;
	/** How often it was begun: each time has a room of its own. */
	begun = 0;
	/** The room that was made for it last. */
	roomId?: string;
	private current: State = { name: 'free' };
	private settled = Promise.resolve();
	private settle?: () => void;

	/** @param key if undefined, no other execution can repeat the start */
	constructor(
		readonly key: string | undefined,
		readonly target: Target,
	) {}

	get state(): State {
		return this.current;
	}

	/**
	 * Waits until the start isn't under way any more, then takes it.
	 *
	 * @param blocked called if it has to wait
	 * @returns what was known before
	 */
	async take(blocked: () => void): Promise<State> {
		while (this.current.name === 'inFlight') {
			blocked();
			await this.settled;
		}
		const before = this.current;
		this.current = { name: 'inFlight' };
		this.settled = new Promise((resolve) => (this.settle = resolve));
		return before;
	}

	/** Ends what `take` began. */
	end(state: State): void {
		this.current = state;
		this.settle?.();
	}
}

/** As many as n8n keeps executions by default. */
const MAX_CLAIMS = 10_000;

/** The claims of this process by key: for second runs of an execution, for Retries, and for users' keys. */
const byKey = new BoundedMap<string, Claim>(MAX_CLAIMS);
/**
 * Those of a run of a node while n8n runs it, by item: with Retry On Fail n8n runs it again with the same IExecuteData. None is lost
 * meanwhile. AI agents before version 3 run their tools themselves, all with the IExecuteData of the agent.
 */
const ofRuns = new WeakMap<IExecuteData, Map<string, Map<number, { claim: Claim; item: unknown }>>>();

/** @returns the claims of the run of the node, by item, each with what was prepared for it. @template Item what that is */
export function ownClaims<Item>(context: IExecuteFunctions): Map<number, { claim: Claim; item: Item }> {
	const data = context.getExecuteData();
	const runs = ofRuns.get(data) ?? new Map<string, Map<number, { claim: Claim; item: unknown }>>();
	ofRuns.set(data, runs);
	const run = `${context.getNode().name} ${(context as InEngine).runIndex}`;
	const own = runs.get(run) ?? new Map<number, { claim: Claim; item: unknown }>();
	runs.set(run, own);
	return own as Map<number, { claim: Claim; item: Item }>;
}

/** @returns the claim with a key, which is new if this process knows none */
export function claimOf(key: string | undefined, target: Target): Claim {
	if (key === undefined) return new Claim(key, target);
	const claim = byKey.get(key) ?? new Claim(key, target);
	byKey.set(key, claim);
	return claim;
}
