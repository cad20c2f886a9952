import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { inputError } from '../fields/inputError';
import { readMaxWaitMs } from '../fields/maxWait';
import { asFlag, readCollection } from '../fields/read';
import type { ConversationKind } from '../waiting/conversation';
import { park } from '../waiting/park';
import type { Operation } from './operation';

/**
 * Rejects an operation that waits as a tool: what waits is the execution of the AI agent, which cannot.
 *
 * @param operation its name
 * @param instead the operation to use as a tool
 * @throws NodeOperationError
 */
export function rejectAsTool(
	context: IExecuteFunctions,
	operation: string,
	instead: string,
	itemIndex: number,
): void {
	if (!context.getNode().type.endsWith('Tool')) return;
	throw inputError(
		context,
		`${operation} cannot be used as a tool: an AI agent cannot wait`,
		`Use ${instead} as the tool.`,
		itemIndex,
	);
}

/**
 * @param option the boolean among the options that says so
 * @returns whether to end what still runs at the deadline
 * @throws NodeOperationError if the option's expression has no value: a call that runs on costs money
 */
function endsAtDeadline(
	context: IExecuteFunctions,
	{ name, displayName }: INodeProperties,
	itemIndex: number,
): boolean {
	const options = readCollection(context, 'options', itemIndex);
	if (!(name in options)) return false;
	const flag = asFlag(context, options[name], displayName, itemIndex);
	if (flag !== undefined) return flag;
	throw inputError(
		context,
		`'${displayName}' is empty`,
		'Its expression must return true or false.',
		itemIndex,
	);
}

/** Checks what `completeByWaiting` reads: a bad value must come to light before anything is started. @param option see there */
export function checkWait(context: IExecuteFunctions, option: INodeProperties, itemIndex: number): void {
	readMaxWaitMs(context, itemIndex);
	endsAtDeadline(context, option, itemIndex);
}

/**
 * Makes an operation wait, once for all its items, until all that it started has ended.
 *
 * @param option the boolean among the options that ends what still runs at the deadline
 */
export function completeByWaiting(kind: ConversationKind, option: INodeProperties): Operation['complete'] {
	return async (context, output, credential) =>
		await park(context, output, {
			kind,
			credential,
			maxWaitMs: (itemIndex) => readMaxWaitMs(context, itemIndex),
			endsAtDeadline: (itemIndex) => endsAtDeadline(context, option, itemIndex),
		});
}
