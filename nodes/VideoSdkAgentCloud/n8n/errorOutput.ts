import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

/**
 * Makes n8n move an item to the error output, if the node has one, with all its fields, to which n8n adds those of the input.
 *
 * n8n moves an item that has an `error` beside its `json` (WorkflowExecute.handleNodeErrorOutput). But if the item still has it afterwards,
 * n8n leaves nothing of it but the message (WorkflowExecute.normalizeNodeErrors). In between, n8n copies the item, so a property that isn't
 * enumerable is seen first and then lost. It's also lost if n8n stores the item. Of stored items, n8n moves only those with nothing but
 * `error`, and in 2.41 `message` and `details`.
 *
 * @param item the item, with `error` in its `json`
 *
 * until: normalizeNodeErrors leaves the fields of an item that was moved.
 */
export function toErrorOutput(context: IExecuteFunctions, item: INodeExecutionData): INodeExecutionData {
	if (context.getNode().onError !== 'continueErrorOutput') return item;
	return Object.defineProperty({ ...item }, 'error', { value: new Error(String(item.json.error)) });
}
