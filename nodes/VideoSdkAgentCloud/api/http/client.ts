import { type IDataObject, type IHttpRequestOptions, NodeApiError, UserError } from 'n8n-workflow';
import { detached } from '../../n8n/detached';
import { type AnswerReader, DeclinedError, isRecord } from './responseReaders';
import { CREDENTIAL_TYPE, type ReadCredential, type RequestContext } from './credential';
import { type ApiFailure, failureOfError, failureOfResponse, type FullResponse } from './failure';
import { describeFailure } from './messages';
import { pathOf } from './path';
import { pause } from './pause';
import { retryDelay } from './retry';
import { type StartKind } from '../startWords';
import { parseWithoutTools, withoutTokens } from '../../security/redactTokens';

export const DEFAULT_TIMEOUT_MS = 30_000;
export const NO_TIME_LEFT = 'There was no time left, so nothing was sent.';

/** A request to the API. Its time limit and number of attempts take precedence over those of the sender. */
export interface ApiRequest extends Pick<Sending, 'maxAttempts' | 'timeoutMs'> {
	method: 'DELETE' | 'GET' | 'PATCH' | 'POST' | 'PUT';
	/** The parts of the path. Each one is encoded, so that an ID can never lead elsewhere. */
	path: string[];
	/** The API's address. The credential rejects it if the user has changed 'Base URL' since. Default: the credential's address */
	baseUrl?: string;
	qs?: IDataObject;
	body?: IDataObject;
	/**
	 * Whether the response holds passwords, so that errors quote nothing of it but the API's own message. `everywhere`: not even that,
	 * because it may repeat secrets of the request.
	 */
	holdsSecrets?: boolean | 'everywhere';
	/** Whether the response keeps its tools with their tokens, which must then not get into an output. */
	keepsTools?: boolean;
	/** What the request starts, if anything, because the message of a failure says whether it may have been started. */
	starts?: StartKind;
	/** Whom the request reaches, such as a phone number. */
	startsFor?: string;
	/** Whether sending it twice has the same effect as sending it once. Default: unless it's a POST */
	isRepeatable?: boolean;
}

/** How a sender sends its requests. */
export interface Sending {
	/** The time limit for one whole attempt, in ms, even if the response keeps arriving. Default: DEFAULT_TIMEOUT_MS */
	timeoutMs?: number;
	/** How often each request is sent at most. Default: see `retryDelay` */
	maxAttempts?: number;
	/** Reads the credential. Default: n8n reads it for each request */
	credential?: ReadCredential;
	/** Once aborted, nothing is sent again. Default: when the execution is stopped */
	stopSignal?: AbortSignal;
	/** After this time, in ms since 1970, nothing is sent. */
	untilMs?: number;
	/** Sends the request once when it is its turn. The pause before it is sent again takes no turn. */
	inTurn?: <T>(send: () => Promise<T>) => Promise<T>;
	/** Is called right before each attempt, which may come minutes after the last one (Retry-After). What it throws is thrown. */
	beforeEach?: () => void;
	/** Is called at each response "too many requests", so that the sender can slow down. */
	onRateLimited?: () => void;
}

/** A failed request in words for the user, and why it failed. It holds no request and no token. */
export class ApiError extends NodeApiError {
	/** The failure is private, because n8n doesn't serialize private fields, and should store and show the words only. */
	readonly #failure: ApiFailure;

	constructor(context: RequestContext, failure: ApiFailure, { starts, startsFor }: Partial<ApiRequest> = {}) {
		const { message, description } = describeFailure(failure, starts, startsFor);
		const httpCode = failure.status === undefined ? undefined : String(failure.status);
		super(context.getNode(), {}, { message, description, httpCode });
		// n8n rethrows an error with another name without its description (WorkflowExecute.rethrowNodeError).
		this.name = 'NodeApiError';
		this.#failure = failure;
	}

	/** @returns why the request failed; undefined if the error isn't one of `apiRequest` */
	static failureOf(error: unknown): ApiFailure | undefined {
		return error instanceof ApiError ? error.#failure : undefined;
	}
}

export const { failureOf } = ApiError;

/** Sends a request: `apiRequest`, bound to a context (see `clientOf`), or to an item and its options (actions/run/itemRequests.ts). */
export type Send = <T>(request: ApiRequest, read: AnswerReader<T>) => Promise<T>;

function cancelSignalOf(context: RequestContext): AbortSignal | undefined {
	return 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
}

/**
 * Makes a signal that aborts after a time. `AbortSignal.timeout` isn't used, because tests can't move its clock.
 *
 * @param done is aborted when the signal isn't needed any more, so that no timer stays behind for long
 */
export function abortAfter(ms: number, done?: AbortSignal): AbortSignal {
	const controller = new AbortController();
	void pause(ms, done).then(() => controller.abort());
	return controller.signal;
}

