import type { IDataObject } from 'n8n-workflow';
import { eventBody } from './delivery';
import type { PublishedTrigger } from './publishedTrigger';
import { expectNoSecrets, failureOf, jsonOf, passTime, startParameters, useRig } from './rig';

const rig = useRig();

const EVENTS = ['ai-deployment-session-started', 'ai-deployment-session-stopped'];
const context = (pairs: Record<string, unknown>) => ({
	entries: Object.entries(pairs).map(([key, value]) => ({ key, value })),
});
const PAIRS = { customerId: 4711, name: 'Ada Lovelace', isVip: true };

/** Starts a session whose webhook is the trigger. @returns the URL that went out */
async function start(trigger: PublishedTrigger, pairs: IDataObject = PAIRS): Promise<string> {
	const parameters = startParameters({
		webhookUrl: { __rl: true, mode: 'list', value: trigger.url },
		webhookEvents: EVENTS,
		options: { context: context(pairs) },
	});
	jsonOf(await rig.engine.run({ parameters }));
	const { body } = rig.requests.at(-1) as { body: { webhook: { endPoint: string } } };
	return body.webhook.endPoint;
}

const deliver = async (url: string, event = 'started') => await rig.simulator.deliver(url, eventBody(event));

describe('A context', () => {
	it('comes out with every event', async () => {
		const trigger = await rig.engine.publish({ events: EVENTS });
		const url = await start(trigger);
		expect(url.startsWith(`${trigger.url}?context=1`)).toBe(true);
		expect((await deliver(url)).status).toBe(200);
		expect((await deliver(url, 'stopped')).status).toBe(200);
		expect(await trigger.received()).toMatchObject([
			{ event: 'started', context: PAIRS },
			{ event: 'stopped', context: PAIRS },
		]);
	});

	it('does not make an event another one', async () => {
		const trigger = await rig.engine.publish({ events: EVENTS });
		await deliver(await start(trigger));
		await deliver(trigger.url);
		expect(await trigger.received()).toHaveLength(1);
	});

	it('is not there without one', async () => {
		const trigger = await rig.engine.publish({ events: EVENTS });
		const url = await start(trigger, {});
		expect(url).toBe(trigger.url);
		await deliver(url);
		expect((await trigger.received())[0]).not.toHaveProperty('context');
	});

	it.each<[string, (url: string) => string]>([
		['changed', (url) => `${url.slice(0, -3)}AAA`],
		['given twice', (url) => `${url}&context=x`],
	])('that was %s is left out, and the event stays', async (_how, change) => {
		const trigger = await rig.engine.publish({ events: EVENTS });
		expect((await deliver(change(await start(trigger)))).status).toBe(200);
		const [item] = await trigger.received();
		expect(item).toMatchObject({ event: 'started' });
		expect(item).not.toHaveProperty('context');
	});

	it('of before a change of the secret is left out, and one of after it counts at once', async () => {
		const trigger = await rig.engine.publish({ events: EVENTS, verifySignature: false });
		const before = await start(trigger);
		await deliver(before);
		const other = await rig.addSimulator({ secret: 'the new secret', apiKey: rig.simulator.apiKey });
		rig.engine.setCredentials(rig.credentials({ secretKey: 'the new secret', baseUrl: other.url }));
		passTime(6_000);
		const parameters = startParameters({
			webhookUrl: trigger.url,
			webhookEvents: EVENTS,
			options: { context: context({ n: 2 }) },
		});
		jsonOf(await rig.engine.run({ parameters }));
		const after = (other.requests.at(-1)?.body as { webhook: { endPoint: string } }).webhook.endPoint;
		await rig.simulator.deliver(after, eventBody('started', 's-2'));
		await rig.simulator.deliver(before, eventBody('stopped'));
		expect((await trigger.received()).map((item) => item.context)).toEqual([PAIRS, { n: 2 }, undefined]);
	});
});

describe('A URL with its context', () => {
	const fail = async (more: IDataObject) => {
		const parameters = startParameters({ webhookEvents: EVENTS, ...more });
		const result = await rig.engine.run({ parameters });
		expectNoSecrets(rig, result.thrown);
		expect(rig.requests).toHaveLength(0);
		return failureOf(result);
	};
	const URL_OF_60 = `https://n8n.example.com/webhook/${'x'.repeat(28)}`;

	it('of more than 512 characters is refused before anything is started, in words', async () => {
		const { message } = await fail({
			webhookUrl: URL_OF_60,
			options: { context: context({ text: 'x'.repeat(2_000) }) },
		});
		expect(message).toMatch(
			/^'Context' is too long. It makes 'Webhook URL' \d+ characters long, but VideoSDK allows at most 512 \[item 0\]$/,
		);
	});

	it('of exactly 512 characters goes out', async () => {
		const parameters = startParameters({
			webhookUrl: URL_OF_60,
			webhookEvents: EVENTS,
			options: { context: context({ text: '={{ "x".repeat($json.length) }}' }) },
		});
		const items = Array.from({ length: 200 }, (_, index) => ({ length: 200 + index }));
		const { output } = await rig.engine.run({ items, parameters, onError: 'continueRegularOutput' });
		expect(output[0]?.at(-1)?.json.error).toContain('too long');
		const sent = rig.requests.map(
			({ body }) => (body as { webhook: { endPoint: string } }).webhook.endPoint.length,
		);
		expect(Math.max(...sent)).toBeLessThanOrEqual(512);
		expect(Math.max(...sent)).toBeGreaterThan(509);
	});

	it.each<[string, IDataObject, RegExp]>([
		[
			'is too long without one',
			{ webhookUrl: `https://n8n.example.com/${'x'.repeat(500)}` },
			/is 524 characters long/,
		],
		[
			'has one already',
			{ webhookUrl: `${URL_OF_60}?context=x`, options: { context: context({ a: 1 }) } },
			/already contains the parameter 'context'/,
		],
		[
			'has a pair without a name',
			{ webhookUrl: URL_OF_60, options: { context: context({ '': 1 }) } },
			/Entry 1 of 'Context' has no 'Name'/,
		],
		[
			'stands for a trigger that is not in the list',
			{ webhookUrl: { __rl: true, mode: 'list', value: 'not-listed' } },
			/'Webhook URL' must be a URL that starts with https:\/\/ or http:\/\//,
		],
	])('is refused if it %s', async (_what, more, message) => {
		expect((await fail(more)).message).toMatch(message);
	});

	it('is put together with a query and without a fragment', async () => {
		const parameters = startParameters({
			webhookUrl: `${URL_OF_60}?a=1#part`,
			webhookEvents: EVENTS,
			options: { context: context({ a: 1 }) },
		});
		jsonOf(await rig.engine.run({ parameters }));
		const { endPoint } = (rig.request.body as { webhook: { endPoint: string } }).webhook;
		expect(endPoint).toMatch(/\?a=1&context=1[\w-]+$/);
	});
});
