import { type IDataObject, type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import { startMsOf } from '../../api/http/responseReaders';
import { type Send } from '../../api/http/client';
import { type StartKind, STARTS } from '../../api/startWords';
import { KINDS } from '../../conversation/kinds';
import { type RetryNote } from '../../n8n/retryNote';
import { type SentWait } from '../../waiting/planWait';
import type { Operation, PreparedStart, RunTools } from '../operation';
import { checkAllowed, checkHours, dryRun, notCalled } from './brakes';
import { CalledBefore, Placing } from './calledBefore';
import { Claim, claimOf, ownClaims, type Started } from './claims';
import { type ReasonCode, withReason } from './itemOutcome';
import { automaticKey, roomKey, userKey } from './startKey';
import { DoubtResolver, InDoubt } from './resolveDoubt';
import { type Found, isFindable, type WantedStart } from './startSearch';
import { alreadyUsed, type ToolUse, ToolUses } from './toolUse';

/** What a failed node leaves of one start to a user's Retry: the record of what was started, or the error of a start in doubt. */
export interface Left {
	record?: IDataObject;
	wait?: SentWait;
	message?: string;
	/** The room that was created for a start in doubt. */
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

/** The functions by which the start of one item sends requests. */
export interface StartRequests {
	tools: RunTools;
	/** Sends when it is the item's turn. */
	send: Send;
	/** Sends at once, because a search for what may have been started waits for no turn. */
	sendNow: Send;
	/** Searches for a start, together with those of other items. */
	find: (wanted: WantedStart) => Promise<Found>;
	/** Holds up new items while it isn't known whether this one has failed. */
	whileDoubtful: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * The start of one item. Nothing else sends a request that starts something, or decides whether it may be sent. First, `repeat` finds out
 * whether it would be a repetition, and adopts what exists. Then `begin` checks whether it may start now, sends the request, and finds out
 * whether it was carried out.
 */
export class Start {
	private readonly uses: ToolUses;
	private readonly executionId: string;
	private readonly doubt: DoubtResolver;
	private claim = new Claim(undefined);
	private placing?: Placing;
	private calledBefore?: CalledBefore;

	constructor(
		private readonly run: StartRun,
		private readonly itemIndex: number,
		private readonly item: { start: PreparedStart; isDryRun: boolean },
		private readonly requests: StartRequests,
	) {
		this.uses = new ToolUses(run.context, this.kind, this.to);
		this.executionId = run.context.getExecutionId();
		this.doubt = new DoubtResolver(run.context, this.kind, requests.find);
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
	 * @throws NotNow if the response goes to another execution; else the error because of which nothing is known, see `isDoubtful`
	 */
	async repeat(blocked: () => void): Promise<Started | undefined> {
		// A dry run starts nothing that could be repeated.
		if (this.item.isDryRun) return undefined;
		const own = ownClaims(this.run.context);
		const former = own.get(this.itemIndex)?.claim;
		const isFree = former === undefined || former.state.name === 'free';
		this.claim = isFree ? claimOf(await this.findKey(), this.to) : former;
		own.set(this.itemIndex, { claim: this.claim, item: this.item });
		const known = await this.claim.take(blocked);
		const started = await this.ending(async () => await this.findRepeated(known));
		return started && this.adopted(started);
	}

	/**
	 * Starts what `repeat` hasn't found.
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

	/** The room that stays open while the start is in doubt, if there is one. */
	get openRoomId(): string | undefined {
		return this.claim.roomId;
	}

	/** Runs `repeat` or `begin`, and releases the claim, unless `repeat` has found nothing, so that `begin` follows. */
	private async ending<T extends Started | undefined>(part: () => Promise<T>): Promise<T> {
		return await part().then(
			(started) => {
				if (started) this.claim.end({ name: 'started', started });
				return started;
			},
			async (error: Error) => {
				const isDoubtful = error instanceof InDoubt;
				this.claim.end(isDoubtful ? { name: 'inDoubt', error: error.cause } : { name: 'free' });
				return await Promise.reject(isDoubtful ? error.cause : error);
			},
		);
	}

	private get to(): string | undefined {
		return this.item.start.call?.to;
	}

	private async findKey(): Promise<string | undefined> {
		const { context, base } = this.run;
		const { idempotencyKey, deploymentId } = this.item.start;
		if (idempotencyKey === undefined) {
			return base && automaticKey(context, base, this.itemIndex, this.to);
		}
		const { data } = await this.requests.tools.credential();
		return userKey(idempotencyKey, data?.apiKey, this.kind, this.to ?? deploymentId);
	}

	/** @throws InDoubt if it may have been started, and isn't found */
	private async findRepeated(known: Claim['state']): Promise<Started | undefined> {
		const { context, note } = this.run;
		const { key } = this.claim;
		const isRetry = context.getMode() === 'retry';
		if (known.name === 'started') {
			return this.isOwn ? known.started : await this.asItIsNow(known.started);
		}
		if (known.name === 'inDoubt') return await this.doubt.findDoubtful(this.claim, known.error);
		const left = key === undefined ? undefined : note?.starts[key];
		if (left) {
			const { record, wait, roomId, message, sentAtMs } = left;
			this.claim.sentAtMs = sentAtMs;
			if (record) return await this.asItIsNow({ record, wait });
			this.claim.roomId = roomId;
			return await this.doubt.findDoubtful(this.claim, this.errorOf(message));
		}
		const { retried } = this.uses;
		if (retried) return await this.findRetriedUse(retried);
		if (!isFindable(this.kind) || key === undefined || !(isRetry || this.hasUsersKey)) return undefined;
		await this.checkAllowed();
		const sinceMs = this.hasUsersKey ? undefined : note?.sinceMs;
		const record = await this.doubt.findByKey(key, this.to, sinceMs);
		if (record === undefined) return undefined;
		this.claim.sentAtMs = startMsOf(record) || 0;
		return { record };
	}

	private get isOwn(): boolean {
		return this.claim.executionId === this.executionId;
	}

	/** Fetches the current record, unless the operation waits, because polling then does so. */
	private async asItIsNow(started: Started): Promise<Started> {
		const { kind, run } = this;
		if (run.operation.complete || !isFindable(kind)) return started;
		const id = String(started.record[STARTS[kind].idField]);
		const record = await KINDS[kind].get(this.requests.sendNow, id).catch(() => started.record);
		return { ...started, record };
	}

	/** Finds what an AI tool has started in the execution that is being retried, where this use of the tool repeats that one. */
	private async findRetriedUse({ key, startedId, sentAtMs }: ToolUse): Promise<Started> {
		const { kind, to } = this;
		if (!isFindable(kind)) throw this.refused(alreadyUsed(kind), 'refused');
		this.claim.sentAtMs = sentAtMs;
		const { idField, one, started } = STARTS[kind];
		if (startedId) return await this.asItIsNow({ record: { [idField]: startedId } });
		const found = await this.requests.find({ key, to, sinceMs: sentAtMs });
		if (found.record) return { record: found.record };
		throw new InDoubt(this.errorOf(`The ${one}${to ? ` to ${to}` : ''} may have been ${started} before`));
	}

	private async checkAllowed(): Promise<void> {
		await checkAllowed(this.run.context, this.item.start, this.requests.tools);
	}

	/** Checks, in this order, all that may keep the item from being started. @throws NotNow; NodeOperationError */
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
	 * Checks again what may have changed, right before each request that starts something.
	 *
	 * @param starts what the request starts
	 * @throws NotNow
	 */
	checkNow(starts?: StartKind): void {
		checkHours(this.item.start);
		this.calledBefore?.checkPlaced();
		// Nothing is awaited in between, or two starts that check at the same time could both go on.
		if (starts === 'call') this.placing?.begin();
	}

	/** @throws InDoubt; the operation's error if the item has certainly not been started */
	private async start(): Promise<Started> {
		const { uses, requests, run, claim } = this;
		const { start, isDryRun } = this.item;
		const sendStart = isDryRun ? dryRun(requests.send, this.to) : requests.send;
		await requests.tools.inTurn(async () => await this.checkFirst());
		const settleUse = uses.note(claim.key);
		const send = async (): Promise<Started> => {
			await this.calledBefore?.checkListed(requests.send);
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
						async () => await this.doubt.findFailed(claim, error, waitsForAnswer),
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

	/** @returns the earlier start, as this execution outputs it. @throws NotNow if the response goes to another execution */
	private adopted(started: Started): Started {
		if (this.isOwn || !isFindable(this.kind)) return started;
		if (this.run.operation.isQuestion) {
			const { callId } = started.record;
			const reason = 'Another execution has already asked this question';
			throw notCalled(this.to, reason, 'alreadyAsked', { callId });
		}
		return {
			record: { ...started.record, alreadyStarted: true },
			wait: started.wait && { ...started.wait, question: undefined },
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
