import { createSecretKey } from 'crypto';
import sign from 'jsonwebtoken/sign';

/** Short, since every request gets a token of its own. */
const TOKEN_LIFETIME_S = 5 * 60;
/** VideoSDK refuses a token "from the future": covers an n8n host whose clock runs ahead. */
const CLOCK_SKEW_S = 60;

/**
 * Signs a VideoSDK server API token: an HS256 JWT whose role `crawler` is the least privilege that the REST API takes
 * (docs.videosdk.live, "Server API authentication"; `@videosdk.live/server-sdk`).
 *
 * @param apiKey the project's API key, trimmed
 * @param secretKey the project's secret, trimmed
 * @param nowMs the present time, in ms since 1970
 * @returns the compact JWT, to be sent as `Authorization` without a prefix
 */
export function signToken(apiKey: string, secretKey: string, nowMs = Date.now()): string {
	const nowS = Math.floor(nowMs / 1000);
	return signed(apiKey, secretKey, {
		roles: ['crawler'],
		iat: nowS - CLOCK_SKEW_S,
		exp: nowS + TOKEN_LIFETIME_S,
	});
}

/**
 * Signs the token of a deployed agent, with the claims of the one that VideoSDK's framework makes of the key and the secret
 * (`videosdk-agents`, utils.py), which lives for an hour only.
 *
 * @param expiresAtS when it ends, in seconds since 1970
 */
export function signAgentToken(
	apiKey: string,
	secretKey: string,
	expiresAtS: number,
	nowMs = Date.now(),
): string {
	return signed(apiKey, secretKey, { iat: Math.floor(nowMs / 1000) - CLOCK_SKEW_S, exp: expiresAtS });
}

function signed(apiKey: string, secretKey: string, claims: object): string {
	return sign(
		{ apikey: apiKey, permissions: ['allow_join'], version: 2, ...claims },
		// Given a text, jsonwebtoken first tries to read it as a private key, which takes longer than signing.
		createSecretKey(secretKey, 'utf8'),
		{ algorithm: 'HS256' },
	);
}