/** Sends the request once. @returns what `read` has found in the response's JSON object, or why there is nothing */
async function attempt<T>(
	context: RequestContext,
	request: ApiRequest,
	read: AnswerReader<T>,
	{ timeoutMs = DEFAULT_TIMEOUT_MS, credential }: Sending,
): Promise<{ result: T } | { failure: ApiFailure }> {
	// The `timeout` of n8n's requests (axios) counts only while nothing arrives, so the whole attempt has a limit besides.
	const done = new AbortController();
	const whole = abortAfter(request.timeoutMs ?? timeoutMs, done.signal);
	const stopped = cancelSignalOf(context);
	const abortSignal = stopped ? AbortSignal.any([whole, stopped]) : whole;
	const options: IHttpRequestOptions = {
		method: request.method,
		url: (request.baseUrl ?? '').replace(/\/$/, '') + pathOf(request.path),
		qs: request.qs,
		// The body is text, because axios copies an object and loses names such as "constructor".
		body: request.body && JSON.stringify(request.body),
		headers: { Accept: 'application/json', ...(request.body && { 'Content-Type': 'application/json' }) },
		timeout: request.timeoutMs ?? timeoutMs,
		abortSignal,
		// The response is read as text, so that one that isn't JSON can be quoted. Statuses are ignored, because n8n otherwise sends
		// the request again after a 401, even a POST (httpRequestWithAuthentication).
		// until: n8n repeats no POST.
		encoding: 'text',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
	};
	let response: FullResponse;
	try {
		response = (await context.helpers.httpRequestWithAuthentication.call(
			detached(context, abortSignal),
			CREDENTIAL_TYPE,
			options,
			credential && { credentialsDecrypted: await credential() },
		)) as FullResponse;
	} catch (error) {
		return { failure: whole.aborted ? { kind: 'timeout', code: 'ETIMEDOUT' } : failureOfError(error) };
	} finally {
		done.abort();
	}
	const text = String(response.body);
	response.body = withoutTokens(text);
	const failureAs = (kind: 'status' | 'answer' | 'declined') =>
		failureOfResponse(response, kind, request.holdsSecrets);
	if (response.statusCode < 200 || response.statusCode > 299) return { failure: failureAs('status') };
	try {
		// The response may repeat the tools that a call was made with.
		const parsed: unknown = request.keepsTools ? JSON.parse(text) : parseWithoutTools(String(response.body));
		// VideoSDK's SDK reads a bare array as a list, too (docs/dev/api-truth.md, Lists).
		const answer = Array.isArray(parsed) ? { data: parsed } : parsed;
		const result = isRecord(answer) ? read(answer, response.headers) : undefined;
		return result === undefined ? { failure: failureAs('answer') } : { result };
	} catch (error) {
		return { failure: failureAs(error instanceof DeclinedError ? 'declined' : 'answer') };
	}
}

/**
 * Calls the VideoSDK API with a request that the credential signs, within a time limit, and tries again where that can't do anything twice
 * (see `retryDelay`).
 *
 * @param read takes the result out of the response's JSON object; undefined if it isn't there
 * @returns what `read` has found
 * @throws ApiError in words for the user; UserError if there was no time to send it
 */
export async function apiRequest<T>(
	context: RequestContext,
	request: ApiRequest,
	read: AnswerReader<T>,
	sending: Sending = {},
): Promise<T> {
	const stopSignal = sending.stopSignal ?? cancelSignalOf(context);
	const { isRepeatable = request.method !== 'POST' } = request;
	const maxAttempts = request.maxAttempts ?? sending.maxAttempts ?? Infinity;
	const { untilMs = Infinity, inTurn = async (send) => await send() } = sending;
	let failure: ApiFailure | undefined;
	for (let attempts = 1; ; attempts++) {
		const outcome = await inTurn(async () => {
			if (Date.now() > untilMs) return undefined;
			sending.beforeEach?.();
			return await attempt(context, request, read, sending);
		});
		if (outcome === undefined) {
			if (failure === undefined) throw new UserError(NO_TIME_LEFT);
			throw new ApiError(context, failure, request);
		}
		if ('result' in outcome) return outcome.result;
		({ failure } = outcome);
		if (failure.status === 429) sending.onRateLimited?.();
		const delayMs =
			attempts >= maxAttempts ? undefined : retryDelay(failure, isRepeatable, attempts, Math.random());
		const isLast = delayMs === undefined || Date.now() + delayMs > untilMs;
		if (!isLast) await pause(delayMs, stopSignal);
		if (isLast || stopSignal?.aborted) throw new ApiError(context, failure, request);
	}
}

/** Binds `apiRequest` to a context that has no items. */
export function clientOf(context: RequestContext, sending: Sending = {}): Send {
	return async (request, read) => await apiRequest(context, request, read, sending);
}
