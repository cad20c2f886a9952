import { isUnreachable } from '../webhook/address';

/** IPv6 addresses of the internet (RFC 4291, 2.4: global unicast, 2000::/3), as the URL class writes them. */
const PUBLIC_IPV6 = /^\[[23][0-9a-f]{3}:/;
/** IPv4 addresses beside the private ones that lead to no server of the internet (RFC 6890). */
const SPECIAL_IPV4 =
	/^(?:0|22[4-9]|2[34]\d|25[0-5])\.|^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|^198\.1[89]\.|^192\.0\.0\./;

/** @returns whether a host, by its name alone, is one of the internet */
function isPublicHost({ protocol, hostname }: URL): boolean {
	// The URL class has already turned all spellings of an IP address into one. A dot at the end of a name means nothing.
	const host = hostname.replace(/\.+$/, '');
	if (host.startsWith('[')) return PUBLIC_IPV6.test(host);
	return host !== '' && !SPECIAL_IPV4.test(host) && !isUnreachable(`${protocol}//${host}/`);
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
			return `The file has an address of type ${url.protocol.slice(0, -1)}, and only https is fetched`;
		}
		if (url.username || url.password) return 'The address of the file contains a user name or password';
		if (isLocal) return undefined;
		if (!isPublicHost(url))
			return `The file is on a private host (${url.host}), and n8n fetches files from the internet only`;
		if (url.protocol !== 'https:')
			return `The file has a plain http address (${url.host}), and only https is fetched`;
		return undefined;
	};
}
