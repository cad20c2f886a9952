import type { IHttpRequestOptions } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

/** What a request may name its address by: n8n's present (`url`, `baseURL`) and former (`uri`) request options. */
type Addressed = Pick<IHttpRequestOptions, 'url' | 'baseURL'> & { uri?: string };

const ABSOLUTE_URL = /^[a-z][a-z0-9+.-]*:|^\/\//i;

/** @returns a key as it counts: keys are pasted, often with white space or unseen characters around them */
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
 * @param value the field as the user left it; blank means the public API
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
	// Not its `href`, in which an empty query or fragment still shows as "?" or "#", and would swallow the path put after it.
	return new URL(url.origin + url.pathname.replace(/\/+$/, ''));
}

/**
 * Works out where a request goes, and refuses to sign one that leaves the API's own host: the token must not reach others.
 *
 * @param options the request; a relative address is taken to be below the Base URL
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
	// Not by `origin`, which for a blob: URL is that of the address inside.
	const isOfBase = url.protocol === base.protocol && url.host === base.host;
	if (!isOfBase || url.username || url.password) {
		throw new UserError(
			`The VideoSDK Agent Cloud credential only works for requests to ${base.origin}, not to ${url.host}. Change the URL, or 'Base URL' in the credential.`,
		);
	}
	return url.href;
}
