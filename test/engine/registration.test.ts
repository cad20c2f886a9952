import type { SimulatedCallWebhook } from '../simulator';
import { EVENT_NAMES, expectNoSecrets, useRig } from './rig';
import { StoredTrigger } from './triggerHooks';

const CALLS = ['call-answered', 'call-hangup'];

const rig = useRig();

const stored = (events: string[] = CALLS, name?: string) => new StoredTrigger(rig.engine, { events }, name);
const active = (): SimulatedCallWebhook[] =>
	[...rig.simulator.callWebhooks.values()].filter(({ deletedAt }) => deletedAt === undefined);
const registered = () => active().map(({ url, events }) => ({ url, events: [...events].sort() }));
const changes = () => rig.requests.filter(({ method }) => method !== 'GET').map(({ method }) => method);
const goDown = () => rig.simulator.addFault({ kind: 'status', status: 503, match: { times: 999 } });

async function failureOf(action: Promise<unknown>): Promise<{ message: string; description: string }> {
	const error: unknown = await action.then(
		() => {
			throw new Error('It was expected to fail');
		},
		(reason: unknown) => reason,
	);
	expectNoSecrets(rig, error);
	return error as { message: string; description: string };
}

describe('A trigger with call events', () => {
	it('is registered for exactly these when it is published, and removed when it is unpublished', async () => {
		const trigger = stored([...EVENT_NAMES, ...CALLS, 'participant-joined', 'call-summary']);
		await trigger.publish();
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
		await trigger.unpublish();
		expect(registered()).toEqual([]);
		expect(changes()).toEqual(['POST', 'DELETE']);
		expect(trigger.staticData[`node:${trigger.name}`]).toEqual({});
	});

	it('is registered once if two processes of n8n register it at the same time, and both keep the same', async () => {
		const [one, other] = [stored(), stored()];
		Object.assign(other, { node: one.node, workflowId: one.workflowId });
		// Both find none, and both have registered it before either looks again.
		const [twoLists, twoWebhooks] = [() => rig.requests.length > 1, () => active().length > 1];
		rig.simulator.addFault({ kind: 'delay', until: twoLists, match: { method: 'GET', times: 2 } });
		rig.simulator.addFault({ kind: 'delay', until: twoWebhooks, match: { method: 'POST', times: 2 } });
		await Promise.all([one.restart(), other.restart()]);
		expect(registered()).toEqual([{ url: one.url, events: CALLS }]);
		expect(other.staticData).toEqual(one.staticData);
	});

	it('may be chosen by an alias and by a text with commas', async () => {
		const trigger = new StoredTrigger(rig.engine, { events: '={{ "call-ended, call-answered" }}' });
		await trigger.publish();
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
	});

	it('keeps no secret and no key in its static data', async () => {
		const trigger = stored();
		await trigger.publish();
		expect(JSON.stringify(trigger.staticData)).not.toContain(rig.simulator.apiKey);
		expectNoSecrets(rig, trigger.staticData);
	});

	it.each(['id', 'webhookId', '_id'] as const)('is found under the ID "%s"', async (webhookId) => {
		rig.simulator.answers.webhookId = webhookId;
		const trigger = stored();
		await trigger.publish();
		expect(await trigger.restart()).toBe(false);
		await trigger.unpublish();
		expect(registered()).toEqual([]);
	});

	it('is found in a bare list', async () => {
		rig.simulator.answers.bareLists = true;
		rig.simulator.addCallWebhook('https://elsewhere.example/', CALLS);
		const trigger = stored();
		await trigger.publish();
		expect(await trigger.restart()).toBe(false);
		expect(active()).toHaveLength(2);
	});

	it('is found among those of several pages', async () => {
		for (let index = 0; index < 120; index += 1) {
			rig.simulator.addCallWebhook(`https://elsewhere.example/${index}`, ['call-started']);
		}
		const trigger = stored();
		await trigger.publish();
		expect(await trigger.restart()).toBe(false);
		expect(active()).toHaveLength(121);
	});

	it('leaves those of others alone, also such as begin or end like it', async () => {
		const trigger = stored();
		for (const url of [`${trigger.url}/`, `${trigger.url}?x=1`, trigger.testUrl, 'https://other.example/a']) {
			rig.simulator.addCallWebhook(url, CALLS);
		}
		const foreign = registered();
		await trigger.publish();
		await trigger.republish({ events: ['call-missed'] });
		await trigger.restart();
		expect(registered()).toEqual([...foreign, { url: trigger.url, events: ['call-missed'] }]);
		await trigger.unpublish();
		expect(registered()).toEqual(foreign);
	});

	it('is replaced when other events are chosen', async () => {
		const trigger = stored();
		await trigger.publish();
		await trigger.republish({ events: ['call-missed'] });
		expect(registered()).toEqual([{ url: trigger.url, events: ['call-missed'] }]);
	});

	it('is replaced by another version that n8n 1.x publishes without unpublishing the former one', async () => {
		const trigger = stored();
		await trigger.publish();
		trigger.setParameters({ events: ['call-missed'] });
		await trigger.publish('update');
		expect(registered()).toEqual([{ url: trigger.url, events: ['call-missed'] }]);
		trigger.setParameters({ events: EVENT_NAMES });
		await trigger.publish('update');
		expect(registered()).toEqual([]);
		expect(trigger.staticData[`node:${trigger.name}`]).toEqual({});
	});

	it('is taken over if a process that was killed has made it', async () => {
		const trigger = stored();
		rig.simulator.addCallWebhook(trigger.url, CALLS);
		await trigger.publish();
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
		expect(changes()).toEqual([]);
		await trigger.unpublish();
		expect(registered()).toEqual([]);
	});

	it('is replaced if a process that was killed has made it for other events, or twice', async () => {
		const trigger = stored();
		rig.simulator.addCallWebhook(trigger.url, ['call-missed']);
		rig.simulator.addCallWebhook(trigger.url, CALLS);
		rig.simulator.addCallWebhook(trigger.url, CALLS);
		await trigger.publish();
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
	});

	it('is registered once if the answer to its registration was lost', async () => {
		rig.simulator.addFault({ kind: 'reset', match: { method: 'POST', times: 1 } });
		const trigger = stored();
		await failureOf(trigger.publish());
		await trigger.publish();
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
	});

	it('is one of two in a workflow, each with a registration of its own', async () => {
		const [one, two] = [stored(CALLS, 'One'), stored(['call-missed'], 'Two')];
		await one.publish();
		await two.publish();
		expect(registered()).toEqual([
			{ url: one.url, events: CALLS },
			{ url: two.url, events: ['call-missed'] },
		]);
		await one.unpublish();
		expect(registered()).toEqual([{ url: two.url, events: ['call-missed'] }]);
	});

	it('is registered under its Test URL, too, while it listens', async () => {
		const trigger = stored();
		await trigger.publish();
		const end = await trigger.listen();
		expect(registered()).toEqual([
			{ url: trigger.url, events: CALLS },
			{ url: trigger.testUrl, events: CALLS },
		]);
		await end();
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
	});

	it('ends to listen although VideoSDK does not answer', async () => {
		const end = await stored().listen();
		goDown();
		await expect(end()).resolves.toBeUndefined();
	});

	it('is registered once by several main processes', async () => {
		const trigger = stored();
		await trigger.publish();
		const elsewhere = Object.assign(new StoredTrigger(await rig.addEngine(), {}), {
			node: trigger.node,
			staticData: trigger.staticData,
		});
		expect(await Promise.all([trigger.restart(), elsewhere.restart()])).toEqual([false, false]);
		rig.simulator.callWebhooks.clear();
		await Promise.all([trigger.restart(), elsewhere.restart()]);
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
		// Whatever each of them remembers.
		for (const one of [trigger, elsewhere]) expect(await one.restart()).toBe(false);
		await trigger.unpublish();
		expect(registered()).toEqual([]);
	});
});

