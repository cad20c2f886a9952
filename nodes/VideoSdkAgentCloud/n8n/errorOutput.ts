import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

/**
 * Has n8n move an item to the error output, if the node has one, with all its fields, and those of the input added.
 *
 * n8n moves an item that has an `error` beside its `json` (WorkflowExecute.handleNodeErrorOutput), but leaves nothing but the message
 * of one that still has it afterwards (normalizeNodeErrors). It copies items on the way, so a property that isn't enumerable is seen
 * and then lost. It is lost as well where n8n stores the item: there only one that consists of `error` alone is moved.
 *
 * @param item with `error` in its `json`
 */
export function toErrorOutput(context: IExecuteFunctions, item: INodeExecutionData): INodeExecutionData {
	if (context.getNode().onError !== 'continueErrorOutput') return item;
	return Object.defineProperty({ ...item }, 'error', { value: new Error(String(item.json.error)) });
}
