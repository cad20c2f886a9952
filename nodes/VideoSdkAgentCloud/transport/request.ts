import type {
	ICredentialsDecrypted,
	IDataObject,
	IExecuteFunctions,
	IHookFunctions,
	IHttpRequestMethods,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	IWebhookFunctions,
	JsonObject,
} from 'n8n-workflow';
import { jsonParse, NodeApiError } from 'n8n-workflow';
import type { ApiFailure, FullResponse } from './failure';
import { failureOfError, failureOfResponse } from './failure';
import type { Startable } from './messages';
import { describeFailure } from './messages';
import { pause } from './pause';
import { retryDelay } from './retry';

export const CREDENTIAL_TYPE = 'videoSdkAgentCloudApi';
export const DEFAULT_TIMEOUT_MS = 30_000;

/** To be thrown by a reader of answers when the API says in its answer that it did not do what was asked. */
export class DeclinedError extends Error {}

/** The n8n contexts from which the API is called. */
export type RequestContext = IExecuteFunctions | ILoadOptionsFunctions | IWebhookFunctions | IHookFunctions;

export interface ApiRequest {
	method: Extract<IHttpRequestMethods, 'GET' | 'POST'>;
	/** Below the credential's Base URL, or an absolute URL on its host; ids in it are encoded already, see `pathOf`. */
	path: string;
	qs?: IDataObject;
	body?: IDataObject;
	/** For one try. Default: DEFAULT_TIMEOUT_MS */
	timeoutMs?: number;
	/** How often the request is sent at most. Default: see `retryDelay` */
	maxAttempts?: number;
	/** The input item, named in errors. */
	itemIndex?: number;
	/** What the request starts, if anything: its failures tell if it may be running. */
	starts?: Startable;
	/** Gives the credential. Without it n8n reads it for this request. */
	credential?: () => Promise<ICredentialsDecrypted>;
	/** Tells that the request is not to be sent again any more. Default: when the execution is stopped */
	stopSignal?: AbortSignal;
	/** Told of every answer "too many requests", so that the caller can slow down. */
	onRateLimited?: () => void;
}

/**
 * "." and ".." are resolved away as whole segments, and so are "%2E" and "%2E%2E" (URL Standard, "double-dot URL path segment").
 * Encoded twice they stay one segment, under which the API finds nothing: no id looks like that.
 * Half of a surrogate pair has no encoding: encodeURIComponent would throw.
 */
function encodeSegment(part: string): string {
	if (/^\.{1,2}$/.test(part)) return part.replace(/\./g, '%252E');
	return encodeURIComponent(part.replace(/\p{Cs}/gu, '\ufffd'));
}

/** Joins a path of fixed parts and ids. Each part is encoded, so that an id can never lead elsewhere. */
export function pathOf(...parts: string[]): string {
	return `/${parts.map(encodeSegment).join('/')}`;
}

/**
 * Makes a request: `apiRequest` bound to a context (see `sendFrom`). What runs the items of a node binds it to an item as well,
 * with the item's options, and lets it wait for its turn.
 */
export type Send = <T>(request: ApiRequest, read: (answer: IDataObject) => T | undefined) => Promise<T>;

/** @returns whether a value is a JSON object, not a list or null */
export function isRecord(value: unknown): value is IDataObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Makes a reader for an answer that holds one record. Some endpoints wrap it in `data` and some do not; both are taken, so that
 * no id is lost if that ever changes.
 *
 * @param idField the field that a record of this kind always has
 */
export function recordWith(idField: string): (answer: IDataObject) => IDataObject | undefined {
	return (answer) =>
		[answer.data, answer].find(
			(candidate): candidate is IDataObject => isRecord(candidate) && Boolean(candidate[idField]),
		);
}

/** @returns the id of the node's credential: costs no query; empty if it has none */
export function credentialId(context: RequestContext): string {
	return context.getNode().credentials?.[CREDENTIAL_TYPE]?.id ?? '';
}

function cancelSignalOf(context: RequestContext): AbortSignal | undefined {
	return 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
}

