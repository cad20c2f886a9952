/** What keeps something from being started, although its fields are right. startOnce.ts says when each is looked at. */
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

/** Thrown in place of what isn't to be started: its item has neither started anything nor failed. */
export class NotNow extends Error {
	/** @param output of the item */
	constructor(readonly output: IDataObject) {
		super();
	}
}

/** @param more what the output says besides */
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

/** n8n's token in the URLs of the execution, with which anyone could continue it. */
const RESUME_TOKEN = /([?&]signature=)\w+/g;

/**
 * Makes the sender of a dry run: what only reads is sent, so that it finds what a real run would.
 *
 * @param to the number that is called, if one is
 * @returns throws NotNow, with the request, in place of sending one that creates or changes something
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
 * An evaluation would reach people for each of its cases, and n8n ends a case as soon as its execution waits.
 *
 * @returns why an operation does nothing in an evaluation, in words; undefined if it may
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
