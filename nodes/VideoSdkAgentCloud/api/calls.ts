import type { IDataObject } from 'n8n-workflow';
import { recordWith, startMsOf, unlessDeclined } from './http/responseReaders';
import type { Send } from './http/client';
import { isCallOver } from './callOutcome';
import { describeCall } from './callRecord';
import { endOnce } from './endOnce';
import { listPages, type ListRequest } from './http/pagination';

/** The body of a call. Undefined fields are not sent. */
export interface CallBody {
	/** A phone number or a SIP URI. */
	sipCallTo: string;
	sipCallFrom: string;
	routingRuleId: string;
	destinationRoomId?: string;
	metadata?: IDataObject;
	/** Whether the API responds only when someone has picked up, or the phone has stopped ringing. */
	waitUntilAnswered?: boolean;
	/** How long the phone rings, in seconds. */
	ringingTimeout?: number;
	/** After how long VideoSDK hangs up, in seconds. */
	maxCallDuration?: number;
}

const ROOT = ['v2', 'sip', 'call'];
const readCall = recordWith(['callId', 'id'], describeCall);

/**
 * Makes a call. The request is sent once: see `retryDelay`.
 *
 * @param timeoutMs how long to wait for the response. With `waitUntilAnswered`, it has to be longer than the phone rings
 * @returns the call, with the numbers and the room that it was made with
 */
export async function makeCall(send: Send, body: CallBody, timeoutMs: number): Promise<IDataObject> {
	const call = await send(
		{ method: 'POST', path: ROOT, body: { ...body }, timeoutMs, starts: 'call', startsFor: body.sipCallTo },
		readCall,
	);
	const { sipCallTo: to, sipCallFrom: from, destinationRoomId: roomId } = body;
	return describeCall({ ...call, to: call.to || to, from: call.from || from, roomId: roomId ?? call.roomId });
}

/** @returns a reader for the record of this call, which ignores the record of another call */
const readOwn = (callId: string) => (answer: IDataObject) => {
	const call = readCall(answer);
	const isAsked = (id: unknown) => String(id).toLowerCase() === callId.toLowerCase();
	if (call === undefined || isAsked(call.callId)) return call;
	return isAsked(call.id) ? { ...call, callId } : undefined;
};

/** Fetches a call in its current state. */
export async function getCall(send: Send, callId: string): Promise<IDataObject> {
	return await send({ method: 'GET', path: [...ROOT, callId] }, readOwn(callId));
}

/** Sends one request to hang up. @returns the call. @throws ApiError, also if the call is over already */
export async function requestCallEnd(send: Send, callId: string): Promise<IDataObject> {
	const read = unlessDeclined(readOwn(callId));
	return await send({ method: 'POST', path: [...ROOT, 'end'], body: { callId } }, read);
}

/**
 * Hangs up. The request is repeated, because it does no harm twice: see `endOnce`.
 *
 * @returns the call, with `alreadyOver: true` if there was nothing to hang up
 */
export const endCall = endOnce(requestCallEnd, getCall, isCallOver);

/**
 * Transfers a call to someone else, while the agent leaves it (a cold transfer). The request is sent once: see `retryDelay`.
 *
 * @param transferTo a phone number or a SIP URI
 */
export async function transferCall(send: Send, callId: string, transferTo: string): Promise<IDataObject> {
	return await send(
		{ method: 'POST', path: [...ROOT, 'transfer'], body: { callId, transferTo }, starts: 'transfer' },
		readCall,
	);
}

/** How far back calls are searched for a user's own key, in ms. */
export const CALL_KEY_MS = 30 * 24 * 3_600_000;
/** How far a list is read at most. */
const MAX_ROWS = { toOneNumber: 500, toAll: 2_000 };

/**
 * Lists the calls that were made since a time, by whatever workflow, as far as MAX_ROWS.
 *
 * @param sinceMs in ms since 1970. Earlier rows are returned as well, if the API gives them
 * @param to Default: the calls to all numbers. The API's own search finds the calls to one
 * @returns `isWhole`: whether `rows` has all calls since that time
 */
export async function listCallsSince(
	send: Send,
	sinceMs: number,
	to?: string,
): Promise<{ rows: IDataObject[]; isWhole: boolean }> {
	const qs = { type: 'outbound', search: to, startDate: Math.floor(sinceMs) };
	const maxRows = to === undefined ? MAX_ROWS.toAll : MAX_ROWS.toOneNumber;
	const rows: IDataObject[] = [];
	// Many pages are fetched at a time only if they are likely to be needed.
	const ahead = to === undefined ? maxRows : 0;
	for await (const { rows: page, nextPage } of listPages(send, { ...CALLS, qs }, 1, ahead)) {
		rows.push(...page);
		const [firstMs = NaN, lastMs = NaN] = [page[0], page.at(-1)].map((row) => startMsOf(row ?? {}));
		// If the newest calls come first, an older one shows that all newer ones were read.
		const isPassed = lastMs < sinceMs && lastMs <= firstMs;
		if (isPassed || nextPage === undefined) return { rows, isWhole: true };
		if (rows.length >= maxRows) break;
	}
	return { rows, isWhole: false };
}

/** All calls of the project. */
export const CALLS: ListRequest = { path: ROOT, toRecord: describeCall, idFields: ['callId'] };