/** Sends the request once. @returns what `read` found in the answer's JSON object, or why there is nothing */
async function attempt<T>(
	context: RequestContext,
	request: ApiRequest,
	read: (answer: IDataObject) => T | undefined,
): Promise<{ result: T } | { failure: ApiFailure }> {
	const options: IHttpRequestOptions = {
		method: request.method,
		url: request.path,
		qs: request.qs,
		// As text: axios would copy an object, and leave out names such as "constructor" on the way.
		body: request.body && JSON.stringify(request.body),
		headers: { Accept: 'application/json', ...(request.body && { 'Content-Type': 'application/json' }) },
		timeout: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
		// As text, so that an answer that is not JSON can be shown. With statuses ignored n8n does not send a second time after 401.
		encoding: 'text',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
	};
	let response: FullResponse;
	try {
		response = (await context.helpers.httpRequestWithAuthentication.call(
			context,
			CREDENTIAL_TYPE,
			options,
			request.credential && { credentialsDecrypted: await request.credential() },
		)) as FullResponse;
	} catch (error) {
		return { failure: failureOfError(error) };
	}
	if (response.statusCode < 200 || response.statusCode > 299) {
		return { failure: failureOfResponse(response, 'status', Date.now()) };
	}
	const answer = jsonParse<unknown>(String(response.body), { fallbackValue: null });
	try {
		const result = isRecord(answer) ? read(answer) : undefined;
		return result === undefined ? { failure: failureOfResponse(response, 'answer', Date.now()) } : { result };
	} catch (error) {
		const kind = error instanceof DeclinedError ? 'declined' : 'answer';
		return { failure: failureOfResponse(response, kind, Date.now()) };
	}
}

/** Why the requests failed for which errors were made. */
const failures = new WeakMap<object, ApiFailure>();

/** @returns why the request failed that brought an error about; undefined if it is no error of `apiRequest` */
export function failureOf(error: object): ApiFailure | undefined {
	return failures.get(error);
}

/** Makes the error that n8n shows. It holds words only: no request, no token. */
function apiError(context: RequestContext, failure: ApiFailure, request: ApiRequest): NodeApiError {
	const { message, description } = describeFailure(failure, request.starts);
	const item = request.itemIndex === undefined ? '' : ` [item ${request.itemIndex}]`;
	const error = new NodeApiError(context.getNode(), {} as JsonObject, {
		message: `${message}${item}`,
		description,
		httpCode: failure.status === undefined ? undefined : String(failure.status),
		itemIndex: request.itemIndex,
	});
	failures.set(error, failure);
	return error;
}

/**
 * Calls the VideoSDK Agent Cloud API: signed by the credential, with a time limit, repeated where that cannot do anything twice
 * (see `retryDelay`).
 *
 * @param read takes what is wanted out of the JSON object that the API answered; undefined if it is not there
 * @returns what `read` found
 * @throws NodeApiError in words for the user
 */
export async function apiRequest<T>(
	context: RequestContext,
	request: ApiRequest,
	read: (answer: IDataObject) => T | undefined,
): Promise<T> {
	const stopSignal = request.stopSignal ?? cancelSignalOf(context);
	for (let attempts = 1; ; attempts++) {
		const outcome = await attempt(context, request, read);
		if ('result' in outcome) return outcome.result;
		const { failure } = outcome;
		if (failure.status === 429) request.onRateLimited?.();
		const delayMs =
			attempts >= (request.maxAttempts ?? Infinity)
				? undefined
				: retryDelay(failure, request.method, attempts, Math.random());
		if (delayMs !== undefined) await pause(delayMs, stopSignal);
		if (delayMs === undefined || stopSignal?.aborted) throw apiError(context, failure, request);
	}
}

/**
 * Binds `apiRequest` to a context that has no items.
 *
 * @param limits how long and how often each request is tried
 */
export function sendFrom(
	context: RequestContext,
	limits: Pick<ApiRequest, 'timeoutMs' | 'maxAttempts'> = {},
): Send {
	return async (request, read) => await apiRequest(context, { ...request, ...limits }, read);
}
