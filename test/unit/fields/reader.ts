import { type IDataObject, NodeOperationError } from 'n8n-workflow';
import { ItemReader } from '../../../nodes/VideoSdkAgentCloud/fields/kit/reader';
import { fieldsContext, thrownBy } from '../support';

export const ITEM = 4;

/** Reads parameters as those of the fifth item. @param item its JSON */
export const reader = (parameters: Record<string, unknown>, item?: IDataObject): ItemReader =>
	new ItemReader(fieldsContext(parameters, item), ITEM);

/** Checks that a field is rejected in words: what is wrong, where, and what to do. */
export function expectRejection(call: () => unknown, message: string): void {
	const error = thrownBy(call) as NodeOperationError;
	expect(error).toBeInstanceOf(NodeOperationError);
	expect(error.message).toContain(message);
	expect(error.context.itemIndex).toBe(ITEM);
	expect(String(error.description)).not.toBe('');
}
