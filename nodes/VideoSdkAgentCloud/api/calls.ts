import type { IDataObject } from 'n8n-workflow';
import { recordWith } from './answer';
import type { Send } from './client';
import type { ListRequest } from './pagination';
import { pathOf } from './path';

/** The statuses of a call (`@videosdk.live/server-sdk` 0.1.1, SipCallStatus). */
export const CALL_STATUSES = [
	'abandoned',
	'answered',
	'ended',
	'failed',
	'incoming',
	'initiated',
	'missed',
	'not-answered',
	'rejected',
	'ringing',
	'switch-room-completed',
	'switch-room-failed',
	'switch-room-initiated',
	'transfer-accepted',
	'transfer-failed',
	'transfer-initiated',
	'transfer-ringing',
	'transferred',
	'transferring',
	'verified',
];
/**
 * The statuses in which a call is over. An unknown status is not one of them, nor is a failed transfer: the talk goes on.
 * `completed` is how older samples of the API's documentation spell `ended`.
 */
export const CALL_TERMINAL_STATUSES = [
	'abandoned',
	'completed',
	'ended',
	'failed',
	'missed',
	'not-answered',
	'rejected',
	'transferred',
];

/** The body of a call. Either a routing rule with the number to call from, or a gateway. Undefined fields are not sent. */
export interface CallBody {
	/** A phone number or a SIP URI. */
	sipCallTo: string;
	sipCallFrom?: string;
	routingRuleId?: string;
	gatewayId?: string;
	destinationRoomId?: string;
	participant?: { name: string };
	metadata?: IDataObject;
	/** Counts with a gateway only: else the routing rule decides. */
	recordAudio?: boolean;
	/** The API then answers when somebody has picked up, or nobody has. */
	waitUntilAnswered?: boolean;
	/** In seconds. */
	ringingTimeout?: number;
	/** In seconds. */
	maxCallDuration?: number;
}

/** The names of a call's fields, with those by which some answers call them. */
const SPELLINGS = { callId: 'id', to: 'sipCallTo', from: 'sipCallFrom' };

/** @returns a call with all its own fields, and with `callId`, `to` and `from` however the API has spelled them */
function withPlainNames(call: IDataObject): IDataObject {
	const missing = Object.entries(SPELLINGS).filter(([name, other]) => !call[name] && call[other]);
	return { ...call, ...Object.fromEntries(missing.map(([name, other]) => [name, call[other]])) };
}

const ROOT = ['v2', 'sip', 'call'];
const findCall = recordWith('callId', 'id');

function readCall(answer: IDataObject): IDataObject | undefined {
	const call = findCall(answer);
	return call && withPlainNames(call);
}

/**
 * Makes a call. The request is sent once: see `retryDelay`.
 *
 * @param timeoutMs how long to wait for the answer. With `waitUntilAnswered` it must be longer than the phone rings.
 */
export async function makeCall(send: Send, body: CallBody, timeoutMs: number): Promise<IDataObject> {
	return await send(
		{ method: 'POST', path: pathOf(...ROOT), body: { ...body }, timeoutMs, starts: 'call' },
		readCall,
	);
}

/** Fetches a call in its current state. */
export async function getCall(send: Send, callId: string): Promise<IDataObject> {
	return await send({ method: 'GET', path: pathOf(...ROOT, callId) }, readCall);
}

/** Hangs up. */
export async function endCall(send: Send, callId: string): Promise<IDataObject> {
	return await send({ method: 'POST', path: pathOf(...ROOT, 'end'), body: { callId } }, readCall);
}

/**
 * Hands a call over and leaves it (a cold transfer). The request is sent once: see `retryDelay`.
 *
 * @param transferTo a phone number or a SIP URI
 */
export async function transferCall(send: Send, callId: string, transferTo: string): Promise<IDataObject> {
	return await send(
		{
			method: 'POST',
			path: pathOf(...ROOT, 'transfer'),
			body: { callId, transferTo },
			starts: 'transfer',
		},
		readCall,
	);
}

/** All calls of the project. */
export const CALLS: ListRequest = {
	path: pathOf(...ROOT),
	toRecord: withPlainNames,
	identityOf: ({ callId }) => String(callId ?? ''),
};

function plainStatus(status: unknown): string {
	const text = String(status ?? '').toLowerCase();
	return text === 'completed' ? 'ended' : text;
}

/** @returns whether a call has one of the statuses given, without regard to case; `completed` is `ended` */
export function hasCallStatus(call: { status?: unknown }, statuses: readonly string[]): boolean {
	return statuses.map(plainStatus).includes(plainStatus(call.status));
}
