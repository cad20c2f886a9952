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

/** A request to the API. Its time limit and number of attempts count before those of the sender. */
export interface ApiRequest extends Pick<Sending, 'maxAttempts' | 'timeoutMs'> {
	method: 'DELETE' | 'GET' | 'PATCH' | 'POST' | 'PUT';
	/** Its parts. Each is encoded, so that an ID can never lead elsewhere. */
	path: string[];
	/** The API's address, which the credential rejects if the user has changed 'Base URL' since. Default: that of the credential */
	baseUrl?: string;
	qs?: IDataObject;
	body?: IDataObject;
	/** The answer holds passwords: no error quotes it, except for the API's own message. */
	holdsSecrets?: boolean;
	/** The answer's tools, with their tokens, are wanted: what reads it must not let them out. */
	keepsTools?: boolean;
	/** What the request starts, if anything: the message of a failure says if it may have been started. */
	starts?: StartKind;
	/** Whom that reaches, such as a phone number. */
	startsFor?: string;
	/** Whether sending it twice has the same effect as sending it once. Default: unless it's a POST */
	isRepeatable?: boolean;
}

/** How a sender sends its requests. */
export interface Sending {
	/** For the whole of one attempt, in ms, an answer that drips included. Default: DEFAULT_TIMEOUT_MS */
	timeoutMs?: number;
	/** How often each request is sent at most. Default: see `retryDelay` */
	maxAttempts?: number;
	/** Gives the credential. Without it n8n reads it for each request. */
	credential?: ReadCredential;
	/** Once aborted, nothing is sent again. Default: when the execution is stopped */
	stopSignal?: AbortSignal;
	/** After this time, in ms since 1970, nothing is sent. */
	untilMs?: number;
	/** Sends the request once when it is its turn. The pause before it is sent again takes no turn. */
	inTurn?: <T>(send: () => Promise<T>) => Promise<T>;
	/** Called at every answer "too many requests", so that the sender can slow down. */
	onRateLimited?: () => void;
}

/** A failed request in words for the user, and why it failed. It holds no request and no token. */
export class ApiError extends NodeApiError {
	/** Private fields are not serialized: n8n stores and shows the words only. */
	readonly #failure: ApiFailure;

	constructor(context: RequestContext, failure: ApiFailure, { starts, startsFor }: Partial<ApiRequest> = {}) {
		const { message, description } = describeFailure(failure, starts, startsFor);
		const httpCode = failure.status === undefined ? undefined : String(failure.status);
		super(context.getNode(), {}, { message, description, httpCode });
		// n8n goes by this name when it redacts errors.
		this.name = 'NodeApiError';
		this.#failure = failure;
	}

	/** @returns why the request failed that caused an error; undefined if it is not an error of `apiRequest` */
	static failureOf(error: unknown): ApiFailure | undefined {
		return error instanceof ApiError ? error.#failure : undefined;
	}
}

export const { failureOf } = ApiError;

/**
 * Sends a request: `apiRequest` bound to a context (see `clientOf`). The runner of the node's items also binds it to an item and the
 * item's options, and lets it wait for its turn.
 */
export type Send = <T>(request: ApiRequest, read: AnswerReader<T>) => Promise<T>;

function cancelSignalOf(context: RequestContext): AbortSignal | undefined {
	return 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
}

/**
 * @param done aborted when there is nothing left to abort: no timer stays behind for long
 * @returns a signal that aborts after a time. Not `AbortSignal.timeout`, whose clock cannot be moved by tests
 */
export function abortAfter(ms: number, done?: AbortSignal): AbortSignal {
	const controller = new AbortController();
	void pause(ms, done).then(() => controller.abort());
	return controller.signal;
}

/** Sends the request once. @returns what `read` found in the answer's JSON object, or why there is nothing */
async function attempt<T>(
	context: RequestContext,
	request: ApiRequest,
	read: AnswerReader<T>,
	{ timeoutMs = DEFAULT_TIMEOUT_MS, credential }: Sending,
): Promise<{ result: T } | { failure: ApiFailure }> {
	// n8n's own time limit counts only while nothing comes.
	const done = new AbortController();
	const whole = abortAfter(request.timeoutMs ?? timeoutMs, done.signal);
	const stopped = cancelSignalOf(context);
	const abortSignal = stopped ? AbortSignal.any([whole, stopped]) : whole;
	const options: IHttpRequestOptions = {
		method: request.method,
		url: (request.baseUrl ?? '').replace(/\/$/, '') + pathOf(request.path),
		qs: request.qs,
		// As text: axios would copy an object, and lose names such as "constructor".
		body: request.body && JSON.stringify(request.body),
		headers: { Accept: 'application/json', ...(request.body && { 'Content-Type': 'application/json' }) },
		timeout: request.timeoutMs ?? timeoutMs,
		abortSignal,
		// As text, so that an answer that is not JSON can be shown. With statuses ignored n8n does not send a second time after 401.
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
		// An answer may repeat the tools that a call was made with.
		const parsed: unknown = request.keepsTools ? JSON.parse(text) : parseWithoutTools(String(response.body));
		// Some lists come as a bare array.
		const answer = Array.isArray(parsed) ? { data: parsed } : parsed;
		const result = isRecord(answer) ? read(answer, response.headers) : undefined;
		return result === undefined ? { failure: failureAs('answer') } : { result };
	} catch (error) {
		return { failure: failureAs(error instanceof DeclinedError ? 'declined' : 'answer') };
	}
}

/**
 * Calls the VideoSDK API: signed by the credential, with a time limit, retried where that cannot do anything twice (see `retryDelay`).
 *
 * @param read takes what is wanted out of the JSON object that the API answered; undefined if it is not there
 * @returns what `read` found
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
		const outcome = await inTurn(async () =>
			Date.now() > untilMs ? undefined : await attempt(context, request, read, sending),
		);
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
