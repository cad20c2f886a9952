import fc from 'fast-check';
import type { IHttpRequestOptions } from 'n8n-workflow';
import { readBaseUrl, resolveTarget } from '../../../credentials/apiTarget';
import { VideoSdkAgentCloudApi } from '../../../credentials/VideoSdkAgentCloudApi.credentials';
import { check, checkAsync, unicode, utf16 } from '../support';

const BASE = readBaseUrl('https://api.videosdk.live');
const BELOW = readBaseUrl('https://proxy.example.com:8443/videosdk/api/');

/** Scraps of addresses, to be put together in every way. */
const SCRAPS = [
	...['https:', 'http:', 'HTTPS:', 'file:', 'javascript:', 'data:', 'ftp:', 'ws:', 'blob:'],
	...[
		'//',
		'/',
		'\\',
		'\\\\',
		'@',
		':',
		'?',
		'#',
		'..',
		'.',
		'/../',
		'/./',
		'%2e%2e',
		'%2F',
		'%5C',
		'%00',
		'%',
	],
	...[
		'evil.example',
		'api.videosdk.live',
		'api.videosdk.live.evil.example',
		'evil.example#api.videosdk.live',
	],
	...['user:secret@', 'user@', ':443', ':8443', ':80', '[::1]', '127.0.0.1', '0x7f000001', 'xn--'],
	...['\t', '\n', '\r', ' ', '\u0000', '\u3002', '\uff0e', '\uff61', '\u2215', '\uff0f', '\u00ad', '\u200b'],
	...['ai/v1/ai-deployments', '{{', '}}', ';', '&', '=', '|', '^', '"', '<', 'ſ', 'ℂ', '℀'],
];

const address = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.array(fc.constantFrom(...SCRAPS), { maxLength: 7 }).map((scraps) => scraps.join('')),
	},
	{ weight: 1, arbitrary: unicode() },
	{ weight: 1, arbitrary: utf16() },
	{ weight: 1, arbitrary: fc.webUrl({ withFragments: true, withQueryParameters: true }) },
);

function targetOrUndefined(options: Parameters<typeof resolveTarget>[0], base: URL): string | undefined {
	try {
		return resolveTarget(options, base);
	} catch {
		return undefined;
	}
}

describe('resolveTarget', () => {
	it('gives a target of the origin of the Base URL, or throws, whatever the request is addressed to', () => {
		let signed = 0;
		let refused = 0;
		const optional = fc.option(address, { nil: undefined });
		check(
			fc.property(
				fc.record({ url: optional, uri: optional, baseURL: optional }),
				fc.constantFrom(BASE, BELOW),
				({ url, uri, baseURL }, base) => {
					const options = { baseURL, ...(url !== undefined && { url }), ...(uri !== undefined && { uri }) };
					const target = targetOrUndefined(options as Parameters<typeof resolveTarget>[0], base);
					if (target === undefined) {
						refused++;
						return;
					}
					signed++;
					const parsed = new URL(target);
					expect(parsed.origin).toBe(base.origin);
					expect(parsed.username + parsed.password).toBe('');
					// The target is spelled out, so that no other parser can read another host into it.
					expect(parsed.href).toBe(target);
					expect(target.startsWith(`${base.origin}/`)).toBe(true);
				},
			),
			4_000,
		);
		expect(signed).toBeGreaterThan(400);
		expect(refused).toBeGreaterThan(400);
	});

	it.each([
		'blob:https:api.videosdk.live',
		'//evil.example/x',
		'///evil.example/x',
		'https:evil.example',
		'https:/evil.example',
		'https:\\\\evil.example',
		'HTTPS://EVIL.example',
		'https://api.videosdk.live@evil.example/',
		'https://api.videosdk.live:x@evil.example/',
		'https://api.videosdk.live.evil.example/',
		'https://api.videosdk.live。evil.example/',
		'https://evil.example\\@api.videosdk.live/',
		'https://evil.example#@api.videosdk.live/',
		'https://evil.example?@api.videosdk.live/',
		'https://user:secret@api.videosdk.live/',
		'https://user@api.videosdk.live/',
		'http://api.videosdk.live/',
		'https://api.videosdk.live:8443/',
		'https://evil.example',
		'javascript:alert(1)',
		'file:///etc/passwd',
		'data:text/plain,x',
	])('refuses %j', (url) => {
		expect(() => resolveTarget({ url }, BASE)).toThrow();
	});

	it.each([
		['/\t/evil.example', 'https://api.videosdk.live/'],
		['\t//evil.example', 'https://api.videosdk.live/'],
		[' https://evil.example', 'https://api.videosdk.live/'],
		['ht\ttps://evil.example', 'https://api.videosdk.live/'],
		['\\\\evil.example\\x', 'https://api.videosdk.live/'],
		['@evil.example', 'https://api.videosdk.live/@evil.example'],
		['.evil.example', 'https://api.videosdk.live/.evil.example'],
		[':8443/x', 'https://api.videosdk.live/:8443/x'],
		['/../../x', 'https://api.videosdk.live/x'],
		['。evil.example', 'https://api.videosdk.live/'],
	])('keeps %j on the host', (url, start) => {
		expect(resolveTarget({ url }, BASE).startsWith(start)).toBe(true);
	});

	it.each([
		['/ai/v1/ai-deployments', 'https://api.videosdk.live/ai/v1/ai-deployments'],
		['ai/v1/ai-deployments', 'https://api.videosdk.live/ai/v1/ai-deployments'],
		['https://api.videosdk.live/v2/rooms?page=1', 'https://api.videosdk.live/v2/rooms?page=1'],
		['https://API.videosdk.live:443/v2/rooms', 'https://api.videosdk.live/v2/rooms'],
		['/x/a%2Fb%20c', 'https://api.videosdk.live/x/a%2Fb%20c'],
		['', 'https://api.videosdk.live/'],
	])('takes %j to %s', (url, target) => {
		expect(resolveTarget({ url }, BASE)).toBe(target);
	});

	it('joins plain paths below a Base URL that has a path of its own', () => {
		const segment = fc
			.string({ minLength: 1 })
			.map(encodeURIComponent)
			.filter((part) => !/^\.{1,2}$/.test(part));
		check(
			fc.property(
				fc.array(segment, { minLength: 1, maxLength: 5 }),
				fc.constantFrom('', '/'),
				(parts, slash) => {
					const path = parts.join('/');
					expect(resolveTarget({ url: `${slash}${path}` }, BELOW)).toBe(
						`https://proxy.example.com:8443/videosdk/api/${path}`,
					);
				},
			),
		);
	});

	it('takes the address of former request options', () => {
		const options = { uri: '/v2/rooms' } as unknown as IHttpRequestOptions;
		expect(resolveTarget(options, BASE)).toBe('https://api.videosdk.live/v2/rooms');
	});

	it('joins a relative address to the baseURL of the request, if that is of the same origin', () => {
		expect(resolveTarget({ url: '/rooms', baseURL: 'https://api.videosdk.live/v2/' }, BASE)).toBe(
			'https://api.videosdk.live/v2/rooms',
		);
		expect(() => resolveTarget({ url: '/rooms', baseURL: 'https://evil.example' }, BASE)).toThrow(
			'evil.example',
		);
		expect(() =>
			resolveTarget({ url: '.evil.example', baseURL: 'https://api.videosdk.live@' }, BASE),
		).toThrow();
	});
});