describe('A trigger without call events', () => {
	it('makes no request, and registers nothing', async () => {
		const trigger = stored([...EVENT_NAMES, 'call-summary', 'participant-joined']);
		await trigger.publish();
		await trigger.restart();
		await trigger.unpublish();
		expect(rig.requests).toHaveLength(0);
		expect(active()).toEqual([]);
	});
});

describe('When n8n starts', () => {
	it('a registration that is there is left as it is', async () => {
		const trigger = stored();
		await trigger.publish();
		const [before] = active();
		expect(await trigger.restart()).toBe(false);
		expect(active()).toEqual([before]);
		expect(changes()).toEqual(['POST']);
	});

	it.each<[string, (id: string) => void]>([
		['through the API', (id) => void (active()[0]!.deletedAt = id)],
		['by a change of the events', () => void (active()[0]!.events = ['call-missed'])],
		['without a trace', (id) => void rig.simulator.callWebhooks.delete(id)],
	])('one that was changed behind its back is made anew: %s', async (_how, change) => {
		const trigger = stored();
		await trigger.publish();
		change(active()[0]?.id ?? '');
		expect(await trigger.restart()).toBe(true);
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
	});

	it.each<[string, () => void]>([
		['answers with 503', goDown],
		['resets connections', () => void rig.simulator.addFault({ kind: 'reset', match: { times: 99 } })],
		['rejects the keys', () => rig.engine.setCredentials(rig.credentials({ secretKey: 'another' }))],
		['answers with nonsense', () => void rig.simulator.addFault({ kind: 'notJson', match: { times: 99 } })],
	])('no registered trigger is lost if VideoSDK %s', async (_what, fail) => {
		const trigger = stored();
		await trigger.publish();
		fail();
		expect(await trigger.restart()).toBe(false);
		rig.simulator.clearFaults();
		rig.engine.setCredentials(rig.credentials());
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
		expect(await trigger.publish('update')).toBe(false);
		await trigger.unpublish();
		expect(registered()).toEqual([]);
	});

	it('an API that does not answer is asked once, not by each trigger', async () => {
		const triggers = Array.from({ length: 5 }, (_, index) => stored(CALLS, `Trigger ${index}`));
		for (const trigger of triggers) await trigger.publish();
		rig.simulator.requests.length = 0;
		goDown();
		for (const trigger of triggers) expect(await trigger.restart()).toBe(false);
		expect(rig.requests).toHaveLength(1);
	});

	it('a trigger that cannot be registered stays on the air, and is registered at the next start', async () => {
		const trigger = stored();
		goDown();
		expect(await trigger.restart()).toBe(true);
		rig.simulator.clearFaults();
		expect(await trigger.restart()).toBe(true);
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
	});
});

