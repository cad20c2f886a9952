import { sleep } from 'n8n-workflow';
import { apiRequest, failureOf, type Send } from '../../api/client';
import { isInDoubt } from '../../api/failure';
import { deactivateRoom } from '../../api/rooms';
import type { RequestOptions } from '../../fields/requestOptions';
import { type ItemRun, type PreparedCall, RecordWithFile } from '../operation';
import { ConcurrencyLimit } from './concurrency';
import { failedOutcome, type OpenRoom, type Outcome, type Run } from './outcome';
import { continuesOnFail } from '../../n8n/tool';
import { detached } from '../../n8n/detached';

/** An item whose fields were read and are valid. */
export interface PreparedItem extends RequestOptions {
	run: ItemRun;
	/** Of an item that makes a call. */
	call?: PreparedCall;
}

/** What was made for an item is taken back also when the user has stopped the execution. */
const NEVER_STOPPED = new AbortController().signal;

/** Thrown in place of a request that is not sent any more, because another item failed or the execution was stopped. */
class NotSent extends Error {}

/** Thrown in place of a request of a call that isn't to be made now. */
class NotNow extends Error {}

/** @throws NotNow if the call isn't to be made now */
function checkNow(call: PreparedCall | undefined): void {
	const reason = call?.notNow(Date.now());
	if (reason !== undefined) throw new NotNow(reason);
}

/** Runs the items of one execution of the node: what they share. */
export class Runner {
	private readonly limit: ConcurrencyLimit;
	/** Closing a room waits for no item that is still to run. */
	private readonly closeLimit: ConcurrencyLimit;
	private readonly failure = new AbortController();
	private readonly found = new Map<string, Promise<unknown>>();
	/** Aborted when nothing more is sent. */
	readonly stopSignal: AbortSignal;
	private readonly stopsOnFail: boolean;

	constructor(
		private readonly items: Run,
		maxConcurrency: number,
	) {
		const { context, outcomes } = items;
		this.limit = new ConcurrencyLimit(maxConcurrency);
		this.closeLimit = new ConcurrencyLimit(maxConcurrency);
		this.stopsOnFail = !continuesOnFail(context);
		// An earlier try may have failed for good.
		if (this.stopsOnFail && outcomes.some((outcome) => outcome?.error)) this.failure.abort();
		const cancelSignal = context.getExecutionCancelSignal();
		const signals = [this.failure.signal, ...(cancelSignal ? [cancelSignal] : [])];
		this.stopSignal = AbortSignal.any(signals);
	}

	/** See RunTools. */
	private readonly once = async <T>(key: string, find: () => Promise<T>): Promise<T> => {
		for (let shared = this.found.get(key); shared; shared = this.found.get(key)) {
			try {
				return (await shared) as T;
			} catch {
				// What kept another item from looking, such as its calling hours, need not concern this one.
				if (this.found.get(key) === shared) this.found.delete(key);
			}
		}
		const found = find();
		this.found.set(key, found);
		return await found;
	};

	/** Runs an item to its outcome. Never throws. */
	async run({ run, call, timeoutMs }: PreparedItem, itemIndex: number): Promise<void> {
		let roomId: string | undefined;
		const inTurn = this.turnsOfItem(call);
		const send: Send = async (request, read) =>
			await inTurn(async () => {
				const result = await this.sendNow(itemIndex, timeoutMs, this.stopSignal, call)(request, read);
				this.limit.recover();
				return result;
			});
		try {
			const { stopSignal, once } = this;
			const hasRoom = (made: string) => (roomId = made);
			const credential = this.items.credentialOfItem(itemIndex);
			const result = await run(send, { stopSignal, inTurn, credential, timeoutMs, once, hasRoom });
			this.items.outcomes[itemIndex] =
				result instanceof RecordWithFile
					? { records: [result.json], binary: result.binary }
					: { records: Array.isArray(result) ? result : [result] };
		} catch (error) {
			// Nothing may come before this: no other item begins once it is known that this one has failed.
			if (this.stopsOnFail && !(error instanceof NotNow)) this.failure.abort();
			const send = this.sendNow(itemIndex, timeoutMs, NEVER_STOPPED);
			const openRoom = roomId === undefined ? undefined : await this.close(roomId, error, send);
			this.items.outcomes[itemIndex] = this.outcomeOf(error, itemIndex, call, openRoom);
		}
	}

	/** @returns the outcome of an item that wasn't carried out */
	private outcomeOf(error: unknown, itemIndex: number, call?: PreparedCall, openRoom?: OpenRoom): Outcome {
		if (error instanceof NotNow) {
			return { records: [{ outcome: 'notCalled', to: call?.to, reason: error.message }] };
		}
		if (error instanceof NotSent) return { openRoomId: openRoom?.roomId };
		return failedOutcome(this.items, error, itemIndex, openRoom);
	}

	private sendNow(itemIndex: number, timeoutMs: number, stopSignal: AbortSignal, call?: PreparedCall): Send {
		// Before a call is sent again, VideoSDK may have asked for minutes of patience.
		const inTurn = async <T>(attempt: () => Promise<T>): Promise<T> => {
			checkNow(call);
			return await attempt();
		};
		const credential = this.items.credentialOfItem(itemIndex);
		const onRateLimited = () => this.limit.slowDown();
		const sending = { timeoutMs, credential, stopSignal, onRateLimited };
		const { context } = this.items;
		const lasting = detached(context);
		return async (request, read) => {
			// A stop aborts no start that is under way: its answer has the ID of what costs money.
			const isStart = request.starts !== undefined;
			const isLasting = stopSignal === NEVER_STOPPED || isStart;
			// Whatever came after the call would concern one that was made.
			const more = isStart && { inTurn };
			return await apiRequest(isLasting ? lasting : context, request, read, { ...sending, ...more });
		};
	}

	/**
	 * Makes the function by which an item waits for its turn. It keeps the turn until it has asked for the next one or noted its
	 * failure: only then may another item begin.
	 */
	private turnsOfItem(call: PreparedCall | undefined) {
		let hasBegun = false;
		return async <T>(work: () => Promise<T>): Promise<T> =>
			await new Promise((resolve, reject) => {
				void this.limit.run(async () => {
					try {
						if (this.stopSignal.aborted) throw new NotSent();
						if (!hasBegun) checkNow(call);
						hasBegun = true;
						resolve(await work());
					} catch (error) {
						reject(error);
					}
					await sleep(0);
				}, hasBegun);
			});
	}

	/** Closes an item's room, unless what it is for may have been started. @returns the room if it is still open */
	private async close(roomId: string, error: unknown, send: Send): Promise<OpenRoom | undefined> {
		const failure = failureOf(error);
		if (failure !== undefined && isInDoubt(failure)) return { roomId };
		return await this.closeLimit
			.run(async () => await deactivateRoom(send, roomId))
			.then(
				() => undefined,
				({ message: reason }: Error) => {
					this.items.context.logger.warn(
						`VideoSDK Agent Cloud: the room ${roomId} couldn't be closed (${reason})`,
					);
					return { roomId, reason };
				},
			);
	}
}
