import { type IDataObject } from 'n8n-workflow';
import { TASK_ENTRY, TASK_VARIABLE } from '../security/redactTokens';
import { readCallingHours } from './callingHours';
import { groupField, numberField, textField } from './kit/field';
import { type ItemReader } from './kit/reader';
import { readOptions } from './kit/requestOptions';
import { readTimeZone } from './timeZone';

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

/** Sessions start deployments of VideoSDK's first generation (`deploymentField`), and Agent: Deploy makes agents of the second. */
const READ_BY_SESSIONS =
	'Read by agents whose code reads N8N_AGENT. The one from Agent: Deploy takes no sessions.';

/** The fields of the task, for operations that start a session. */
export const SESSION_TASK_FIELDS = AGENT_TASK_FIELDS.map((field) => ({ ...field, hint: READ_BY_SESSIONS }));

const LONGEST_SILENCE_S = 3_600;
/** SILENCE_S in agent/limits.py. */
const SILENCE_S = 30;
/** VideoSDK's framework ends a conversation's process after an hour, so the agent says goodbye before: LONGEST_JOB_S in agent/limits.py. */
export const LONGEST_TALK_MINUTES = 58;

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
	default: SILENCE_S,
	hint: 'In seconds. With 0, it keeps waiting.',
	description:
		"How long it may be silent before the agent asks whether the person is still there. It hangs up 15 seconds later. It's no silence while a tool is at work.",
});

const maxDurationField = numberField('default', 'Max Duration', 'maxDuration', {
	typeOptions: { minValue: 0, maxValue: LONGEST_TALK_MINUTES * 60, numberPrecision: 0 },
	default: 0,
	hint: 'In seconds',
	description: `When the agent says goodbye and hangs up, also in incoming calls. With 0, that's after ${LONGEST_TALK_MINUTES} minutes, because VideoSDK lets it talk for an hour.`,
});

const speechLocationField = textField('default', 'Speech Location', 'speechLocation', {
	placeholder: 'e.g. eu',
	description:
		"The Google Cloud location in which speech is recognized. Leave empty for VideoSDK's default, which is asia-south1 (Mumbai).",
});

const timeZoneField = textField('default', 'Time Zone', 'timeZone', {
	placeholder: 'e.g. Europe/Berlin',
	description:
		'The time zone in which the agent understands "tomorrow at nine". Leave empty to use the one of Calling Hours, else the workflow\'s, which is America/New_York by default.',
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
			values: [
				endOnSilenceField,
				languageField,
				maxDurationField,
				modelField,
				speechLocationField,
				timeZoneField,
				voiceField,
			],
		},
	],
});

/** The same option for operations that start a session. */
export const sessionSettingsField = {
	...agentSettingsField,
	description: `How the agent talks. ${READ_BY_SESSIONS}`,
};

/** @returns the time zone in which the agent talks if none was entered: that of the people who are called, else the workflow's */
export const defaultTimeZone = (read: ItemReader): string =>
	readCallingHours(readOptions(read))?.timeZone ?? read.context.getTimezone();

/**
 * Reads AGENT_TASK_FIELDS and `agentSettingsField`.
 *
 * @returns the task for the agent, with only what was entered; undefined if nothing was
 * @throws NodeOperationError naming the field
 */
export function readTask(read: ItemReader): IDataObject | undefined {
	const [settings] = readOptions(read).entries(agentSettingsField);
	const zone = settings?.text(timeZoneField);
	const silenceS = settings?.number(endOnSilenceField);
	const task = {
		instructions: read.text(instructionsField),
		firstMessage: read.text(firstMessageField),
		language: settings?.text(languageField),
		voice: settings?.text(voiceField),
		// With 0, the agent keeps waiting, so it's sent. Its own default isn't, as a rule of Set Agent would otherwise lose its silence.
		endOnSilence: silenceS === SILENCE_S ? undefined : silenceS,
		model: settings?.text(modelField),
		maxDuration: settings?.count(maxDurationField) || undefined,
		speechLocation: settings?.text(speechLocationField),
		timeZone: zone && readTimeZone(read, agentSettingsField, zone),
	};
	const given = Object.entries(task).filter(([, value]) => value !== undefined);
	return given.length === 0 ? undefined : Object.fromEntries(given);
}

/**
 * Reads the agent's task, and adds it to the data that the agent gets. The agent always gets a time zone, because it would otherwise take
 * an appointment for the wrong day without anyone noticing.
 *
 * @param channel how the data reaches the agent: a session's agent has its task as text in its environment
 * @param data the user's own data
 * @returns the data with the task
 * @throws NodeOperationError naming the field
 */
export function readWithTask(
	read: ItemReader,
	channel: 'env' | 'metadata',
	data: IDataObject | undefined,
): IDataObject {
	const entered = readTask(read);
	const task = { ...entered, timeZone: entered?.timeZone ?? defaultTimeZone(read) };
	return channel === 'env'
		? { ...data, [TASK_VARIABLE]: JSON.stringify(task) }
		: { ...data, [TASK_ENTRY]: task };
}
