import type { IExecuteData, IExecuteFunctions } from 'n8n-workflow';
import { BoundedMap } from '../../n8n/boundedStores';
import type { InEngine } from '../../n8n/nodeContext';
import type { StartingItem } from '../operation';
import type { PlacedCall } from './calledBefore';
import { Claim } from './claims';

/** The number of claims that are remembered. n8n stores as many executions by default (EXECUTIONS_DATA_PRUNE_MAX_COUNT). */
const MAX_CLAIMS = 10_000;
const MAX_NUMBERS = 10_000;
/** How long the whole record of what was started is kept. */
const WHOLE_FOR_MS = 3_600_000;

/** The claims of a node's items in one run, each with the prepared item. */
export type OwnClaims = Map<number, { claim: Claim; item: StartingItem }>;

/** What a process knows of what it has started. */
export class StartState {
	/** The claims by key, under which second runs of an execution, users' Retries, and starts with a user's key meet. */
	readonly claims = new BoundedMap<string, Claim>(MAX_CLAIMS);
	/** The claims whose records are still whole, with the time since when they are known, in ms since 1970. */
	private readonly whole = new BoundedMap<Claim, number>(MAX_CLAIMS);
	/**
	 * The claims of a node's items while n8n runs the node: with Retry On Fail, n8n runs it again with the same IExecuteData
	 * (WorkflowExecute.processRunExecutionData). They are also kept by the node's name and run, because AI agents before version 3 run all
	 * their tools with the IExecuteData of the agent (SupplyDataContext).
	 */
	readonly ownClaims = new WeakMap<IExecuteData, Map<string, OwnClaims>>();
	/**
	 * The calls by API key and number, whatever workflow and credential placed them. They are kept because VideoSDK's list may show a new
	 * call only after some seconds (docs/dev/open-points.md, call.listed).
	 */
	readonly placedCalls = new BoundedMap<string, PlacedCall[]>(MAX_NUMBERS);
	/** The agents that are being deployed, by account and name. */
	readonly deploying = new Set<string>();

	/**
	 * Notes what can be looked up at VideoSDK again, so that its record, which holds all that the agent was told, isn't kept for longer than
	 * WHOLE_FOR_MS. Until the next start, it may be.
	 */
	noteMade(claim: Claim): void {
		const nowMs = Date.now();
		for (const [earlier, sinceMs] of this.whole) {
			if (nowMs < sinceMs + WHOLE_FOR_MS) break;
			earlier.shorten();
			this.whole.delete(earlier);
		}
		this.whole.set(claim, nowMs);
	}
}

/** @returns the claims of the node's run, by item */
export function ownClaims({ ownClaims: all }: StartState, context: IExecuteFunctions): OwnClaims {
	const data = context.getExecuteData();
	const runs = all.get(data) ?? new Map<string, OwnClaims>();
	all.set(data, runs);
	const run = `${context.getNode().name} ${(context as InEngine).runIndex}`;
	const own: OwnClaims = runs.get(run) ?? new Map();
	runs.set(run, own);
	return own;
}

/** @returns the claim with this key, or a new one if this process has none. @param to see Claim */
export function claimOf({ claims }: StartState, key: string | undefined, to?: string): Claim {
	if (key === undefined) return new Claim(key, to);
	const claim = claims.get(key) ?? new Claim(key, to);
	claims.set(key, claim);
	return claim;
}
