import type { IDataObject, IDisplayOptions, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { RequestOptions } from '../fields/requestOptions';

/** What an item's call may use while it runs. */
export interface CallTools {
	/** To be called when the API answers that there are too many requests. */
	onRateLimited: () => void;
}

/**
 * One item's call, ready to run. It gives one record, or a list of them of which each becomes an item.
 *
 * @throws NodeApiError in words for the user
 */
export type Call = (tools: CallTools) => Promise<IDataObject | IDataObject[]>;

/**
 * An operation of the node: each file `<resource>/<operation>.operation.ts` exports these two.
 */
export interface Operation {
	/** The operation's parameters. */
	description: INodeProperties[];
	/**
	 * Reads and checks the fields of one item, without any request. All items are prepared before the first request is made, so
	 * that a bad field in the last item does not leave half of the sessions started.
	 *
	 * @throws NodeOperationError naming the field and the item
	 */
	prepare(context: IExecuteFunctions, itemIndex: number, options: RequestOptions): Call;
}

/** Shows a parameter for some operations of a resource only. */
export function showFor(resource: string, operations: string[]): IDisplayOptions {
	return { show: { resource: [resource], operation: operations } };
}
