import { type IDataObject } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { credentialOf } from '../api/credential';
import { TOOLS_ENTRY, TOOLS_VARIABLE } from '../api/toolAccess';
import { knownToolAt } from '../tools/knownTools';
import { splitTimeout } from '../tools/timeout';
import { isTooLong, signToken, toolKey } from '../tools/token';
import { isUnreachable } from '../webhook/address';
import { agentToolsField, TOOL_NOT_LISTED, toolField, TOOLS_GROUP, toolsValidForField } from './agentTools';
import { contextField, readContext } from './context';
import { CollectionReader, type ItemReader } from './reader';
import { readOptions } from './requestOptions';

const HOUR_S = 3_600;

/** What an agent needs to use a tool (VideoSDK's `MCPServerHTTP`). */
export interface HandedTool extends IDataObject {
	url: string;
	headers: { Authorization: string };
	/** How long to wait for an answer, in seconds. */
	timeout: number;
}

/** @returns the URL of an entry, and how long to wait for that tool, in seconds */
function readTool(read: ItemReader, entry: IDataObject): { url: string; timeoutS: number } {
	const label = `'${toolField.displayName}' in '${agentToolsField.displayName}'`;
	const text = new CollectionReader(read, entry).optional(toolField);
	const fail = (what: string, nextStep: string) => read.fail(what, nextStep);
	if (text === undefined) throw fail(`${label} is empty`, 'Select a tool, or remove the entry.');
	if (text === TOOL_NOT_LISTED) {
		throw fail(`${label} isn't a tool`, "Publish the tool's workflow and select it, or use 'By URL'.");
	}
	const parsed = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
	if (parsed === undefined || parsed.username || parsed.password) {
		throw fail(
			`${label} must be a URL that starts with https:// or http://`,
			'Select a tool, or paste the Production URL of its trigger.',
		);
	}
	if (!parsed.pathname.endsWith('/mcp')) {
		throw fail(
			`${label} doesn't end with /mcp`,
			'Paste the Production URL of a VideoSDK Agent Cloud Tool Trigger. Agents can only talk to a URL with this ending.',
		);
	}
	const { url, timeoutS } = splitTimeout(text);
	const known = knownToolAt(url);
	const isFromList = (entry[toolField.name] as IDataObject | null)?.mode === 'list';
	if (isFromList && known?.isPublished === false) {
		throw fail(`${label} is no longer published`, "Publish the tool's workflow, or select a different tool.");
	}
	// The trigger may have been changed since it was selected.
	return { url, timeoutS: known?.timeoutS ?? timeoutS };
}

/**
 * Checks what the agent's tools are to know of the conversation: it decides whose data they show.
 *
 * @throws NodeOperationError if an entry has no value, or the tokens would be too long
 */
function checkPinned(read: ItemReader, urls: string[], pairs: IDataObject): void {
	const { entries = [] } = (read.raw(contextField) ?? {}) as { entries?: IDataObject[] };
	// Also null and '', as blank cells of a table come: a tool that filters by '' may show everyone's rows.
	const blank = entries.find(({ value }) => String(value ?? '').trim() === '');
	if (blank) {
		throw read.fail(
			`'${String(blank.key)}' in '${contextField.displayName}' has no value`,
			"The agent's tools couldn't tell who the conversation is with. Correct its expression, or remove the entry.",
		);
	}
	const expiresAtS = Math.floor(Date.now() / 1000);
	if (urls.some((url) => isTooLong({ url, expiresAtS, context: pairs }))) {
		throw read.fail(
			"'Context' is too long for the agent's tools",
			"Enter only an ID, such as a customer number, and let the tool's workflow look up the rest.",
		);
	}
}

/**
 * Reads the tools of an agent. Only their credential is read later.
 *
 * @param validForS how long they can be used, in seconds
 * @returns gives the tools with a token each, and when these expire, in seconds since 1970; undefined if no tool is given
 * @throws NodeOperationError naming the field and the item
 */
export function readAgentTools(
	read: ItemReader,
	validForS: number,
): (() => Promise<{ tools: HandedTool[]; expiresAtS: number }>) | undefined {
	const collection = (read.raw(agentToolsField) ?? {}) as IDataObject;
	const entries = (collection[TOOLS_GROUP] ?? []) as IDataObject[];
	if (entries.length === 0) return undefined;
	const timeouts = new Map(
		entries.map((entry) => readTool(read, entry)).map(({ url, timeoutS }) => [url, timeoutS]),
	);
	const urls = [...timeouts.keys()];
	const pairs = readContext(read) ?? {};
	checkPinned(read, urls, pairs);
	const credential = credentialOf(read.context, read.itemIndex);
	return async () => {
		const { secretKey, baseUrl } = (await credential()).data ?? {};
		const unreachable = isUnreachable(readBaseUrl(baseUrl).href) ? undefined : urls.find(isUnreachable);
		if (unreachable !== undefined) {
			throw read.fail(
				`VideoSDK's agents can't reach the tool at ${new URL(unreachable).origin}`,
				'Give n8n a public URL (N8N_WEBHOOK_URL; before n8n 2.35: WEBHOOK_URL), publish the tool again and select it again. Nothing was sent to VideoSDK.',
			);
		}
		const secret = String(secretKey ?? '').trim();
		if (secret === '') {
			throw read.fail(
				"'Secret Key' is missing from the credential",
				"Enter it. n8n uses it to sign the agent's access to the tools.",
			);
		}
		const key = toolKey(secret);
		const expiresAtS = Math.floor(Date.now() / 1000) + validForS;
		const tools = [...timeouts].map(([url, timeout]): HandedTool => {
			const token = signToken({ url, expiresAtS, context: pairs }, key);
			return { url, headers: { Authorization: `Bearer ${token}` }, timeout };
		});
		return { tools, expiresAtS };
	};
}

/** Reads the tools that go out beside the user's own data, for as long as the options say. */
function readHandedTools(
	read: ItemReader,
	own: { data: IDataObject | undefined; label: string; name: string },
): (() => Promise<HandedTool[]>) | undefined {
	const hours = readOptions(read).count(toolsValidForField) ?? Number(toolsValidForField.default);
	const tools = readAgentTools(read, hours * HOUR_S);
	if (tools === undefined) return undefined;
	if (own.data !== undefined && Object.hasOwn(own.data, own.name)) {
		throw read.fail(
			`'${own.label}' contains '${own.name}', but '${agentToolsField.displayName}' is sent under that name`,
			`Rename the entry in '${own.label}', or leave '${agentToolsField.displayName}' empty.`,
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
	read: ItemReader,
	metadata: IDataObject | undefined,
): () => Promise<IDataObject | undefined> {
	const own = { data: metadata, label: 'Metadata', name: TOOLS_ENTRY };
	const tools = readHandedTools(read, own);
	return async () => (tools === undefined ? metadata : { ...metadata, [TOOLS_ENTRY]: await tools() });
}

/** As `readMetadataWithTools`, for the environment variables of a session's agent. */
export function readEnvWithTools(
	read: ItemReader,
	env: IDataObject | undefined,
): () => Promise<IDataObject | undefined> {
	const own = { data: env, label: 'Environment Variables', name: TOOLS_VARIABLE };
	const tools = readHandedTools(read, own);
	return async () =>
		tools === undefined ? env : { ...env, [TOOLS_VARIABLE]: JSON.stringify(await tools()) };
}
