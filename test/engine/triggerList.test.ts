import { randomUUID } from 'node:crypto';
import { CREDENTIAL } from './engine';
import { EVENT_NAMES, useRig } from './rig';
import { StoredTrigger } from './triggerHooks';

const rig = useRig();

const list = async (webhookEvents: unknown = EVENT_NAMES, filter = '', more: object = {}) =>
	(
		await rig.engine.listSearch(
			'searchTriggers',
			filter,
			undefined,
			{
				resource: 'session',
				operation: 'start',
				// Shown, so that n8n keeps the events.
				webhookUrl: 'https://n8n.example.com/',
				webhookEvents: webhookEvents as string[],
			},
			more,
		)
	).results;

const stored = (name: string, events = EVENT_NAMES) => new StoredTrigger(rig.engine, { events }, name);

describe('The list of triggers', () => {
	it('holds the published ones by name, and tells what to do if one is missing', async () => {
		const [b, a] = [stored('B'), stored('A')];
		await b.publish();
		await a.publish();
		const results = await list();
		expect(results).toMatchObject([
			{ name: 'Workflow of A', value: a.url, url: `http://localhost:5678/workflow/${a.workflowId}` },
			{ name: 'Workflow of B', value: b.url },
			{ name: "Not listed? Publish it again, or use 'By URL'", value: 'not-listed' },
		]);
	});

	it('is complete after a restart, whether the hooks have to register anything or not', async () => {
		const trigger = stored('A', [...EVENT_NAMES, 'call-hangup']);
		await trigger.publish();
		rig.engine = await rig.addEngine();
		rig.engine.setCredentials(rig.credentials());
		trigger.engine = rig.engine;
		trigger.node = {
			...trigger.node,
			credentials: { [CREDENTIAL]: { id: rig.engine.credentialId, name: 'VideoSDK' } },
		};
		expect(await list()).toHaveLength(1);
		await trigger.restart();
		expect((await list())[0]).toMatchObject({ value: trigger.url });
	});

	it('names the nodes of a workflow with several, and shortens long names before a remark', async () => {
		const name = 'A workflow whose name is very long indeed';
		const [one, two] = [stored('One', []), stored('Two')];
		Object.assign(two, { workflowId: one.workflowId, workflowName: name });
		one.workflowName = name;
		await one.publish();
		await two.publish();
		expect((await list([])).slice(0, 2).map((entry) => entry.name)).toEqual([`${name}: One`, `${name}: Two`]);
		expect((await list(['participant-left']))[1]?.name).toBe(
			'A workflow whose name is… (lacks Participant Left)',
		);
	});

	it('knows a trigger from an event, too', async () => {
		const trigger = await rig.engine.publish({ events: EVENT_NAMES });
		rig.engine = await rig.addEngine();
		const copy = await rig.engine.publish({ events: EVENT_NAMES }, { copyOf: trigger });
		await rig.simulator.deliver(copy.url, { webhookType: 'agent-session-started', data: { sessionId: 's' } });
		await copy.settled();
		expect((await list())[0]).toMatchObject({ name: 'Test' });
	});

	it('never shows those of another credential', async () => {
		const trigger = stored('A');
		const id = randomUUID();
		trigger.node = { ...trigger.node, credentials: { [CREDENTIAL]: { id, name: 'Other' } } };
		// Its credential cannot be read here, which is told at its publishing.
		await trigger.publish().catch(() => undefined);
		expect(await list()).toMatchObject([{ value: 'not-listed' }]);
	});

	it('is searched by workflow and node', async () => {
		await stored('Support').publish();
		await stored('Sales').publish();
		expect((await list(EVENT_NAMES, 'sALES')).map(({ value }) => value)).toHaveLength(2);
		expect(await list(EVENT_NAMES, 'zzz')).toMatchObject([{ value: 'not-listed' }]);
	});

	it('tells which of the chosen events a trigger lacks', async () => {
		await stored('A', ['agent-session-started', 'participant-joined']).publish();
		const [entry] = await list([
			'ai-deployment-session-started',
			'ai-deployment-session-failed',
			'session-ended',
			'participant-joined',
		]);
		expect(entry?.name).toBe('Workflow of A (lacks Failed, Session Ended)');
		expect((await list('={{ $json.events }}'))[0]?.name).toBe('Workflow of A');
	});

	it('tells what VideoSDK cannot reach, unless the API is local, too', async () => {
		await stored('A').publish();
		expect((await list())[0]?.name).toBe('Workflow of A');
		rig.engine.setCredentials(rig.credentials({ baseUrl: 'https://api.videosdk.live' }));
		expect((await list())[0]?.name).toBe('Workflow of A (VideoSDK cannot reach it)');
		expect(rig.requests).toHaveLength(0);
	});

	it('tells what is not published any more, or only listens', async () => {
		const [gone, listening] = [stored('Gone'), stored('Listening')];
		await gone.publish();
		await gone.unpublish();
		const end = await listening.listen();
		expect(await list()).toMatchObject([
			{ name: 'Workflow of Gone (not published)', value: gone.url },
			{ name: 'Workflow of Listening (not published)', value: listening.url },
			{ value: 'not-listed' },
		]);
		await end();
		await listening.publish();
		expect((await list())[0]).toMatchObject({
			name: 'Workflow of Listening',
			value: listening.url,
		});
	});

	it('keeps a published trigger that listens as well', async () => {
		const trigger = stored('A');
		await trigger.publish();
		await (
			await trigger.listen()
		)();
		expect((await list())[0]).toMatchObject({ name: 'Workflow of A', value: trigger.url });
	});

	it('takes up what another version changes', async () => {
		const trigger = stored('A', ['agent-session-started']);
		await trigger.publish();
		await trigger.republish({ events: EVENT_NAMES });
		expect((await list())[0]?.name).toBe('Workflow of A');
	});

	it('tells in words that a credential is missing', async () => {
		await expect(list(EVENT_NAMES, '', { credentials: {} })).rejects.toMatchObject({
			message: 'Select a credential first',
		});
	});
});
