/** The entry of a call's or dispatch's metadata in which an agent finds its tools, with their tokens. */
export const TOOLS_ENTRY = 'n8nTools';
/** The environment variable in which a session's agent finds the same, as JSON text. */
export const TOOLS_VARIABLE = 'N8N_TOOLS';

/** The entry of a call's or dispatch's metadata in which this package's agent finds what it is to do. */
export const TASK_ENTRY = 'n8nAgent';
/** The environment variable in which a session's agent finds the same, as JSON text. */
export const TASK_VARIABLE = 'N8N_AGENT';

/** The entry of a call's or session's metadata by which its start is found again, see actions/run/startKey.ts. */
export const KEY_ENTRY = 'n8nKey';

/** The name of the tool by which an agent hands in the response to a question. */
export const RESPONSE_TOOL = 'submit_response';

/** What each token of a tool begins with, so that it is recognized wherever a text repeats it. */
export const TOKEN_PREFIX = 'n8ntool1_';
/** Also where it continues in escapes of JSON, as in a text that is JSON itself. */
const TOKEN = new RegExp(`${TOKEN_PREFIX}(?:[\\w-]|\\\\+u00[\\da-f]{2})+`, 'gi');
/** How a JWT begins: the header's `{"`. */
const JWT_SIGN = 'eyJ';
/** A JWT. Without a limit to its header, a long text of beginnings alone would keep n8n busy for hours. */
export const JWT = /\beyJ[\w-]{1,200}\.([\w-]+)\.[\w-]+/g;
/** Also `n8nTools[0].url`, `n8nTools.0.url` and the like: call summaries come with flattened metadata. */
const ENTRY = new RegExp(`^(?:${TOOLS_ENTRY}|${TOOLS_VARIABLE}|${KEY_ENTRY})(?:$|[^A-Za-z0-9_]|_*\\d)`);

/** A start's key in a text that is JSON, or quotes JSON. */
const KEY = new RegExp(`(${KEY_ENTRY}\\\\*"\\s*:\\s*\\\\*")[\\w-]+`, 'g');
/** The keys of starts, by the metadata that they were taken out of. */
const keys = new WeakMap<object, string>();

/** @returns the key that metadata held when `parseWithoutTools` read it */
export const startKeyOf = (metadata: unknown): string | undefined =>
	typeof metadata === 'object' && metadata !== null ? keys.get(metadata) : undefined;

/** @returns whether a JWT opens VideoSDK's API, such as the one in the request's own Authorization header */
function isApiToken(payload: string): boolean {
	return Buffer.from(payload, 'base64url').toString('utf8').includes('"apikey"');
}

/** @returns a text for people without the keys of starts that it quotes */
export const withoutKeys = (text: string): string => text.replace(KEY, '$1…');

/** @returns the text without the tokens of tools and of VideoSDK's API that are in it */
export function withoutTokens(text: string): string {
	const withoutJwt = text.replace(JWT, (jwt, payload: string) => (isApiToken(payload) ? '…' : jwt));
	return withoutJwt.replace(TOKEN, '…');
}

/**
 * Parses what VideoSDK sends. It gives back a call's metadata with the tools that were handed to the agent; these are taken out, at
 * whatever depth, and so is the request's own token, should an answer repeat it, so that no token comes into an output, a log or
 * the database.
 * The key of a start is taken out as well, see `startKeyOf`.
 *
 * @throws SyntaxError if the text is not JSON
 */
export function parseWithoutTools(text: string): unknown {
	// JSON may write any character as an escape, so that names and tokens are sought in what it means.
	if (
		![TOKEN_PREFIX, JWT_SIGN, TOOLS_ENTRY, TOOLS_VARIABLE, KEY_ENTRY, '\\u'].some((sign) =>
			text.includes(sign),
		)
	) {
		return JSON.parse(text);
	}
	return JSON.parse(withoutTokens(text), function (this: object, name: string, value: unknown) {
		if (name === KEY_ENTRY) keys.set(this, String(value));
		if (ENTRY.test(name)) return undefined;
		return typeof value === 'string' ? withoutKeys(withoutTokens(value)) : value;
	});
}
