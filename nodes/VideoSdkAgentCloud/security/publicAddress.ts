import { readBaseUrl } from '../../../credentials/apiTarget';

/** A trigger's Test URL: n8n's path for those begins with "webhook-test" (N8N_ENDPOINT_WEBHOOK_TEST). */
export const TEST_URL = '/webhook-test/';
/** The resume URL of a waiting execution. */
export const WAITING_URL = '/webhook-waiting/';

/** Names that lead nowhere on the internet: without a dot, or with a suffix of private networks (RFC 6762, RFC 8375, ICANN). */
const PRIVATE_NAME = /^[^.]*$|\.(?:localhost|local|internal|lan|home\.arpa)$/;
/** The ranges of IPv4 that are not part of the internet, or that no one has there (IANA, IPv4 special-purpose address registry). */
const SPECIAL_IPV4 = [
	'0.0.0.0/8',
	'10.0.0.0/8',
	'100.64.0.0/10',
	'127.0.0.0/8',
	'169.254.0.0/16',
	'172.16.0.0/12',
	'192.0.0.0/24',
	'192.0.2.0/24',
	'192.31.196.0/24',
	'192.52.193.0/24',
	'192.88.99.0/24',
	'192.168.0.0/16',
	'192.175.48.0/24',
	'198.18.0.0/15',
	'198.51.100.0/24',
	'203.0.113.0/24',
	'224.0.0.0/3',
];
/** All IPv6 addresses of the internet begin like this (RFC 4291, 2.4), and these are not (IANA, IPv6 special-purpose address registry). */
const GLOBAL_IPV6 = /^[23][\da-f]{3}:/;
const SPECIAL_IPV6 = /^(?:2001:(?:1?[\da-f]{0,2}|db8):|2002:|2620:4f:8000:|3fff:[\da-f]{0,3}:)/;

const asNumber = (ipv4: string) => ipv4.split('.').reduce((number, byte) => number * 256 + Number(byte), 0);

function isInRange(ipv4: string, range: string): boolean {
	const [first = '', bits] = range.split('/');
	const size = 2 ** (32 - Number(bits));
	return Math.floor(asNumber(ipv4) / size) === Math.floor(asNumber(first) / size);
}

/** @returns whether a URL's host, by its name or IP address alone, is one of the internet */
function isPublicHost({ hostname }: URL): boolean {
	// The URL class has turned all spellings of an IP address into one. A dot at the end of a name means nothing.
	const host = hostname.replace(/^\[|\]$|\.+$/g, '');
	if (host.includes(':')) return GLOBAL_IPV6.test(host) && !SPECIAL_IPV6.test(host);
	if (/^[\d.]+$/.test(host)) return !SPECIAL_IPV4.some((range) => isInRange(host, range));
	return !PRIVATE_NAME.test(host);
}

/** @returns one of n8n's URLs; undefined if n8n's WEBHOOK_URL lacks its https:// */
const parsed = (url: string): URL | undefined =>
	/^\s*https?:/i.test(url) && URL.canParse(url) ? new URL(url) : undefined;

/** @returns whether VideoSDK's servers cannot reach a URL */
export function isUnreachable(url: string): boolean {
	const known = parsed(url);
	return known === undefined || !isPublicHost(known);
}

/** @returns where one of n8n's URLs leads, without the path, which may hold n8n's token */
export const originOf = (url: string): string =>
	parsed(url)?.origin ?? `${url.split(/[/?]/).find(Boolean)} (https:// is missing)`;

/**
 * @param baseUrl of the credential: an API at a local address, such as a simulator, reaches local addresses
 * @returns whether the API cannot reach a URL
 * @throws UserError if the Base URL cannot be read
 */
export function isUnreachableFrom(url: string, baseUrl: unknown): boolean {
	return isUnreachable(url) && (!parsed(url) || isPublicHost(readBaseUrl(baseUrl)));
}

/**
 * Makes the rule for the addresses from which n8n fetches files: they come from outside, and n8n may reach what the internet may
 * not.
 *
 * @param baseUrl of the credential: if it is a local address, so may the files' be
 * @returns tells why an address is not fetched; undefined if it may be
 * @throws UserError if the Base URL cannot be read
 */
export function fileAddressRule(baseUrl: unknown): (url: URL) => string | undefined {
	const isLocal = !isPublicHost(readBaseUrl(baseUrl));
	return (url) => {
		if (!['http:', 'https:'].includes(url.protocol)) {
			return `The file's address starts with ${url.protocol}, but only https files can be downloaded`;
		}
		if (url.username || url.password) return "The file's address contains a user name or password";
		if (isLocal) return undefined;
		if (!isPublicHost(url))
			return `The file is on a private host (${url.host}), but only files on the public internet can be downloaded`;
		if (url.protocol !== 'https:')
			return `The file's address uses plain http (${url.host}), but only https files can be downloaded`;
		return undefined;
	};
}

/** @returns the path of one of n8n's URLs, or all of it if it is none */
export const webhookPath = (url: string): string => parsed(url)?.pathname ?? url;
