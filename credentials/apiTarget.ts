import type { IHttpRequestOptions } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

/** The address of a request, in n8n's present (`url`, `baseURL`) or former (`uri`) request options. */
type Addressed = Pick<IHttpRequestOptions, 'url' | 'baseURL'> & { uri?: string };

const ABSOLUTE_URL = /^[a-z][a-z0-9+.-]*:|^\/\//i;

/** @returns the key without white space and invisible characters around it, which are often pasted along */
export const trimKey = (value: unknown): string =>
	String(value ?? '').replace(/^[\s\p{Cf}]+|[\s\p{Cf}]+$/gu, '');

/**
 * Reads one of the two keys.
 *
 * @throws UserError naming the field if it is blank
 */
export function readKey(value: unknown, displayName: string): string {
	const key = trimKey(value);
	if (key === '') {
		throw new UserError(
			`'${displayName}' is missing from the VideoSDK Agent Cloud credential. Copy it from https://app.videosdk.live/api-keys`,
		);
	}
	return key;
}

/**
 * Reads the credential's Base URL.
 *
 * @param value the value of the field; blank means the public API
 * @returns the URL without slashes at its end
 * @throws UserError if it is not an absolute http(s) URL, or carries a user name, query or fragment
 */
export function readBaseUrl(value: unknown): URL {
	const text = String(value ?? '').trim() || 'https://api.videosdk.live';
	const url = URL.canParse(text) ? new URL(text) : undefined;
	const isPlain = url && [url.username, url.password, url.search, url.hash].every((part) => part === '');
	if (!isPlain || !['http:', 'https:'].includes(url.protocol)) {
		throw new UserError(
			"'Base URL' in the VideoSDK Agent Cloud credential must be a plain http or https address, such as https://api.videosdk.live",
		);
	}
	// `href` isn't used, because it ends with "?" or "#" for an empty query or fragment, to which the path of a request would then belong.
	return new URL(url.origin + url.pathname.replace(/\/+$/, ''));
}

/**
 * Works out the URL of a request, and refuses one to another host than the API's, because no one else may get the token.
 *
 * @param options the request, in which a relative address belongs to the Base URL
 * @param base the credential's Base URL
 * @returns the absolute URL, without the request's query parameters of `qs`
 * @throws UserError if the address is of another origin
 */
export function resolveTarget(options: Addressed, base: URL): string {
	const address = String(options.url ?? options.uri ?? '');
	const prefix = (options.baseURL ?? base.href).replace(/\/+$/, '');
	const target = ABSOLUTE_URL.test(address) ? address : `${prefix}/${address.replace(/^\/+/, '')}`;
	if (!URL.canParse(target)) throw new UserError("The address of the request isn't a valid URL");
	const url = new URL(target);
	// `origin` isn't compared, because for a blob: URL it's that of the URL inside.
	const isOfBase = url.protocol === base.protocol && url.host === base.host;
	if (!isOfBase || url.username || url.password) {
		throw new UserError(
			`The VideoSDK Agent Cloud credential only works for requests to ${base.origin}, not to ${url.host}. Change the URL, or 'Base URL' in the credential.`,
		);
	}
	return url.href;
}
