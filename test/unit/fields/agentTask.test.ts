/** What the agent is to do: sent as it was given, under a name of its own, and only what was given. */
import { readWithTask } from '../../../nodes/VideoSdkAgentCloud/fields/agentTask';
import { expectRejection, reader } from './reader';

const ALL = {
	instructions: 'Ask whether {"Tuesday"} still stands.\nRepeat the answer.',
	firstMessage: 'Hello, this is “Café Zoë”.',
	language: 'de-DE',
	voice: 'Anna',
	endOnSilence: 20,
	model: 'gemini-2.5-flash',
};
const { instructions, firstMessage, ...settings } = ALL;
const fields = { instructions, firstMessage, options: { agentSettings: { settings } } };

it("The agent's task is in the metadata as an object, in the environment as its JSON, beside the user's own data", () => {
	expect(readWithTask(reader(fields), 'metadata', { customer: 17 })).toEqual({ customer: 17, n8nAgent: ALL });
	const { N8N_AGENT, ...env } = readWithTask(reader(fields), 'env', { CUSTOMER: '17' }) ?? {};
	expect([JSON.parse(String(N8N_AGENT)), env]).toEqual([ALL, { CUSTOMER: '17' }]);
});

it.each([
	[{ firstMessage: ' Hello ' }, { firstMessage: 'Hello' }],
	[{ options: { agentSettings: { settings: { endOnSilence: '8' } } } }, { endOnSilence: 8 }],
	// As the editor adds a group.
	[
		{ options: { agentSettings: { settings: { language: 'fr', voice: '', endOnSilence: 0, model: ' ' } } } },
		{ language: 'fr' },
	],
])("The agent's task has no more than was given: %j", (given, n8nAgent) => {
	expect(readWithTask(reader(given), 'metadata', undefined)).toEqual({ n8nAgent });
});

it('No task is sent where none was given', () => {
	const blank = { instructions: ' ', options: { agentSettings: { settings: { voice: '' } } } };
	for (const given of [{}, blank]) {
		expect(readWithTask(reader(given), 'metadata', undefined)).toBeUndefined();
		expect(readWithTask(reader(given), 'env', { A: '1' })).toEqual({ A: '1' });
	}
});

it('A silence that no person could wait for is refused', () => {
	for (const endOnSilence of [-1, 3_601, 'long']) {
		const given = { options: { agentSettings: { settings: { endOnSilence } } } };
		expectRejection(() => readWithTask(reader(given), 'env', undefined), "'End on Silence' must be a number");
	}
});
