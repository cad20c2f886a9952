/** A context comes out with every event of what it was given to, unchanged or not at all. */
import fc from 'fast-check';
import { isSafeObjectProperty, type IDataObject } from 'n8n-workflow';
import { checkAsync, unicode } from '../unit/support';
import { eventBody } from './delivery';
import type { PublishedTrigger } from './publishedTrigger';
import { expectNoSecrets, failureOf, pairsOf, passTime, startParameters, useRig } from './rig';

const rig = useRig();

const EVENTS = ['ai-deployment-session-started', 'ai-deployment-session-stopped'];
const MAX_LENGTH = 512;
const PAIRS = { customerId: 4711, name: 'Ada Lovelace', isVip: true };
/** Without a context. */
const URL_OF_60 = `https://n8n.example.com/webhook/${'x'.repeat(28)}`;

const parametersOf = (webhookUrl: unknown, pairs: IDataObject) =>
	startParameters({ webhookUrl, webhookEvents: EVENTS, options: { context: pairsOf(pairs) } } as IDataObject);
const urlsSent = (requests = rig.requests) =>
	requests.map(({ body }) => (body as { webhook: { endPoint: string } }).webhook.endPoint);

/** Starts a session whose webhook is the trigger. @returns the URL that went out */
async function start(trigger: PublishedTrigger, pairs: IDataObject = PAIRS, more = ''): Promise<string> {
	const webhookUrl = { __rl: true, mode: 'list', value: `${trigger.url}${more}` };
	await rig.json(parametersOf(webhookUrl, pairs));
	return urlsSent().at(-1) ?? '';
}
const deliver = async (url: string, event = 'started', id?: string) =>
	expect((await rig.simulator.deliver(url, eventBody(event, id))).status).toBe(200);

it('A context comes out with every event as it was given, or not at all if it was changed on its way', async () => {
	const trigger = await rig.engine.publish({ events: EVENTS });
	const key = unicode(1, 10).filter(
		(name) => name.trim() === name && name !== '' && isSafeObjectProperty(name) && !name.startsWith('='),
	);
	const text = unicode(1, 20).filter((one) => one.trim() === one && one !== '' && !one.startsWith('='));
	const value = fc.oneof(text, fc.integer(), fc.boolean());
	const pairs = fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true });
	const change = fc.constantFrom(undefined, undefined, 'letter', 'cut', 'twice', 'gone');
	const query = fc.constantFrom('', '?a=1', '?a=1#part');
	// Pasted with white space around it.
	const secretKey = ` ${rig.simulator.secret}\n`;
	rig.use({ secretKey });
	passTime(60_001);
	let run = 0;
	await checkAsync(
		fc.asyncProperty(pairs, change, fc.nat(), query, async (given, how, place, more) => {
			const before = (await trigger.received()).length;
			const url = await start(trigger, given, more);
			const [own = '', value = ''] = url.split('context=');
			const isGiven = Object.keys(given).length > 0;
			expect(own).toBe(isGiven ? `${trigger.url}${more === '' ? '?' : '?a=1&'}` : `${trigger.url}${more}`);
			const at = isGiven ? place % value.length : 0;
			const letter = value[at] === 'A' ? 'B' : 'A';
			const changed = {
				letter: `${own}context=${value.slice(0, at)}${letter}${value.slice(at + 1)}`,
				cut: url.slice(0, -1),
				twice: `${url}&context=x`,
				gone: own.slice(0, -1),
			};
			const isChanged = how !== undefined && isGiven;
			for (const event of ['started', 'stopped'])
				await deliver(isChanged ? changed[how] : url, event, `s-${run}`);
			// It doesn't make an event another one.
			await deliver(url, 'started', `s-${run++}`);
			const items = (await trigger.received()).slice(before);
			expect(items.map(({ event }) => event)).toEqual(['started', 'stopped']);
			for (const item of items) {
				if (isGiven && !isChanged) expect(item.context).toEqual(given);
				else expect(item).not.toHaveProperty('context');
			}
			rig.simulator.requests.length = 0;
		}),
		80,
	);
	expect(trigger.thrown).toEqual([]);
});

it('A context of before a change of the secret is left out, and one of after it counts within seconds', async () => {
	const trigger = await rig.engine.publish({ events: EVENTS, verifySignature: false });
	const before = await start(trigger);
	await deliver(before);
	const other = await rig.addSimulator({ secret: 'the new secret', apiKey: rig.simulator.apiKey });
	rig.use({ secretKey: 'the new secret', baseUrl: other.url });
	passTime(5_001);
	await rig.json(parametersOf(trigger.url, { n: 2 }));
	await deliver(String(urlsSent(other.requests).at(-1)), 'started', 's-2');
	await deliver(before, 'stopped');
	expect((await trigger.received()).map((item) => item.context)).toEqual([PAIRS, { n: 2 }, undefined]);
});

it('A URL with its context is sent up to 512 characters, and refused above, before anything is started', async () => {
	const items = Array.from({ length: 60 }, (_, index) => ({
		length: 295 + (index % 20),
		url: 'y'.repeat(index / 20),
	}));
	const text = '={{ "x".repeat($json.length) }}';
	const parameters = parametersOf(`=${URL_OF_60}{{ $json.url }}`, { text });
	const { output } = await rig.run(parameters, { items, onError: 'continueRegularOutput' });
	const lengths = urlsSent().map(({ length }) => length);
	expect(Math.max(...lengths)).toBe(MAX_LENGTH);
	const errors = output[0]?.flatMap(({ json }) => (json.error ? [String(json.error)] : [])) ?? [];
	const refused = errors.map((error) =>
		Number(/^'Context' is too long. It makes 'Webhook URL' (\d+) characters long/.exec(error)?.[1]),
	);
	expect(lengths.length + refused.length).toBe(items.length);
	expect(Math.min(...refused)).toBe(MAX_LENGTH + 1);
	rig.simulator.requests.length = 0;
	expect((await rig.run(parameters, { items })).error).toBeDefined();
	expect(rig.requests).toEqual([]);
});

it('A URL that has a context already is refused', async () => {
	const result = await rig.run(parametersOf(`${URL_OF_60}?context=x`, { a: 1 }));
	expectNoSecrets(rig, result.thrown);
	expect(rig.requests).toEqual([]);
	expect(failureOf(result).message).toMatch(/already contains the parameter 'context'/);
});
