/** What the agent is to do: sent as it was given, under a name of its own, and only what was given. */
import { readFileSync } from 'node:fs';
import {
	LONGEST_TALK_MINUTES,
	readTask,
	readWithTask,
} from '../../../nodes/VideoSdkAgentCloud/fields/agentTask';
import { expectRejection, reader } from './reader';

const ALL = {
	instructions: 'Ask whether {"Tuesday"} still stands.\nRepeat the answer.',
	firstMessage: 'Hello, this is “Café Zoë”.',
	language: 'de-DE',
	voice: 'Anna',
	endOnSilence: 20,
	model: 'gemini-2.5-flash',
	maxDuration: 900,
	speechLocation: 'eu',
	timeZone: 'Europe/Berlin',
};
const { instructions, firstMessage, ...settings } = ALL;
const fields = { instructions, firstMessage, options: { agentSettings: { settings } } };

it("The agent's task is in the metadata as an object, in the environment as its JSON, beside the user's own data", () => {
	expect(readWithTask(reader(fields), 'metadata', { customer: 17 })).toEqual({ customer: 17, n8nAgent: ALL });
	const { N8N_AGENT, ...env } = readWithTask(reader(fields), 'env', { CUSTOMER: '17' });
	expect([JSON.parse(String(N8N_AGENT)), env]).toEqual([ALL, { CUSTOMER: '17' }]);
});

/** What the agent gets if nothing but this is given: the workflow's time zone comes with it. */
const ZONE = { timeZone: 'Etc/UTC' };
const settingsOf = (values: object) => ({ options: { agentSettings: { settings: values } } });

it.each([
	[{ firstMessage: ' Hello ' }, { firstMessage: 'Hello' }],
	[settingsOf({ endOnSilence: '8', maxDuration: '90.5' }), { endOnSilence: 8, maxDuration: 90 }],
	// As the editor adds a group.
	[
		settingsOf({ language: 'fr', voice: '', endOnSilence: 30, model: ' ', maxDuration: 0, timeZone: '' }),
		{ language: 'fr' },
	],
	// Then the agent keeps waiting.
	[settingsOf({ endOnSilence: 0 }), { endOnSilence: 0 }],
	[settingsOf({}), {}],
	[{}, {}],
	[{ instructions: ' ', ...settingsOf({ voice: '' }) }, {}],
])("The agent's task has no more than was given, and a time zone: %j", (given, n8nAgent) => {
	const task = { ...n8nAgent, ...ZONE };
	expect(readWithTask(reader(given), 'metadata', undefined)).toEqual({ n8nAgent: task });
	const { N8N_AGENT, ...env } = readWithTask(reader(given), 'env', { A: '1' });
	expect([JSON.parse(String(N8N_AGENT)), env]).toEqual([task, { A: '1' }]);
});

it("The time zone is the agent's own, else that of the calling hours, else the workflow's", () => {
	const hours = { from: '9:00', to: '18:00', timeZone: 'Asia/Tokyo' };
	const zoneOf = (options: object) => {
		const { n8nAgent } = readWithTask(reader({ options }), 'metadata', undefined);
		return (n8nAgent as { timeZone: string }).timeZone;
	};
	const callingHours = { hours };
	const agentSettings = { settings: { timeZone: ' Europe/Berlin ' } };
	expect(zoneOf({ callingHours, agentSettings })).toBe('Europe/Berlin');
	expect(zoneOf({ callingHours })).toBe('Asia/Tokyo');
	expect(zoneOf({ callingHours: { hours: { ...hours, timeZone: undefined } } })).toBe('Etc/UTC');
	// Only what was entered, for a rule that may have one already.
	expect(readTask(reader({ options: { callingHours } }))).toBeUndefined();
	expect(readTask(reader({ options: { agentSettings } }))).toEqual({ timeZone: 'Europe/Berlin' });
});

it.each(['Mars/Olympus', 'BST', '+02:00', '-05:00', 'nine'])(
	'A time zone that is none is refused: %s',
	(timeZone) => {
		const message = `'Time Zone' under 'Agent Settings' isn't a time zone: ${timeZone}`;
		expectRejection(() => readTask(reader(settingsOf({ timeZone }))), message);
	},
);

it('A silence that no person could wait for is refused, and a conversation longer than its process', () => {
	for (const endOnSilence of [-1, 3_601, 'long'])
		expectRejection(
			() => readTask(reader(settingsOf({ endOnSilence }))),
			"'End on Silence' must be a number",
		);
	for (const maxDuration of [-1, 3_481, 'long'])
		expectRejection(() => readTask(reader(settingsOf({ maxDuration }))), "'Max Duration' must be a number");
});

it("What n8n says of the agent's times is what the agent's program does", () => {
	const program = readFileSync('agent/limits.py', 'utf8');
	expect(program).toMatch(/^SILENCE_S = 30\nANSWER_S = 15$/m);
	expect(program).toMatch(new RegExp(`^LONGEST_JOB_S = ${LONGEST_TALK_MINUTES} \\* 60$`, 'm'));
});
