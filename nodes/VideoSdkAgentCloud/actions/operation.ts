import type { IDataObject, IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import type { DispatchBody } from '../api/agents';
import type { CallBody } from '../api/calls';
import type { VersionBody } from '../api/cloud';
import type { RoomBody } from '../api/rooms';
import type { StartBody } from '../api/sessions';
import type { RealtimeBody } from '../api/transcriptions';
import type { AgentData } from '../fields/agentTools';
import type { CallingHours } from '../fields/callingHours';
import type { RequestOptions } from '../fields/kit/requestOptions';
import type { RoomChoice } from '../fields/room';
import { type Field } from '../fields/kit/field';
import type { Send } from '../api/http/client';
import type { ReadCredential } from '../api/http/credential';
import type { StartKind } from '../api/startWords';
import type { ItemReader } from '../fields/kit/reader';
import type { SentWait } from '../waiting/planWait';
import type { WaitState } from '../waiting/waitState';

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

/** What the run of an item that starts nothing gets besides its sender. */
export interface ItemTools {
	/** Aborted when the item may send no more requests, because the execution was stopped or another item failed. */
	stopSignal: AbortSignal;
	/** Pauses for a time in ms, or until `stopSignal` is aborted. Meanwhile, another item has the turn. */
	pause: (ms: number) => Promise<void>;
	credential: ReadCredential;
	/** The time limit for one attempt of a request, in ms. */
	timeoutMs: number;
	/** Whether the first request that would create or change something becomes the item's output, and isn't sent. */
	isDryRun: boolean;
}

/**
 * Runs one item of an operation that starts nothing, in one request or several.
 *
 * @param send sends a request of this item
 * @returns one record, or a list of records, each of which becomes an output item
 * @throws NodeApiError or NodeOperationError in words for the user, to which runItems.ts adds the item's number
 */
export type ItemRun = (
	send: Send,
	tools: ItemTools,
) => Promise<IDataObject | IDataObject[] | OpenRecord | RecordWithFile>;

/** Where events are sent to: a URL, or without one, the execution while it waits. */
export interface EventTarget {
	endPoint?: string;
	/** Exact names, such as `session-ended`. */
	events: string[];
}

/** An agent to deploy. */
export interface Deployment {
	name: string;
	/** The user's own environment variables. */
	variables: Record<string, string>;
	region?: string;
	/** How long the agent's token is valid, in seconds. */
	validForS: number;
	body: Omit<VersionBody, 'agentId' | 'deploymentId' | 'envSecret' | 'versionTag'>;
}

/** What a start sends, without what is only known when it's sent: its key, its room, and the tokens of the agent's tools. */
export type StartRequest =
	| {
			kind: 'call';
			body: Omit<CallBody, 'destinationRoomId' | 'metadata'>;
			/** How much longer than other requests this one may take, because VideoSDK responds once it has stopped ringing, in ms. */
			ringingMs: number;
	  }
	| { kind: 'session'; body: Omit<StartBody, 'env' | 'webhook'>; webhook?: EventTarget }
	| { kind: 'dispatch'; body: Omit<DispatchBody, 'metadata'> }
	| { kind: 'transfer'; callId: string; transferTo: string }
	| { kind: 'transcription'; body: RealtimeBody }
	| { kind: 'room'; body: RoomBody }
	| { kind: 'deploy'; deployment: Deployment };

/** What has to be true for a call to be made. */
export interface CallBrakes {
	/** The number to call, cleaned, or a SIP URI. */
	to: string;
	/** Whether an item before or after this one may call the same number. */
	allowsSameNumber: boolean;
	/** The number isn't called if it was called within this time, in ms. */
	notCalledWithinMs?: number;
	/** The call isn't made outside of these hours, which are looked at as it begins, maybe hours after they were read. */
	hours?: CallingHours;
}

/** What an item starts, as data: actions/start/startItem.ts does the rest. */
export interface PreparedStart {
	request: StartRequest;
	/** Only of a call. */
	call?: CallBrakes;
	/** The room of the conversation, and where the events of one that is made for it are sent to. Default: none */
	room?: RoomChoice & { webhook?: EventTarget };
	/** What the agent is told. */
	agent?: AgentData;
	/** The user's own key, by which any execution finds what was started with it. */
	idempotencyKey?: string;
	/** Whether items of one run with the same key are meant to be one session. Calls with the same key and number are one. */
	sharesKey?: boolean;
	/** How the execution waits for what was started, if the operation waits. */
	wait?: Pick<SentWait, 'limitMs' | 'question'>;
	/** Whether the output is a call's simplified record. Default: the record as it is */
	isSimplified?: boolean;
}

/** An item that starts something. Its fields were read and are valid. */
export type StartingItem = RequestOptions & { start: PreparedStart };

/** An item whose fields were read and are valid. */
export type PreparedItem = StartingItem | (RequestOptions & { run: ItemRun });

/** @returns what an item starts, if its operation starts something */
export const preparedStartOf = (item?: PreparedItem): PreparedStart | undefined =>
	item && 'start' in item ? item.start : undefined;

/** Returns the reader for the credential of an input item, see `credentialOf`. */
export type CredentialOfItem = (itemIndex: number) => ReadCredential;

/** What is needed to wait for what the items have started. */
export interface ItemWaits {
	credential: CredentialOfItem;
	/** Returns how the execution waits for what an input item has started; undefined: the item has started nothing. */
	sentOf: (itemIndex: number) => SentWait | undefined;
	state: WaitState;
}

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
	/** Whether the operation ends or deletes something for good, which no evaluation is to do. */
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
		waits: ItemWaits,
	): Promise<INodeExecutionData[]>;
	/**
	 * Is called in place of `complete` if the node stops or fails after it has started something.
	 *
	 * @param started the records of what was started, each paired with its input item
	 */
	stop?(context: IExecuteFunctions, started: INodeExecutionData[], waits: ItemWaits): Promise<void>;
}
