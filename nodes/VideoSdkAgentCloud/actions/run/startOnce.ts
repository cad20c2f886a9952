import { type IDataObject, type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import { CALL_KEY_MS } from '../../api/calls';
import { type Send } from '../../api/http/client';
import { type StartKind, STARTS } from '../../api/startWords';
import { KINDS } from '../../conversation/kinds';
import { type RetryNote } from '../../n8n/retryNote';
import { type SentWait } from '../../waiting/planWait';
import type { Operation, PreparedStart, RunTools } from '../operation';
import { checkAllowed, checkHours, dryRun, notCalled } from './brakes';
import { CalledBefore, Placing } from './calledBefore';
import { Claim, claimOf, ownClaims, type Started, type Target } from './claims';
import { type ReasonCode, withReason } from './itemOutcome';
import { automaticKey, roomKey, userKey } from './startKey';
import { InDoubt, StartLook } from './startLook';
import { type Found, isFindable, type WantedStart } from './startSearch';
import { alreadyUsed, type ToolUse, ToolUses } from './toolUse';

/** What a failed node leaves to a Retry of one start: what was started, else the error of what may have been. */
export interface Left {
	record?: IDataObject;
	wait?: SentWait;
	message?: string;
	/** The room that was made for what may have been started. */
	roomId?: string;
	/** When it was sent, in ms since 1970. */
	sentAtMs: number;
}

/** What all starts of one run of a node have in common. */
export interface StartRun {
	context: IExecuteFunctions;
	operation: Operation & { starts: StartKind };
	/** See `baseOf`. */
	base?: string;
	/** What the failed execution has left, if a user retries it. */
	note?: RetryNote<Left>;
}

/** How the start of one item reaches VideoSDK. */
export interface StartRequests {
	tools: RunTools;
	/** Sends when it is the item's turn. */
	send: Send;
	/** Sends at once: looking for what may have been started holds up no one. */
	sendNow: Send;
	/** Looks for a start, together with those of other items. */
	find: (wanted: WantedStart) => Promise<Found>;
	/** Holds up new items while it isn't known whether this one has failed. */
	whileDoubtful: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * The start of one item. Nothing else sends a request that starts something, or decides whether it may be sent: is it a repetition
 * (`repeat`: then what exists is adopted), may it start now, send, was it carried out (`begin`).
 */
export class Start {
	private readonly uses: ToolUses;
	private readonly executionId: string;
	private readonly look: StartLook;
	private claim = new Claim(undefined, {});
	private placing?: Placing;
	private calledBefore?: CalledBefore;
	/** What is known of it while it is under way. */
	private known: Claim['state'] = { name: 'free' };

	constructor(
		private readonly run: StartRun,
		private readonly itemIndex: number,
		private readonly item: { start: PreparedStart; isDryRun: boolean },
		private readonly requests: StartRequests,
	) {
		this.uses = new ToolUses(run.context, run.operation.starts, item.start.call?.to);
		this.executionId = run.context.getExecutionId();
		this.look = new StartLook(run.context, run.operation.starts, requests.find);
	}

	private get kind(): StartKind {
		return this.run.operation.starts;
	}

	private get hasUsersKey(): boolean {
		return this.item.start.idempotencyKey !== undefined;
	}

	/**
	 * Finds out whether the start would be a repetition.
	 *
	 * @param blocked called if the same start is under way, since that has to end first
	 * @returns what was started before; undefined: it may begin
	 * @throws NotNow if only another execution can learn the response; else why nothing is known, see `isDoubtful`
	 */
	async repeat(blocked: () => void): Promise<Started | undefined> {
		// It leaves nothing that could be repeated.
		if (this.item.isDryRun) return undefined;
		const own = ownClaims(this.run.context);
		const kept = own.get(this.itemIndex)?.claim;
		this.claim = kept && kept.state.name !== 'free' ? kept : claimOf(await this.findKey(), this.target);
		own.set(this.itemIndex, { claim: this.claim, item: this.item });
		this.known = await this.claim.take(blocked);

		return await this.ending(async () => {
			const started = await this.findRepeated(this.known);
			return started && this.adopted(started);
		});
	}

	/**
	 * Starts it, after `repeat` has found nothing.
	 *
	 * @throws NotNow if the call isn't to be made now; else what failed, see `isDoubtful`
	 */
	async begin(): Promise<Started> {
		return await this.ending(async () => await this.start());
	}

	/** @returns whether it may have been started, although `repeat` or `begin` has thrown */
	get isDoubtful(): boolean {
		return this.claim.state.name === 'inDoubt';
	}

	/** The room that stays open while it is in doubt, if there is one. */
	get openRoomId(): string | undefined {
		return this.claim.roomId;
	}

	/** Runs a part of it, and ends the claim unless nothing is known yet. */
	private async ending<T extends Started | undefined>(part: () => Promise<T>): Promise<T> {
		return await part().then(
			(started) => {
				if (started) this.claim.end({ name: 'started', started, atMs: Date.now() });
				return started;
			},
			async (error: Error) => {
				const isDoubtful = error instanceof InDoubt;
				this.claim.end(isDoubtful ? { name: 'inDoubt', error: error.cause } : this.known);
				return await Promise.reject(isDoubtful ? error.cause : error);
			},
		);
	}

	private get target(): Target {
		const { call, deploymentId } = this.item.start;
		return { to: call?.to, deploymentId };
	}

	private async findKey(): Promise<string | undefined> {
		const { context, base } = this.run;
		const { idempotencyKey, call } = this.item.start;
		if (idempotencyKey === undefined) {
			return base && automaticKey(context, base, this.itemIndex, call?.to);
		}
		const { data } = await this.requests.tools.credential();
		return userKey(idempotencyKey, data?.apiKey, this.kind, call?.to);
	}

	/** @throws InDoubt if it may have been started, and isn't found */
	private async findRepeated(known: Claim['state']): Promise<Started | undefined> {
		const { context, note } = this.run;
		const { key } = this.claim;
		const isRetry = context.getMode() === 'retry';
		if (known.name === 'started' && this.isSame(known)) {
			return this.isOwn ? known.started : await this.asItIsNow(known.started);
		}
		if (known.name === 'inDoubt')
			return await this.look.doubtful(this.claim, known.error, this.claim.sentAtMs);
		const left = key === undefined ? undefined : note?.starts[key];
		if (left?.record) return await this.asItIsNow({ record: left.record, wait: left.wait });
		if (left) {
			this.claim.roomId = left.roomId;
			return await this.look.doubtful(this.claim, this.errorOf(left.message), left.sentAtMs);
		}
		const { retried } = this.uses;
		if (isRetry && retried) return await this.findRetriedUse(retried);
		if (!isFindable(this.kind) || key === undefined || !(isRetry || this.hasUsersKey)) return undefined;
		await this.checkAllowed();
		const sinceMs = this.hasUsersKey ? undefined : note?.sinceMs;
		const record = await this.look.byKey(key, this.target, sinceMs);
		return record && { record };
	}

	/** Whether this execution has sent it. */
	private get isOwn(): boolean {
		return this.claim.executionId === this.executionId;
	}

	/** Whether what has the same key is what this item would start. A user's key counts for some time, and for one deployment. */
	private isSame({ started: { record }, atMs }: Extract<Claim['state'], { name: 'started' }>): boolean {
		if (!this.hasUsersKey) return true;
		if (this.kind === 'call') return Date.now() - atMs < CALL_KEY_MS;
		return record.deploymentId === this.target.deploymentId;
	}

	/** What waits learns how it is anyway. */
	private async asItIsNow(started: Started): Promise<Started> {
		const { kind, run } = this;
		if (run.operation.complete || !isFindable(kind)) return started;
		const id = String(started.record[STARTS[kind].idField]);
		const record = await KINDS[kind].get(this.requests.sendNow, id).catch(() => started.record);
		return { ...started, record };
	}

	/** A use of an AI tool in the execution that is being retried, which this one repeats. */
	private async findRetriedUse({ key, startedId, sentAtMs }: ToolUse): Promise<Started> {
		const { kind } = this;
		if (!isFindable(kind)) throw this.refused(alreadyUsed(kind), 'refused');
		const { idField, one, started } = STARTS[kind];
		const { to } = this.target;
		if (startedId) return await this.asItIsNow({ record: { [idField]: startedId } });
		const found = await this.requests.find({ ...this.target, key, sinceMs: sentAtMs, isByNumber: true });
		if (found.record) return { record: found.record };
		throw new InDoubt(this.errorOf(`The ${one}${to ? ` to ${to}` : ''} may have been ${started} before`));
	}

	private async checkAllowed(): Promise<void> {
		await checkAllowed(this.run.context, this.item.start, this.requests.tools);
	}

	/** Looks at all that may keep it from being started, in this order. @throws NotNow; NodeOperationError */
	private async checkFirst(): Promise<void> {
		await this.checkAllowed();
		const { call } = this.item.start;
		const { earlier } = this.uses;
		if (call && !call.allowsSameNumber && earlier) {
			const { startedId } = earlier;
			const was = startedId ? `was already called (call ${startedId})` : 'may already have been called';
			const advice = "To let the AI agent call a number again, turn on 'Allow Same Number' under 'Options'.";
			throw this.refused(`${call.to} ${was}. ${advice}`, 'sameNumber');
		}
		if (call) await this.prepareCall(call);
		this.checkNow();
	}

	private async prepareCall({
		to,
		notCalledWithinMs,
	}: {
		to: string;
		notCalledWithinMs?: number;
	}): Promise<void> {
		const { data } = await this.requests.tools.credential();
		this.placing = new Placing(data?.apiKey, to);
		if (notCalledWithinMs === undefined) return;
		this.calledBefore = new CalledBefore(this.run.context, to, notCalledWithinMs, this.placing);
	}

	/**
	 * Looks again at what may have changed, right before each request that starts something.
	 *
	 * @param starts what that is
	 * @throws NotNow
	 */
	checkNow(starts?: StartKind): void {
		checkHours(this.item.start);
		this.calledBefore?.check();
		// Nothing may come between: two starts that look at the same time must not both go on.
		if (starts === 'call') this.placing?.begin();
	}

	/** @throws InDoubt; what the operation throws if it has certainly not been started */
	private async start(): Promise<Started> {
		const { uses, requests, run, claim } = this;
		const { start, isDryRun } = this.item;
		const sendStart = isDryRun ? dryRun(requests.send, start.call?.to) : requests.send;
		await requests.tools.inTurn(async () => await this.checkFirst());
		const settleUse = uses.note(claim.key);
		const send = async (): Promise<Started> => {
			await this.calledBefore?.look(requests.send);
			const { key } = claim;
			const customRoomId = key === undefined ? undefined : roomKey(run.context, key, claim.begun++);
			const hasRoom = (roomId: string) => {
				claim.roomId = roomId;
				requests.tools.hasRoom(roomId);
			};
			claim.roomId = undefined;
			const ready = await start.arrange(sendStart, { ...requests.tools, customRoomId, hasRoom });
			claim.executionId = this.executionId;
			claim.sentAtMs = Date.now();
			const record = await ready
				.post(sendStart, isFindable(this.kind) ? key : undefined)
				.catch(async (error: Error) => {
					const waitsForAnswer = start.call?.waitsForAnswer === true;
					return await requests.whileDoubtful(
						async () => await this.look.carriedOut(claim, error, waitsForAnswer),
					);
				});
			return { record, wait: ready.wait };
		};
		return await send().then(
			(started) => {
				const startedId = String(started.record[STARTS[this.kind].idField] ?? '');
				settleUse({ startedId });
				this.placing?.end({ state: 'placed', callId: startedId });
				return started;
			},
			async (error: Error) => {
				const isDoubtful = error instanceof InDoubt;
				if (!isDoubtful) settleUse('failed');
				this.placing?.end(isDoubtful ? { state: 'inDoubt' } : undefined);
				return await Promise.reject(error);
			},
		);
	}

	/** @returns the earlier start, as this execution outputs it. @throws NotNow if the answer goes to another execution */
	private adopted(started: Started): Started {
		const isOthers = !this.isOwn || started.alreadyStarted;
		if (!isOthers || !isFindable(this.kind)) return started;
		if (this.run.operation.isQuestion) {
			const { callId } = started.record;
			const reason = 'Another execution has already asked this question';
			throw notCalled(this.target.to, reason, 'alreadyAsked', { callId });
		}
		return {
			record: { ...started.record, alreadyStarted: true },
			wait: started.wait && { ...started.wait, question: undefined },
			alreadyStarted: true,
		};
	}

	private refused(message: string, reasonCode: ReasonCode): NodeOperationError {
		return withReason(new NodeOperationError(this.run.context.getNode(), message), reasonCode);
	}

	private errorOf(message = ''): NodeOperationError {
		const description = STARTS[this.kind].check;
		return new NodeOperationError(this.run.context.getNode(), message, { description });
	}
}
