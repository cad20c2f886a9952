import { type ICredentialsDecrypted } from 'n8n-workflow';
import pLimit from 'p-limit';
import { apiRequest, type Send, type Sending } from '../api/client';
import { credentialId, credentialOf, type RequestContext } from '../api/credential';
import { withoutStop } from '../shared/withoutStop';

/** Requests in flight for all waiting executions of this process. */
const MAX_IN_FLIGHT = 20;
/** VideoSDK may be waiting for our answer to an event. */
const TIMEOUT_MS = 10_000;
const MAX_ATTEMPTS = 3;
/** How n8n marks an expression in a credential that it cannot evaluate any more (CredentialsHelper.applyDefaultsAndOverwrites). */
const NOT_RESOLVED = '[Error resolving credentials]';
/** One poll reads the credential once, however many requests it makes. */
const MAX_AGE_MS = 1_000;

const limit = pLimit(MAX_IN_FLIGHT);

/** The requests of a waiting execution outlive the execution whose context they use. */
export const NEVER_STOPPED = new AbortController().signal;

export type ReadCredential = () => Promise<ICredentialsDecrypted>;

/** Bounds for requests: how often each is sent, and the time (ms since 1970) after which none is sent any more. */
export interface SendLimits {
	maxAttempts?: number;
	untilMs?: number;
}

/**
 * Reads the credential of waiting executions in its current state.
 *
 * Only an execution's context can read it, and the context keeps that execution's data in memory. So executions whose credential
 * reads the same share one context, the first one's. Only an expression in the credential, such as `{{ $json.key }}`, makes them
 * differ, and then there is a context for each value.
 */
export class CredentialSource {
	private readonly readCredential: ReadCredential;

	readonly context: RequestContext;

	constructor(
		context: RequestContext,
		itemIndex: number | undefined,
		private last: ICredentialsDecrypted | undefined,
	) {
		this.context = withoutStop(context);
		this.readCredential = credentialOf(context, itemIndex, MAX_AGE_MS);
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

	/** @returns sends requests with the current credential, and throws UserError for those that come too late */
	sender({ maxAttempts = MAX_ATTEMPTS, untilMs = Infinity }: SendLimits = {}): Send {
		const sending: Sending = {
			timeoutMs: TIMEOUT_MS,
			maxAttempts,
			credential: async () => await this.read(),
			stopSignal: NEVER_STOPPED,
			untilMs,
			inTurn: async (sendOnce) => await limit(sendOnce),
		};
		return async (request, read) => await apiRequest(this.context, request, read, sending);
	}
}

/** By the credential's ID. Those that no wait uses any more are garbage. */
const sources = new Map<string, Array<WeakRef<CredentialSource>>>();

function isSame(one: ICredentialsDecrypted | undefined, other: ICredentialsDecrypted | undefined): boolean {
	if (one === undefined || other === undefined) return false;
	return ['apiKey', 'secretKey', 'baseUrl'].every((field) => one.data?.[field] === other.data?.[field]);
}

/**
 * Finds the source that reads the same credential, or makes one. Never throws: if a credential cannot be read, its requests fail.
 *
 * @param itemIndex the input item, if there are any
 * @param read reads that item's credential
 */
export async function findSource(
	context: RequestContext,
	itemIndex?: number,
	read: ReadCredential = credentialOf(context, itemIndex),
): Promise<CredentialSource> {
	const id = credentialId(context);
	const current = await read().catch(() => undefined);
	for (const reference of sources.get(id) ?? []) {
		const source = reference.deref();
		if (source && isSame(await source.read().catch(() => undefined), current)) return source;
	}
	const source = new CredentialSource(context, itemIndex, current);
	const inUse = (sources.get(id) ?? []).filter((reference) => reference.deref() !== undefined);
	sources.set(id, [...inUse, new WeakRef(source)]);
	return source;
}
