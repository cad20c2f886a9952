/** The entry of a call's or dispatch's metadata in which an agent finds its tools, with their tokens. */
export const TOOLS_ENTRY = 'n8nTools';
/** The environment variable in which a session's agent finds its tools, as JSON text. */
export const TOOLS_VARIABLE = 'N8N_TOOLS';

/** The entry of a call's or dispatch's metadata in which this package's agent finds its task. */
export const TASK_ENTRY = 'n8nAgent';
/** The environment variable in which a session's agent finds its task, as JSON text. */
export const TASK_VARIABLE = 'N8N_AGENT';

/** The entry of a call's metadata that tells this package's agent that n8n has made the call, so that no person is on the line yet. */
export const CONVERSATION_ENTRY = 'n8nConversation';

/** The entry of a call's or session's metadata by which its start is found again, see actions/start/startKey.ts. */
export const KEY_ENTRY = 'n8nKey';

/** The name of the tool by which an agent hands in the response to a question. */
export const RESPONSE_TOOL = 'submit_response';

/** The beginning of each tool's token, by which it's recognized wherever a text repeats it. */
export const TOKEN_PREFIX = 'n8ntool1_';
/** A tool's token, even if some of its characters are JSON escapes, as in JSON that is quoted in JSON. */
const TOKEN = new RegExp(`${TOKEN_PREFIX}(?:[\\w-]|\\\\+u00[\\da-f]{2})+`, 'gi');
/** The beginning of each JWT: `{"` of its header, in base64. */
const JWT_SIGN = 'eyJ';
/** A JWT. Its header has a limit, because the expression would otherwise take hours for a long text of nothing but beginnings. */
export const JWT = /\beyJ[\w-]{1,200}\.([\w-]+)\.[\w-]+/g;
/** The entries of ours that are removed from what VideoSDK returns: tokens, and what would repeat all Instructions in each output. */
const REMOVED = [TOOLS_ENTRY, TOOLS_VARIABLE, TASK_ENTRY, TASK_VARIABLE, CONVERSATION_ENTRY, KEY_ENTRY];
/**
 * The names of entries to remove, including `n8nTools[0].url`, `n8nTools.0.url` and the like, because call summaries have flattened
 * metadata.
 */
const ENTRY = new RegExp(`^(?:${REMOVED.join('|')})(?:$|[^A-Za-z0-9_]|_*\\d)`);

/** The key of a start in a text that is, or quotes, JSON. */
const KEY = new RegExp(`(${KEY_ENTRY}\\\\*"\\s*:\\s*\\\\*")[\\w-]+`, 'g');
/** The keys of starts, by the metadata from which they were removed. */
const keys = new WeakMap<object, string>();

/** @returns the key that metadata held when `parseWithoutTools` read it */
export const startKeyOf = (metadata: unknown): string | undefined =>
	typeof metadata === 'object' && metadata !== null ? keys.get(metadata) : undefined;

/** @returns whether a JWT gives access to VideoSDK's API, like the one in the request's own Authorization header */
function isApiToken(payload: string): boolean {
	return Buffer.from(payload, 'base64url').toString('utf8').includes('"apikey"');
}

/** @returns the text without the keys of starts that it quotes */
export const withoutKeys = (text: string): string => text.replace(KEY, '$1…');

/** @returns the text without the tokens of tools and of VideoSDK's API that are in it */
export function withoutTokens(text: string): string {
	const withoutJwt = text.replace(JWT, (jwt, payload: string) => (isApiToken(payload) ? '…' : jwt));
	return withoutJwt.replace(TOKEN, '…');
}

/**
 * Parses JSON that VideoSDK sends. VideoSDK returns a call's metadata with the tools that were handed to the agent. They are removed at
 * any depth, and so is the request's own token, if a response repeats it, so that no token gets into an output, a log or the database. The
 * key of a start is removed as well, see `startKeyOf`.
 *
 * @throws SyntaxError if the text is not JSON
 */
export function parseWithoutTools(text: string): unknown {
	// JSON may hold any character as an escape, so a text with escapes is searched after it was parsed.
	if (![TOKEN_PREFIX, JWT_SIGN, ...REMOVED, '\\u'].some((sign) => text.includes(sign)))
		return JSON.parse(text);
	return JSON.parse(withoutTokens(text), function (this: object, name: string, value: unknown) {
		if (name === KEY_ENTRY) keys.set(this, String(value));
		if (ENTRY.test(name)) return undefined;
		return typeof value === 'string' ? withoutKeys(withoutTokens(value)) : value;
	});
}