describe('readBaseUrl', () => {
	it.each([
		['https://api.videosdk.live', 'https://api.videosdk.live/'],
		[' https://api.videosdk.live/ \n', 'https://api.videosdk.live/'],
		['http://127.0.0.1:8080//', 'http://127.0.0.1:8080/'],
		['https://proxy.example.com/a/b///', 'https://proxy.example.com/a/b'],
		['', 'https://api.videosdk.live/'],
		['   ', 'https://api.videosdk.live/'],
		[undefined, 'https://api.videosdk.live/'],
		[null, 'https://api.videosdk.live/'],
	])('reads %j', (value, href) => {
		expect(readBaseUrl(value).href).toBe(href);
	});

	it.each([
		'api.videosdk.live',
		'ftp://api.videosdk.live',
		'file:///etc/passwd',
		'javascript:alert(1)',
		'https://user@api.videosdk.live',
		'https://user:secret@api.videosdk.live',
		'https://api.videosdk.live/?a=1',
		'https://api.videosdk.live/#a',
		'//api.videosdk.live',
		'https://',
		5,
		{},
	])('refuses %j, naming the field', (value) => {
		expect(() => readBaseUrl(value)).toThrow("'Base URL'");
	});

	it('gives a URL below which paths can be put, or throws', () => {
		check(
			fc.property(fc.oneof(address, fc.anything()), (value) => {
				let base: URL;
				try {
					base = readBaseUrl(value);
				} catch {
					return;
				}
				const target = new URL(resolveTarget({ url: '/ai/v1/ai-deployments' }, base));
				expect(target.origin).toBe(base.origin);
				expect(target.pathname.endsWith('/ai/v1/ai-deployments')).toBe(true);
				expect(target.search + target.hash).toBe('');
			}),
			2_000,
		);
	});

	it.each(['https://api.videosdk.live/?', 'https://api.videosdk.live#', 'https://api.videosdk.live/v0?#'])(
		'does not let the empty query or fragment of %s swallow the path',
		(value) => {
			expect(resolveTarget({ url: '/x' }, readBaseUrl(value))).toMatch(
				/^https:\/\/api\.videosdk\.live(\/v0)?\/x$/,
			);
		},
	);
});

describe('authenticate', () => {
	const { authenticate } = new VideoSdkAgentCloudApi();
	const credential = { apiKey: ' key\n', secretKey: '\tsecret ', baseUrl: 'https://api.videosdk.live' };

	it('signs no request that another host would get, and lets no redirect take the token along', async () => {
		let signedCount = 0;
		await checkAsync(
			fc.asyncProperty(
				fc.constantFrom('url', 'uri'),
				address,
				fc.option(address, { nil: undefined }),
				async (field, value, baseURL) => {
					const request = { [field]: value, baseURL, method: 'GET' } as unknown as IHttpRequestOptions;
					const signed = await authenticate(credential, request).catch(() => undefined);
					if (signed === undefined) return;
					signedCount++;
					const sent = signed as unknown as Record<string, unknown>;
					expect(new URL(String(sent[field])).origin).toBe('https://api.videosdk.live');
					expect('baseURL' in sent).toBe(false);
					expect(sent).toMatchObject({ disableFollowRedirect: true, followRedirect: false, maxRedirects: 0 });
				},
			),
			1_000,
		);
		expect(signedCount).toBeGreaterThan(100);
	});

	it('sends the token without a prefix, keeps other headers, and leaves the request itself untouched', async () => {
		const request: IHttpRequestOptions = { url: '/v2/rooms', headers: { Accept: 'application/json' } };
		const signed = await authenticate(credential, request);
		expect(signed.headers).toEqual({
			Accept: 'application/json',
			Authorization: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
		});
		expect(request).toEqual({ url: '/v2/rooms', headers: { Accept: 'application/json' } });
	});
});
