import { createSecretKey } from 'crypto';
import sign from 'jsonwebtoken/sign';

/** The lifetime of a token, which is short, because each request gets its own. */
const TOKEN_LIFETIME_S = 5 * 60;
/** By how much a token is dated back, because VideoSDK refuses a token from the future, and n8n's clock may be ahead. */
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
 * Signs the token of a deployed agent. It has the claims of the token that VideoSDK's framework makes itself (videosdk-agents, utils.py),
 * which is valid for an hour only.
 *
 * @param expiresAtS when the token expires, in seconds since 1970
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
		// A key object is passed, because jsonwebtoken first tries to read a text as a private key, which takes longer than signing.
		createSecretKey(secretKey, 'utf8'),
		{ algorithm: 'HS256' },
	);
}
