import { type IDataObject, type IWebhookFunctions, sleep } from 'n8n-workflow';
import { omit } from '../api/http/responseReaders';
import { type Kind, KINDS } from '../conversation/kinds';
import { type Known, type Unanswered, unknown } from '../conversation/known';
import { outputRecord } from '../conversation/output';
import { whenAnswered } from '../n8n/waitingState';
import { askToContinue } from './resuming/askToContinue';
import { PendingConversation } from './polling/pendingConversation';
import { type Budget, budgetOfWait } from './budget';
import { type Doubt, withoutResponse } from './question';
import type { StoredWait } from './storedWait';
import { warnCredentialRejected } from './resuming/warnings';
import type { Poller } from './polling/poller';

const AGAIN_AFTER_MS = 5_000;
/** Other processes wait for a random part of this time, so that they don't all ask n8n to continue at once after the same event. */
const TURN_MS = 3_000;

/** A waiting execution, as this process knows it. All processes that know it do the same. */
export class WaitingExecution {
	private readonly kind: Kind;
	private readonly budget: Budget;
	readonly awaited = new Map<string, PendingConversation>();
	/** The poller that polls VideoSDK for it; undefined before `askBy`. */
	private poller?: Poller;
	/** `continuing`: n8n was asked to continue the execution, and hasn't responded yet. */
	private state: 'waiting' | 'continuing' | 'over' = 'waiting';
	private isAsking = false;
	private hasWarned = false;
	private readonly askedBack = new Set<Doubt>();
	/** Is the same function for each conversation, so that the poller calls it once, however many are over. */
	private readonly onReady = () => void this.ask();
	/** The output item of a response. It's kept if n8n fails to continue the execution, because a person must not be asked again. */
	private response?: IDataObject;
	/** Whether this process has put the execution to wait. */
	isOfThisProcess = false;

	/** @param onOver is called when n8n has continued the execution, or can't any more */
	constructor(
		readonly stored: StoredWait,
		private readonly onOver: () => void,
	) {
		this.kind = KINDS[stored.kind];
		this.budget = budgetOfWait(stored);
		for (const { ids, ...policy } of stored.awaited) {
			for (const id of ids) {
				this.awaited.set(
					id,
					new PendingConversation(this.kind, policy, this.budget, stored.sinceMs, unknown(id)),
				);
			}
		}
	}

	/** Polls VideoSDK from now on, and continues the execution when nothing is left to wait for. */
	askBy(poller: Poller): void {
		// If two requests are received at the same time, the first one has begun already.
		if (this.poller) return;
		this.poller = poller;
		for (const one of this.awaited.values()) {
			one.onReady = this.onReady;
			one.onRejected = (error) => this.warnRejected(error);
		}
		poller.add([...this.awaited.values()]);
	}

	/** Merges what another process knows. */
	merge(known: Known[], response?: IDataObject): void {
		for (const one of known) this.awaited.get(one.id)?.merge(one);
		this.response ??= response;
	}

	/** Merges the records in the items of the stored execution. */
	mergeItems(items: IDataObject[]): void {
		for (const item of items) {
			const record = omit(item, ['timedOut', 'missing', 'reasonCode']);
			this.awaited.get(String(item[this.kind.idField]))?.mergeFact({ record });
		}
	}

	/** Wakes the poller, because something new is known. @param soon the conversation that an event is about */
	wake(soon?: PendingConversation): void {
		soon?.pollSoon();
		this.poller?.wake();
	}

	/** Makes polls due of what isn't ready, because another process knows that it is, but has left out the records. */
	pollAgain(): void {
		const nowMs = Date.now();
		for (const one of this.awaited.values()) if (!one.isReady(nowMs)) one.pollAgain();
	}

	/** Polls the conversation that an event is about at once, if it's the last one that is open. Never throws. */
	async pollNow(one: PendingConversation): Promise<void> {
		const nowMs = Date.now();
		const isLast = [...this.awaited.values()].every((other) => other === one || other.isReady(nowMs));
		if (isLast) await this.poller?.pollOne(one);
	}

	get isReady(): boolean {
		const nowMs = Date.now();
		return this.response !== undefined || [...this.awaited.values()].every((one) => one.isReady(nowMs));
	}

	/**
	 * Continues the execution by the response to a request.
	 *
	 * n8n continues it for one request, and answers others with 500, unless the execution waits again by then (ActiveExecutions.add).
	 *
	 * @param response the output item of a response to a question
	 * @returns whether this request may continue it; false if another one does so, or n8n's own deadline is too near
	 */
	tryContinue(context: IWebhookFunctions, response = this.response): boolean {
		if (!this.isWaiting || Date.now() > this.budget.continueUntilMs) return false;
		this.state = 'continuing';
		this.response = response;
		const answered = whenAnswered(context.getResponseObject(), this.budget.n8nDeadlineMs);
		void answered.then((wasAccepted) => this.finish(wasAccepted));
		return true;
	}

	/** @returns an output item. @param item the item that the execution has stored */
	outcome(item: IDataObject): IDataObject {
		if (this.response) return this.response;
		const one = this.awaited.get(String(item[this.kind.idField]));
		if (one === undefined) return item;
		const outcome = outputRecord(this.kind, one.known, one.policy);
		const { question } = this.stored;
		if (question) return withoutResponse(question, outcome, one.known.unanswered);
		return one.policy.isSimplified ? this.kind.simplify(outcome) : outcome;
	}

	/** Remembers why the agent has no response. A response that comes all the same counts. */
	noteUnanswered(unanswered: Unanswered): void {
		for (const one of this.awaited.values()) {
			one.mergeFact({ unanswered });
			this.wake(one);
		}
	}

	/** @returns whether to ask the agent what a yes means, which happens once for each doubt, because a model may insist */
	asksBackOnce(doubt: Doubt): boolean {
		const isFirst = this.isWaiting && !this.askedBack.has(doubt);
		this.askedBack.add(doubt);
		return isFirst;
	}

	private get isWaiting(): boolean {
		return this.state === 'waiting';
	}

	private async finish(wasAccepted: boolean): Promise<void> {
		if (wasAccepted) return this.forget();
		// n8n has failed to continue the execution, so it isn't asked again at once.
		await sleep(AGAIN_AFTER_MS);
		this.state = 'waiting';
		this.wake();
		if (this.response) await this.ask();
	}

	private async ask(): Promise<void> {
		if (this.isAsking || !this.isWaiting || this.poller === undefined || !this.isReady) return;
		const { context } = this.poller.account;
		this.isAsking = true;
		if (!this.isOfThisProcess) await sleep(Math.random() * TURN_MS);
		const carried = () => ({
			known: [...this.awaited.values()].map((one) => one.known),
			response: this.response,
		});
		const { stored, budget } = this;
		await askToContinue(context, stored, carried, () => !this.isWaiting, budget.continueUntilMs);
		this.isAsking = false;
		// While the state is `continuing`, `finish` decides, because n8n hasn't responded yet.
		if (this.isWaiting) this.forget();
	}

	private forget(): void {
		this.state = 'over';
		this.poller?.remove([...this.awaited.values()]);
		this.onOver();
	}

	private warnRejected(error: Error): void {
		if (this.hasWarned || this.poller === undefined) return;
		this.hasWarned = true;
		warnCredentialRejected(this.poller.account.context, this.stored, error.message);
	}
}
