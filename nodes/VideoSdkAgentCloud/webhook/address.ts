import ipaddr from 'ipaddr.js';
import { readBaseUrl } from '../../../credentials/apiTarget';

/** A trigger's Test URL: n8n's path for those begins with "webhook-test" (N8N_ENDPOINT_WEBHOOK_TEST). */
export const TEST_URL = '/webhook-test/';
/** The resume URL of a waiting execution. */
export const WAITING_URL = '/webhook-waiting/';

/** Names that lead nowhere on the internet: without a dot, or with a suffix of private networks (RFC 6762, RFC 8375, ICANN). */
const PRIVATE_NAME = /^[^.]*$|\.(?:localhost|local|internal|lan|home\.arpa)$/;
/** All IPv6 addresses of the internet are in it (RFC 4291, 2.4). */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** @returns whether a URL's host, by its name or IP address alone, is one of the internet */
function isPublicHost({ hostname }: URL): boolean {
	// The URL class has turned all spellings of an IP address into one. A dot at the end of a name means nothing.
	const host = hostname.replace(/^\[|\]$|\.+$/g, '');
	if (!ipaddr.isValid(host)) return !PRIVATE_NAME.test(host);
	const address = ipaddr.parse(host);
	return address.range() === 'unicast' && (address.kind() === 'ipv4' || address.match(GLOBAL_IPV6));
}

/** @returns whether VideoSDK's servers cannot reach an http(s) URL */
export function isUnreachable(url: string): boolean {
	return /^\s*https?:/i.test(url) && URL.canParse(url) && !isPublicHost(new URL(url));
}

/**
 * @param baseUrl of the credential: an API at a local address, such as a simulator, reaches local addresses
 * @returns whether the API cannot reach an http(s) URL
 * @throws UserError if the Base URL cannot be read
 */
export function isUnreachableFrom(url: string, baseUrl: unknown): boolean {
	return isUnreachable(url) && !isUnreachable(readBaseUrl(baseUrl).href);
}

/**
 * Makes the rule for the addresses from which n8n fetches files: they come from outside, and n8n may reach what the internet may
 * not.
 *
 * @param baseUrl of the credential: if it is a local address, so may the files' be
 * @returns tells why an address is not fetched; undefined if it may be
 */
export function fileAddressRule(baseUrl: URL): (url: URL) => string | undefined {
	const isLocal = !isPublicHost(baseUrl);
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
