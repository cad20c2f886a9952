import fc from 'fast-check';
import type { IHttpRequestOptions } from 'n8n-workflow';
import { readBaseUrl, resolveTarget } from '../../../credentials/apiTarget';
import { VideoSdkAgentCloudApi } from '../../../credentials/VideoSdkAgentCloudApi.credentials';
import { check, checkAsync, checkTimes, shareOf, unicode, utf16 } from '../support';

const HOST = 'https://api.videosdk.live';
const BASE = readBaseUrl(HOST);
const BELOW = readBaseUrl('https://proxy.example.com:8443/videosdk/api/');

const words = (...lines: string[]) => lines.flatMap((line) => line.split(' '));

/** Scraps of addresses, to be put together in every way. */
const SCRAPS = words(
	'https: http: HTTPS: file: javascript: data: ftp: ws: blob: // / \\ \\\\ @ : ? # .. . /../ /./',
	'%2e%2e %2F %5C %00 % evil.example api.videosdk.live api.videosdk.live.evil.example',
	'evil.example#api.videosdk.live user:secret@ user@ :443 :8443 :80 [::1] 127.0.0.1 0x7f000001',
	'xn-- ai/v1/ai-deployments {{ }} ; & = | ^ " < ſ ℂ ℀ \u0000 \u3002 \uff0e \uff61 \u2215 \uff0f',
).concat('\u00ad', '\u200b', '\t', '\n', '\r', ' ');
/** Addresses that look as if they were of the host, or as if they were not. */
const TRICKS = words(
	'blob:https:api.videosdk.live //evil.example/x ///evil.example/x https:evil.example',
	'https:/evil.example https:\\\\evil.example HTTPS://EVIL.example https://evil.example',
	`${HOST}@evil.example/ ${HOST}:x@evil.example/ ${HOST}.evil.example/ ${HOST}。evil.example/`,
	`https://evil.example\\@api.videosdk.live/ https://evil.example#@api.videosdk.live/`,
	'https://evil.example?@api.videosdk.live/ https://user:secret@api.videosdk.live/',
	`https://:secret@api.videosdk.live/ http://api.videosdk.live/ ${HOST}:8443/ javascript:alert(1)`,
	'file:///etc/passwd data:text/plain,x \\\\evil.example\\x @evil.example .evil.example :8443/x',
).concat(
	'/\t/evil.example',
	'\t//evil.example',
	' https://evil.example',
	'ht\ttps://evil.example',
	'/../../x',
);
const scraps = fc.array(fc.constantFrom(...SCRAPS), { maxLength: 7 }).map((parts) => parts.join(''));
const address = fc.oneof(
	...[{ weight: 6, arbitrary: scraps }, unicode(), utf16(), fc.constantFrom(...TRICKS)],
	fc.webUrl({ withFragments: true, withQueryParameters: true }),
);
const optional = fc.option(address, { nil: undefined });

/** @returns what a call gives; undefined if it throws */
function given<T>(call: () => T): T | undefined {
	try {
		return call();
	} catch {
		return undefined;
	}
}

describe('resolveTarget', () => {
	it('gives a target of the origin of the Base URL, or throws, whatever the request is addressed to', () => {
		const count = { signed: 0, refused: 0 };
		const bases = fc.constantFrom(BASE, BELOW);
		checkTimes(4_000)([optional, optional, optional, bases], (url, uri, baseURL, base) => {
			const options = { baseURL, ...(url !== undefined && { url }), ...(uri !== undefined && { uri }) };
			const target = given(() => resolveTarget(options as IHttpRequestOptions, base));
			count[target === undefined ? 'refused' : 'signed']++;
			if (target === undefined) return;
			const { origin, username, password, href } = new URL(target);
			// The target is spelled out, so that no other parser can read another host into it.
			expect([origin, username + password, href]).toEqual([base.origin, '', target]);
			expect(target.startsWith(`${base.origin}/`)).toBe(true);
		});
		expect(Math.min(count.signed, count.refused)).toBeGreaterThan(shareOf(400));
	});

	it.each<[request: Partial<IHttpRequestOptions> & { uri?: string }, path: string]>([
		[{ url: '/ai/v1/ai-deployments' }, 'ai/v1/ai-deployments'],
		[{ url: 'ai/v1/ai-deployments' }, 'ai/v1/ai-deployments'],
		[{ url: `${HOST}/v2/rooms?page=1` }, 'v2/rooms?page=1'],
		[{ url: 'https://API.videosdk.live:443/v2/rooms' }, 'v2/rooms'],
		[{ url: '/x/a%2Fb%20c' }, 'x/a%2Fb%20c'],
		[{ url: '' }, ''],
		[{ uri: '/v2/rooms' }, 'v2/rooms'],
		[{ url: '/rooms', baseURL: `${HOST}/v2/` }, 'v2/rooms'],
	])('takes %j to %j', (request, path) => {
		expect(resolveTarget(request as IHttpRequestOptions, BASE)).toBe(`${HOST}/${path}`);
	});

	it('joins plain paths below a Base URL that has a path of its own', () => {
		const segment = fc
			.string({ minLength: 1 })
			.map(encodeURIComponent)
			.filter((part) => !/^\.{1,2}$/.test(part));
		const path = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
		check([path, fc.constantFrom('', '/')], (below, slash) => {
			expect(resolveTarget({ url: `${slash}${below}` }, BELOW)).toBe(`${BELOW.href}/${below}`);
		});
	});
});

