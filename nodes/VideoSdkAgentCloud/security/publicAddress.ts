import { readBaseUrl } from '../../../credentials/apiTarget';

/** The part of the path that a trigger's Test URL has by default (N8N_ENDPOINT_WEBHOOK_TEST). */
export const TEST_URL = '/webhook-test/';
/** The part of the path that the resume URL of a waiting execution has by default (N8N_ENDPOINT_WEBHOOK_WAIT). */
export const WAITING_URL = '/webhook-waiting/';

/** Names that don't exist on the internet: without a dot, or with a suffix of private networks (RFC 6762, RFC 8375, ICANN). */
const PRIVATE_NAME = /^[^.]*$|\.(?:localhost|local|internal|lan|home\.arpa)$/;
/** The IPv4 ranges that don't belong to the internet, or that no one has there (IANA, IPv4 special-purpose address registry). */
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
/**
 * The beginning of all IPv6 addresses of the internet (RFC 4291, 2.4), and ranges among them that aren't (IANA, IPv6 special-purpose
 * registry).
 */
const GLOBAL_IPV6 = /^[23][\da-f]{3}:/;
const SPECIAL_IPV6 = /^(?:2001:(?:1?[\da-f]{0,2}|db8):|2002:|2620:4f:8000:|3fff:[\da-f]{0,3}:)/;

const asNumber = (ipv4: string) => ipv4.split('.').reduce((number, byte) => number * 256 + Number(byte), 0);

function isInRange(ipv4: string, range: string): boolean {
	const [first = '', bits] = range.split('/');
	const size = 2 ** (32 - Number(bits));
	return Math.floor(asNumber(ipv4) / size) === Math.floor(asNumber(first) / size);
}

/** @returns whether a URL's host is on the internet, by its name or IP address alone */
function isPublicHost({ hostname }: URL): boolean {
	// The class URL has turned all spellings of an IP address into one. A dot at the end of a name doesn't matter.
	const host = hostname.replace(/^\[|\]$|\.+$/g, '');
	if (host.includes(':')) return GLOBAL_IPV6.test(host) && !SPECIAL_IPV6.test(host);
	if (/^[\d.]+$/.test(host)) return !SPECIAL_IPV4.some((range) => isInRange(host, range));
	return !PRIVATE_NAME.test(host);
}

/** @returns one of n8n's URLs, parsed; undefined if n8n's N8N_WEBHOOK_URL lacks its https:// */
const parsed = (url: string): URL | undefined =>
	/^\s*https?:/i.test(url) && URL.canParse(url) ? new URL(url) : undefined;

/** @returns whether VideoSDK's servers can't reach a URL */
export function isUnreachable(url: string): boolean {
	const known = parsed(url);
	return known === undefined || !isPublicHost(known);
}

/** @returns the origin of one of n8n's URLs, without its path and query, which may hold n8n's token */
export const originOf = (url: string): string =>
	parsed(url)?.origin ?? `${url.split(/[/?]/).find(Boolean)} (https:// is missing)`;

/**
 * @param baseUrl the credential's Base URL, because an API at a local address, such as a simulator, can reach local addresses
 * @returns whether the API can't reach a URL
 * @throws UserError if the Base URL can't be read
 */
export function isUnreachableFrom(url: string, baseUrl: unknown): boolean {
	return isUnreachable(url) && (!parsed(url) || isPublicHost(readBaseUrl(baseUrl)));
}

/**
 * Makes the rule for the URLs from which n8n fetches files, or to which it uploads one. They come from outside, and n8n may reach hosts
 * that the internet can't reach.
 *
 * @param baseUrl the credential's Base URL. If it's a local address, the URLs of files may be local as well
 * @returns a function that says why a URL must not be requested, as the rest of a sentence about the address; undefined if it may
 * @throws UserError if the Base URL cannot be read
 */
export function fileAddressRule(baseUrl: unknown): (url: URL) => string | undefined {
	const isLocal = !isPublicHost(readBaseUrl(baseUrl));
	return (url) => {
		if (!['http:', 'https:'].includes(url.protocol)) {
			return `starts with ${url.protocol}, but only https addresses are allowed`;
		}
		if (url.username || url.password) return 'contains a user name or password';
		if (isLocal) return undefined;
		if (!isPublicHost(url))
			return `leads to a private host (${url.host}), but only the public internet is allowed`;
		if (url.protocol !== 'https:')
			return `uses plain http (${url.host}), but only https addresses are allowed`;
		return undefined;
	};
}

/** @returns the path of one of n8n's URLs; the whole text if it can't be parsed */
export const webhookPath = (url: string): string => parsed(url)?.pathname ?? url;
