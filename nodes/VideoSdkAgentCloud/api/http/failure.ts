import { jsonParse, type NodeApiError } from 'n8n-workflow';
import { retryAfterMs } from './retryAfter';
import { serverTimeMs } from './serverTime';
import { JWT, withoutKeys } from '../../security/redactTokens';

/** By which the API says that it has nothing of an ID. It may say so of what was created just now. */
export const NOT_FOUND_STATUSES = [402, 404];

/**
 * Why a request brought no result.
 * - `status`: the API answered with a status other than 2xx
 * - `answer`: it answered 2xx with something that cannot be used
 * - `declined`: it answered 2xx, and says in the answer that it did not do what was asked
 * - `timeout`, `network`: no whole answer came; the API may have got the request
 * - `notConnected`: no connection came about; the API cannot have got the request
 * - `untrusted`: n8n does not trust the host's certificate, so nothing was sent
 * - `notSent`: the request could not be prepared, for example because the credential is incomplete
 * - `cancelled`: the user stopped the execution
 */
export type FailureKind =
	| 'status'
	| 'answer'
	| 'declined'
	| 'timeout'
	| 'network'
	| 'notConnected'
	| 'untrusted'
	| 'notSent'
	| 'cancelled';

export interface ApiFailure {
	kind: FailureKind;
	/** The answer's HTTP status, if there was an answer. */
	status?: number;
	/** The API's own message, or a short excerpt of its answer. */
	apiMessage?: string;
	/** The ID that VideoSDK's support asks for. */
	requestId?: string;
	/** The code of a network failure, such as ECONNRESET. */
	code?: string;
	/** The host that could not be reached. */
	host?: string;
	/** How long the API asks to wait, in ms. */
	retryAfterMs?: number;
	/** When the API answered, by its own clock, in ms since 1970. */
	serverTimeMs?: number;
}

/** The part of n8n's full response that is used. The body is the undecoded text. */
export interface FullResponse {
	statusCode: number;
	headers: Record<string, unknown>;
	body: unknown;
}

const MAX_EXCERPT_LENGTH = 200;
/** Codes that tell that no connection was made, so that not a byte of the request was sent, unless one broke while in use. */
const NOT_CONNECTED_CODES = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];
const IN_USE = /^(?:read|write) /;
/** How the codes begin with which Node.js's TLS client rejects a certificate, before it sends anything. */
const UNTRUSTED_CODE = /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_|ERR_TLS_CERT_)/;
const TIMEOUT_CODES = ['ECONNABORTED', 'ETIMEDOUT'];
const REQUEST_ID_HEADERS = ['x-request-id', 'request-id', 'x-amzn-requestid'];

/** @returns the text on one line, cut to a readable length, without tokens */
export function excerpt(text: string): string {
	const line = withoutKeys(text).replace(JWT, '…').replace(/\s+/g, ' ').trim();
	return line.length > MAX_EXCERPT_LENGTH ? `${line.slice(0, MAX_EXCERPT_LENGTH)}…` : line;
}

/**
 * Finds the API's message: the first non-empty string of `message`, `error`, `msg`, `statusMessage`, where `error` may be an
 * object with its own message (as `@videosdk.live/server-sdk` does).
 *
 * @param otherwise what to take if there is none. Default: the text itself
 */
export function readApiMessage(text: string, otherwise = text): string | undefined {
	const body = jsonParse<unknown>(text, { fallbackValue: null });
	if (typeof body !== 'object' || body === null) return excerpt(otherwise) || undefined;
	if (Object.keys(body).length === 0) return undefined;
	const { message, error, msg, statusMessage } = body as Record<string, unknown>;
	const nested =
		typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : error;
	const found = [message, nested, msg, statusMessage].find(
		(candidate): candidate is string => typeof candidate === 'string' && candidate.trim() !== '',
	);
	return excerpt(found ?? otherwise) || undefined;
}

/**
 * Describes an answer that is no success.
 *
 * @param holdsSecrets whether nothing but the API's own message may be quoted
 */
export function failureOfResponse(
	response: FullResponse,
	kind: 'status' | 'answer' | 'declined',
	holdsSecrets = false,
): ApiFailure {
	const requestId = REQUEST_ID_HEADERS.map((name) => response.headers[name]).find(Boolean);
	const text = typeof response.body === 'string' ? response.body : '';
	const isQuotedWhole = kind === 'answer' && !holdsSecrets;
	return {
		kind,
		status: response.statusCode,
		// An answer that cannot be used may hold the ID of a session all the same.
		apiMessage: isQuotedWhole
			? excerpt(text) || undefined
			: readApiMessage(text, holdsSecrets ? '' : undefined),
		requestId: requestId === undefined ? undefined : String(requestId),
		retryAfterMs: retryAfterMs(response.headers['retry-after']),
		serverTimeMs: serverTimeMs(response.headers),
	};
}

/**
 * @returns whether the API may have done what a failed request asked for. A redirect may be the answer to a request that was carried
 * out (303 is meant so), or that a proxy has passed on. A server that answers 408 may still carry it out
 */
export function isInDoubt({ kind, status = 0 }: ApiFailure): boolean {
	const isUnclear = (status >= 300 && status < 400) || status === 408 || status >= 500;
	return ['answer', 'timeout', 'network', 'cancelled'].includes(kind) || isUnclear;
}

/** @returns whether the same request may succeed later: too many requests, or a failure of the server or the network */
export function isPassing({ kind, status = 0 }: Partial<ApiFailure> = {}): boolean {
	const isStatus = kind === 'status' && (status === 429 || status >= 500);
	return isStatus || (kind !== undefined && ['timeout', 'network', 'notConnected'].includes(kind));
}

/**
 * Finds the cause of what n8n's request helper threw. n8n wraps it in a NodeApiError, which has the cause in n8n 2.41. That of 2.14 loses
 * it, but leaves the cause's code in `httpCode`, and its message as the first of `messages`.
 */
function causeOf(error: unknown): { code?: unknown; name?: unknown; message?: unknown } {
	const { cause, httpCode, messages, message } = (error ?? {}) as Partial<NodeApiError>;
	if (cause !== undefined) return cause;
	return httpCode ? { code: httpCode, message: messages?.[0] ?? message } : (error ?? {});
}

/**
 * Describes what n8n's request helper threw. The cause of a network failure carries the whole request with its token, so nothing
 * but its code and host are taken over.
 */
export function failureOfError(error: unknown): ApiFailure {
	const { code, name, message } = causeOf(error);
	if (typeof code !== 'string') {
		return { kind: 'notSent', apiMessage: typeof message === 'string' ? message : undefined };
	}
	if (code === 'ERR_CANCELED' || name === 'CanceledError') return { kind: 'cancelled', code };
	if (NOT_CONNECTED_CODES.includes(code) && !IN_USE.test(String(message))) {
		// Node.js ends such messages with the host: "connect ECONNREFUSED 127.0.0.1:80", "getaddrinfo ENOTFOUND api.example.com".
		return { kind: 'notConnected', code, host: /[A-Z_]{5,} ([\w.:[\]-]+)/.exec(String(message))?.[1] };
	}
	if (UNTRUSTED_CODE.test(code)) return { kind: 'untrusted', code };
	return { kind: TIMEOUT_CODES.includes(code) ? 'timeout' : 'network', code };
}
