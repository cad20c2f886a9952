import type { IDataObject, IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import type { OutsideHours } from '../fields/callingHours';
import { type Field } from '../fields/kit/field';
import type { Send } from '../api/http/client';
import type { ReadCredential } from '../api/http/credential';
import type { StartKind } from '../api/startWords';
import type { ItemReader } from '../fields/kit/reader';
import type { SentWait } from '../waiting/planWait';

/** A record that comes with a file. */
export class RecordWithFile {
	constructor(
		readonly json: IDataObject,
		readonly binary: INodeExecutionData['binary'],
	) {}
}

/** A record that is to be waited for, see `complete`. */
export class OpenRecord {
	constructor(
		readonly json: IDataObject,
		readonly wait: SentWait,
	) {}
}

/** What the runner gives to an item while it runs. */
export interface RunTools {
	/** Aborted when no more requests are made: the execution was stopped, or another item failed. */
	stopSignal: AbortSignal;
	/** Runs work that is no request to the API when it is the item's turn, and not after a stop. */
	inTurn: <T>(work: () => Promise<T>) => Promise<T>;
	/** Reads the item's credential. */
	credential: ReadCredential;
	/** For one attempt of a request, in ms. */
	timeoutMs: number;
	/** Requests that create or change anything aren't sent. The first of them is the item's output. */
	isDryRun: boolean;
	/** Finds what several items need only once. @param key names it */
	once: <T>(key: string, find: () => Promise<T>) => Promise<T>;
	/** Declares the room that was made for the item: the runner closes it if the item then fails for certain. */
	hasRoom: (roomId: string) => void;
}

/**
 * Runs one item, in one request or several. It gives one record, or a list of them of which each becomes an item.
 *
 * @param send sends a request of this item when it is its turn
 * @throws NodeApiError or NodeOperationError in words for the user, without the item: the runner adds it
 */
export type ItemRun = (
	send: Send,
	tools: RunTools,
) => Promise<IDataObject | IDataObject[] | OpenRecord | RecordWithFile>;

/** What is ready to be started: nothing was sent so far, but a room may have been created. */
export interface ReadyStart {
	/**
	 * Sends the request that starts it.
	 *
	 * @param key by which it can be found again, if there is one
	 * @returns the whole record
	 */
	post(send: Send, key: string | undefined): Promise<IDataObject>;
	/** How an execution waits for it, if the operation waits. */
	wait?: SentWait;
}

/** What the runner gives to the start of an item. */
export interface StartTools extends RunTools {
	/** The ID for a room that is made for this start alone. Undefined: VideoSDK gives it one. */
	customRoomId?: string;
}

/** An item that starts something, see actions/run/startOnce.ts. */
export interface PreparedStart {
	/** Of a call. */
	call?: {
		/** The number to call, cleaned, or a SIP URI. */
		to: string;
		/** Whether an item before or after this one may call the same number. */
		allowsSameNumber: boolean;
		/** Whether VideoSDK answers when someone has picked up, or no one has. */
		waitsForAnswer: boolean;
		/** The number isn't called if another call to it was made so short a time ago, in ms. */
		notCalledWithinMs?: number;
		/**
		 * Asked right before the item's first request, and each that starts something: that may be hours after its fields were read.
		 *
		 * @returns why the call isn't to be made now; undefined if it is
		 */
		notNow(nowMs: number): OutsideHours | undefined;
	};
	/** The number that a call is transferred to, cleaned, or a SIP URI. */
	transferTo?: string;
	/** Of a session. */
	deploymentId?: string;
	/** The user's text by which any execution finds what was started with it. */
	idempotencyKey?: string;
	/** Gets all that the start needs: a room, access to tools. @throws NodeApiError or NodeOperationError in words for the user */
	arrange(send: Send, tools: StartTools): Promise<ReadyStart>;
	/** Makes the output of what was started. */
	show(record: IDataObject): IDataObject;
}

/** Gives the credential of an input item, see `credentialOf`. */
export type CredentialOfItem = (itemIndex: number) => ReadCredential;

/** Gives how what an input item has started is waited for; undefined: it has started nothing. */
export type WaitOfItem = (itemIndex: number) => SentWait | undefined;

/** An operation of the node: what each file `<resource>/<operation>.operation.ts` exports as `operation`. */
export interface Operation {
	/** As workflows hold it. */
	value: string;
	/** In the list of operations. Default: its value in Title Case */
	name?: string;
	/** Becomes the node's name on the canvas, so it is short. */
	action: string;
	/** In the list of operations. Of a tool, an AI model reads it, too, so it says what costs money or reaches a person. */
	description: string;
	/** What each use of it as a tool does that cannot be taken back, such as "costs money". */
	consequence?: string;
	/** It asks one person at a time. n8n makes the human review of other tools from it. */
	isQuestion?: boolean;
	/** false: an AI agent cannot use it. Default: true */
	isTool?: boolean;
	/** What it starts, if anything: then nothing is sent again that may have been carried out. */
	starts?: StartKind;
	/** It ends something that other nodes may still need, if n8n runs it too early. */
	ends?: boolean;
	/** Requests in flight if the user has not set 'Max Concurrency'. */
	maxConcurrency?: number;
	/** How much of it may be in flight at most, where that takes a lot of memory. Default: as the user sets it */
	maxInFlight?: number;
	/** Its parameters, except Options. The node adds the resource and operation to their `displayOptions`. */
	fields: INodeProperties[];
	/** Its own options, beside those of its requests; null: it makes no request and has no Options. */
	options?: Field[] | null;
	/**
	 * Reads and checks the fields of one item, without any request. All items are prepared before the first request is made, so
	 * that a bad field in the last item does not leave half of the sessions started.
	 *
	 * @throws NodeOperationError naming the field
	 */
	prepare(read: ItemReader): ItemRun | PreparedStart;
	/** Whether an item may have to be waited for, if the operation waits. Default: yes */
	mayWait?(read: ItemReader): boolean;
	/** The output of an item that was not waited for. Default: what was started, unchanged */
	show?(read: ItemReader, record: IDataObject): IDataObject;
	/**
	 * What is left to do when all items have been run.
	 *
	 * @param output the output so far, each item paired with its input item
	 * @returns the output
	 */
	complete?(
		context: IExecuteFunctions,
		output: INodeExecutionData[],
		credential: CredentialOfItem,
		waitOf: WaitOfItem,
	): Promise<INodeExecutionData[]>;
	/**
	 * What is left to do for what was started, if the node stops or fails instead.
	 *
	 * @param started its records, each paired with its input item
	 */
	stop?(
		context: IExecuteFunctions,
		started: INodeExecutionData[],
		credential: CredentialOfItem,
		waitOf: WaitOfItem,
	): Promise<void>;
}
