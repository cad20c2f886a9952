/** What the chat model of `npm start` does in the examples with an AI agent. */
import type { ModelAnswer, ModelRequest, ToolFields } from '../e2e/scriptedModel';
import { chatAnswer } from './chatModel';

const tool = (name: string, properties: ToolFields['properties'] = {}) => ({
	function: { name, parameters: { properties } },
});
/** As n8n offers a tool that a person reviews. */
const reviewed = (name: string, properties: ToolFields['properties']) =>
	tool(name, { toolParameters: { type: 'object', properties }, hitlParameters: { type: 'object' } });
const VENUES = [
	tool('Get_venues'),
	reviewed('Ask_the_venue', { To: { type: 'string' }, Message: { type: 'string' } }),
];
const PAYMENT = [reviewed('Make_payment', { Recipient: { type: 'string' }, Amount: { type: 'number' } })];
const SESSION = [
	tool('Start_session', { Instructions: { type: 'string' }, CUSTOMER_NAME: { type: 'string' } }),
];
const LIST =
	'[{"name":"Café Babbage","phone":"+1 555 010 0002"},{"name":"Bistro Byron","phone":"+14155550126"}]';

/** Plays a chat in which each use of a tool brings the next result. @returns what the model did, its last words at last */
function play(request: string, tools: ModelRequest['tools'], results: string[]): ModelAnswer[] {
	const messages: ModelRequest['messages'] = [
		{ role: 'system', content: 'You help.' },
		{ role: 'user', content: request },
	];
	const answers: ModelAnswer[] = [];
	for (const result of [...results, 'never']) {
		const answer = chatAnswer({ model: 'any', messages, tools }, {});
		answers.push(answer);
		if (answer === null || !('tool' in answer)) break;
		const call = { name: answer.tool, arguments: JSON.stringify(answer.arguments) };
		messages.push({ role: 'assistant', tool_calls: [{ function: call }] }, { role: 'tool', content: result });
	}
	return answers;
}
const ask = (phone: string, message: string) => ({
	tool: 'Ask_the_venue',
	arguments: { toolParameters: { To: phone, Message: message }, hitlParameters: {} },
});

it('It asks one venue after the other, until one confirms', () => {
	const request = 'A table for two, tomorrow at eight, for Ada.';
	const asked = [LIST, '[{"outcome":"noAnswer"}]', '[{"outcome":"answered","data":{"confirmed":true}}]'];
	expect(play(request, VENUES, asked)).toEqual([
		{ tool: 'Get_venues', arguments: {} },
		ask('+15550100002', request),
		ask('+14155550126', request),
		{
			text: 'Ask the venue +15550100002: outcome noAnswer\nAsk the venue +14155550126: outcome answered, confirmed true',
		},
	]);
	expect(play(request, VENUES, [LIST, 'Declined.', 'Declined.']).at(-1)).toEqual({
		text: 'Ask the venue +15550100002: Declined.\nAsk the venue +14155550126: Declined.',
	});
});

it('It calls the number that the user names', () => {
	const request = 'Call +1 (415) 555-0199: a table for two?';
	expect(play(request, VENUES, ['[{"outcome":"failed"}]'])).toEqual([
		ask('+14155550199', request),
		{ text: 'Ask the venue +14155550199: outcome failed' },
	]);
});

it.each<[string, ModelRequest['tools'], object]>([
	[
		'Pay 40.50 dollars to the bakery.',
		PAYMENT,
		{ toolParameters: { Recipient: 'the bakery', Amount: 40.5 } },
	],
	['Please start one with Ada Lovelace.', SESSION, { CUSTOMER_NAME: 'Ada Lovelace' }],
])('It does once what the user wants: %s', (request, tools, given) => {
	const [use, words] = play(request, tools, ['[{"sessionId":"s-1","status":"queued"}]']);
	expect(use).toMatchObject({ arguments: given });
	expect(words).toEqual({ text: expect.stringMatching(/: sessionId s-1, status queued$/) as string });
});

it.each([
	['asks for what the user has left out', 'Please pay the bakery.', PAYMENT, /with: Recipient, Amount\.$/],
	['says who it is without a tool', 'Hello', [], /simulator's chat model/],
])('It %s', (_what, request, tools, words) => {
	expect(play(request, tools, [])).toEqual([{ text: expect.stringMatching(words) as string }]);
});