describe('readBaseUrl', () => {
	it.each([
		[` ${HOST}/ \n`, `${HOST}/`],
		['http://127.0.0.1:8080//', 'http://127.0.0.1:8080/'],
		['https://proxy.example.com/a/b///', 'https://proxy.example.com/a/b'],
		...['', '   ', undefined, null].map((blank) => [blank, `${HOST}/`]),
		...['/?', '#', '?#'].map((empty) => [HOST + empty, `${HOST}/`]),
	])('reads %j', (value, href) => expect(readBaseUrl(value).href).toBe(href));

	it.each([
		'api.videosdk.live',
		'ftp://api.videosdk.live',
		'file:///etc/passwd',
		'javascript:alert(1)',
		'https://user@api.videosdk.live',
		'https://:secret@api.videosdk.live',
		`${HOST}/?a=1`,
		`${HOST}/#a`,
		'//api.videosdk.live',
		'https://',
		5,
		{},
	])('refuses %j, naming the field', (value) => expect(() => readBaseUrl(value)).toThrow("'Base URL'"));

	it('gives a URL below which paths can be put, or throws', () => {
		checkTimes(2_000)([fc.oneof(address, fc.anything())], (value) => {
			const base = given(() => readBaseUrl(value));
			if (base === undefined) return;
			const target = new URL(resolveTarget({ url: '/ai/v1/ai-deployments' }, base));
			expect(target.origin).toBe(base.origin);
			expect(target.pathname.endsWith('/ai/v1/ai-deployments')).toBe(true);
			expect(target.search + target.hash).toBe('');
		});
	});
});

describe('authenticate', () => {
	const { authenticate } = new VideoSdkAgentCloudApi();
	const credential = { apiKey: ' key\n', secretKey: '\tsecret ', baseUrl: HOST };

	it('signs no request that another host would get, and lets no redirect take the token along', async () => {
		let signedCount = 0;
		await checkAsync(
			fc.asyncProperty(fc.constantFrom('url', 'uri'), address, optional, async (field, value, baseURL) => {
				const request = { [field]: value, baseURL, method: 'GET' } as unknown as IHttpRequestOptions;
				const signed = await authenticate(credential, request).catch(() => undefined);
				if (signed === undefined) return;
				signedCount++;
				const sent = signed as unknown as Record<string, unknown>;
				expect(new URL(String(sent[field])).origin).toBe(HOST);
				expect('baseURL' in sent).toBe(false);
				const noRedirects = { disableFollowRedirect: true, followRedirect: false, followAllRedirects: false };
				expect(sent).toMatchObject({ ...noRedirects, maxRedirects: 0 });
			}),
			1_000,
		);
		expect(signedCount).toBeGreaterThan(shareOf(100));
	});

	it('sends the token without a prefix, keeps other headers, and leaves the request itself untouched', async () => {
		const request: IHttpRequestOptions = { url: '/v2/rooms', headers: { Accept: 'application/json' } };
		const { headers } = await authenticate(credential, request);
		const token = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string;
		expect(headers).toEqual({ Accept: 'application/json', Authorization: token });
		expect(request).toEqual({ url: '/v2/rooms', headers: { Accept: 'application/json' } });
	});
});
