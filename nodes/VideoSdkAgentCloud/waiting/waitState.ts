import { credentialOf, type ReadCredential, type RequestContext } from '../api/http/credential';
import { BoundedMap } from '../n8n/boundedStores';
import { AccountRequests, accountKey } from './polling/accountRequests';
import { Poller } from './polling/poller';
import type { StoredWait } from './storedWait';
import { WaitingExecution } from './waitingExecution';

const MAX_OVER = 10_000;

/** What a process knows of waiting executions. */
export class WaitState {
	/** Those that wait, by the keys of their waits. */
	readonly waits = new Map<string, WaitingExecution>();
	/** The keys of waits that are over, because n8n may still pass on a request that it has read before. */
	readonly over = new BoundedMap<string, true>(MAX_OVER);
	/** The pollers, by the key of their account when they were made (`accountKey`). Those that no wait uses any more are garbage. */
	readonly pollers = new Map<string, WeakRef<Poller>>();
	/**
	 * The conversations that are ended at Max Wait although no execution waits for them, by kind and ID, each with a function that cancels
	 * the end.
	 */
	readonly scheduledEnds = new Map<string, () => void>();

	/** Remembers a waiting execution. @returns the waiting execution, which this process may know already */
	register(stored: StoredWait): WaitingExecution {
		const { key } = stored;
		const forget = () => {
			this.waits.delete(key);
			this.over.set(key, true);
		};
		const wait = this.waits.get(key) ?? new WaitingExecution(stored, forget);
		this.waits.set(key, wait);
		return wait;
	}

	/**
	 * Finds the poller of the account whose credential had the same values when it was last read, or makes one. Never throws. If a
	 * credential can't be read, its requests fail.
	 *
	 * @param itemIndex the input item, if there are any
	 * @param read reads that item's credential
	 */
	async pollerFor(
		context: RequestContext,
		itemIndex?: number,
		read: ReadCredential = credentialOf(context, itemIndex),
	): Promise<Poller> {
		const { pollers } = this;
		const current = await read().catch(() => undefined);
		const key = accountKey(context, current);
		const present = pollers.get(key)?.deref();
		if (current && present?.account.key === key) return present;
		for (const [unused, reference] of pollers) if (!reference.deref()) pollers.delete(unused);
		const poller = new Poller(new AccountRequests(context, itemIndex, current));
		pollers.set(key, new WeakRef(poller));
		return poller;
	}
}
