import type { KeyObject } from 'node:crypto';
import type { IHttpRequestOptions } from 'n8n-workflow';
import { forgetPublishedKeys, publishedKeys } from '../../../nodes/VideoSdkAgentCloud/webhook/keyCache';
import { jsonAnswer, requestContext, rsaKeyPair, settle } from '../support';

const HOST = 'https://api.videosdk.live/';
const MINUTE = 60_000;
const first = rsaKeyPair();
const second = rsaKeyPair();

let nowMs: number;
/** What the key server answers; throws to fail. */
let publish: () => unknown;
let fetches: IHttpRequestOptions[];
/** Fetches are answered when it has resolved. */
let gate: Promise<void> | undefined;

const context = requestContext(async (options) => {
	fetches.push(options);
	await gate;
	return publish();
});

const published = (pem: string) => () => jsonAnswer({ publicKey: pem });
const down = () => {
	throw Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:80'), { code: 'ECONNREFUSED' });
};

/** The verdict on a delivery; undefined if there is no key, of which the reason must be told. */
async function verdictOf(isSignedWith: (key: KeyObject) => boolean, host = HOST, by = context) {
	try {
		for await (const key of publishedKeys(by, host)) if (isSignedWith(key)) return true;
		return false;
	} catch (error) {
		expect((error as Error).message).not.toBe('');
		return undefined;
	}
}

const deliver = async (signedWith = first.publicKey, host = HOST, by = context) =>
	await verdictOf((key) => key.equals(signedWith), host, by);
/** Whatever an attacker signs with, it fits no key. */
const deliverForged = async () => await verdictOf(() => false);
const deliverBoth = async () => [await deliver(), await deliver(second.publicKey)];
async function renewKey(afterMs: number): Promise<void> {
	publish = published(first.publishedPem);
	expect(await deliver()).toBe(true);
	publish = published(second.publishedPem);
	nowMs += afterMs;
}
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
	publish = published(first.publishedPem);
	fetches = [];
	gate = undefined;
});
afterEach(() => void jest.restoreAllMocks());

it('On a cold start 50 simultaneous deliveries make one fetch, and one that fails verifies none', async () => {
	const open = closeGate();
	const isForged = Array.from({ length: 50 }, (_, index) => index % 2 === 1);
	const deliveries = isForged.map(async (forged) => await (forged ? deliverForged() : deliver()));
	await settle();
	open();
	expect(await Promise.all(deliveries)).toEqual(isForged.map((forged) => !forged));
	const url = `${HOST}v2/public/rsa-public-key`;
	expect(fetches).toEqual([expect.objectContaining({ method: 'GET', url, timeout: 5_000 })]);
	forgetPublishedKeys();
	publish = down;
	expect(new Set(await Promise.all(isForged.map(async () => await deliver())))).toEqual(new Set([undefined]));
	expect(fetches).toHaveLength(2);
});

const privateKey = String(first.privateKey.export({ type: 'pkcs8', format: 'pem' }));
it.each<[answer: string, answer: () => unknown]>([
	['no connection', down],
	...[500, 404].map((status): [string, () => unknown] => [`${status}`, () => jsonAnswer({}, status)]),
	['no JSON', () => ({ statusCode: 200, headers: {}, body: '<html>' })],
	...[undefined, 5, 'garbage', privateKey].map((publicKey): [string, () => unknown] => [
		`the key ${String(publicKey).slice(0, 20)}`,
		() => jsonAnswer({ publicKey }),
	]),
])('With %s from the key server nothing is verified, and two seconds later it is', async (_name, answer) => {
	publish = answer;
	expect(await deliver()).toBeUndefined();
	publish = published(first.publishedPem);
	nowMs += 1_999;
	expect(await deliver()).toBeUndefined();
	nowMs += 1;
	expect(await deliver()).toBe(true);
	expect(fetches).toHaveLength(2);
	// A good key stays, whatever is answered then.
	publish = answer;
	for (let minutes = 0; minutes < 24 * 60; minutes += 7) {
		nowMs += 7 * MINUTE;
		expect(await deliver()).toBe(true);
		await settle();
		expect(await deliver(second.publicKey)).toBe(false);
	}
	publish = published(second.publishedPem);
	nowMs += MINUTE;
	expect(await deliver(second.publicKey)).toBe(true);
});

it('The key is fetched at most once a minute, whatever forged deliveries are sent, and each is checked once per key', async () => {
	const hours = 2;
	for (let seconds = 0; seconds < hours * 3_600; seconds += 5) {
		expect(await Promise.all([deliverForged(), deliver(), deliverForged()])).toEqual([false, true, false]);
		nowMs += 5_000;
	}
	expect(fetches).toHaveLength(hours * 60);
	const isSignedWith = jest.fn(() => false);
	forgetPublishedKeys();
	await verdictOf(isSignedWith);
	await verdictOf(isSignedWith);
	expect(isSignedWith).toHaveBeenCalledTimes(2);
	await renewKey(MINUTE);
	await verdictOf(isSignedWith);
	expect(isSignedWith).toHaveBeenCalledTimes(4);
});

it('A new key counts within a minute, and the old one no longer', async () => {
	await renewKey(MINUTE - 1);
	expect(await deliver(second.publicKey)).toBe(false);
	nowMs += 1;
	expect([await deliver(second.publicKey), await deliver()]).toEqual([true, false]);
	expect(fetches).toHaveLength(2);
});

it('A withdrawn key is refreshed after 15 minutes, without making the delivery wait', async () => {
	await renewKey(15 * MINUTE);
	expect(await deliver()).toBe(true);
	expect(fetches).toHaveLength(1);
	const open = closeGate();
	nowMs += 1;
	expect(await deliver()).toBe(true);
	expect(fetches).toHaveLength(2);
	open();
	await settle();
	expect(await deliverBoth()).toEqual([false, true]);
});

it('A withdrawn key is not believed even once if nothing came for an hour', async () => {
	await renewKey(60 * MINUTE);
	expect(await deliver()).toBe(true);
	await settle();
	forgetPublishedKeys();
	await renewKey(60 * MINUTE + 1);
	expect(await deliverBoth()).toEqual([false, true]);
});

it('The key of another host or credential is never believed, nor does anyone wait for its failures', async () => {
	await renewKey(0);
	const other = 'https://other.example.com/';
	const ofOther = [await deliver(first.publicKey, other), await deliver(second.publicKey, other)];
	expect([...ofOther, await deliver()]).toEqual([false, true, true]);
	expect(fetches).toHaveLength(2);
	const of2 = requestContext(async () => jsonAnswer({ publicKey: second.publishedPem }), 'credential-2');
	const refused = requestContext(async () => jsonAnswer({}, 401), 'credential-3');
	expect(await deliver(first.publicKey, HOST, refused)).toBeUndefined();
	expect(await deliver(second.publicKey, HOST, of2)).toBe(true);
	expect(await deliverBoth()).toEqual([true, false]);
});

it('The keys of 100 hosts at most are remembered', async () => {
	const host = (index: number) => `https://host-${index}.example.com/`;
	for (const [from, to, fetched] of [
		[0, 101, 101],
		[1, 101, 101],
		[0, 1, 102],
	] as const) {
		for (let index = from; index < to; index++) await deliver(first.publicKey, host(index));
		expect(fetches).toHaveLength(fetched);
	}
});
