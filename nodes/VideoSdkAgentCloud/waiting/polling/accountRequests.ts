import { type ICredentialsDecrypted, UserError } from 'n8n-workflow';
import { apiRequest, NO_TIME_LEFT, type Send } from '../../api/http/client';
import {
	credentialId,
	credentialOf,
	type ReadCredential,
	type RequestContext,
} from '../../api/http/credential';
import { readTextFile } from '../../api/files';
import { clockSkewMs } from '../../api/http/timeHeaders';
import { detached } from '../../n8n/detached';
import { fileAddressRule } from '../../security/publicAddress';
import { Limiter } from '../../api/http/limiter';

/** The limits of each kind of requests to VideoSDK. An execution whose requests hang leaves places for others. */
const API_LIMITS = { inFlight: 15, ofOwner: 10, perSecond: 20, slowPerSecond: 8 };
/** The pause after "too many requests", so that polls and searches, which may wait, don't hold up ends. */
const PAUSE_MS = 5_000;
/** The time limit for a whole request, so that a slow response holds up nothing. */
const TIMEOUT_MS = 10_000;
/** The mark for an expression in a credential that n8n can't evaluate any more (CredentialsHelper.applyDefaultsAndOverwrites). */
const NOT_RESOLVED = '[Error resolving credentials]';
/** The age up to which the credential counts, so that one round of polls reads it once. */
const MAX_AGE_MS = 1_000;

/**
 * The requests of waiting executions in one account of VideoSDK, with its credential in its current state. They outlive the execution
 * whose context sends them.
 *
 * Only an execution's context can read a credential, and it keeps the execution's data in memory. So executions whose credential has the
 * same values share one account, with the context of the first one. They differ only if the credential has an expression such as `{{
 * $json.key }}`.
 */
export class AccountRequests {
	readonly context: RequestContext;
	/** The limiter of requests for records and lists of conversations that aren't over. */
	readonly polls = new Limiter({ ...API_LIMITS, slowPerSecond: 4, pauseMs: PAUSE_MS });
	/** The limiter of requests that end something. They don't pause, because what isn't ended keeps costing money. */
	readonly ends = new Limiter(API_LIMITS);
	readonly fetches = new Limiter({ ...API_LIMITS, pauseMs: PAUSE_MS });
	/** The limiter of files, each of which may be a text in memory. */
	private readonly files = new Limiter({ inFlight: 10, ofOwner: 5 });
	/** By how much n8n's clock is ahead of VideoSDK's, in ms. */
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

	/** The key of the credential that was read last, see `accountKey`. */
	get key(): string {
		return accountKey(this.context, this.last);
	}

	/** Reads the credential. @throws what n8n throws if it can't be read */
	async read(): Promise<ICredentialsDecrypted> {
		const current = await this.readCredential().catch((error: Error) =>
			// n8n evaluates expressions only while the execution runs, so their last values count.
			this.last && error.message.includes(NOT_RESOLVED) ? this.last : Promise.reject(error),
		);
		this.last = current;
		return current;
	}

	/**
	 * Makes the sender for one kind of requests.
	 *
	 * @param limiter the limiter of that kind
	 * @param execution identifies the execution, with which others take turns
	 * @param untilMs the time after which nothing is sent, in ms since 1970
	 * @returns a sender that sends each request once, within a time limit, because a wait repeats everything itself
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
	 * Downloads the text of a file, within the rule for the URLs of files.
	 *
	 * @param execution identifies the execution, with which others take turns, so that its files can't hold up theirs
	 * @param untilMs the time after which nothing is sent, in ms since 1970
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

/** @returns the key that identifies an account: its credential's ID and values */
export function accountKey(context: RequestContext, { data }: Partial<ICredentialsDecrypted> = {}): string {
	return JSON.stringify([credentialId(context), data?.apiKey, data?.secretKey, data?.baseUrl]);
}
