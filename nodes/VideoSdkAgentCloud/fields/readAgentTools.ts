import { type IDataObject, type IExecuteFunctions } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { CREDENTIAL_TYPE } from '../api/credential';
import { TOOLS_ENTRY, TOOLS_VARIABLE } from '../api/toolAccess';
import { knownToolAt } from '../tools/knownTools';
import { splitTimeout } from '../tools/timeout';
import { MAX_TOKEN_LENGTH, signToken, toolKey } from '../tools/token';
import { isUnreachable } from '../webhook/address';
import {
	AGENT_TOOLS,
	DEFAULT_TOOLS_VALID_FOR_HOURS,
	MAX_TOOLS_VALID_FOR_HOURS,
	TOOL_NOT_LISTED,
	TOOLS_CONTEXT,
} from './agentTools';
import { inputError } from './inputError';
import { asText, readCollection, readCount } from './read';
import { readPairs } from './readKeyValue';

const HOUR_S = 3_600;

/** What an agent needs to use a tool (VideoSDK's `MCPServerHTTP`). */
export interface HandedTool extends IDataObject {
	url: string;
	headers: { Authorization: string };
	/** How long to wait for an answer, in seconds. */
	timeout: number;
}

/** @returns the URL of an entry, and how long to wait for that tool, in seconds */
function readTool(
	context: IExecuteFunctions,
	entry: IDataObject,
	itemIndex: number,
): { url: string; timeoutS: number } {
	const locator = entry[AGENT_TOOLS.entryName];
	const label = `'Tool' in '${AGENT_TOOLS.displayName}'`;
	const text = asText(context, locator, label, itemIndex);
	const fail = (what: string, nextStep: string) => inputError(context, what, nextStep, itemIndex);
	if (text === undefined) throw fail(`${label} is empty`, 'Select a tool, or remove the entry.');
	if (text === TOOL_NOT_LISTED) {
		throw fail(`${label} is not a tool`, "Publish the tool's workflow and select it, or use 'By URL'.");
	}
	const parsed = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
	if (parsed === undefined || parsed.username || parsed.password) {
		throw fail(
			`${label} is not an absolute http or https URL`,
			'Select a tool, or paste the Production URL of its trigger.',
		);
	}
	if (!parsed.pathname.endsWith('/mcp')) {
		throw fail(
			`${label} does not end with /mcp`,
			'Paste the Production URL of a VideoSDK Agent Cloud Tool Trigger: agents tell by its end how to talk to it.',
		);
	}
	const { url, timeoutS } = splitTimeout(text);
	const known = knownToolAt(url);
	const isFromList = (locator as IDataObject | null)?.mode === 'list';
	if (isFromList && known?.isPublished === false) {
		throw fail(
			`${label} is not published any more`,
			"Publish the tool's workflow, or select a different tool.",
		);
	}
	// The trigger may have been changed since it was selected.
	return { url, timeoutS: known?.timeoutS ?? timeoutS };
}

/**
 * Reads the tools of an agent. Only their credential is read later.
 *
 * @param validForS how long they can be used, in seconds
 * @returns gives the tools with a token each, and when these expire, in seconds since 1970; undefined if no tool is given
 * @throws NodeOperationError naming the field and the item
 */
export function readAgentTools(
	context: IExecuteFunctions,
	validForS: number,
	itemIndex: number,
): (() => Promise<{ tools: HandedTool[]; expiresAtS: number }>) | undefined {
	const collection = readCollection(context, AGENT_TOOLS.name, itemIndex);
	const entries = (collection[AGENT_TOOLS.groupName] ?? []) as IDataObject[];
	if (entries.length === 0) return undefined;
	const timeouts = new Map(
		entries.map((entry) => readTool(context, entry, itemIndex)).map(({ url, timeoutS }) => [url, timeoutS]),
	);
	const urls = [...timeouts.keys()];
	const pairs = readPairs(context, TOOLS_CONTEXT, itemIndex);
	return async () => {
		const { secretKey, baseUrl } = await context.getCredentials(CREDENTIAL_TYPE, itemIndex);
		const unreachable = isUnreachable(readBaseUrl(baseUrl).href) ? undefined : urls.find(isUnreachable);
		if (unreachable !== undefined) {
			throw inputError(
				context,
				`VideoSDK's agents cannot reach the tool at ${new URL(unreachable).origin}`,
				'Give n8n a public address (N8N_WEBHOOK_URL), publish the tool again and select it again. Nothing was sent to VideoSDK.',
				itemIndex,
			);
		}
		const secret = String(secretKey ?? '').trim();
		if (secret === '') {
			throw inputError(context, "'Secret Key' is empty in the credential", 'It signs the access.', itemIndex);
		}
		const key = toolKey(secret);
		const expiresAtS = Math.floor(Date.now() / 1000) + validForS;
		const tools = [...timeouts].map(([url, timeout]): HandedTool => {
			const token = signToken({ url, expiresAtS, context: pairs }, key);
			if (token.length > MAX_TOKEN_LENGTH) {
				throw inputError(
					context,
					"'Context' is too long for the agent's tools",
					'Keep a key in it, such as a customer number, and look the rest up in the workflow of the tool.',
					itemIndex,
				);
			}
			return { url, headers: { Authorization: `Bearer ${token}` }, timeout };
		});
		return { tools, expiresAtS };
	};
}

/** Reads the tools that go out beside the user's own data, for as long as the options say. */
function readHandedTools(
	context: IExecuteFunctions,
	own: { data: IDataObject | undefined; label: string; name: string },
	itemIndex: number,
): (() => Promise<HandedTool[]>) | undefined {
	const { toolsValidFor = DEFAULT_TOOLS_VALID_FOR_HOURS } = readCollection(context, 'options', itemIndex);
	const hours = readCount(context, toolsValidFor, 'Tools Valid For', itemIndex, MAX_TOOLS_VALID_FOR_HOURS);
	const tools = readAgentTools(context, hours * HOUR_S, itemIndex);
	if (tools === undefined) return undefined;
	if (own.data !== undefined && Object.hasOwn(own.data, own.name)) {
		throw inputError(
			context,
			`'${own.name}' is given in '${own.label}', and '${AGENT_TOOLS.displayName}' is sent under that name`,
			`Rename the entry in '${own.label}', or leave '${AGENT_TOOLS.displayName}' empty.`,
			itemIndex,
		);
	}
	return async () => (await tools()).tools;
}

/**
 * Reads the tools of an agent that gets them in its metadata.
 *
 * @param metadata the user's own
 * @returns gives the metadata with the tools in it
 * @throws NodeOperationError naming the field and the item
 */
export function readMetadataWithTools(
	context: IExecuteFunctions,
	metadata: IDataObject | undefined,
	itemIndex: number,
): () => Promise<IDataObject | undefined> {
	const own = { data: metadata, label: 'Metadata', name: TOOLS_ENTRY };
	const tools = readHandedTools(context, own, itemIndex);
	return async () => (tools === undefined ? metadata : { ...metadata, [TOOLS_ENTRY]: await tools() });
}

/** As `readMetadataWithTools`, for the environment variables of a session's agent. */
export function readEnvWithTools(
	context: IExecuteFunctions,
	env: IDataObject | undefined,
	itemIndex: number,
): () => Promise<IDataObject | undefined> {
	const own = { data: env, label: 'Environment Variables', name: TOOLS_VARIABLE };
	const tools = readHandedTools(context, own, itemIndex);
	return async () =>
		tools === undefined ? env : { ...env, [TOOLS_VARIABLE]: JSON.stringify(await tools()) };
}
