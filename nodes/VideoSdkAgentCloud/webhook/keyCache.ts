import { type KeyObject } from 'crypto';
import { UserError } from 'n8n-workflow';
import { BoundedMap } from '../n8n/boundedStores';
import { clientOf } from '../api/http/client';
import { credentialId, type RequestContext } from '../api/http/credential';
import { fetchPublicKey } from '../api/webhooks';
import { readPublicKey } from './verify';

/** The shortest time between two fetches, whatever signatures are received. */
const MIN_FETCH_INTERVAL_MS = 60_000;
/** The age at which a key is fetched again in the background although it fits, so that a withdrawn key isn't accepted forever. */
const REFRESH_AGE_MS = 15 * 60_000;
/** The age from which a delivery waits for the fetch. A key gets so old only if no event was received, or no fetch has succeeded. */
const MAX_KEY_AGE_MS = 60 * 60_000;
const RETRY_MS = 2_000;
/** The time limit of a fetch, because a sender waits for the response meanwhile. */
const FETCH_TIMEOUT_MS = 5_000;
const MAX_KEYS = 100;

/** The key that VideoSDK publishes, as it was fetched with one credential. */
interface PublishedKey {
	baseUrl: string;
	key?: KeyObject;
	fetchedAtMs: number;
	/** When the next fetch may begin, in ms since 1970. */
	nextFetchAtMs: number;
	/** Why the last fetch brought no key, in words for the user. */
	lastFailure?: string;
	/** The last fetch, which may still be under way. */
	fetching?: Promise<void>;
}

const published = new BoundedMap<string, PublishedKey>(MAX_KEYS);

/** For tests: forgets all keys. */
export function forgetPublishedKeys(): void {
	published.clear();
}

/** Finds a credential's entry. Each has its own, because one user's Base URL must not decide what another user's workflows accept. */
function entryFor(context: RequestContext, baseUrl: string): PublishedKey {
	const key = `${credentialId(context)} ${baseUrl}`;
	const entry = published.get(key) ?? { baseUrl, fetchedAtMs: 0, nextFetchAtMs: 0 };
	published.set(key, entry);
	return entry;
}

async function fetchKey(context: RequestContext, entry: PublishedKey): Promise<void> {
	try {
		const send = clientOf(context, { timeoutMs: FETCH_TIMEOUT_MS, maxAttempts: 1 });
		entry.key = await fetchPublicKey(send, readPublicKey, entry.baseUrl);
		entry.fetchedAtMs = Date.now();
		entry.nextFetchAtMs = entry.fetchedAtMs + MIN_FETCH_INTERVAL_MS;
		entry.lastFailure = undefined;
	} catch (error) {
		entry.lastFailure = (error as Error).message;
		// The last key that could be fetched stays in use.
		entry.nextFetchAtMs = Date.now() + RETRY_MS;
	}
}

/** Fetches the key, unless it's too early for that, and waits for a fetch that is under way. */
async function refresh(context: RequestContext, entry: PublishedKey): Promise<void> {
	if (Date.now() >= entry.nextFetchAtMs) {
		// No other fetch begins before this one has ended.
		entry.nextFetchAtMs = Infinity;
		entry.fetching = fetchKey(context, entry);
	}
	await entry.fetching;
}

/**
 * Yields the keys that may have signed a delivery. The first one is the cached key. If the caller asks for another one, the key is fetched
 * again, because VideoSDK may have replaced it, but at most once a minute, whatever is sent.
 *
 * @param baseUrl the API host whose key counts
 * @yields each key once
 * @throws UserError if there is no key, with the reason in words for the user
 */
export async function* publishedKeys(context: RequestContext, baseUrl: string): AsyncGenerator<KeyObject> {
	const entry = entryFor(context, baseUrl);
	const fetchAgain = async () => await refresh(context, entry);
	const ageMs = Date.now() - entry.fetchedAtMs;
	if (entry.key === undefined || ageMs > MAX_KEY_AGE_MS) await fetchAgain();
	else if (ageMs > REFRESH_AGE_MS) void fetchAgain();
	const { key } = entry;
	if (key === undefined) throw new UserError(entry.lastFailure ?? "The key couldn't be fetched");
	yield key;
	await fetchAgain();
	if (entry.key !== undefined && entry.key !== key) yield entry.key;
}
