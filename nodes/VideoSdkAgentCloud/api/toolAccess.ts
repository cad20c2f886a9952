/** The entry of a call's or dispatch's metadata in which an agent finds its tools, with their tokens. */
export const TOOLS_ENTRY = 'n8nTools';
/** The environment variable in which a session's agent finds the same, as JSON text. */
export const TOOLS_VARIABLE = 'N8N_TOOLS';

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
const ENTRY = new RegExp(`^(?:${TOOLS_ENTRY}|${TOOLS_VARIABLE})(?:$|[^A-Za-z0-9_]|_*\\d)`);

/** @returns whether a JWT opens VideoSDK's API, such as the one in the request's own Authorization header */
function isApiToken(payload: string): boolean {
	return Buffer.from(payload, 'base64url').toString('utf8').includes('"apikey"');
}

/** @returns the text without the tokens of tools and of VideoSDK's API that are in it */
export function withoutTokens(text: string): string {
	const withoutJwt = text.replace(JWT, (jwt, payload: string) => (isApiToken(payload) ? '…' : jwt));
	return withoutJwt.replace(TOKEN, '…');
}

/**
 * Parses what VideoSDK sends. It gives back a call's metadata with the tools that were handed to the agent; these are taken out, at
 * whatever depth, and so is the request's own token, should an answer repeat it, so that no token comes into an output, a log or the database.
 *
 * @throws SyntaxError if the text is not JSON
 */
export function parseWithoutTools(text: string): unknown {
	// JSON may write any character as an escape, so that names and tokens are sought in what it means.
	if (![TOKEN_PREFIX, JWT_SIGN, TOOLS_ENTRY, TOOLS_VARIABLE, '\\u'].some((sign) => text.includes(sign))) {
		return JSON.parse(text);
	}
	return JSON.parse(withoutTokens(text), (name, value: unknown) => {
		if (ENTRY.test(name)) return undefined;
		return typeof value === 'string' ? withoutTokens(value) : value;
	});
}
