import type { IDataObject } from 'n8n-workflow';
import { type Conversation, CONVERSATIONS } from './conversation';
import type { Found } from './fetchMany';
import type { StoredWait } from './storedWait';

/** How the wait for one conversation ended. Without `record`, the stored item is used. */
export interface Outcome {
	record?: IDataObject;
	/** What the output says besides the record. */
	extra: IDataObject;
}

/** The API must say "not found" this often in a row. One answer may be due to a failure, or to a change of keys. */
const MAX_NOT_FOUND = 3;

/** Which of the awaited conversations have ended, by events and by polling. Keeps IDs and outcomes only, since it lives for hours. */
export class Ends {
	readonly outcomes = new Map<string, Outcome>();
	/** Ends told by events, whose records were not fetched yet. */
	private readonly events = new Map<string, string>();
	/** Those being ended because the time is up. Their events report what we did. */
	private readonly ending = new Set<string>();
	private readonly notFound = new Map<string, number>();
	private readonly ids: Set<string>;

	constructor(
		private readonly conversation: Conversation,
		ids: string[],
	) {
		this.ids = new Set(ids);
	}

	/** How many there are. */
	get size(): number {
		return this.ids.size;
	}

	/** How many are not known to have ended. */
	get outstanding(): number {
		return this.size - this.outcomes.size - this.events.size;
	}

	/** Whether "not found" has to be confirmed by the next polls. */
	get isInDoubt(): boolean {
		return this.notFound.size > 0;
	}

	/** @returns whether to fetch it: it is awaited, and there is no outcome yet */
	isOpen(id: string): boolean {
		return this.ids.has(id) && !this.outcomes.has(id);
	}

	/** @returns those not known to have ended. Of `endIds`, events count no more, since we end them ourselves */
	takeRunning(endIds: Set<string>): string[] {
		const running = [...this.ids].filter((id) => this.isOpen(id) && !this.events.has(id));
		for (const id of running) if (endIds.has(id)) this.ending.add(id);
		return running;
	}

	/** Notes an end that an event told. @returns whether it is news */
	noteEvent(id: string, event: string): boolean {
		if (!this.isOpen(id) || this.events.has(id) || this.ending.has(id)) return false;
		this.events.set(id, event);
		return true;
	}

	/** Notes what the API said. @returns whether the conversation is still running */
	noteFound(id: string, found: Found): boolean {
		// An answer to an earlier request may come when all is settled.
		if (!this.isOpen(id)) return false;
		const event = this.events.get(id);
		if ('record' in found) {
			this.notFound.delete(id);
			const extra = this.conversation.endOf(found.record);
			// A record that is still running may have been under way when the event came.
			if (extra) this.settle(id, { record: found.record, extra: { ...extra, ...(event && { event }) } });
			return extra === undefined;
		}
		if (!found.isUnknown || event !== undefined) {
			this.notFound.delete(id);
			return false;
		}
		const times = (this.notFound.get(id) ?? 0) + 1;
		this.notFound.set(id, times);
		if (times >= MAX_NOT_FOUND) this.settle(id, { extra: { error: found.error.message } });
		return false;
	}

	settle(id: string, outcome: Outcome): void {
		this.outcomes.set(id, outcome);
		this.events.delete(id);
		this.notFound.delete(id);
	}

	/** Settles what only events have told. @param records of those that the API still shows as running: it lags behind */
	settleByEvents(records: Map<string, IDataObject>): void {
		for (const [id, event] of this.events) {
			// The name of such an event is the status that it leads to.
			this.settle(id, { record: records.get(id), extra: { status: event, event } });
		}
	}
}

/**
 * @param item the stored one
 * @param hasErrorOutput whether the node has one. n8n moves an item there that consists of `error` alone, and adds the input's fields
 * @returns the output item
 */
export function finishedItem(
	{ idField, describe }: Conversation,
	item: IDataObject,
	{ record, extra }: Outcome,
	hasErrorOutput: boolean,
): IDataObject {
	if (hasErrorOutput && extra.error) {
		return { error: `${String(extra.error)} (${idField}: ${String(item[idField])})` };
	}
	// What only the start's answer had, such as the room, stays. Its timelog stays if someone had answered by then: otherwise it would
	// show no answer to a call that is over.
	const last = { ...item };
	delete last.timedOut;
	if ((record?.status ?? extra.status) && describe(item).answered !== true) delete last.timelog;
	return describe({ ...last, ...record, ...extra });
}

/** @returns what comes out of an item: of one with Simplify the fields that people look for */
export function shownItem(
	{ kind, wholeIds = [] }: Pick<StoredWait, 'kind' | 'wholeIds'>,
	id: string,
	item: IDataObject,
): IDataObject {
	const { simplify }: Conversation = CONVERSATIONS[kind];
	return simplify === undefined || wholeIds.includes(id) ? item : simplify(item);
}
