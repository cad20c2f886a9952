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
/** Called with each fetch; fetches are answered when it has resolved. */
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
async function verdictOf(
	isSignedWith: (key: KeyObject) => boolean,
	host: string,
	by = context,
): Promise<boolean | undefined> {
	try {
		for await (const key of publishedKeys(by, host)) if (isSignedWith(key)) return true;
		return false;
	} catch (error) {
		expect((error as Error).message).not.toBe('');
		return undefined;
	}
}

/** Verifies a delivery that was signed with a key. */
async function deliver(signedWith: KeyObject = first.publicKey, host = HOST): Promise<boolean | undefined> {
	return await verdictOf((key) => key.equals(signedWith), host);
}

/** Whatever an attacker signs with, it fits no key. */
async function deliverForged(host = HOST): Promise<boolean | undefined> {
	return await verdictOf(() => false, host);
}

beforeEach(() => {
	forgetPublishedKeys();
	nowMs = Date.UTC(2026, 0, 15);
	jest.spyOn(Date, 'now').mockImplementation(() => nowMs);
	publish = published(first.publishedPem);
	fetches = [];
	gate = undefined;
});

afterEach(() => {
	jest.restoreAllMocks();
});

describe('publishedKeys', () => {
	it('fetches the key once, and verifies with it', async () => {
		expect(await deliver()).toBe(true);
		expect(await deliver()).toBe(true);
		expect(await deliver(second.publicKey)).toBe(false);
		expect(fetches).toHaveLength(1);
		expect(fetches[0]).toMatchObject({
			method: 'GET',
			url: `${HOST}v2/public/rsa-public-key`,
			timeout: 5_000,
		});
	});

	it('makes one fetch for 50 simultaneous deliveries on a cold start', async () => {
		let open = () => {};
		gate = new Promise((resolve) => (open = resolve));
		const deliveries = Array.from({ length: 50 }, async (_, index) =>
			index % 2 === 0 ? await deliver() : await deliverForged(),
		);
		await settle();
		expect(fetches).toHaveLength(1);
		open();
		const verdicts = await Promise.all(deliveries);
		expect(verdicts).toEqual(verdicts.map((_, index) => index % 2 === 0));
		expect(fetches).toHaveLength(1);
	});

	it('makes one fetch for 50 simultaneous deliveries if it fails, and verifies none of them', async () => {
		publish = down;
		const verdicts = await Promise.all(Array.from({ length: 50 }, async () => await deliver()));
		expect(verdicts).toEqual(Array(50).fill(undefined));
		expect(fetches).toHaveLength(1);
	});

	it.each([
		['no connection', down],
		['status 500', () => jsonAnswer({ message: 'Internal' }, 500)],
		['status 404', () => jsonAnswer({}, 404)],
		['no JSON', () => ({ statusCode: 200, headers: {}, body: '<html>' })],
		['no key in it', () => jsonAnswer({})],
		['a key that is no text', () => jsonAnswer({ publicKey: 5 })],
		['a key that cannot be read', () => jsonAnswer({ publicKey: 'garbage' })],
		[
			'a private key',
			() => jsonAnswer({ publicKey: String(first.privateKey.export({ type: 'pkcs8', format: 'pem' })) }),
		],
	])('cannot verify while the key server answers with %s, and recovers afterwards', async (_name, answer) => {
		publish = answer;
		expect(await deliver()).toBeUndefined();
		publish = published(first.publishedPem);
		expect(await deliver()).toBeUndefined();
		nowMs += 1_000;
		expect(await deliver()).toBe(true);
		expect(fetches).toHaveLength(2);
	});

	it('waits 1 s, 2 s, 4 s ... and at most 60 s between failed fetches', async () => {
		publish = down;
		const waits: number[] = [];
		let lastFetchMs = nowMs;
		await deliver();
		while (waits.length < 10) {
			nowMs += 500;
			const before = fetches.length;
			expect(await deliver()).toBeUndefined();
			if (fetches.length > before) {
				waits.push(nowMs - lastFetchMs);
				lastFetchMs = nowMs;
			}
		}
		expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map((seconds) => seconds * 1_000));
	});

	it('begins anew with 1 s when a fetch went well in between', async () => {
		publish = down;
		await deliver();
		nowMs += 1_000;
		await deliver();
		nowMs += 2_000;
		publish = published(first.publishedPem);
		expect(await deliver()).toBe(true);
		publish = down;
		nowMs += MINUTE;
		await deliverForged();
		nowMs += 1_000;
		await deliverForged();
		expect(fetches).toHaveLength(5);
	});

	it('fetches at most once a minute, whatever forged deliveries are sent', async () => {
		const hours = 2;
		for (let seconds = 0; seconds < hours * 3_600; seconds += 5) {
			expect(await Promise.all([deliverForged(), deliver(), deliverForged()])).toEqual([false, true, false]);
			nowMs += 5_000;
		}
		expect(fetches.length).toBeLessThanOrEqual(hours * 60);
		expect(fetches.length).toBeGreaterThan(hours * 55);
	});

	it('checks a forged delivery once per key, so that forgeries cost no more than genuine ones', async () => {
		const isSignedWith = jest.fn(() => false);
		await verdictOf(isSignedWith, HOST);
		await verdictOf(isSignedWith, HOST);
		expect(isSignedWith).toHaveBeenCalledTimes(2);
		publish = published(second.publishedPem);
		nowMs += MINUTE;
		await verdictOf(isSignedWith, HOST);
		expect(isSignedWith).toHaveBeenCalledTimes(4);
	});

	it('takes up a new key within a minute, and lets go of the old one', async () => {
		await deliver();
		publish = published(second.publishedPem);
		nowMs += 30_000;
		expect(await deliver(second.publicKey)).toBe(false);
		nowMs += 30_000;
		expect(await deliver(second.publicKey)).toBe(true);
		expect(await deliver(first.publicKey)).toBe(false);
		expect(fetches).toHaveLength(2);
	});

	it('refreshes a key that is older than 15 minutes, without making the delivery wait', async () => {
		await deliver();
		publish = published(second.publishedPem);
		gate = new Promise(() => {});
		nowMs += 15 * MINUTE;
		expect(await deliver()).toBe(true);
		expect(fetches).toHaveLength(1);
		nowMs += 1;
		expect(await deliver()).toBe(true);
		expect(fetches).toHaveLength(2);
	});

	it('does not believe a withdrawn key any more once it was refreshed', async () => {
		await deliver();
		publish = published(second.publishedPem);
		nowMs += 15 * MINUTE + 1;
		expect(await deliver()).toBe(true);
		await settle();
		expect(await deliver()).toBe(false);
		expect(await deliver(second.publicKey)).toBe(true);
	});

	it('does not believe a withdrawn key even once if nothing came for an hour', async () => {
		await deliver();
		publish = published(second.publishedPem);
		nowMs += 60 * MINUTE + 1;
		expect(await deliver()).toBe(false);
		expect(await deliver(second.publicKey)).toBe(true);
		expect(fetches).toHaveLength(2);
	});

	it('goes on with the last good key while the key server is down', async () => {
		await deliver();
		publish = down;
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

	it('keeps a good key when the server publishes something unreadable', async () => {
		await deliver();
		publish = published('-----BEGIN RSA PUBLIC KEY-----\n-----END RSA PUBLIC KEY-----');
		nowMs += 20 * MINUTE;
		expect(await deliver()).toBe(true);
		await settle();
		expect(await deliver()).toBe(true);
	});

	it('never believes the key of another host', async () => {
		await deliver();
		publish = published(second.publishedPem);
		expect(await deliver(first.publicKey, 'https://other.example.com/')).toBe(false);
		expect(await deliver(second.publicKey, 'https://other.example.com/')).toBe(true);
		expect(await deliver(first.publicKey)).toBe(true);
		expect(fetches).toHaveLength(2);
	});

	it('never believes the key that was fetched with another credential, nor waits for its failures', async () => {
		const other = requestContext(async () => jsonAnswer({ publicKey: second.publishedPem }), 'credential-2');
		const refused = requestContext(async () => jsonAnswer({}, 401), 'credential-3');
		expect(await verdictOf(() => true, HOST, refused)).toBeUndefined();
		expect(await verdictOf((key) => key.equals(second.publicKey), HOST, other)).toBe(true);
		expect(await deliver(second.publicKey)).toBe(false);
		expect(await deliver()).toBe(true);
	});

	it('remembers the keys of 100 hosts at most', async () => {
		const host = (index: number) => `https://host-${index}.example.com/`;
		for (let index = 0; index < 101; index++) await deliver(first.publicKey, host(index));
		expect(fetches).toHaveLength(101);
		for (let index = 1; index < 101; index++) await deliver(first.publicKey, host(index));
		expect(fetches).toHaveLength(101);
		await deliver(first.publicKey, host(0));
		expect(fetches).toHaveLength(102);
	});
});
