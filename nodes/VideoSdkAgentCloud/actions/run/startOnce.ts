import {
	type IDataObject,
	type IExecuteFunctions,
	type NodeApiError,
	NodeOperationError,
} from 'n8n-workflow';
import { failureOf, type Send } from '../../api/client';
import { CALL_KEY_MS } from '../../api/calls';
import { isInDoubt } from '../../api/failure';
import { pause } from '../../api/pause';
import { type StartKind, STARTS } from '../../api/starts';
import { KINDS } from '../../conversation/kinds';
import { type RetryNote } from '../../n8n/retryNote';
import { type SentWait } from '../../waiting/planWait';
import type { Operation, PreparedStart, RunTools } from '../operation';
import { Claim, claimOf, ownClaims, type Started, type Target } from './claims';
import { automaticKey, roomKey, userKey } from './startKey';
import { type Found, isFindable, type Wanted } from './startSearch';
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
	find: (wanted: Wanted) => Promise<Found>;
	/** Holds up new items while it isn't known whether this one has failed. */
	whileDoubtful: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Thrown in place of a call that isn't to be made now. */
export class NotNow extends Error {
	/** @param more what the output says besides */
	constructor(
		message: string,
		readonly more: IDataObject,
	) {
		super(message);
	}
}

/** It isn't known whether something was started. The cause says it in words for the user. */
class InDoubt extends Error {
	constructor(override readonly cause: Error) {
		super(cause.message);
	}
}

/** A start that may have been carried out is looked for after these pauses, in ms. */
const LOOK_AFTER_MS = [1_000, 3_000, 8_000];
/** Looking ends when so many looks in a row have failed. */
const MAX_FAILED_LOOKS = 2;
/** A call that no one has answered is listed since it rang. */
const UNANSWERED_AFTER_MS = 1_000;
const NOTHING: Found = { others: [] };

/** @throws NotNow if the call isn't to be made now */
export function checkNow({ call }: PreparedStart): void {
	const reason = call?.notNow(Date.now());
	if (reason !== undefined) throw new NotNow(reason, { reasonCode: 'hours' });
}

/** Marks an error with why nothing was started, as the output says it. */
export function withReason<E extends Error & { context: IDataObject }>(error: E, reasonCode: string): E {
	error.context.reasonCode = reasonCode;
	return error;
}

/**
 * The start of one item. Nothing else sends a request that starts something, or decides whether it may be sent: is it a repetition
 * (`repeat`: then what exists is adopted), may it start now, send, was it carried out (`begin`).
 */
export class Start {
	private readonly uses: ToolUses;
	private readonly executionId: string;
	private claim = new Claim(undefined, {});
	/** What is known of it while it is under way. */
	private known: Claim['state'] = { name: 'free' };