describe('Publishing fails at once, in words', () => {
	it.each<[string, () => void, RegExp, RegExp]>([
		[
			'VideoSDK is down',
			goDown,
			/could not be registered for call events.*having trouble/,
			/Try again later/,
		],
		[
			'the keys are wrong',
			() => rig.engine.setCredentials(rig.credentials({ secretKey: 'another' })),
			/could not be registered for call events.*did not accept the API key and secret/,
			/Copy 'API Key' and 'Secret Key' again/,
		],
		[
			'the host cannot be reached',
			() => rig.engine.setCredentials(rig.credentials({ baseUrl: 'http://127.0.0.1:9' })),
			/could not be registered for call events.*cannot be reached/,
			/Base URL/,
		],
		[
			'the address is a local one',
			() => rig.engine.setCredentials(rig.credentials({ baseUrl: 'https://api.example.com' })),
			/VideoSDK cannot reach this n8n instance at http:\/\/localhost:5678/,
			/N8N_WEBHOOK_URL/,
		],
	])('if %s', async (_what, prepare, message, description) => {
		prepare();
		const trigger = stored();
		const error = await failureOf(trigger.publish());
		expect(error.message).toMatch(message);
		expect(error.description).toMatch(description);
		// n8n then calls `delete`.
		await trigger.unpublish();
		rig.simulator.clearFaults();
		expect(active()).toEqual([]);
	});
});

