import { type IDataObject } from 'n8n-workflow';
import { type ReadCredential, secretOf } from '../api/http/credential';
import { RESPONSE_TOOL, TOOLS_ENTRY, TOOLS_VARIABLE } from '../security/redactTokens';
import { isTooLong, signAccess, tokenEnvelope, toolPath } from '../agentTools/accessToken';
import { agentSettingsField, readWithTask } from './agentTask';
import { agentToolsField, checkReachable, readTool, toolAt } from './chosenTool';
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

export const HOUR_S = 3_600;

/** A tool, as it's handed to an agent: with the arguments of `MCPServerHTTP` in VideoSDK's agents framework. */
export interface HandedTool extends IDataObject {
	url: string;
	headers: { Authorization: string };
	/** How long the agent waits for an answer, in seconds. */
	timeout: number;
}

/**
 * Reads the tools of an agent.
 *
 * @param validForS how long the agent can use them, in seconds
 * @param withContext the reader of `contextField`, whose entries the tokens pin
 * @param taken the name of a tool that n8n adds itself
 * @returns a function that reads the credential, and returns each tool with a token, and when the tokens expire, in seconds since 1970;
 *   undefined if there are no tools
 * @throws NodeOperationError naming the field and the item
 */
export function readAgentTools(
	read: ItemReader,
	validForS: number,
	withContext: FieldReader,
	taken?: string,
): ((credential: ReadCredential) => Promise<{ tools: HandedTool[]; expiresAtS: number }>) | undefined {
	const context = readContext(withContext) ?? {};
	const entries = read.entries(agentToolsField);
	if (entries.length === 0) return undefined;
	const chosen = entries.map((entry, index) => readTool(entry, index + 1, taken));
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
	const nowS = () => Math.floor(Date.now() / 1000);
	if (tools.some(({ url }) => isTooLong({ url, expiresAtS: nowS(), context }))) {
		throw read.fail(
			"'Context' is too long for the agent's tools",
			"Enter only an ID, such as a customer number, and let the tool's workflow look up the rest.",
		);
	}
	return async (credential) => {
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
	};
}

/** @returns tools for the output of a dry run, without their tokens */
export const shownTools = (handed: HandedTool[], response?: HandedTool): IDataObject[] =>
	handed.map((tool) => ({
		name: tool === response ? RESPONSE_TOOL : toolAt(tool.url)?.toolName,
		url: tool.url,
	}));

/**
 * Reads the agent's task and its tools, and adds them to the data that the agent gets.
 *
 * @param channel how the data reaches the agent: a session's agent has its task and tools as text in its environment
 * @param data the user's own data
 * @param response the tool by which the agent hands in a response, if it asks a question
 * @returns a function that returns the data with the task and the tools, in a dry run without their tokens
 * @throws NodeOperationError naming the field and the item
 */
export function readForAgent(
	read: ItemReader,
	channel: 'env' | 'metadata',
	data: IDataObject | undefined,
	response?: HandedTool,
): (tools: { credential: ReadCredential; isDryRun: boolean }) => Promise<IDataObject | undefined> {
	const isEnv = channel === 'env';
	const name = isEnv ? TOOLS_VARIABLE : TOOLS_ENTRY;
	const sent = readWithTask(read, channel, data);
	const options = readOptions(read);
	const hours = options.count(toolsValidForField);
	const tools = readAgentTools(read, hours * HOUR_S, options, response && RESPONSE_TOOL);
	if (tools === undefined && response === undefined) return async () => sent;
	return async ({ credential, isDryRun }) => {
		const handed = (await tools?.(credential))?.tools ?? [];
		if (response !== undefined) {
			const { url } = response;
			checkReachable(read, (await credential()).data?.baseUrl, [{ url, label: 'this execution' }]);
			handed.unshift(response);
		}
		const given = isDryRun ? shownTools(handed, response) : handed;
		return { ...sent, [name]: isEnv ? JSON.stringify(given) : given };
	};
}
