import { type IDataObject } from 'n8n-workflow';
import { type Send } from '../api/http/client';
import { pathOf } from '../api/http/path';
import { notCalled, NotNow } from './notCalled';

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
