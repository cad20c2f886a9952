import type {
	ICredentialsDecrypted,
	IDataObject,
	IHttpRequestMethods,
	IHttpRequestOptions,
	JsonObject,
} from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';
import type { AnswerReader } from './answer';
import { DeclinedError, isRecord } from './answer';
import type { RequestContext } from './credential';
import { CREDENTIAL_TYPE } from './credential';
import type { ApiFailure, FullResponse } from './failure';
import { failureOfError, failureOfResponse } from './failure';
import { describeFailure } from './messages';
import { pause } from './pause';
import { retryDelay } from './retry';
import { parseWithoutTools, withoutTokens } from './toolAccess';
import type { Startable } from './startable';

export const DEFAULT_TIMEOUT_MS = 30_000;

export interface ApiRequest {
	method: Extract<IHttpRequestMethods, 'DELETE' | 'GET' | 'POST'>;
	/** Below the credential's Base URL, or an absolute URL on its host; IDs in it are encoded already, see `pathOf`. */
	path: string;
	qs?: IDataObject;
	body?: IDataObject;
	/** For one try. Default: DEFAULT_TIMEOUT_MS */
	timeoutMs?: number;
	/** How often the request is sent at most. Default: see `retryDelay` */
	maxAttempts?: number;
	/** The input item, named in errors. */
	itemIndex?: number;
	/** The answer holds passwords: no error quotes it, but for the API's own message. */
	holdsSecrets?: boolean;
	/** What the request starts, if anything: its failures tell if it may be running. */
	starts?: Startable;
	/** It takes back what an item began, so it is sent although another item failed meanwhile. */
	isCleanUp?: boolean;
	/** Gives the credential. Without it n8n reads it for this request. */
	credential?: () => Promise<ICredentialsDecrypted>;
	/** Tells that the request is not to be sent again any more. Default: when the execution is stopped */
	stopSignal?: AbortSignal;
	/** Told of every answer "too many requests", so that the caller can slow down. */
	onRateLimited?: () => void;
}

/**
 * Sends a request: `apiRequest` bound to a context (see `clientOf`). What runs the items of a node also binds it to an item and the
 * item's options, and lets it wait for its turn.
 */
export type Send = <T>(request: ApiRequest, read: AnswerReader<T>) => Promise<T>;

function cancelSignalOf(context: RequestContext): AbortSignal | undefined {
	return 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
}

/** @returns the JSON of an answer, without the tools that the request handed over; null if it is not JSON */
function parseAnswer(text: string): unknown {
	try {
		return parseWithoutTools(text);
	} catch {
		return null;
	}
}

/** Sends the request once. @returns what `read` found in the answer's JSON object, or why there is nothing */
async function attempt<T>(
	context: RequestContext,
	request: ApiRequest,
	read: AnswerReader<T>,
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
	response.body = withoutTokens(String(response.body));
	const failureAs = (kind: 'status' | 'answer' | 'declined') =>
		failureOfResponse(response, kind, Date.now(), request.holdsSecrets);
	if (response.statusCode < 200 || response.statusCode > 299) {
		return { failure: failureAs('status') };
	}
	// An answer may repeat the tools that a call was made with.
	const parsed = parseAnswer(String(response.body));
	// Some lists come as a bare array.
	const answer = Array.isArray(parsed) ? { data: parsed } : parsed;
	try {
		const result = isRecord(answer) ? read(answer, response.headers) : undefined;
		return result === undefined ? { failure: failureAs('answer') } : { result };
	} catch (error) {
		return { failure: failureAs(error instanceof DeclinedError ? 'declined' : 'answer') };
	}
}

/** Why a request failed, by the error that was made of it. */
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
 * Calls the VideoSDK API: signed by the credential, with a time limit, retried where that cannot do anything twice (see `retryDelay`).
 *
 * @param read takes what is wanted out of the JSON object that the API answered; undefined if it is not there
 * @returns what `read` found
 * @throws NodeApiError in words for the user
 */
export async function apiRequest<T>(
	context: RequestContext,
	request: ApiRequest,
	read: AnswerReader<T>,
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
 * @param limits how long each attempt may take, how often the request is sent, and with which credential
 */
export function clientOf(
	context: RequestContext,
	limits: Pick<ApiRequest, 'timeoutMs' | 'maxAttempts' | 'credential'> = {},
): Send {
	return async (request, read) => await apiRequest(context, { ...request, ...limits }, read);
}
