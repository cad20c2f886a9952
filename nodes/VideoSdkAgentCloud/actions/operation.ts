import type { IDataObject, IDisplayOptions, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { Send } from '../transport/request';

/**
 * One item's call, ready to run. It gives one record, or a list of them of which each becomes an item.
 *
 * @param send makes a request of this item when it is its turn
 * @param stopSignal tells that no more requests are made: the execution was stopped, or another item failed
 * @throws NodeApiError in words for the user
 */
export type Call = (send: Send, stopSignal: AbortSignal) => Promise<IDataObject | IDataObject[]>;

/** An operation of the node: each file `<resource>/<operation>.operation.ts` exports these two. */
export interface Operation {
	/** The operation's parameters. */
	description: INodeProperties[];
	/**
	 * Reads and checks the fields of one item, without any request. All items are prepared before the first request is made, so
	 * that a bad field in the last item does not leave half of the sessions started.
	 *
	 * @throws NodeOperationError naming the field and the item
	 */
	prepare(context: IExecuteFunctions, itemIndex: number): Call;
}

/** Shows a parameter for some operations of a resource only. */
export function showFor(resource: string, operations: string[]): IDisplayOptions {
	return { show: { resource: [resource], operation: operations } };
}
