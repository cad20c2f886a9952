import { sleep } from 'n8n-workflow';
import { apiRequest, type Send } from '../../api/http/client';
import { deactivateRoom } from '../../api/rooms';
import { type StartKind } from '../../api/startWords';
import type { RequestOptions } from '../../fields/kit/requestOptions';
import { type ItemRun, OpenRecord, type PreparedStart, RecordWithFile, type RunTools } from '../operation';
import { type Started } from './claims';
import { dryRun, NotNow } from './brakes';
import { ConcurrencyLimit } from './concurrency';
import { Start, type StartRun } from './startOnce';
import { type Findable, StartSearch, type WantedStart } from './startSearch';
import { failedOutcome, type LeftOpenRoom, type Outcome, type Run } from './itemOutcome';
import { continuesOnFail } from '../../n8n/tool';
import { detached } from '../../n8n/detached';

/** An item that starts something. Its fields were read and are valid. */
export type StartingItem = RequestOptions & { start: PreparedStart };
/** An item whose fields were read and are valid. */
export type PreparedItem = StartingItem | (RequestOptions & { run: ItemRun });

/** @returns how an item starts something, if its operation does */
export const preparedStartOf = (item?: PreparedItem): PreparedStart | undefined =>
	item && 'start' in item ? item.start : undefined;

/** @returns the outcome of an item that has started something */
export const startedOutcome = ({ start }: StartingItem, { record, wait }: Started): Outcome => ({
	records: [start.show(record)],
	wait,
});

/** What was made for an item is taken back also when the user has stopped the execution. */
const NEVER_STOPPED = new AbortController().signal;

/** Asked before each request that starts something. Throws if that isn't to be sent. */
type IsNow = (starts: StartKind) => void;

/** Thrown in place of a request that is not sent any more, because another item failed or the execution was stopped. */
class NotSent extends Error {}

/** Runs the items of one execution of the node: what they share. */
export class Runner {
	private readonly limit: ConcurrencyLimit;
	/** Closing a room waits for no item that is still to run. */
	private readonly closeLimit: ConcurrencyLimit;
	private readonly failure = new AbortController();
	private readonly found = new Map<string, Promise<unknown>>();
	private readonly searches = new Map<string, StartSearch>();
	/** Resolves when no start is in doubt any more. */
	private doubts?: Promise<unknown>;
	/** Aborted when the user stops the execution. */
	private readonly cancelSignal?: AbortSignal;
	/** Aborted when nothing more is sent. */
	readonly stopSignal: AbortSignal;
	private readonly stopsOnFail: boolean;

