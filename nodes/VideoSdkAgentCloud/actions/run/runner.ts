import { sleep } from 'n8n-workflow';
import { apiRequest, type Send } from '../../api/http/client';
import { Limiter } from '../../api/http/limiter';
import { deactivateRoom } from '../../api/rooms';
import { type StartKind } from '../../api/startWords';
import type { RequestOptions } from '../../fields/kit/requestOptions';
import { type ItemRun, OpenRecord, type PreparedStart, RecordWithFile, type RunTools } from '../operation';
import { type Started } from './claims';
import { dryRun, NotNow } from './brakes';
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

/** The room of an item that failed is closed even after the user has stopped the execution. */
const NEVER_STOPPED = new AbortController().signal;

/** Is called before each request that starts something, and throws if that request isn't to be sent. */
type IsNow = (starts: StartKind) => void;

/** Thrown in place of sending a request after another item has failed or the execution was stopped. */
class NotSent extends Error {}

/** Runs the items of one run of the node, and holds what they share. */
export class Runner {
	private readonly limit: Limiter;
	/** The limit for closing rooms, which must not wait for items that are still to run. */
	private readonly closeLimit: Limiter;
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
		this.limit = new Limiter({ inFlight: maxConcurrency, isAdaptive: true });
		this.closeLimit = new Limiter({ inFlight: maxConcurrency });
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
				// The other item may have failed for a reason of its own, such as its calling hours, so this one calls `find` itself.
				if (this.found.get(key) === shared) this.found.delete(key);
			}
		}
		const found = find();
		this.found.set(key, found);
		return await found;
	};

	/** See StartRequests. If each item has its own outcome, no other item waits. */
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
	 * @param searched is called once the item is known to be no repetition, or has its outcome; resolves when the item may begin
	 */
	async start(
		run: StartRun,
		item: StartingItem,
		itemIndex: number,
		searched: () => Promise<void>,
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
			// The error is that of an earlier start, and already names the room that is still open.
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
				const started = await start.repeat(() => void searched());
				return started && startedOutcome(item, started);
			},
			failed,
		);
		const isAllowed = searched();
		if (this.items.outcomes[itemIndex]) return;
		await isAllowed;
		await this.settle(itemIndex, async () => startedOutcome(item, await start.begin()), failed);
	}

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
			// Nothing is awaited before this, because no other item may begin after this one has failed.
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
			// A stop doesn't abort a start that is under way, because the response has the ID of what costs money.
			const isLasting = stopSignal === NEVER_STOPPED || starts !== undefined;
			// A start may be sent again only minutes later (Retry-After), so `isNow` is called for each attempt.
			const inTurn = async <T>(attempt: () => Promise<T>): Promise<T> => {
				if (starts) isNow?.(starts);
				return await attempt();
			};
			// Requests that start nothing aren't checked, because those after a call are about a call that was made.
			const more = starts && { inTurn };
			return await apiRequest(isLasting ? lasting : context, request, read, { ...sending, ...more });
		};
	}

	/**
	 * Makes the function by which an item waits for its turn. An item keeps its turn until it has asked for the next one or its failure is
	 * noted, because only then may another item begin.
	 */
	private turnsOfItem() {
		let hasBegun = false;
		return async <T>(work: () => Promise<T>): Promise<T> =>
			await new Promise((resolve, reject) => {
				void this.limit.run(
					this,
					async () => {
						try {
							if (!hasBegun) await this.untilCertain();
							if (this.stopSignal.aborted) throw new NotSent();
							hasBegun = true;
							resolve(await work());
						} catch (error) {
							reject(error);
						}
						await sleep(0);
					},
					hasBegun,
				);
			});
	}

	/** Waits until the outcome of every earlier start is known. */
	private async untilCertain(): Promise<void> {
		for (let known: unknown; known !== this.doubts; await sleep(0)) {
			known = this.doubts;
			await known;
		}
	}

	/** Closes an item's room, unless the session or call in it may have been started. @returns the room if it's still open */
	private async close(roomId: string, isInDoubt: boolean, send: Send): Promise<LeftOpenRoom | undefined> {
		if (isInDoubt) return { roomId };
		return await this.closeLimit
			.run(this, async () => await deactivateRoom(send, roomId))
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
