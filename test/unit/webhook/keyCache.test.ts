import type { KeyObject } from 'node:crypto';
import fc from 'fast-check';
import type { IHttpRequestOptions } from 'n8n-workflow';
import { forgetPublishedKeys, publishedKeys } from '../../../nodes/VideoSdkAgentCloud/webhook/keyCache';
import { rsaKeyPair } from '../../simulator/keyPair';
import { checkAsync, jsonAnswer, requestContext, settle } from '../support';

const HOST = 'https://api.videosdk.live/';
const HOSTS = [HOST, 'https://other.example.com/'];
const MINUTE = 60_000;
const PAIRS = [rsaKeyPair(), rsaKeyPair(1)] as const;
const [first] = PAIRS;

let nowMs: number;
/** What the key server of each host answers; throws to fail. */
let publish: Record<string, () => unknown>;
let fetches: IHttpRequestOptions[];
/** Fetches are answered when it has resolved. */
let gate: Promise<void> | undefined;

const contextOf = (credentialId: string) =>
	requestContext(async (options) => {
		fetches.push(options);
		await gate;
		return (publish[new URL(options.url).origin + '/'] ?? publishes(0))();
	}, credentialId);

const publishes = (pair: 0 | 1) => () => jsonAnswer({ publicKey: PAIRS[pair].publishedPem });
const privateKey = String(first.privateKey.export({ type: 'pkcs8', format: 'pem' }));
/** Answers without a key. */
const FAILURES: Array<() => unknown> = [
	() => {
		throw Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:80'), { code: 'ECONNREFUSED' });
	},
	...[500, 404].map((status) => () => jsonAnswer({}, status)),
	() => ({ statusCode: 200, headers: {}, body: '<html>' }),
	...[undefined, 5, 'garbage', privateKey].map((publicKey) => () => jsonAnswer({ publicKey })),
];

/** The verdict on a delivery; undefined if there is no key, of which the reason must be told. */
async function verdictOf(isSignedWith: (key: KeyObject) => boolean, host = HOST, credentialId = '1') {
	try {
		for await (const key of publishedKeys(contextOf(credentialId), host)) if (isSignedWith(key)) return true;
		return false;
	} catch (error) {
		expect((error as Error).message).not.toBe('');
		return undefined;
	}
}
/** @param signer the number of the pair; another one: what a stranger signs with fits no key */
const deliver = async (signer = 0, ...of: [host?: string, credentialId?: string]) =>
	await verdictOf((key) => PAIRS[signer]?.publicKey.equals(key) ?? false, ...of);

/** Holds fetches back. @returns lets them be answered */
function closeGate(): () => void {
	let open = () => {};
	gate = new Promise((resolve) => (open = resolve));
	return () => open();
}

beforeEach(() => {
	forgetPublishedKeys();
	nowMs = Date.UTC(2026, 0, 15);
	jest.spyOn(Date, 'now').mockImplementation(() => nowMs);
	publish = {};
	fetches = [];
	gate = undefined;
});
afterEach(() => void jest.restoreAllMocks());

/** How much later a delivery comes: around each limit, or soon. */
const pauses = fc.oneof(
	fc
		.tuple(fc.constantFrom(2_000, MINUTE, 15 * MINUTE, 60 * MINUTE), fc.integer({ min: -1, max: 1 }))
		.map(([ms, more]) => ms + more),
	fc.constantFrom(0, 1, 30_000, 7 * MINUTE),
);
const servers = fc.oneof(
	fc.constantFrom<0 | 1>(0, 1).map((pair) => ({ pair, answer: publishes(pair) })),
	fc.constantFrom(...FAILURES).map((answer) => ({ pair: undefined, answer })),
);
const steps = fc.array(
	fc.record({
		afterMs: pauses,
		change: fc.option(servers),
		signer: fc.nat(2),
		host: fc.constantFrom(HOST, ...HOSTS),
		credentialId: fc.constantFrom('1', '1', '2'),
	}),
	{ minLength: 1, maxLength: 25 },
);

it('A delivery counts if it is signed by a key that its own host published to its own credential, and not too long ago', async () => {
	const property = fc.asyncProperty(steps, async (drawn) => {
		forgetPublishedKeys();
		fetches = [];
		publish = {};
		const published = new Map<string, number | undefined>();
		const known = new Map<string, { key?: number; fetchedAtMs: number; nextAtMs: number }>();
		let expectedFetches = 0;
		for (const { afterMs, host, credentialId, change, signer } of drawn) {
			nowMs += afterMs;
			if (change) {
				publish[host] = change.answer;
				published.set(host, change.pair);
			}
			const name = credentialId + host;
			const entry = known.get(name) ?? { fetchedAtMs: -Infinity, nextAtMs: 0 };
			known.set(name, entry);
			/** At most once a minute, or two seconds after a failure. */
			const fetchKey = () => {
				if (nowMs < entry.nextAtMs) return;
				expectedFetches++;
				const pair = published.has(host) ? published.get(host) : 0;
				entry.nextAtMs = nowMs + (pair === undefined ? 2_000 : MINUTE);
				if (pair !== undefined) Object.assign(entry, { key: pair, fetchedAtMs: nowMs });
			};
			const ageMs = nowMs - entry.fetchedAtMs;
			if (ageMs > 60 * MINUTE) fetchKey();
			let expected = entry.key === undefined ? undefined : entry.key === signer;
			// Fetched again for another signature, and in the background after a quarter of an hour.
			if (expected === false || (expected && ageMs > 15 * MINUTE)) fetchKey();
			if (expected === false) expected = entry.key === signer;
			expect(await deliver(signer, host, credentialId)).toBe(expected);
			await settle();
			expect(fetches).toHaveLength(expectedFetches);
		}
	});
	await checkAsync(property, 250);
});

it('50 deliveries at once make one fetch, and one that fails verifies none', async () => {
	const open = closeGate();
	const signers = Array.from({ length: 50 }, (_, index) => index % 2);
	const deliveries = signers.map(async (signer) => await deliver(signer));
	await settle();
	open();
	expect(await Promise.all(deliveries)).toEqual(signers.map((signer) => signer === 0));
	const url = `${HOST}v2/public/rsa-public-key`;
	expect(fetches).toEqual([expect.objectContaining({ method: 'GET', url, timeout: 5_000 })]);
	forgetPublishedKeys();
	publish[HOST] = FAILURES[0]!;
	expect(new Set(await Promise.all(signers.map(async () => await deliver())))).toEqual(new Set([undefined]));
	expect(fetches).toHaveLength(2);
});

it('A forged delivery is checked once per key', async () => {
	const isSignedWith = jest.fn(() => false);
	for (const [afterMs, pair, times] of [
		[0, 0, 1],
		[0, 0, 2],
		[MINUTE, 1, 4],
	] as const) {
		nowMs += afterMs;
		publish[HOST] = publishes(pair);
		await verdictOf(isSignedWith);
		expect(isSignedWith).toHaveBeenCalledTimes(times);
	}
});

it('A refresh after 15 minutes makes no delivery wait', async () => {
	await deliver();
	nowMs += 15 * MINUTE + 1;
	const open = closeGate();
	expect(await deliver()).toBe(true);
	expect(fetches).toHaveLength(2);
	open();
});

it('The keys of 100 hosts at most are remembered', async () => {
	const host = (index: number) => `https://host-${index}.example.com/`;
	for (const [from, to, fetched] of [
		[0, 101, 101],
		[1, 101, 101],
		[0, 1, 102],
	] as const) {
		for (let index = from; index < to; index++) await deliver(0, host(index));
		expect(fetches).toHaveLength(fetched);
	}
});