	constructor(
		private readonly items: Run,
		maxConcurrency: number,
	) {
		const { context } = items;
		this.limit = new ConcurrencyLimit(maxConcurrency);
		this.closeLimit = new ConcurrencyLimit(maxConcurrency);
		this.stopsOnFail = !continuesOnFail(context);
		this.cancelSignal = context.getExecutionCancelSignal();
		const signals = [this.failure.signal, ...(this.cancelSignal ? [this.cancelSignal] : [])];
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

	/** See StartRequests. Where each item has its own outcome, no one waits. */
	private readonly whileDoubtful = async <T>(work: () => Promise<T>): Promise<T> => {
		const result = work();
		if (this.stopsOnFail) this.doubts = Promise.allSettled([this.doubts, result]);
		return await result;
	};

	/** Runs an item that starts nothing to its outcome. Never throws. */
	async run(run: ItemRun, options: RequestOptions, itemIndex: number): Promise<void> {
		const { send, tools } = this.requestsOf(itemIndex, options);
		await this.settle(itemIndex, async () => {
			const result = await run(options.isDryRun ? dryRun(send) : send, tools);
			if (result instanceof RecordWithFile) return { records: [result.json], binary: result.binary };
			if (result instanceof OpenRecord) return { records: [result.json], wait: result.wait };
			return { records: Array.isArray(result) ? result : [result] };
		});
	}

	/**
	 * Starts something, unless that would be a repetition, see startOnce.ts. Never throws.
	 *
	 * @param looked is told that this item is no repetition, or has its outcome; resolves when it may begin
	 */
	async start(
		run: StartRun,
		item: StartingItem,
		itemIndex: number,
		looked: () => Promise<void>,
	): Promise<void> {
		let roomId: string | undefined;
		const hasRoom = (made: string) => (roomId = made);
		const { timeoutMs } = item;
		const isNow: IsNow = (starts) => start.checkNow(starts);
		const { send, tools } = this.requestsOf(itemIndex, item, isNow, hasRoom);
		const sendNow = this.sendNow(itemIndex, timeoutMs, this.cancelSignal);
		const find = async (wanted: WantedStart) =>
			await (await this.searchOf(run.operation.starts, tools, sendNow)).find(wanted);
		const { whileDoubtful } = this;
		const start: Start = new Start(run, itemIndex, item, { tools, send, sendNow, find, whileDoubtful });
		const failed = async (error: unknown): Promise<Outcome> => {
			const { isDoubtful: isInDoubt } = start;
			// Its words name the room that an earlier start has left open.
			if (isInDoubt && roomId === undefined) {
				const outcome = failedOutcome(this.items, error, itemIndex, { isInDoubt });
				return { ...outcome, openRoomId: start.openRoomId };
			}
			const close = this.sendNow(itemIndex, timeoutMs, NEVER_STOPPED);
			const openRoom = roomId === undefined ? undefined : await this.close(roomId, isInDoubt, close);
			if (error instanceof NotNow) return { records: [error.output] };
			if (error instanceof NotSent) return { openRoomId: openRoom?.roomId };
			return failedOutcome(this.items, error, itemIndex, { isInDoubt, openRoom });
		};
		await this.settle(
			itemIndex,
			async () => {
				const started = await start.repeat(() => void looked());
				return started && startedOutcome(item, started);
			},
			failed,
		);
		const isAllowed = looked();
		if (this.items.outcomes[itemIndex]) return;
		await isAllowed;
		await this.settle(itemIndex, async () => startedOutcome(item, await start.begin()), failed);
	}

	/** Notes an item's outcome, if there is one. */
	private async settle(
		itemIndex: number,
		work: () => Promise<Outcome | undefined>,
		failed = async (error: unknown): Promise<Outcome> => {
			if (error instanceof NotNow) return { records: [error.output] };
			return error instanceof NotSent ? {} : failedOutcome(this.items, error, itemIndex);
		},
	): Promise<void> {
		try {
			this.items.outcomes[itemIndex] = await work();
		} catch (error) {
			// Nothing may come before this: no other item begins once it is known that this one has failed.
			if (this.stopsOnFail && !(error instanceof NotNow)) this.failure.abort();
			this.items.outcomes[itemIndex] = await failed(error);
		}
	}

	private requestsOf(
		itemIndex: number,
		{ timeoutMs, isDryRun }: RequestOptions,
		isNow?: IsNow,
		hasRoom: RunTools['hasRoom'] = () => undefined,
	): { send: Send; tools: RunTools } {
		const { stopSignal, once } = this;
		const inTurn = this.turnsOfItem();
		const send: Send = async (request, read) =>
			await inTurn(async () => {
				const result = await this.sendNow(itemIndex, timeoutMs, stopSignal, isNow)(request, read);
				this.limit.recover();
				return result;
			});
		const credential = this.items.credentialOfItem(itemIndex);
		return { send, tools: { stopSignal, inTurn, credential, timeoutMs, isDryRun, once, hasRoom } };
	}

	/** @returns looks for starts in the account of an item */
	private async searchOf(starts: StartKind, { credential }: RunTools, send: Send): Promise<StartSearch> {
		const { data } = await credential();
		const account = JSON.stringify([data?.apiKey, data?.baseUrl]);
		const search = this.searches.get(account) ?? new StartSearch(starts as Findable, send);
		this.searches.set(account, search);
		return search;
	}

	private sendNow(itemIndex: number, timeoutMs: number, stopSignal?: AbortSignal, isNow?: IsNow): Send {
		const credential = this.items.credentialOfItem(itemIndex);
		const onRateLimited = () => this.limit.slowDown();
		const sending = { timeoutMs, credential, stopSignal, onRateLimited };
		const { context } = this.items;
		const lasting = detached(context);
		return async (request, read) => {
			const { starts } = request;
			// A stop aborts no start that is under way: its answer has the ID of what costs money.
			const isLasting = stopSignal === NEVER_STOPPED || starts !== undefined;
			// Before a call is sent again, VideoSDK may have asked for minutes of patience.
			const inTurn = async <T>(attempt: () => Promise<T>): Promise<T> => {
				if (starts) isNow?.(starts);
				return await attempt();
			};
			// Whatever came after the call would concern one that was made.
			const more = starts && { inTurn };
			return await apiRequest(isLasting ? lasting : context, request, read, { ...sending, ...more });
		};
	}

	/**
	 * Makes the function by which an item waits for its turn. It keeps the turn until it has asked for the next one or noted its
	 * failure: only then may another item begin.
	 */
	private turnsOfItem() {
		let hasBegun = false;
		return async <T>(work: () => Promise<T>): Promise<T> =>
			await new Promise((resolve, reject) => {
				void this.limit.run(async () => {
					try {
						if (!hasBegun) await this.untilCertain();
						if (this.stopSignal.aborted) throw new NotSent();
						hasBegun = true;
						resolve(await work());
					} catch (error) {
						reject(error);
					}
					await sleep(0);
				}, hasBegun);
			});
	}

	/** Waits until the outcome of every earlier start is known. */
	private async untilCertain(): Promise<void> {
		for (let known: unknown; known !== this.doubts; await sleep(0)) {
			known = this.doubts;
			await known;
		}
	}

	/** Closes an item's room, unless what it is for may have been started. @returns the room if it is still open */
	private async close(roomId: string, isInDoubt: boolean, send: Send): Promise<LeftOpenRoom | undefined> {
		if (isInDoubt) return { roomId };
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
