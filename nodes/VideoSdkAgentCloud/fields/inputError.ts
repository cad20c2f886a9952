import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';

/**
 * Makes the error for a field whose value cannot be used.
 *
 * @param what what is wrong, with the field's display name
 * @param nextStep what the user can do about it
 * @param itemIndex the input item, counted from 0 as n8n does
 */
export function inputError(
	context: IExecuteFunctions,
	what: string,
	nextStep: string,
	itemIndex: number,
): NodeOperationError {
	return new NodeOperationError(context.getNode(), `${what} [item ${itemIndex}]`, {
		description: nextStep,
		itemIndex,
	});
}
