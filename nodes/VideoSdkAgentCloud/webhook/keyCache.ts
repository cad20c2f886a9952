import { type KeyObject } from 'crypto';
import { UserError } from 'n8n-workflow';
import { BoundedMap } from '../n8n/boundedStores';
import { clientOf } from '../api/http/client';
import { credentialId, type RequestContext } from '../api/http/credential';
import { fetchPublicKey } from '../api/publicKey';
import { readPublicKey } from './verify';

/** Within this time after a fetch no signature, right or wrong, makes another one. */
const MIN_FETCH_INTERVAL_MS = 60_000;
/** After this time a key is fetched again even if it still fits, so that a withdrawn key is not accepted for ever. */
const REFRESH_AGE_MS = 15 * 60_000;
/** A key gets as old as this only if nothing came for long, or no fetch went well: then a delivery waits for the fetch. */
const MAX_KEY_AGE_MS = 60 * 60_000;
const RETRY_MS = 2_000;
/** The API is not asked for long while a sender waits for the answer. */
const FETCH_TIMEOUT_MS = 5_000;
const MAX_KEPT = 100;

/** What is known of the key that VideoSDK publishes, as fetched with one credential. */
interface PublishedKey {
	baseUrl: string;
	key?: KeyObject;
	fetchedAtMs: number;
	/** No fetch before this time. */
	nextFetchAtMs: number;
	/** Why the last fetch brought no key, in words for the user. */
	lastFailure?: string;
	/** The last fetch, which may be under way. */
	fetching?: Promise<void>;
}

const published = new BoundedMap<string, PublishedKey>(MAX_KEPT);

/** For tests: forgets all keys. */
export function forgetPublishedKeys(): void {
	published.clear();
}

/** Each credential has a key of its own: what one user enters must not decide what another user's workflows accept. */
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
		// The last good key stays in use.
		entry.nextFetchAtMs = Date.now() + RETRY_MS;
	}
}

/** Fetches the key unless it is too early for that; joins a fetch that is under way. */
async function refresh(context: RequestContext, entry: PublishedKey): Promise<void> {
	if (Date.now() >= entry.nextFetchAtMs) {
		// Until this one has brought a key or failed.
		entry.nextFetchAtMs = Infinity;
		entry.fetching = fetchKey(context, entry);
	}
	await entry.fetching;
}

/**
 * Gives the keys that may have signed a delivery: the one that VideoSDK publishes, which is fetched once and kept, and, if asked for
 * another, a newer one. It is fetched again for that, since it may have been replaced, at most once a minute whatever is sent.
 *
 * @param baseUrl the API host whose key counts
 * @returns each key once, as far as they are asked for
 * @throws UserError if there is none: why, in words for the user
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
