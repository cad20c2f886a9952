import { type ICredentialsDecrypted, UserError } from 'n8n-workflow';
import { apiRequest, NO_TIME_LEFT, type Send } from '../../api/http/client';
import {
	credentialId,
	credentialOf,
	type ReadCredential,
	type RequestContext,
} from '../../api/http/credential';
import { readTextFile } from '../../api/files';
import { clockSkewMs } from '../../api/http/serverTime';
import { detached } from '../../n8n/detached';
import { fileAddressRule } from '../../security/publicAddress';
import { Limiter } from './limiter';

/** Of one kind of requests to VideoSDK. One execution whose requests hang leaves places to others. */
const API_LIMITS = { inFlight: 15, ofOwner: 10, perSecond: 20, slowPerSecond: 8 };
/** Requests that are refused again and again must not hold up those that are answered. */
const PAUSE_MS = 5_000;
/** For the whole of a request, so that an answer that drips holds up nothing. */
const TIMEOUT_MS = 10_000;
/** How n8n marks an expression in a credential that it cannot evaluate any more (CredentialsHelper.applyDefaultsAndOverwrites). */
const NOT_RESOLVED = '[Error resolving credentials]';
/** One round of looks reads the credential once, however many requests it makes. */
const MAX_AGE_MS = 1_000;

/**
 * An account of VideoSDK, as waiting executions use it: its credential in its current state, and its requests, which outlive the
 * execution whose context sends them.
 *
 * Only an execution's context can read a credential, and the context keeps that execution's data in memory. So executions whose
 * credential reads the same share one account, with the first one's context. Only an expression in the credential, such as
 * `{{ $json.key }}`, makes them differ.
 */
export class AccountRequests {
	readonly context: RequestContext;
	/** Requests for records and lists of what isn't over. */
	readonly polls = new Limiter({ ...API_LIMITS, slowPerSecond: 4, pauseMs: PAUSE_MS });
	/** Requests that end something: they don't pause, since whatever isn't ended keeps costing money. */
	readonly ends = new Limiter(API_LIMITS);
	/** Requests that look for what was said. */
	readonly fetches = new Limiter({ ...API_LIMITS, pauseMs: PAUSE_MS });
	/** Files, each of which may be a text in memory. */
	private readonly files = new Limiter({ inFlight: 10, ofOwner: 5 });
	/** What n8n's clock is ahead of VideoSDK's, in ms. */
	skewMs = 0;
	private readonly readCredential: ReadCredential;

	constructor(
		context: RequestContext,
		itemIndex: number | undefined,
		private last: ICredentialsDecrypted | undefined,
	) {
		this.context = detached(context);
		this.readCredential = credentialOf(this.context, itemIndex, MAX_AGE_MS);
	}

	/** What its credential read last, see `keyOf`. */
	get key(): string {
		return keyOf(this.context, this.last);
	}

	/** @throws what n8n throws if the credential cannot be read */
	async read(): Promise<ICredentialsDecrypted> {
		const current = await this.readCredential().catch((error: Error) =>
			// n8n evaluates expressions only while the execution runs, so their values of that time count.
			this.last && error.message.includes(NOT_RESOLVED) ? this.last : Promise.reject(error),
		);
		this.last = current;
		return current;
	}

	/**
	 * @param limiter of what the requests are for
	 * @param execution takes turns with others
	 * @param untilMs after this time, in ms since 1970, nothing is sent
	 * @returns sends each request once, within a time limit: a wait repeats everything itself
	 */
	sender(limiter: Limiter, execution: object, untilMs: number): Send {
		return async (request, read) => {
			let sentAtMs = NaN;
			const sending = {
				timeoutMs: TIMEOUT_MS,
				maxAttempts: 1,
				untilMs,
				credential: async () => await this.read(),
				onRateLimited: () => limiter.slowDown(),
				inTurn: async <T>(send: () => Promise<T>): Promise<T> =>
					await limiter.run(execution, async () => {
						sentAtMs = Date.now();
						return await send();
					}),
			};
			const readInTime: typeof read = (answer, headers) => {
				this.skewMs = clockSkewMs(sentAtMs, Date.now(), headers);
				return read(answer, headers);
			};
			return await apiRequest(this.context, request, readInTime, sending);
		};
	}

	/**
	 * Reads the text of a file, with the address rules for files.
	 *
	 * @param execution takes turns with others, so that one whose files hang doesn't hold up another's
	 * @param untilMs after this time, in ms since 1970, nothing is sent
	 * @throws FileError; UserError if there was no time to send it
	 */
	async readText(url: string, execution: object, untilMs: number): Promise<string> {
		const { data } = await this.read();
		return await this.files.run(execution, async () => {
			if (Date.now() > untilMs) throw new UserError(NO_TIME_LEFT);
			return await readTextFile({
				httpRequest: this.context.helpers.httpRequest,
				url,
				rejectionOf: fileAddressRule(data?.baseUrl),
				timeoutMs: TIMEOUT_MS,
				stopSignal: new AbortController().signal,
			});
		});
	}
}

/** @returns what tells accounts apart: the credential, and what it read */
export function keyOf(context: RequestContext, { data }: Partial<ICredentialsDecrypted> = {}): string {
	return JSON.stringify([credentialId(context), data?.apiKey, data?.secretKey, data?.baseUrl]);
}
