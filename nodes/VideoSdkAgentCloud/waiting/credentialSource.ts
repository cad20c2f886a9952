import type { ICredentialsDecrypted } from 'n8n-workflow';
import pLimit from 'p-limit';
import type { Send } from '../api/client';
import { apiRequest } from '../api/client';
import type { RequestContext } from '../api/credential';
import { credentialId, credentialOf } from '../api/credential';

/** Requests in flight for all waiting executions of this process. */
const MAX_IN_FLIGHT = 20;
/** VideoSDK may be waiting for our answer meanwhile. */
const TIMEOUT_MS = 10_000;
const MAX_ATTEMPTS = 3;
/** How n8n marks an expression in a credential that it cannot evaluate any more (CredentialsHelper.applyDefaultsAndOverwrites). */
const NOT_RESOLVED = '[Error resolving credentials]';

/** One poll reads the credential once, however many requests it makes. */
const MAX_AGE_MS = 1_000;

const limit = pLimit(MAX_IN_FLIGHT);
/** Requests of waiting executions do not end with the execution whose context they use. */
const NEVER_STOPPED = new AbortController().signal;

export type ReadCredential = () => Promise<ICredentialsDecrypted>;

/**
 * Where the credential of waiting executions is read as it is now.
 *
 * Only n8n's context of an execution can read it, and it holds that execution's data. So executions share one context, whichever
 * came first: all those whose credential reads the same at the same time. They differ only if a field of it is an expression such as
 * `{{ $json.key }}`. Then there is a context for each value.
 */
export class CredentialSource {
	users = 1;
	private readonly readCredential: ReadCredential;

	constructor(
		readonly context: RequestContext,
		itemIndex: number | undefined,
		private last: ICredentialsDecrypted | undefined,
	) {
		this.readCredential = credentialOf(context, itemIndex, MAX_AGE_MS);
	}

	/** @throws what n8n throws if the credential cannot be read */
	async read(): Promise<ICredentialsDecrypted> {
		const current = await this.readCredential().catch((error: Error) =>
			// n8n 2.x evaluates expressions only while the execution runs: the values of that time count.
			this.last && error.message.includes(NOT_RESOLVED) ? this.last : Promise.reject(error),
		);
		this.last = current;
		return current;
	}

	/** Sends requests with the credential as it is now. */
	readonly send: Send = async (request, read) =>
		await limit(
			async () =>
				await apiRequest(this.context, request, read, {
					timeoutMs: TIMEOUT_MS,
					maxAttempts: MAX_ATTEMPTS,
					credential: async () => await this.read(),
					stopSignal: NEVER_STOPPED,
				}),
		);
}

/** The sources in use, by the credential's ID. */
const sources = new Map<string, CredentialSource[]>();

function isSame(one: ICredentialsDecrypted | undefined, other: ICredentialsDecrypted | undefined): boolean {
	if (one === undefined || other === undefined) return false;
	return ['apiKey', 'secretKey', 'baseUrl'].every((field) => one.data?.[field] === other.data?.[field]);
}

/**
 * Gives the source that reads the same credential, or makes one. To be given back by `releaseSource`. Never throws: a credential
 * that cannot be read fails its requests.
 *
 * @param itemIndex the input item, if there are any
 * @param read gives the credential of that item. Default: reads it
 */
export async function acquireSource(
	context: RequestContext,
	itemIndex?: number,
	read: ReadCredential = credentialOf(context, itemIndex),
): Promise<CredentialSource> {
	const id = credentialId(context);
	const current = await read().catch(() => undefined);
	for (const source of sources.get(id) ?? []) {
		if (isSame(await source.read().catch(() => undefined), current) && source.users > 0) {
			source.users++;
			return source;
		}
	}
	const source = new CredentialSource(context, itemIndex, current);
	sources.set(id, [...(sources.get(id) ?? []), source]);
	return source;
}

/** Forgets a source, and the context that it holds, when nobody uses it any more. */
export function releaseSource(source: CredentialSource): void {
	source.users--;
	if (source.users > 0) return;
	const id = credentialId(source.context);
	const others = (sources.get(id) ?? []).filter((other) => other !== source);
	if (others.length > 0) sources.set(id, others);
	else sources.delete(id);
}

/** Groups what is waited for by the source of its credential. */
export function idsBySource(
	pairs: Array<[id: string, source: CredentialSource]>,
): Map<CredentialSource, string[]> {
	const groups = new Map<CredentialSource, string[]>();
	for (const [id, source] of pairs) {
		const ids = groups.get(source) ?? [];
		ids.push(id);
		groups.set(source, ids);
	}
	return groups;
}

/** For tests. @returns the number of contexts that are held */
export function sourceCount(): number {
	return [...sources.values()].flat().length;
}
