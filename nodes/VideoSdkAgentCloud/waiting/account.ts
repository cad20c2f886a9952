import { type ICredentialsDecrypted, type IExecuteFunctions } from 'n8n-workflow';
import pLimit from 'p-limit';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { abortAfter, apiRequest, type Send } from '../api/client';
import { credentialId, credentialOf, isAsStored, type RequestContext } from '../api/credential';
import { openFile } from '../api/files';
import { TEXT_LIMITS, textOf } from '../api/fileStream';
import { serverTimeMs } from '../api/serverTime';
import { detached } from '../n8n/detached';
import { fileAddressRule } from '../webhook/address';

/** What requests are for. Ends never queue behind looks, nor looks behind what was said, nor anything behind the files of a host that hangs. */
export type Lane = 'look' | 'end' | 'keep' | 'file';
/** Requests in flight for one account, 20 in all besides files, each of which may be a text in memory; and for the whole process. */
const MAX_OF_ACCOUNT: Record<Lane, number> = { look: 5, end: 10, keep: 5, file: 5 };
const MAX_OF_PROCESS: Record<Lane, number> = { look: 30, end: 40, keep: 20, file: 10 };
/** For the whole of a request, so that an answer that drips holds up nothing. */
const TIMEOUT_MS = 10_000;
/** How n8n marks an expression in a credential that it cannot evaluate any more (CredentialsHelper.applyDefaultsAndOverwrites). */
const NOT_RESOLVED = '[Error resolving credentials]';
/** One round of looks reads the credential once, however many requests it makes. */
const MAX_AGE_MS = 1_000;
/** Clocks that differ by less are the same: the API tells its time in whole seconds. */
const SAME_CLOCK_MS = 2_000;
const RATE_LIMIT_PAUSE_MS = 5_000;

type Limits = Record<Lane, ReturnType<typeof pLimit>>;

function limitsOf({ look, end, keep, file }: Record<Lane, number>): Limits {
	return { look: pLimit(look), end: pLimit(end), keep: pLimit(keep), file: pLimit(file) };
}

const processLimits = limitsOf(MAX_OF_PROCESS);

export type ReadCredential = () => Promise<ICredentialsDecrypted>;

/**
 * An account of VideoSDK, as waiting executions use it: its credential in its current state, and its requests, which outlive the
 * execution whose context sends them.
 *
 * Only an execution's context can read a credential, and the context keeps that execution's data in memory. So executions whose
 * credential reads the same share one account, with the first one's context. Only an expression in the credential, such as
 * `{{ $json.key }}`, makes them differ.
 */
export class Account {
	readonly context: RequestContext;
	/** No look begins before, in ms since 1970. */
	pausedUntilMs = 0;
	/** What n8n's clock is ahead of VideoSDK's, in ms. */
	skewMs = 0;
	private readonly limits = limitsOf(MAX_OF_ACCOUNT);
	private readonly readCredential: ReadCredential;

	constructor(
		context: RequestContext,
		itemIndex: number | undefined,
		private last: ICredentialsDecrypted | undefined,
	) {
		this.context = detached(context);
		this.readCredential = credentialOf(this.context, itemIndex, MAX_AGE_MS);
	}

	/** @throws what n8n throws if the credential cannot be read */
	async read(): Promise<ICredentialsDecrypted> {
		const current = await this.readCredential().catch((error: Error) =>
			// n8n 2.x evaluates expressions only while the execution runs, so their values of that time count.
			this.last && error.message.includes(NOT_RESOLVED) ? this.last : Promise.reject(error),
		);
		this.last = current;
		return current;
	}

	/** @returns whether the credential is the same for all items; never throws */
	async isAsStored(context: IExecuteFunctions): Promise<boolean> {
		return await this.read().then(
			async (credential) => await isAsStored(context, credential),
			() => false,
		);
	}

	/** @param untilMs after this time, in ms since 1970, nothing is sent. @returns sends requests, each bounded as a whole */
	sender(lane: Lane, untilMs: number, maxAttempts: number): Send {
		const sending = {
			...{ timeoutMs: TIMEOUT_MS, wholeTimeoutMs: TIMEOUT_MS, maxAttempts, untilMs },
			credential: async () => await this.read(),
			stopSignal: new AbortController().signal,
			onRateLimited: () => (this.pausedUntilMs = Date.now() + RATE_LIMIT_PAUSE_MS),
			inTurn: async <T>(send: () => Promise<T>): Promise<T> => await this.inTurn(lane, send),
		};
		return async (request, read) =>
			await apiRequest(
				this.context,
				request,
				(answer, headers) => {
					const skewMs = Date.now() - (serverTimeMs(headers) ?? NaN);
					this.skewMs = Math.abs(skewMs) >= SAME_CLOCK_MS ? skewMs : 0;
					return read(answer, headers);
				},
				sending,
			);
	}

	/** Reads the text of a file, with the address rules for files. @throws FileError */
	async readText(url: string): Promise<string> {
		const { data } = await this.read();
		return await this.inTurn('file', async () => {
			const { stream } = await openFile({
				httpRequest: this.context.helpers.httpRequest,
				url,
				rejectionOf: fileAddressRule(readBaseUrl(data?.baseUrl)),
				timeoutMs: TIMEOUT_MS,
				stopSignal: abortAfter(TIMEOUT_MS),
				...TEXT_LIMITS,
			});
			return await textOf(stream);
		});
	}

	private async inTurn<T>(lane: Lane, send: () => Promise<T>): Promise<T> {
		return await this.limits[lane](async () => await processLimits[lane](send));
	}
}

/** By the credential's ID. Those that no wait uses any more are garbage. */
const accounts = new Map<string, Array<WeakRef<Account>>>();

function isSame(one: ICredentialsDecrypted | undefined, other: ICredentialsDecrypted | undefined): boolean {
	if (one === undefined || other === undefined) return false;
	return ['apiKey', 'secretKey', 'baseUrl'].every((field) => one.data?.[field] === other.data?.[field]);
}

/**
 * Finds the account that reads the same credential, or makes one. Never throws: if a credential cannot be read, its requests fail.
 *
 * @param itemIndex the input item, if there are any
 * @param read reads that item's credential
 */
export async function findAccount(
	context: RequestContext,
	itemIndex?: number,
	read: ReadCredential = credentialOf(context, itemIndex),
): Promise<Account> {
	const id = credentialId(context);
	const current = await read().catch(() => undefined);
	for (const reference of accounts.get(id) ?? []) {
		const account = reference.deref();
		if (account && isSame(await account.read().catch(() => undefined), current)) return account;
	}
	const account = new Account(context, itemIndex, current);
	const inUse = (accounts.get(id) ?? []).filter((reference) => reference.deref() !== undefined);
	accounts.set(id, [...inUse, new WeakRef(account)]);
	return account;
}