	constructor(
		private readonly run: StartRun,
		private readonly itemIndex: number,
		private readonly item: { start: PreparedStart },
		private readonly requests: StartRequests,
	) {
		this.uses = new ToolUses(run.context, run.operation.starts, item.start.call?.to);
		this.executionId = run.context.getExecutionId();
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
		if (known.name === 'inDoubt') return await this.findDoubtful(known.error, this.claim.sentAtMs);
		const left = key === undefined ? undefined : note?.starts[key];
		if (left?.record) return await this.asItIsNow({ record: left.record, wait: left.wait });
		if (left) {
			this.claim.roomId = left.roomId;
			return await this.findDoubtful(this.errorOf(left.message), left.sentAtMs);
		}
		const { retried } = this.uses;
		if (isRetry && retried) return await this.findRetriedUse(retried);
		if (!isFindable(this.kind) || key === undefined || !(isRetry || this.hasUsersKey)) return undefined;
		const { record } = await this.look(key);
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

	/** Looks once for what another execution may have started. @throws NodeOperationError if nothing can be learned */
	private async look(key: string): Promise<Found> {
		const { note, context } = this.run;
		const isByNumber = this.hasUsersKey || note === undefined;
		const sinceMs = isByNumber ? Date.now() - CALL_KEY_MS : note.sinceMs;
		try {
			return await this.requests.find({ ...this.target, key, sinceMs, isByNumber });
		} catch (error) {
			const { one, started } = STARTS[this.kind];
			const { message, description } = error as NodeApiError;
			const text = `Nothing was sent, because n8n couldn't check whether the ${one} was already ${started}: ${message}`;
			const shown = { description: description ?? undefined };
			throw withReason(new NodeOperationError(context.getNode(), text, shown), 'failed');
		}
	}

	/** Looks once for what was in doubt. @throws InDoubt if it isn't found */
	private async findDoubtful(error: Error, sinceMs: number): Promise<Started> {
		const { key, target } = this.claim;
		if (!isFindable(this.kind) || key === undefined) throw new InDoubt(error);
		const wanted = { ...target, key, sinceMs, isByNumber: false };
		const { record } = await this.requests.find(wanted).catch(() => NOTHING);
		if (record === undefined) throw new InDoubt(error);
		return { record };
	}

	/** @throws InDoubt; what the operation throws if it has certainly not been started */
	private async start(): Promise<Started> {
		const { uses, requests, run, claim } = this;
		const { start } = this.item;
		const { call } = start;
		if (call && !call.allowsSameNumber && uses.earlier) {
			const { startedId } = uses.earlier;
			const was = startedId ? `was already called (call ${startedId})` : 'may already have been called';
			const advice = "To let the AI agent call a number again, turn on 'Allow Same Number' under 'Options'.";
			throw this.refused(`${call.to} ${was}. ${advice}`, 'sameNumber');
		}
		checkNow(start);
		const settleUse = uses.note(claim.key);
		const send = async (): Promise<Started> => {
			const { key } = claim;
			const customRoomId = key === undefined ? undefined : roomKey(run.context, key, claim.begun++);
			const hasRoom = (roomId: string) => {
				claim.roomId = roomId;
				requests.tools.hasRoom(roomId);
			};
			claim.roomId = undefined;
			const ready = await start.arrange(requests.send, { ...requests.tools, customRoomId, hasRoom });
			claim.executionId = this.executionId;
			claim.sentAtMs = Date.now();
			const record = await ready
				.post(requests.send, isFindable(this.kind) ? key : undefined)
				.catch(
					async (error: Error) => await requests.whileDoubtful(async () => await this.findCarriedOut(error)),
				);
			return { record, wait: ready.wait };
		};
		return await send().then(
			(started) => {
				settleUse({ startedId: String(started.record[STARTS[this.kind].idField] ?? '') });
				return started;
			},
			async (error: Error) => {
				if (!(error instanceof InDoubt)) settleUse('failed');
				return await Promise.reject(error);
			},
		);
	}

	/** Finds out whether a start that failed was carried out all the same. @returns its record. @throws InDoubt; the error if it wasn't */
	private async findCarriedOut(error: Error): Promise<IDataObject> {
		const { call } = this.item.start;
		const { key, target, sentAtMs } = this.claim;
		const failure = failureOf(error);
		const mayBe = failure !== undefined && isInDoubt(failure);
		// VideoSDK may tell by an error that no one has answered, as LiveKit's SIP service does.
		const isUnanswered = failure?.kind === 'status' && call?.waitsForAnswer === true;
		if (!mayBe && !isUnanswered) throw error;
		if (!isFindable(this.kind) || key === undefined) throw mayBe ? new InDoubt(error) : error;
		const stopSignal = this.run.context.getExecutionCancelSignal();
		let others: string[] = [];
		let failed = 0;
		for (const afterMs of mayBe ? LOOK_AFTER_MS : [UNANSWERED_AFTER_MS]) {
			await pause(afterMs, stopSignal);
			if (stopSignal?.aborted || failed === MAX_FAILED_LOOKS) break;
			const wanted = { ...target, key, sinceMs: sentAtMs, isByNumber: false };
			const found = await this.requests.find(wanted).catch(() => undefined);
			if (found?.record) return found.record;
			failed = found ? 0 : failed + 1;
			others = found?.others ?? others;
		}
		if (!mayBe) throw error;
		if (others.length > 0) {
			const apiError = error as NodeApiError;
			const since = `Calls to ${target.to} since then: ${others.join(', ')}.`;
			apiError.description = [since, apiError.description].filter(Boolean).join(' ');
		}
		throw new InDoubt(error);
	}

	/** @returns the earlier start, as this execution outputs it. @throws NotNow if the answer goes to another execution */
	private adopted(started: Started): Started {
		const isOthers = !this.isOwn || started.alreadyStarted;
		if (!isOthers || !isFindable(this.kind)) return started;
		if (this.run.operation.isQuestion) {
			const { callId } = started.record;
			const more = { reasonCode: 'alreadyAsked', callId };
			throw new NotNow('Another execution has already asked this question', more);
		}
		return {
			record: { ...started.record, alreadyStarted: true },
			wait: started.wait && { ...started.wait, question: undefined },
			alreadyStarted: true,
		};
	}

	private refused(message: string, reasonCode: string): NodeOperationError {
		return withReason(new NodeOperationError(this.run.context.getNode(), message), reasonCode);
	}

	private errorOf(message = ''): NodeOperationError {
		const description = STARTS[this.kind].check;
		return new NodeOperationError(this.run.context.getNode(), message, { description });
	}
}
