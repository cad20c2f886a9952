/** What keeps something from being started, although its fields are right. startOnce.ts says when each is looked at. */
import { type IDataObject, type IExecuteFunctions } from 'n8n-workflow';
import { holdsExpression } from '../../api/credential';
import { emptyOnlyCall, readOnlyCall } from '../../fields/onlyCall';
import type { PreparedStart, RunTools } from '../operation';
import { phoneKey } from './sameNumber';

/** Thrown in place of what isn't to be started: its item has neither started anything nor failed. */
export class NotNow extends Error {
	/** @param output of the item */
	constructor(readonly output: IDataObject) {
		super(String(output.reason));
	}
}

/** @param more what the output says besides */
export const notCalled = (to: string | undefined, reason: string, reasonCode: string, more?: IDataObject): NotNow =>
	new NotNow({ outcome: 'notCalled', to, reason, reasonCode, ...more });

/** @throws NotNow outside the calling hours of a call */
export function checkHours({ call }: PreparedStart): void {
	const outside = call?.notNow(Date.now());
	if (call === undefined || outside === undefined) return;
	const { reason, callableFrom } = outside;
	throw notCalled(call.to, reason, 'hours', { callableFrom });
}

/**
 * Looks whether the credential lets a number be called.
 *
 * @throws NotNow if it doesn't; NodeOperationError if its list can't be read, whatever is to be started
 */
export async function checkAllowed(
	context: IExecuteFunctions,
	{ call, transferTo }: PreparedStart,
	{ credential, once }: Pick<RunTools, 'credential' | 'once'>,
): Promise<void> {
	const { data } = await credential();
	const numbers = readOnlyCall(context, data?.onlyCall);
	const callee = call?.to ?? transferTo;
	if (callee === undefined) return;
	if (numbers === undefined) {
		const isExpression = async () => await holdsExpression(context, 'onlyCall');
		if (await once('onlyCall is an expression', isExpression)) throw emptyOnlyCall(context);
		return;
	}
	if (numbers.some((number) => phoneKey(number) === phoneKey(callee))) return;
	const reason = "The credential's 'Only Call These Numbers' doesn't list this number";
	throw notCalled(callee, reason, 'notAllowed');
}
