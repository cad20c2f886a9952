import { jsonParse, type NodeApiError } from 'n8n-workflow';
import { retryAfterMs, serverTimeMs } from './timeHeaders';
import { JWT, withoutKeys } from '../../security/redactTokens';

/** The statuses for an unknown ID (docs/dev/api-truth.md, Access). The API may also send them for what was created just now. */
export const NOT_FOUND_STATUSES = [402, 404];

/**
 * Why a request brought no result.
 * - `status`: the API answered with a status other than 2xx
 * - `answer`: it answered 2xx with a response that can't be used
 * - `declined`: it answered 2xx, and says in the response that it did not do what was asked
 * - `timeout`, `network`: no whole response arrived; the API may have got the request
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
	status?: number;
	/** The API's own message, or a short excerpt of its response. */
	apiMessage?: string;
	/** The ID that VideoSDK's support asks for. */
	requestId?: string;
	/** The code of a network failure, such as ECONNRESET. */
	code?: string;
	/** The host that could not be reached. */
	host?: string;
	/** How long the API asks the sender to wait, in ms. */
	retryAfterMs?: number;
	/** When the API answered, by its own clock, in ms since 1970. */
	serverTimeMs?: number;
}

/** The parts of n8n's full response that are used. The body is the text, which wasn't parsed. */
export interface FullResponse {
	statusCode: number;
	headers: Record<string, unknown>;
	body: unknown;
}

const MAX_EXCERPT_LENGTH = 200;
/** The codes of failures before there was a connection, so that nothing was sent, unless a connection in use has failed (IN_USE). */
const NOT_CONNECTED_CODES = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];
const IN_USE = /^(?:read|write) /;
/** The codes with which Node.js's TLS client rejects a certificate, before it sends anything, begin like this. */
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
 * @param otherwise the text to use if there is no message. Default: the whole text
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
 * Describes the failure of a response that is no success.
 *
 * @param holdsSecrets whether nothing but the API's own message may be quoted; `everywhere`: not even that
 */
export function failureOfResponse(
	response: FullResponse,
	kind: 'status' | 'answer' | 'declined',
	holdsSecrets: boolean | 'everywhere' = false,
): ApiFailure {
	const requestId = REQUEST_ID_HEADERS.map((name) => response.headers[name]).find(Boolean);
	const text = typeof response.body === 'string' ? response.body : '';
	const isQuotedWhole = kind === 'answer' && !holdsSecrets;
	const quote = () =>
		isQuotedWhole ? excerpt(text) || undefined : readApiMessage(text, holdsSecrets ? '' : undefined);
	return {
		kind,
		status: response.statusCode,
		// A response that can't be used is quoted, because it may hold the ID of a session all the same.
		apiMessage: holdsSecrets === 'everywhere' ? undefined : quote(),
		requestId: requestId === undefined ? undefined : String(requestId),
		retryAfterMs: retryAfterMs(response.headers),
		serverTimeMs: serverTimeMs(response.headers),
	};
}

/**
 * Decides whether the API may have done what a failed request asked for. A redirect may be the response to a request that was carried out
 * (as 303 is meant), or that a proxy has passed on. A server that answers 408 may still carry the request out.
 */
export function isInDoubt({ kind, status = 0 }: ApiFailure): boolean {
	const isUnclear = (status >= 300 && status < 400) || status === 408 || status >= 500;
	return ['answer', 'timeout', 'network', 'cancelled'].includes(kind) || isUnclear;
}

/** @returns whether the same request may succeed later, because the API was busy, or the server or the network has failed */
export function isPassing({ kind, status = 0 }: Partial<ApiFailure> = {}): boolean {
	const isStatus = kind === 'status' && (status === 429 || status >= 500);
	return isStatus || (kind !== undefined && ['timeout', 'network', 'notConnected'].includes(kind));
}

/**
 * Finds the cause of an error of n8n's request helper, which wraps it in a NodeApiError. In n8n 2.41, that has the cause. In 2.14, it only
 * has the cause's code, in `httpCode`, and its message, as the first of `messages`.
 *
 * until: n8n 2.14 isn't supported any more, after which `cause` is enough.
 */
function causeOf(error: unknown): { code?: unknown; name?: unknown; message?: unknown } {
	const { cause, httpCode, messages, message } = (error ?? {}) as Partial<NodeApiError>;
	if (cause !== undefined) return cause;
	return httpCode ? { code: httpCode, message: messages?.[0] ?? message } : (error ?? {});
}

/**
 * Describes the failure behind an error of n8n's request helper. The cause of a network failure holds the whole request with its token, so
 * only its code and host are copied.
 */
export function failureOfError(error: unknown): ApiFailure {
	const { code, name, message } = causeOf(error);
	if (typeof code !== 'string') {
		return { kind: 'notSent', apiMessage: typeof message === 'string' ? message : undefined };
	}
	if (code === 'ERR_CANCELED' || name === 'CanceledError') return { kind: 'cancelled', code };
	if (NOT_CONNECTED_CODES.includes(code) && !IN_USE.test(String(message))) {
		// Node.js names the host at the end: "connect ECONNREFUSED 127.0.0.1:80", "getaddrinfo ENOTFOUND api.example.com".
		return { kind: 'notConnected', code, host: /[A-Z_]{5,} ([\w.:[\]-]+)/.exec(String(message))?.[1] };
	}
	if (UNTRUSTED_CODE.test(code)) return { kind: 'untrusted', code };
	return { kind: TIMEOUT_CODES.includes(code) ? 'timeout' : 'network', code };
}
