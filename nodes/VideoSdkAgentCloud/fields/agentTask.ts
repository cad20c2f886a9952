import { type IDataObject } from 'n8n-workflow';
import { TASK_ENTRY, TASK_VARIABLE } from '../security/redactTokens';
import { groupField, numberField, textField } from './kit/field';
import { type ItemReader } from './kit/reader';
import { readOptions } from './kit/requestOptions';

/** The hint of both fields, because other agents have a prompt of their own. */
const READ_BY = 'Read by the agent from Agent: Deploy. Other agents keep to their own prompt.';

const instructionsField = textField('refused', 'Instructions', 'instructions', {
	typeOptions: { rows: 4 },
	placeholder:
		"e.g. You're calling for Example Café. Ask whether the reservation for Tuesday at seven still stands, and repeat the answer.",
	hint: READ_BY,
	description: 'What the agent is to do in this conversation',
});

const firstMessageField = textField('refused', 'First Message', 'firstMessage', {
	typeOptions: { rows: 2 },
	placeholder: "e.g. Hello, this is Example Café's AI assistant. Do you have a minute?",
	hint: READ_BY,
	description: 'What the agent says first, word for word. Leave empty to let it choose its own words.',
});

export const AGENT_TASK_FIELDS = [instructionsField, firstMessageField];

const LONGEST_SILENCE_S = 3_600;

const languageField = textField('default', 'Language', 'language', {
	placeholder: 'e.g. de-DE',
	description: 'The language to speak and understand. Leave empty for English.',
});

const voiceField = textField('default', 'Voice', 'voice', {
	placeholder: 'e.g. Kore',
	description: "One of Google's Chirp 3: HD voices, by its name. Leave empty for the agent's own.",
});

const endOnSilenceField = numberField('default', 'End on Silence', 'endOnSilence', {
	typeOptions: { minValue: 0, maxValue: LONGEST_SILENCE_S },
	default: 0,
	hint: 'In seconds',
	description:
		'How long the person may say nothing before the agent says goodbye and hangs up. With 0, it keeps waiting.',
});

const modelField = textField('default', 'Model', 'model', {
	placeholder: 'e.g. gemini-2.5-pro',
	description: "The Gemini model that the agent uses, by its name. Leave empty for the agent's own.",
});

/** The option for how the agent is to talk, for operations that start a conversation. */
export const agentSettingsField = groupField('default', 'Agent Settings', 'agentSettings', {
	typeOptions: { multipleValues: false },
	placeholder: 'Add Agent Settings',
	description: 'How the agent from Agent: Deploy talks. Other agents keep to their own settings.',
	options: [
		{
			displayName: 'Agent Settings',
			name: 'settings',
			values: [languageField, voiceField, endOnSilenceField, modelField],
		},
	],
});

/**
 * Reads AGENT_TASK_FIELDS and `agentSettingsField`.
 *
 * @returns the task for the agent; undefined if nothing was entered
 * @throws NodeOperationError naming the field
 */
export function readTask(read: ItemReader): IDataObject | undefined {
	const [settings] = readOptions(read).entries(agentSettingsField);
	const task = {
		instructions: read.text(instructionsField),
		firstMessage: read.text(firstMessageField),
		language: settings?.text(languageField),
		voice: settings?.text(voiceField),
		endOnSilence: settings?.number(endOnSilenceField) || undefined,
		model: settings?.text(modelField),
	};
	const given = Object.entries(task).filter(([, value]) => value !== undefined);
	return given.length === 0 ? undefined : Object.fromEntries(given);
}

/**
 * Reads the agent's task, and adds it to the data that the agent gets.
 *
 * @param channel how the data reaches the agent: a session's agent has its task as text in its environment
 * @param data the user's own data
 * @returns the data with the task; undefined if there is neither
 * @throws NodeOperationError naming the field
 */
export function readWithTask(
	read: ItemReader,
	channel: 'env' | 'metadata',
	data: IDataObject | undefined,
): IDataObject | undefined {
	const task = readTask(read);
	if (task === undefined) return data;
	return channel === 'env'
		? { ...data, [TASK_VARIABLE]: JSON.stringify(task) }
		: { ...data, [TASK_ENTRY]: task };
}
