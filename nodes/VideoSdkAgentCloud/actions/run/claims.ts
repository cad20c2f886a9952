import type { IDataObject, IExecuteData, IExecuteFunctions } from 'n8n-workflow';
import { CALL_KEY_MS } from '../../api/calls';
import { BoundedMap } from '../../n8n/boundedStores';
import type { InEngine } from '../../n8n/nodeContext';
import { type SentWait } from '../../waiting/planWait';

/** Something that was started, and how the execution waits for it. */
export interface Started {
	/** The whole record, as the API returned it. */
	record: IDataObject;
	wait?: SentWait;
}

/**
 * What this process knows of a start:
 * - `free`: it hasn't begun, or has certainly failed
 * - `inFlight`: it's under way
 * - `started`: it was made
 * - `inDoubt`: it may have been made
 */
type State =
	| { name: 'free' }
	| { name: 'inFlight' }
	| { name: 'started'; started: Started }
	| { name: 'inDoubt'; error: Error };

/** What this process knows of one start, shared by all starts that would repeat it. */
export class Claim {
	/** The execution that has sent the start. */
	executionId?: string;
	/** When it was sent, or began if VideoSDK's list has shown it, in ms since 1970. */
	sentAtMs = 0;
	/** How often the start was begun, because each attempt gets a room of its own. */
	begun = 0;
	/** The room that was created for the latest attempt. */
	roomId?: string;
	private current: State = { name: 'free' };
	private settled = Promise.resolve();
	private settle?: () => void;

	/**
	 * @param key if undefined, no other execution can repeat the start
	 * @param to the number of a call, cleaned
	 */
	constructor(
		readonly key: string | undefined,
		readonly to?: string,
	) {}

	get state(): State {
		return this.current;
	}

	/**
	 * Waits until the start isn't under way any more, then takes it.
	 *
	 * @param blocked called if it has to wait
	 * @returns what was known before. What was sent more than CALL_KEY_MS ago counts as not begun
	 */
	async take(blocked: () => void): Promise<State> {
		while (this.current.name === 'inFlight') {
			blocked();
			await this.settled;
		}
		const before = this.current;
		this.current = { name: 'inFlight' };
		this.settled = new Promise((resolve) => (this.settle = resolve));
		return Date.now() - this.sentAtMs < CALL_KEY_MS ? before : { name: 'free' };
	}

	/** Releases the claim after `take`. @param state what is known now */
	end(state: State): void {
		this.current = state;
		// What one execution has failed to start may still be started by another, in any process.
		if (state.name === 'free') this.executionId = undefined;
		this.settle?.();
	}
}

/** The number of claims that are remembered. n8n stores as many executions by default (EXECUTIONS_DATA_PRUNE_MAX_COUNT). */
const MAX_CLAIMS = 10_000;

/** The claims of this process by key, under which second runs of an execution, users' Retries, and starts with a user's key meet. */
const byKey = new BoundedMap<string, Claim>(MAX_CLAIMS);
/**
 * The claims of a node's items while n8n runs the node: with Retry On Fail, n8n runs it again with the same IExecuteData
 * (WorkflowExecute.processRunExecutionData). They are also kept by the node's name and run, because AI agents before version 3 run all
 * their tools with the IExecuteData of the agent (SupplyDataContext).
 */
const ofRuns = new WeakMap<IExecuteData, Map<string, Map<number, { claim: Claim; item: unknown }>>>();

/** @returns the claims of the node's run, by item, each with the prepared item. @template Item the prepared item's type */
export function ownClaims<Item>(context: IExecuteFunctions): Map<number, { claim: Claim; item: Item }> {
	const data = context.getExecuteData();
	const runs = ofRuns.get(data) ?? new Map<string, Map<number, { claim: Claim; item: unknown }>>();
	ofRuns.set(data, runs);
	const run = `${context.getNode().name} ${(context as InEngine).runIndex}`;
	const own = runs.get(run) ?? new Map<number, { claim: Claim; item: unknown }>();
	runs.set(run, own);
	return own as Map<number, { claim: Claim; item: Item }>;
}

/** @returns the claim with this key, or a new one if this process has none. @param to see Claim */
export function claimOf(key: string | undefined, to?: string): Claim {
	if (key === undefined) return new Claim(key, to);
	const claim = byKey.get(key) ?? new Claim(key, to);
	byKey.set(key, claim);
	return claim;
}
