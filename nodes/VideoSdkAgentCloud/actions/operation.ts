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

/** A record for whose call or session `complete` waits. */
export class OpenRecord {
	constructor(
		readonly json: IDataObject,
		readonly wait: SentWait,
	) {}
}

/** The functions and settings that the runner gives to an item. */
export interface RunTools {
	/** Aborted when the item may send no more requests, because the execution was stopped or another item failed. */
	stopSignal: AbortSignal;
	/** Runs work other than a request to the API when it's the item's turn, unless `stopSignal` is aborted by then. */
	inTurn: <T>(work: () => Promise<T>) => Promise<T>;
	credential: ReadCredential;
	/** The time limit for one attempt of a request, in ms. */
	timeoutMs: number;
	/** Whether the first request that would create or change something becomes the item's output, and isn't sent. */
	isDryRun: boolean;
	/** Calls `find` once for all items that need the same thing. @param key names that thing */
	once: <T>(key: string, find: () => Promise<T>) => Promise<T>;
	/** Tells the runner which room was created for the item, so that it closes the room if the item then certainly fails. */
	hasRoom: (roomId: string) => void;
}

/**
 * Runs one item, in one request or several.
 *
 *
 * @param send sends a request of this item when it is its turn
 * @returns one record, or a list of records, each of which becomes an output item
 * @throws NodeApiError or NodeOperationError in words for the user, to which the runner adds the item's number
 */
export type ItemRun = (
	send: Send,
	tools: RunTools,
) => Promise<IDataObject | IDataObject[] | OpenRecord | RecordWithFile>;

/** A start for which everything is ready: its request wasn't sent yet, but a room may have been created. */
export interface ReadyStart {
	/**
	 * Sends the request that starts the call, session, or whatever else it is.
	 *
	 * @param key is sent along, so that what was started can be found again by it; undefined: there is none
	 * @returns the whole record
	 */
	post(send: Send, key: string | undefined): Promise<IDataObject>;
	/** How the execution waits for what was started, if the operation waits. */
	wait?: SentWait;
}

/** The functions and settings that the runner gives to the start of an item. */
export interface StartTools extends RunTools {
	/** The custom ID for a room that is created for this start alone; undefined: VideoSDK chooses the ID. */
	customRoomId?: string;
}

/** The start of an item, as actions/run/startOnce.ts carries it out. */
export interface PreparedStart {
	/** The start of a call has this in addition. */
	call?: {
		/** The number to call, cleaned, or a SIP URI. */
		to: string;
		/** Whether an item before or after this one may call the same number. */
		allowsSameNumber: boolean;
		/** Whether VideoSDK responds only when someone has picked up, or the phone has stopped ringing. */
		waitsForAnswer: boolean;
		/** The number isn't called if it was called within this time, in ms. */
		notCalledWithinMs?: number;
		/**
		 * Is called right before the item's first request and before each request that starts something, which may be hours after the
		 * fields were read.
		 *
		 * @returns why the call isn't to be made now; undefined if it is
		 */
		notNow(nowMs: number): OutsideHours | undefined;
	};
	/** The number that a call is transferred to, cleaned, or a SIP URI. */
	transferTo?: string;
	deploymentId?: string;
	/** The user's own key, by which any execution finds what was started with it. */
	idempotencyKey?: string;
	/**
	 * Gets ready what the start needs, such as a room or access to tools.
	 *
	 * @throws NodeApiError or NodeOperationError in words for the user
	 */
	arrange(send: Send, tools: StartTools): Promise<ReadyStart>;
	show(record: IDataObject): IDataObject;
}

/** Returns the reader for the credential of an input item, see `credentialOf`. */
export type CredentialOfItem = (itemIndex: number) => ReadCredential;

/** Returns how the execution waits for what an input item has started; undefined: the item has started nothing. */
export type WaitOfItem = (itemIndex: number) => SentWait | undefined;

/** An operation of the node. Each file `<resource>/<operation>.operation.ts` exports one as `operation`. */
export interface Operation {
	/** The value that is stored in workflows. */
	value: string;
	/** The name in the list of operations. Default: the value in Title Case */
	name?: string;
	/** The text of n8n's nodes panel, which becomes the node's name on the canvas, so it's short. */
	action: string;
	/** The description in the list of operations. AI models read it as well, so it says what costs money or reaches a person. */
	description: string;
	/** What each use as a tool does that can't be undone, such as "costs money". */
	consequence?: string;
	/** Whether the operation asks one person a question. n8n makes the human review of other tools from such an operation. */
	isQuestion?: boolean;
	/** Whether an AI agent can use the operation. Default: true */
	isTool?: boolean;
	/** What the operation starts, if anything. A start that may have been carried out is never sent again. */
	starts?: StartKind;
	/** Whether the operation ends something that other nodes may still need if n8n runs it too early. */
	ends?: boolean;
	/** The number of requests in flight if the user hasn't set 'Max Concurrency'. */
	maxConcurrency?: number;
	/** The highest number of items in flight, where each takes a lot of memory. Default: what the user has set */
	maxInFlight?: number;
	/** The parameters, except Options. The node adds the resource and operation to their `displayOptions`. */
	fields: INodeProperties[];
	/** The operation's own options, which are added to those of all requests; null: it makes no request and has no Options. */
	options?: Field[] | null;
	/**
	 * Reads and checks the fields of one item, without any request. All items are prepared before the first request is made, so
	 * that a bad field in the last item does not leave half of the sessions started.
	 *
	 * @throws NodeOperationError naming the field
	 */
	prepare(read: ItemReader): ItemRun | PreparedStart;
	/** Whether the execution may have to wait for an item, if the operation waits. Default: yes */
	mayWait?(read: ItemReader): boolean;
	/** Makes the output of an item for which the execution didn't wait. Default: the record of what was started */
	show?(read: ItemReader, record: IDataObject): IDataObject;
	/**
	 * Is called when all items have run.
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
	 * Is called in place of `complete` if the node stops or fails after it has started something.
	 *
	 * @param started the records of what was started, each paired with its input item
	 */
	stop?(
		context: IExecuteFunctions,
		started: INodeExecutionData[],
		credential: CredentialOfItem,
		waitOf: WaitOfItem,
	): Promise<void>;
}
