import type {
	IBinaryKeyData,
	ICredentialsDecrypted,
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
} from 'n8n-workflow';
import type { Send } from '../api/client';
import type { Startable } from '../api/startable';
import type { ItemReader } from '../fields/reader';

/** A record that comes with a file. */
export class RecordWithFile {
	constructor(
		readonly json: IDataObject,
		readonly binary: IBinaryKeyData,
	) {}
}

/** Runs work of an item that is no request to the API when it is its turn, and not after a stop. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * One item's call, ready to run. It gives one record, or a list of them of which each becomes an item.
 *
 * @param send sends a request of this item when it is its turn
 * @param stopSignal aborted when no more requests are made: the execution was stopped, or another item failed
 * @throws NodeApiError in words for the user
 */
export type Call = (
	send: Send,
	stopSignal: AbortSignal,
	inTurn: InTurn,
) => Promise<IDataObject | IDataObject[] | RecordWithFile>;

/** An operation of the node: what each file `<resource>/<operation>.operation.ts` exports as `operation`. */
export interface Operation {
	/** As workflows hold it. */
	value: string;
	/** In the list of operations, in Title Case. */
	name: string;
	/** Becomes the node's name on the canvas. An AI model reads it of a tool, so it says what costs money or reaches a person. */
	action: string;
	description: string;
	/** false: an AI agent cannot use it. Default: true */
	isTool?: boolean;
	/** What it starts, if anything: then nothing is sent again that may have been carried out. */
	starts?: Startable;
	/** Requests in flight if the user has not set 'Max Concurrency'. The same is to be given to `optionsField`. */
	maxConcurrency?: number;
	/** How much of it may be in flight at most, where that takes a lot of memory. Default: as the user sets it */
	maxInFlight?: number;
	/** Its parameters. Their `displayOptions` need not name the resource and the operation. */
	fields: INodeProperties[];
	/**
	 * Reads and checks the fields of one item, without any request. All items are prepared before the first request is made, so
	 * that a bad field in the last item does not leave half of the sessions started.
	 *
	 * @throws NodeOperationError naming the field and the item
	 */
	prepare(read: ItemReader): Call;
	/**
	 * What is left to do when all items have been run.
	 *
	 * @param output the output so far, each item paired with its input item
	 * @param credentialOfItem gives the credential of an input item, see `credentialOf`
	 * @returns the output
	 */
	complete?(
		context: IExecuteFunctions,
		output: INodeExecutionData[],
		credentialOfItem: (itemIndex: number) => () => Promise<ICredentialsDecrypted>,
	): Promise<INodeExecutionData[]>;
}

/** What operations act on: what each `<resource>/index.ts` exports. */
export interface Resource {
	/** As workflows hold it. */
	value: string;
	name: string;
	/** The operation of a new node. */
	defaultOperation: string;
	/** In alphabetical order of their names, as the editor shows them. */
	operations: Operation[];
}
