import { type IDataObject } from 'n8n-workflow';
import { type ReadCredential, secretOf } from '../api/http/credential';
import { RESPONSE_TOOL, TOOLS_ENTRY, TOOLS_VARIABLE } from '../security/redactTokens';
import { isTooLong, signAccess, tokenEnvelope, toolPath } from '../agentTools/accessToken';
import { agentSettingsField, readWithTask, sessionSettingsField } from './agentTask';
import { agentToolsField, checkReachable, type ChosenTool, readTool, toolAt } from './chosenTool';
import { contextField, readContext } from './context';
import { numberField } from './kit/field';
import { type FieldReader, type ItemReader } from './kit/reader';
import { readOptions } from './kit/requestOptions';

const MAX_VALID_FOR_HOURS = 24 * 366;

/** The option for how long the agent can use its tools. */
export const toolsValidForField = numberField('default', 'Tools Valid For', 'toolsValidFor', {
	typeOptions: { minValue: 1, maxValue: MAX_VALID_FOR_HOURS, numberPrecision: 0 },
	default: 24,
	hint: 'In hours',
	description: 'How long the agent can use its tools. Make it longer than your longest conversation.',
});

/** The options about the agent, for operations that start a conversation. */
export const AGENT_OPTIONS = [agentSettingsField, contextField, toolsValidForField];

/** The same for operations that start a session. */
export const SESSION_AGENT_OPTIONS = [sessionSettingsField, contextField, toolsValidForField];

export const HOUR_S = 3_600;

/** A tool, as it's handed to an agent: with the arguments of `MCPServerHTTP` in VideoSDK's agents framework. */
export interface HandedTool extends IDataObject {
	url: string;
	headers: { Authorization: string };
	/** How long the agent waits for an answer, in seconds. */
	timeout: number;
}

/** The tools that an agent is to get, as they were read: `signTools` adds the tokens. */
export interface UnsignedTools {
	tools: ChosenTool[];
	/** How long the agent can use them, in seconds. */
	validForS: number;
	/** The entries that the tokens pin. */
	context: IDataObject;
}

/**
 * Reads the tools of an agent.
 *
 * @param validForS how long the agent can use them, in seconds
 * @param withContext the reader of `contextField`
 * @returns undefined if there are none
 * @throws NodeOperationError naming the field and the item
 */
export function readAgentTools(
	read: ItemReader,
	validForS: number,
	withContext: FieldReader,
): UnsignedTools | undefined {
	const context = readContext(withContext) ?? {};
	const entries = read.entries(agentToolsField);
	if (entries.length === 0) return undefined;
	const chosen = entries.map((entry, index) => readTool(entry, index + 1));
	// A tool that was selected several times is handed over once.
	const tools = [...new Map(chosen.map((tool) => [toolPath(tool.url), tool])).values()];
	const names = tools.flatMap(({ toolName }) => toolName ?? []);
	const twice = names.find((name, index) => names.indexOf(name) !== index);
	if (twice !== undefined) {
		throw read.fail(
			`Two tools in '${agentToolsField.displayName}' are named '${twice}', so the agent couldn't tell them apart`,
			"Change 'Tool Name' in one of their triggers and publish it, or remove one here.",
		);
	}
	if (tools.some(({ url }) => isTooLong({ url, expiresAtS: nowS(), context }))) {
		throw read.fail(
			"'Context' is too long for the agent's tools",
			"Enter only an ID, such as a customer number, and let the tool's workflow look up the rest.",
		);
	}
	return { tools, validForS, context };
}

const nowS = (): number => Math.floor(Date.now() / 1000);

/**
 * Gives each tool a token of its own.
 *
 * @param read the item's reader, for its errors
 * @returns the tools as the agent gets them, and when the tokens expire, in seconds since 1970
 * @throws NodeOperationError if the agent couldn't use one of them; what n8n throws if the credential can't be read
 */
export async function signTools(
	read: ItemReader,
	{ tools, validForS, context }: UnsignedTools,
	credential: ReadCredential,
): Promise<{ tools: HandedTool[]; expiresAtS: number }> {
	const { data } = await credential();
	checkReachable(read, data?.baseUrl, tools);
	const secret = secretOf(data);
	if (secret === '') {
		throw read.fail(
			"'Secret Key' is missing from the credential",
			"Enter it. n8n uses it to sign the agent's access to the tools.",
		);
	}
	const key = tokenEnvelope.keyOf(secret);
	const rejecting = tools.find(({ otherKey }) => otherKey?.equals(key) === false);
	if (rejecting !== undefined) {
		throw read.fail(
			`${rejecting.label} has a different credential, so it would reject the agent`,
			"Select the same credential in its trigger and in this node, and publish the tool's workflow again. For this item, nothing was started.",
		);
	}
	const expiresAtS = nowS() + validForS;
	const handed = tools.map(({ url, timeoutS }): HandedTool => {
		const token = signAccess({ url, expiresAtS, context }, key);
		return { url, headers: { Authorization: `Bearer ${token}` }, timeout: timeoutS };
	});
	return { tools: handed, expiresAtS };
}

/** @returns tools for the output of a dry run, without their tokens */
export const shownTools = (handed: HandedTool[], response?: HandedTool): IDataObject[] =>
	handed.map((tool) => ({
		name: tool === response ? RESPONSE_TOOL : toolAt(tool.url)?.toolName,
		url: tool.url,
	}));

/** What an agent is told with its conversation, as it was read: `dataForAgent` makes of it what is sent. */
export interface AgentData {
	/** How it reaches the agent: a session's agent has its task and tools as text in its environment. */
	channel: 'env' | 'metadata';
	/** The user's own data, with the task. */
	data?: IDataObject;
	tools?: UnsignedTools;
	/** The tool by which the agent hands in a response, if it asks a question. */
	response?: HandedTool;
}

/**
 * Reads the agent's task and its tools.
 *
 * @param data the user's own data
 * @throws NodeOperationError naming the field and the item
 */
export function readForAgent(
	read: ItemReader,
	channel: AgentData['channel'],
	data: IDataObject | undefined,
	response?: HandedTool,
): AgentData {
	const options = readOptions(read);
	const validForS = options.count(toolsValidForField) * HOUR_S;
	return {
		channel,
		data: readWithTask(read, channel, data),
		tools: readAgentTools(read, validForS, options),
		response,
	};
}

/**
 * Makes the data that the agent gets: the user's own, the task, and the tools with fresh tokens.
 *
 * @param isDryRun whether the tools come without their tokens
 * @returns undefined if there is nothing
 * @throws see `signTools`
 */
export async function dataForAgent(
	read: ItemReader,
	{ channel, data, tools, response }: AgentData,
	credential: ReadCredential,
	isDryRun: boolean,
): Promise<IDataObject | undefined> {
	if (tools === undefined && response === undefined) return data;
	const handed = tools ? (await signTools(read, tools, credential)).tools : [];
	if (response !== undefined) {
		const { url } = response;
		checkReachable(read, (await credential()).data?.baseUrl, [{ url, label: 'this execution' }]);
		handed.unshift(response);
	}
	const given = isDryRun ? shownTools(handed, response) : handed;
	return channel === 'env'
		? { ...data, [TOOLS_VARIABLE]: JSON.stringify(given) }
		: { ...data, [TOOLS_ENTRY]: given };
}
