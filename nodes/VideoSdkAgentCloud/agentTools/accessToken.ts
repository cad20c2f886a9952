import { type IDataObject } from 'n8n-workflow';
import { isRecord } from '../api/http/responseReaders';
import { TOKEN_PREFIX } from '../security/redactTokens';
import { webhookPath } from '../security/publicAddress';
import { Envelope, type SigningKey } from '../security/signedEnvelope';

/** A longer token may not fit into the header of a request on its way through proxies. */
const MAX_TOKEN_LENGTH = 3_000;
/** The beginning of a webhook's URL, up to n8n's prefix for a Production or Test URL, both of which lead to the same trigger. */
const WEBHOOK_PREFIX = /^.*?\/webhook(?:-test)?\//;

/** Signs and verifies access tokens with a key that is made of the credential's secret. */
export const tokenEnvelope = new Envelope(TOKEN_PREFIX, 'n8n-nodes-videosdk-agent-cloud tool access 1');

export interface ToolAccess {
	/** The tool's address, an absolute URL. */
	url: string;
	/** When the access ends, in seconds since 1970. */
	expiresAtS: number;
	/** Texts, numbers and booleans by name, which the agent cannot change. */
	context: IDataObject;
}

/** Why a token is rejected. `tool` means that the token is genuine, but was signed for a different tool. */
export type TokenRejection = 'form' | 'signature' | 'expired' | 'tool';

/**
 * Reads the part of a tool's URL that a token names. It leaves out the host, because a tunnel, a proxy or n8n's own name lead to the same
 * trigger, and so do its Test URL and its Production URL.
 *
 * @returns `<webhookId>/mcp`, or the whole path where n8n's paths were changed
 */
export function toolPath(url: string): string {
	return webhookPath(url)
		.replace(WEBHOOK_PREFIX, '')
		.replace(/(?<!\/)\/+$/, '');
}

/** Makes the content of a token: a short list without names, because it's sent in a header. */
function contentOf({ url, expiresAtS, context }: ToolAccess): unknown[] {
	return [toolPath(url), expiresAtS, ...(Object.keys(context).length > 0 ? [context] : [])];
}

/** @returns whether the token of an access would be too long */
export function isTooLong(access: ToolAccess): boolean {
	return tokenEnvelope.lengthOf(contentOf(access)) > MAX_TOKEN_LENGTH;
}

/** Makes the token by which an agent may use a tool. It is signed, not encrypted. */
export function signAccess(access: ToolAccess, key: SigningKey): string {
	return tokenEnvelope.seal(contentOf(access), key);
}

/** @returns when the access of a token ends, in ms since 1970; undefined: the token wasn't signed with the key */
export function endOfToken(token: string, key: SigningKey): number | undefined {
	const [, expiresAtS] = (tokenEnvelope.open(token, key) ?? []) as unknown[];
	return typeof expiresAtS === 'number' ? expiresAtS * 1000 : undefined;
}

/**
 * Verifies a token. Never throws, whatever was sent.
 *
 * @param token the token as it was received
 * @param url the URL of the tool that the request calls
 * @param nowMs the present time, in ms since 1970
 * @returns the context that the token pins, or why it is rejected
 */
export function verifyAccess(
	token: unknown,
	url: string,
	key: SigningKey,
	nowMs = Date.now(),
): { context: IDataObject } | { rejected: TokenRejection } {
	if (!tokenEnvelope.fits(token) || token.length > MAX_TOKEN_LENGTH) return { rejected: 'form' };
	const [path, expiresAtS, context = {}] = (tokenEnvelope.open(token, key) ?? []) as unknown[];
	if (typeof path !== 'string' || typeof expiresAtS !== 'number' || !isRecord(context)) {
		return { rejected: 'signature' };
	}
	if (expiresAtS * 1000 <= nowMs) return { rejected: 'expired' };
	return path === toolPath(url) ? { context } : { rejected: 'tool' };
}
