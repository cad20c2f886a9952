import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import {
	fileAddressRule,
	isUnreachable,
	isUnreachableFrom,
	originOf,
} from '../../../nodes/VideoSdkAgentCloud/security/publicAddress';
import { checkTimes } from '../support';

const fromInternet = fileAddressRule(new URL('https://api.videosdk.live'));
const fromLocal = fileAddressRule(new URL('http://127.0.0.1:3000'));

describe('What the API of the internet names', () => {
	it.each([
		'https://bucket.s3.eu-central-1.amazonaws.com/a?X-Amz-Signature=1',
		'https://8.8.8.8/a',
		'https://[2606:4700::1111]/a',
	])('is fetched from %s', (url) => expect(fromInternet(new URL(url))).toBeUndefined());

	it.each([
		'localhost/a',
		'localhost./a',
		'LOCALHOST/a',
		'n8n.internal./a',
		'postgres:5432/',
		'１２７.0.0.1/',
		'127.1/',
		'2130706433/',
		'0x7f.0.0.1/',
		'0177.0.0.1/',
		'169.254.169.254/latest/meta-data/',
		'[::ffff:127.0.0.1]/',
		'[64:ff9b::7f00:1]/',
		'[::127.0.0.1]/',
	])('is not fetched from %s', (url) => {
		expect(fromInternet(new URL(`https://${url}`))).toMatch(/private host/);
	});

	it('is fetched by https only, without a user', () => {
		expect(fromInternet(new URL('http://cdn.videosdk.live/a'))).toMatch(/plain http/);
		expect(fromInternet(new URL('ftp://cdn.videosdk.live/a'))).toMatch(/only https/);
		for (const user of ['u:p', 'u', ':p'])
			expect(fromInternet(new URL(`https://${user}@cdn.videosdk.live/a`))).toMatch(/user name/);
	});
});

it('What a local API names may be local, too', () => {
	expect(fromLocal(new URL('http://localhost:3000/a'))).toBeUndefined();
	expect(fromLocal(new URL('https://cdn.videosdk.live/a'))).toBeUndefined();
	expect(fromLocal(new URL('file:///etc/passwd'))).toBeDefined();
});

it.each([
	['https://n8n.example.com/webhook/a', false],
	['http://n8n.example.com/webhook/a', false],
	['https://notlocal/', true],
	['https://1n8n1/', true],
	['http://localhost:5678/webhook/a', true],
	[' http://n8n.LAN/', true],
	['https://n8n.home.arpa./', true],
	['https://localhost.example.com/', false],
	['https://0x0a.1/', true],
	['https://n8n.lan../', true],
	['HTTP://localhost/', true],
	['https://x.lan.example.com/', false],
	['ftp://n8n.example.com/https:', true],
	['n8n.example.com/webhook/a', true],
	['n8n.example.com:5678/webhook/a', true],
])("VideoSDK can't reach %j: %j", (url, expected) => {
	expect([isUnreachable(url), isUnreachableFrom(url, undefined)]).toEqual([expected, expected]);
	// A local API reaches whatever is a URL.
	expect(isUnreachableFrom(url, 'http://127.0.0.1:3000')).toBe(!/https?:\/\//i.test(url));
});

it.each(['n8n.example.com', 'n8n.example.com:5678'])('Nobody reaches %s without https://', (host) => {
	const n8nUrl = `${host}/webhook-waiting/1?signature=secret`;
	for (const baseUrl of [undefined, 'http://127.0.0.1:3000'])
		expect(isUnreachableFrom(n8nUrl, baseUrl)).toBe(true);
	expect(originOf(n8nUrl)).toBe(`${host} (https:// is missing)`);
});

const words = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
const special = fc.constantFrom(
	...[0, 1, 2, 3, 0x10, 0x20, 0x4f, 0x112, 0x1ff, 0x200, 0xdb8, 0xfff, 0x1000, 0x8000],
);
const nearSpecial = fc
	.tuple(fc.constantFrom(0x2000, 0x2001, 0x2002, 0x2620, 0x3fff, 0x4000, 0xfe80), special, special, words)
	.map(([one, two, three, rest]) => [one, two, three, ...rest.slice(3)]);
const ipv6 = fc.oneof(words, nearSpecial).map((parts) => parts.map((part) => part.toString(16)).join(':'));
const edge = fc.constantFrom(
	...[0, 1, 2, 10, 15, 16, 18, 19, 20, 31, 32, 48, 51, 52, 63, 64, 88, 99, 100, 113, 127, 128],
);
const firstByte = fc.constantFrom(0, 1, 9, 10, 100, 127, 169, 172, 192, 198, 203, 223, 224, 239, 240, 255);
const moreBytes = fc.constantFrom(168, 175, 193, 196, 254, 255);
const byte = fc.oneof(edge, moreBytes, fc.integer({ min: 0, max: 255 }));
const ipv4 = fc.tuple(fc.oneof(firstByte, byte), byte, byte, byte).map((bytes) => bytes.join('.'));

it('Addresses of the internet are those that ipaddr.js calls unicast, within 2000::/3', () => {
	const isGlobal = (text: string) => {
		const address = ipaddr.parse(text);
		const isIn = address.kind() === 'ipv4' || address.match(ipaddr.IPv6.parseCIDR('2000::/3'));
		return address.range() === 'unicast' && isIn;
	};
	const agrees = (text: string, host: string) => isUnreachable(`https://${host}/`) === !isGlobal(text);
	checkTimes(5_000)([ipv4], (text) => agrees(text, text));
	checkTimes(5_000)([ipv6], (text) => agrees(text, `[${text}]`));
});
