import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'crypto';
import { type IDataObject } from 'n8n-workflow';
import { isRecord } from '../api/answer';
import { TOKEN_PREFIX } from '../api/toolAccess';

const KEY_ID_LENGTH = 4;
/** What base64url makes of 32 bytes. */
const SIGNATURE_LENGTH = 43;
const FORM = new RegExp(`^${TOKEN_PREFIX}([\\w-]{${KEY_ID_LENGTH}})([\\w-]{${SIGNATURE_LENGTH}})([\\w-]+)$`);
/** Longer ones may not fit into a request header on their way. */
export const MAX_TOKEN_LENGTH = 3_000;
/** What n8n puts before the path of a webhook: both lead to the same trigger. */
const WEBHOOK_PREFIX = /^.*?\/webhook(?:-test)?\//;

/** Signs and verifies the tokens of tools. */
export interface ToolKey {
	/** Tells keys apart, so that a token of before a change of the secret is not taken for a forgery. */
	id: string;
	/** As a key object, the secret shows in no log. */
	key: KeyObject;
}

/** What a token grants. */
export interface ToolAccess {
	/** The tool's address. */
	url: string;
	/** When the access ends, in seconds since 1970. */
	expiresAtS: number;
	/** Texts, numbers and booleans by name, which the agent cannot change. */
	context: IDataObject;
}

/** Why a token is rejected. `tool`: it is genuine, and for a different tool. */
export type TokenRejection = 'form' | 'key' | 'signature' | 'expired' | 'tool';

const hmac = (key: KeyObject | string, text: string): Buffer =>
	createHmac('sha256', key).update(text).digest();

/**
 * Derives the key of tools from a secret. Only derived keys sign tokens of tools, so none of them passes for a JWT of the API or for
 * the context of an event, nor the other way round.
 *
 * @param secretKey the credential's secret, which also signs requests
 */
export function toolKey(secretKey: string): ToolKey {
	const key = createSecretKey(hmac(secretKey, 'n8n-nodes-videosdk-agent-cloud tool access 1'));
	return { id: hmac(key, 'id').toString('base64url').slice(0, KEY_ID_LENGTH), key };
}

/**
 * The part of a tool's URL that a token names. The host is left out: a tunnel, a proxy or n8n's own name lead to the same trigger, and
 * so do its Test URL and its Production URL.
 *
 * @returns `<webhookId>/mcp`, or the whole path where n8n's paths were changed
 */
export function toolPath(url: string): string {
	const { pathname } = new URL(url);
	return pathname.replace(WEBHOOK_PREFIX, '').replace(/\/+$/, '');
}

function signatureOf({ id, key }: ToolKey, payload: string): string {
	return hmac(key, `${TOKEN_PREFIX}${id}${payload}`).toString('base64url');
}

/**
 * Makes the token by which an agent may use a tool. It is signed, not encrypted.
 *
 * @param access its URL must be an absolute one
 * @returns letters, digits, hyphens and underscores
 */
export function signToken(access: ToolAccess, key: ToolKey): string {
	const parts: unknown[] = [toolPath(access.url), access.expiresAtS];
	if (Object.keys(access.context).length > 0) parts.push(access.context);
	const payload = Buffer.from(JSON.stringify(parts)).toString('base64url');
	return TOKEN_PREFIX + key.id + signatureOf(key, payload) + payload;
}

/** Reads a payload whose signature fits. */
function readPayload(
	payload: string,
): { path: string; expiresAtS: number; context: IDataObject } | undefined {
	try {
		const parts: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
		const [path, expiresAtS, context = {}] = Array.isArray(parts) ? (parts as unknown[]) : [];
		if (typeof path !== 'string' || typeof expiresAtS !== 'number' || !isRecord(context)) return undefined;
		return { path, expiresAtS, context };
	} catch {
		return undefined;
	}
}

/**
 * Verifies a token in constant time. Never throws, whatever was sent.
 *
 * @param token as it came
 * @param url the tool that it is to be used for
 * @param nowMs the present time, in ms since 1970
 * @returns the context that it pins, or why it is rejected
 */
export function verifyToken(
	token: unknown,
	url: string,
	key: ToolKey,
	nowMs = Date.now(),
): { context: IDataObject } | { rejected: TokenRejection } {
	if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH) return { rejected: 'form' };
	const [, keyId, signature = '', payload = ''] = FORM.exec(token) ?? [];
	if (keyId === undefined) return { rejected: 'form' };
	if (keyId !== key.id) return { rejected: 'key' };
	// Compared as texts: the same bytes have several spellings.
	const isGenuine = timingSafeEqual(Buffer.from(signature), Buffer.from(signatureOf(key, payload)));
	const access = isGenuine ? readPayload(payload) : undefined;
	if (access === undefined) return { rejected: 'signature' };
	if (access.expiresAtS * 1000 <= nowMs) return { rejected: 'expired' };
	if (access.path !== toolPath(url)) return { rejected: 'tool' };
	return { context: access.context };
}