describe('Unpublishing', () => {
	it.each<[string, () => void]>([
		['removed by somebody else', () => rig.simulator.callWebhooks.clear()],
		['402', () => void rig.simulator.addFault({ kind: 'status', status: 402, match: { method: 'DELETE' } })],
	])('is no failure if the registration is gone: %s', async (_how, lose) => {
		const trigger = stored();
		await trigger.publish();
		lose();
		await trigger.unpublish();
		expect(trigger.staticData[`node:${trigger.name}`]).toEqual({});
	});

	it('is tried again by n8n if VideoSDK does not answer', async () => {
		const trigger = stored();
		await trigger.publish();
		goDown();
		await failureOf(trigger.unpublish());
		rig.simulator.clearFaults();
		await trigger.unpublish();
		expect(registered()).toEqual([]);
	});
});

describe('After a change of the credential', () => {
	it('of its Base URL, the registration moves there, and the former one is removed', async () => {
		const trigger = stored();
		await trigger.publish();
		const { apiKey, secret } = rig.simulator;
		const other = await rig.addSimulator({ apiKey, secret });
		rig.engine.setCredentials(rig.credentials({ baseUrl: other.url }));
		await trigger.publish('update');
		expect(registered()).toEqual([]);
		expect([...other.callWebhooks.values()]).toMatchObject([{ url: trigger.url, events: CALLS }]);
		await trigger.unpublish();
		expect([...other.callWebhooks.values()]).toMatchObject([{ deletedAt: expect.any(String) }]);
	});

	it('of its Base URL, the registration moves there also if the former host does not answer any more', async () => {
		const trigger = stored();
		await trigger.publish();
		goDown();
		const { apiKey, secret } = rig.simulator;
		const other = await rig.addSimulator({ apiKey, secret });
		rig.engine.setCredentials(rig.credentials({ baseUrl: other.url }));
		await trigger.publish('update');
		expect([...other.callWebhooks.values()]).toMatchObject([{ url: trigger.url, events: CALLS }]);
	});

	it('to another project elsewhere, nothing that the new key signed goes to the former host', async () => {
		const trigger = stored();
		await trigger.publish();
		rig.simulator.requests.length = 0;
		const other = await rig.addSimulator({ apiKey: 'other-key', secret: 'other-secret' });
		rig.engine.setCredentials({ apiKey: 'other-key', secretKey: 'other-secret', baseUrl: other.url });
		await trigger.publish('update');
		expect(rig.requests).toEqual([]);
		expect([...other.callWebhooks.values()]).toMatchObject([{ url: trigger.url, events: CALLS }]);
	});

	it('to a new key of the same project, the registration is taken over', async () => {
		const other = await rig.addSimulator({ apiKey: 'other-key', secret: rig.simulator.secret });
		const trigger = stored();
		await trigger.publish();
		other.addCallWebhook(trigger.url, CALLS);
		rig.engine.setCredentials(rig.credentials({ apiKey: 'other-key', baseUrl: other.url }));
		await trigger.publish('update');
		expect([...other.callWebhooks.values()]).toHaveLength(1);
	});

	it('the trigger can be unpublished, also if the API rejects the new key', async () => {
		const trigger = stored();
		await trigger.publish();
		rig.engine.setCredentials(rig.credentials({ apiKey: 'other-key' }));
		await trigger.unpublish();
		expect(trigger.staticData[`node:${trigger.name}`]).toEqual({});
	});
});
