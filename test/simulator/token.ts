import { verifyToken } from '@videosdk.live/server-sdk';
import { decode } from 'jsonwebtoken';

const MAX_LIFE_SECONDS = 24 * 60 * 60;

/** Either the claims of an accepted token, or why it was refused (for the log; the API does not tell). */
type Judgement = { claims: Record<string, unknown> } | { refused: string };

/** Judges an Authorization header: the official SDK's verdict, then the claims that the REST API asks for. */
export function judgeToken(authorization: string | undefined, apiKey: string, secret: string): Judgement {
	if (!authorization) return { refused: 'no Authorization header' };
	if (/\s/.test(authorization)) return { refused: 'not a bare token: no "Bearer" prefix is allowed' };
	try {
		const claims = verifyToken(authorization, secret);
		const isHs256 = decode(authorization, { complete: true })?.header.alg === 'HS256';
		const refused = isHs256 ? refusalOfClaims(claims, apiKey) : 'alg is not HS256';
		return refused ? { refused } : { claims };
	} catch (error) {
		return { refused: (error as Error).message };
	}
}

function refusalOfClaims(claims: Record<string, unknown>, apiKey: string): string | undefined {
	const { apikey, permissions, version, roles, iat, exp } = claims;
	if (apikey !== apiKey) return 'the claim "apikey" is not the API key';
	const granted: unknown[] = Array.isArray(permissions) ? permissions : [];
	if (!['allow_join', 'allow_mod'].some((permission) => granted.includes(permission)))
		return 'the claim "permissions" has neither allow_join nor allow_mod';
	if (version !== 2) return 'the claim "version" is not 2';
	// VideoSDK's agents ask with a token without roles.
	if (roles !== undefined && !(Array.isArray(roles) && roles.includes('crawler')))
		return 'the claim "roles" lacks crawler';
	if (Array.isArray(roles) && roles.includes('rtc'))
		return 'a token with the role rtc is not for the server API';
	if (typeof exp !== 'number') return 'no claim "exp"';
	// A token dated ahead must not stretch its life.
	const now = Date.now() / 1000;
	const issued = typeof iat === 'number' ? Math.min(iat, now) : now;
	// An agent hangs up with the token that it joins with, however long that lives: the open point agent.roles.
	if (roles !== undefined && exp - issued > MAX_LIFE_SECONDS + 1) return 'lives longer than 24 hours';
	return undefined;
}
