import { randomUUID } from 'node:crypto';
import { CREDENTIAL } from './engine';
import { PublishedTrigger } from './publishedTrigger';
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

const NOT_LISTED = { value: 'not-listed' };
const names = async (webhookEvents: unknown = EVENT_NAMES) =>
	(await list(webhookEvents)).slice(0, -1).map(({ name }) => name);

async function deliver(url: string): Promise<void> {
	const event = { webhookType: 'agent-session-started', data: { sessionId: randomUUID() } };
	expect((await rig.simulator.deliver(url, event)).status).toBe(200);
}

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
			{ name: "Not listed? Publish its workflow, or use 'By URL'", value: 'not-listed' },
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

	it('names the nodes where workflows have the same name', async () => {
		const [one, two] = [stored('One', []), stored('Two')];
		two.workflowName = one.workflowName;
		for (const trigger of [one, two]) await trigger.publish();
		expect(await names([])).toEqual([`${one.workflowName}: One`, `${one.workflowName}: Two`]);
	});

	it('forgets what is unpublished, as what is deleted is before, and does not hold what only listens', async () => {
		const [gone, listening] = [stored('Gone'), stored('Listening')];
		await gone.publish();
		await gone.unpublish();
		const end = await listening.listen();
		expect(await names()).toEqual([]);
		await end();
		await listening.publish();
		await (
			await listening.listen()
		)();
		expect(await list()).toMatchObject([{ name: 'Workflow of Listening', value: listening.url }, NOT_LISTED]);
	});

	it('takes up new names from the next event, and says of a trigger known by events only that it may be gone', async () => {
		const trigger = await rig.engine.publish({ events: EVENT_NAMES });
		trigger.workflow.name = 'New name';
		await deliver(trigger.url);
		expect(await names()).toEqual(['New name']);
		rig.engine = await rig.addEngine();
		const elsewhere = new PublishedTrigger(rig.engine, trigger.workflow, trigger.node, 'webhook');
		const credentials = { [CREDENTIAL]: { id: rig.engine.credentialId, name: 'VideoSDK' } };
		// A different process has published it.
		Object.assign(elsewhere, { hook: async () => true });
		Object.assign(elsewhere.node, { credentials });
		await elsewhere.open();
		await deliver(elsewhere.url);
		expect(await names()).toEqual(['New name (may be unpublished)']);
		await elsewhere.close();
	});

	it('never shows those of another credential', async () => {
		const trigger = stored('A');
		const id = randomUUID();
		trigger.node = { ...trigger.node, credentials: { [CREDENTIAL]: { id, name: 'Other' } } };
		// Its credential cannot be read here, which is told at its publishing.
		await trigger.publish().catch(() => undefined);
		expect(await list()).toMatchObject([NOT_LISTED]);
	});

	it('is searched by workflow and node', async () => {
		await stored('Support').publish();
		await stored('Sales').publish();
		expect((await list(EVENT_NAMES, 'sALES')).map(({ value }) => value)).toHaveLength(2);
		expect(await list(EVENT_NAMES, 'zzz')).toMatchObject([NOT_LISTED]);
	});

	it('tells which of the chosen events a trigger lacks', async () => {
		await stored('A', ['agent-session-started', 'participant-joined']).publish();
		const [entry] = await list([
			'ai-deployment-session-started',
			'ai-deployment-session-failed',
			'session-ended',
			'participant-joined',
		]);
		expect(entry?.name).toBe('Workflow of A (missing: Failed, Session Ended)');
		expect((await list('={{ $json.events }}'))[0]?.name).toBe('Workflow of A');
	});

	it("tells what VideoSDK can't reach, unless the API is local, too", async () => {
		await stored('A').publish();
		expect((await list())[0]?.name).toBe('Workflow of A');
		rig.engine.setCredentials(rig.credentials({ baseUrl: 'https://api.videosdk.live' }));
		expect((await list())[0]?.name).toBe("Workflow of A (VideoSDK can't reach it)");
		expect(rig.requests).toHaveLength(0);
	});

	it('tells in words that a credential is missing', async () => {
		await expect(list(EVENT_NAMES, '', { credentials: {} })).rejects.toMatchObject({
			message: 'Select a credential first',
		});
	});
});
