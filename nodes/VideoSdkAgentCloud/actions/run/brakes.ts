/** The checks that keep something from being started although its fields are valid. startOnce.ts decides when each one is made. */
import { type IDataObject, type IExecuteFunctions } from 'n8n-workflow';
import { type Send } from '../../api/http/client';
import { holdsExpression } from '../../api/http/credential';
import { pathOf } from '../../api/http/path';
import { STARTS } from '../../api/startWords';
import { emptyOnlyCall, readOnlyCall } from '../../fields/onlyCall';
import { dryRunField } from '../../fields/kit/requestOptions';
import { isEvaluation } from '../../n8n/evaluation';
import type { Operation, PreparedStart, RunTools } from '../operation';
import type { ReasonCode } from './itemOutcome';
import { phoneKey } from './sameNumber';

/** Thrown if something isn't to be started now. Its item has neither started anything nor failed. */
export class NotNow extends Error {
	/** @param output the item's output */
	constructor(readonly output: IDataObject) {
		super();
	}
}

/** @returns the error for a call that isn't made. @param more further fields of the output */
export const notCalled = (
	to: string | undefined,
	reason: string,
	reasonCode: ReasonCode,
	more?: IDataObject,
): NotNow => new NotNow({ outcome: 'notCalled', to, reason, reasonCode, ...more });

/** @throws NotNow outside the calling hours of a call */
export function checkHours({ call }: PreparedStart): void {
	const outside = call?.notNow(Date.now());
	if (call === undefined || outside === undefined) return;
	const { reason, callableFrom } = outside;
	throw notCalled(call.to, reason, 'hours', { callableFrom });
}

/**
 * Checks whether the credential's 'Only Call These Numbers' allows the number.
 *
 * @throws NotNow if it doesn't; NodeOperationError if the list can't be read, even if no number is called
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

/** n8n's token in the execution's resume URLs. It's masked, because anyone could continue the execution with it. */
const RESUME_TOKEN = /([?&]signature=)\w+/g;

/**
 * Makes the sender of a dry run, which sends GET requests only, so that the dry run finds what a real run would.
 *
 * @param to the number to call, if the operation calls one
 * @returns a sender that throws NotNow, with the request, in place of sending any other request
 */
export function dryRun(send: Send, to?: string): Send {
	return async (sent, read) => {
		const { method, path, body } = sent;
		if (method === 'GET') return await send(sent, read);
		const text = JSON.stringify({ method, path: pathOf(path), body }).replace(RESUME_TOKEN, '$1…');
		const request = JSON.parse(text) as IDataObject;
		if (to === undefined) throw new NotNow({ dryRun: true, request });
		throw notCalled(to, 'Dry run', 'dryRun', { request });
	};
}

const EVALUATION_ADVICE = 'Turn on Dry Run, or put Evaluation: Check if Evaluating before this node';

/**
 * Keeps an evaluation from reaching people for each of its cases. An evaluation can't wait either, because n8n ends a case as soon as
 * its execution waits (test/e2e/evaluation).
 *
 * @returns why the operation does nothing, in words; undefined if no evaluation runs, or the operation is harmless in one
 */
export function refusalOfEvaluation(
	context: IExecuteFunctions,
	{ options, starts, complete }: Operation,
): string | undefined {
	if (!options?.includes(dryRunField) || !isEvaluation(context)) return undefined;
	if (starts === undefined) return `In an evaluation, nothing is changed. ${EVALUATION_ADVICE}`;
	const { one, started } = STARTS[starts];
	const none = starts === 'call' || starts === 'transfer' ? 'No one was called.' : 'Nothing was sent.';
	const why = complete
		? `An evaluation can't wait for a ${one}: n8n ends the case.`
		: `In an evaluation, no ${one} is ${started}.`;
	return `${why} ${none} ${EVALUATION_ADVICE}`;
}
