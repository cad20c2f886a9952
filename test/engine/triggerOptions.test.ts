import http from 'node:http';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { overwriteDeduplication } from './deduplication';
import { eventBody } from './delivery';
import type { PublishedTrigger } from './publishedTrigger';
import { EVENT_NAMES, SESSIONS, startParameters, useRig } from './rig';

const rig = useRig();

const started = eventBody('started');
const deliver = async (trigger: PublishedTrigger, body: object = started) =>
	(await rig.simulator.deliver(trigger.url, body)).status;

async function expectRuns(trigger: PublishedTrigger, count: number): Promise<void> {
	expect(await trigger.received()).toHaveLength(count);
	expect(trigger.thrown).toEqual([]);
}

describe('A duplicate', () => {
	it('is no other event, session or workflow', async () => {
		const trigger = await rig.engine.publish({ events: EVENT_NAMES });
		const other = await rig.engine.publish();
		await deliver(trigger);
		await deliver(trigger, eventBody('stopped'));
		await deliver(trigger, eventBody('started', 'session-2'));
		await expectRuns(trigger, 3);
		await deliver(other);
		await expectRuns(other, 1);
	});

	it('that waits for the first delivery takes its place if that fails', async () => {
		const trigger = await rig.engine.publish();
		let fail = (): void => undefined;
		trigger.canStoreRuns = false;
		const isStoring = new Promise<void>((resolve) => {
			trigger.beforeStoring = async () => {
				resolve();
				await new Promise<void>((end) => (fail = end));
			};
		});
		const first = deliver(trigger);
		await isStoring;
		const second = deliver(trigger);
		await new Promise((resolve) => setTimeout(resolve, 50));
		trigger.beforeStoring = async () => {
			trigger.canStoreRuns = true;
		};
		fail();
		expect(await Promise.all([first, second])).toEqual([500, 200]);
		await expectRuns(trigger, 1);
	});

	it.each<[string, (trigger: PublishedTrigger) => void]>([
		[
			'while the run was stored',
			(trigger) =>
				(trigger.beforeStoring = async () => await new Promise((resolve) => setTimeout(resolve, 400))),
		],
		['while the key was fetched', () => (rig.simulator.latencyMs = 400)],
	])('takes the place of a first delivery whose sender went away %s', async (_when, slowDown) => {
		const trigger = await rig.engine.publish();
		slowDown(trigger);
		await sendAndGoAway(trigger, 200);
		rig.simulator.latencyMs = 0;
		expect(await deliver(trigger)).toBe(200);
		// Two runs may have been stored, but only one goes on.
		await expectRuns(trigger, 1);
	});

	/** Sends the event, and closes the connection before the answer. */
	async function sendAndGoAway(trigger: PublishedTrigger, afterMs: number): Promise<void> {
		const body = JSON.stringify(started);
		await new Promise<void>((resolve) => {
			const request = http.request(trigger.url, {
				method: 'POST',
				headers: { 'videosdk-signature': rig.simulator.sign(body), 'content-type': 'application/json' },
			});
			request.on('error', () => resolve());
			request.end(body);
			setTimeout(() => request.destroy(new Error('gone')), afterMs);
		});
	}

	it('on another process of n8n starts a run that ends at the trigger', async () => {
		const trigger = await rig.engine.publish();
		const elsewhere = await (await rig.addEngine()).publish({}, { copyOf: trigger });
		await deliver(trigger);
		await expectRuns(trigger, 1);
		expect(await deliver(elsewhere)).toBe(200);
		await expectRuns(elsewhere, 0);
		expect(elsewhere.runs).toHaveLength(1);
		expect(elsewhere.runs[0]?.run.status).toBe('success');
		await deliver(elsewhere, eventBody('failed'));
		await expectRuns(elsewhere, 1);
	});

	it('on another process is found also for events whose executions used the store at the same time', async () => {
		const trigger = await rig.engine.publish();
		const elsewhere = await (await rig.addEngine()).publish({}, { copyOf: trigger });
		const events = Array.from({ length: 5 }, (_, index) => eventBody('started', `session-${index}`));
		await Promise.all(events.map(async (event) => await deliver(trigger, event)));
		await expectRuns(trigger, events.length);
		for (const event of events) expect(await deliver(elsewhere, event)).toBe(200);
		await expectRuns(elsewhere, 0);
	});

	it('on another process is found although that one overwrote what was recorded', async () => {
		const trigger = await rig.engine.publish();
		const elsewhere = await (await rig.addEngine()).publish({}, { copyOf: trigger });
		await deliver(trigger);
		await expectRuns(trigger, 1);
		overwriteDeduplication(trigger.workflow.id);
		await deliver(trigger, eventBody('failed'));
		await expectRuns(trigger, 2);
		await deliver(elsewhere);
		await expectRuns(elsewhere, 0);
	});

	it('in a run of its own is found although another process overwrote what was recorded', async () => {
		const trigger = await rig.engine.publish();
		await deliver(trigger);
		const items = [[{ json: (await trigger.received())[0] as IDataObject }]];
		overwriteDeduplication(trigger.workflow.id);
		const again = await rig.engine.runFrom(trigger.workflow, trigger.node, items, 'webhook');
		expect(again.routed.success).toEqual([]);
	});

	it('starts a run of its own unless duplicates are to be skipped', async () => {
		const trigger = await rig.engine.publish({ options: { skipDuplicates: false } });
		expect([await deliver(trigger), await deliver(trigger)]).toEqual([200, 200]);
		await expectRuns(trigger, 2);
	});

	it('starts a run of its own while the user tries things out', async () => {
		const trigger = await rig.engine.publish({}, { mode: 'manual' });
		expect([await deliver(trigger), await deliver(trigger)]).toEqual([200, 200]);
		await expectRuns(trigger, 2);
	});

	it('is none if a user retries the run, which crashed after its event was recorded', async () => {
		const trigger = await rig.engine.publish();
		await deliver(trigger);
		const [event = {}] = await trigger.received();
		const runAgain = async (mode: 'webhook' | 'retry') => {
			const items = [[{ json: event as IDataObject }]];
			return (await rig.engine.runFrom(trigger.workflow, trigger.node, items, mode)).routed.success;
		};
		expect(await runAgain('webhook')).toEqual([]);
		expect((await runAgain('retry')).map(({ json }) => json)).toEqual([event]);
	});

	it('is dropped again by the memory of the process if the store of n8n is out of order, and no event is lost', async () => {
		const engine = await rig.addEngine({ deduplication: false });
		const trigger = await engine.publish();
		expect([await deliver(trigger), await deliver(trigger)]).toEqual([200, 200]);
		await expectRuns(trigger, 1);
		const items = [[{ json: (await trigger.received())[0] as IDataObject }]];
		const again = await engine.runFrom(trigger.workflow, trigger.node, items, 'webhook');
		expect(again.routed.success).toEqual([]);
	});
});

describe('Deployment IDs', () => {
	const withDeployments = async (deploymentIds: unknown) =>
		await rig.engine.publish({ events: EVENT_NAMES, options: { deploymentIds } as INodeParameters });
	const ofDeployment = (deploymentId: unknown, sessionId = 'session-1') => ({
		...started,
		data: { sessionId, deploymentId },
	});

	it.each<[string, unknown]>([
		['one', 'ddv_1'],
		['several', 'ddv_0, ddv_1 ,ddv_2'],
		['a list from an expression', '={{ ["ddv_0", "ddv_1"] }}'],
	])('let the events of these deployments through: %s', async (_what, deploymentIds) => {
		const trigger = await withDeployments(deploymentIds);
		expect(await deliver(trigger, ofDeployment('ddv_1'))).toBe(200);
		expect(await deliver(trigger, ofDeployment('ddv_9', 'session-2'))).toBe(200);
		expect(await trigger.received()).toMatchObject([{ data: { deploymentId: 'ddv_1' } }]);
		expect(trigger.runs).toHaveLength(1);
		expect(rig.requests).toHaveLength(0);
	});

	it.each(['', ' , '])('let all through if none is given: %j', async (deploymentIds) => {
		const trigger = await withDeployments(deploymentIds);
		await deliver(trigger, ofDeployment('ddv_9'));
		await expectRuns(trigger, 1);
	});

	it('are found out from the session if the event does not tell, once for each session', async () => {
		const mine = await rig.existingSession();
		const [other] =
			(await rig.engine.run({ parameters: startParameters({ deploymentId: 'ddv_sales' }) })).output[0] ?? [];
		rig.simulator.requests.length = 0;
		const trigger = await withDeployments('ddv_support');
		for (const event of ['starting', 'started', 'failed']) {
			expect(await deliver(trigger, eventBody(event, `session-${mine}`))).toBe(200);
			expect(await deliver(trigger, eventBody(event, `session-${String(other?.json.sessionId)}`))).toBe(200);
		}
		expect((await trigger.received()).map(({ sessionId }) => sessionId)).toEqual([mine, mine, mine]);
		expect(trigger.runs).toHaveLength(3);
		expect(rig.requests.map(({ path }) => path).sort()).toEqual(
			[mine, String(other?.json.sessionId)].map((id) => `${SESSIONS}/${id}`).sort(),
		);
	});

	/** What the API answers when it is asked about a session. */
	const answerWith = (deploymentId: unknown) =>
		rig.simulator.addFault({
			kind: 'status',
			status: 200,
			body: { sessionId: '6f1c', status: 'running', deploymentId },
			match: { path: /sessions\/6f1c/ },
		});

	it.each(['', '  ', null])('are found out from the session if the event has %j', async (deploymentId) => {
		const trigger = await withDeployments('ddv_1');
		answerWith('ddv_1');
		expect(await deliver(trigger, ofDeployment(deploymentId, 'session-6f1c'))).toBe(200);
		await expectRuns(trigger, 1);
		expect(rig.requests).toHaveLength(1);
	});

	it.each(['', '  '])('let an event through whose session has %j', async (deploymentId) => {
		const trigger = await withDeployments('ddv_1');
		answerWith(deploymentId);
		await deliver(trigger);
		await expectRuns(trigger, 1);
	});

	it('of a session are found out by each credential, whose API alone counts', async () => {
		const one = await withDeployments('ddv_1');
		answerWith('ddv_2');
		await deliver(one);
		await expectRuns(one, 0);
		const two = await withDeployments('ddv_1');
		answerWith('ddv_1');
		await deliver(two);
		await expectRuns(two, 1);
	});

	it('let an event through whose deployment cannot be found out', async () => {
		rig.simulator.addFault({ kind: 'status', status: 500, match: { times: 9 } });
		const trigger = await withDeployments('ddv_support');
		expect(await deliver(trigger)).toBe(200);
		await expectRuns(trigger, 1);
		// The sender waits meanwhile: no second try.
		expect(rig.requests).toHaveLength(1);
	});
});

describe('Session Details', () => {
	const withDetails = async () => await rig.engine.publish({ options: { sessionDetails: true } });

	it('add the session as it now stands', async () => {
		const sessionId = await rig.existingSession();
		await rig.simulator.emit(sessionId, 'started');
		const trigger = await withDetails();
		await deliver(trigger, eventBody('started', `session-${sessionId}`));
		expect(await trigger.received()).toMatchObject([
			{ event: 'started', sessionId, session: { sessionId, status: 'running', deploymentId: 'ddv_support' } },
		]);
		expect(rig.request.rawPath).toBe(`${SESSIONS}/${sessionId}`);
	});

	it('are fetched in the run, so that the sender does not wait', async () => {
		const sessionId = await rig.existingSession();
		const trigger = await withDetails();
		await deliver(trigger, eventBody('started', 'session-first'));
		await trigger.settled();
		let isAnswered = false;
		rig.simulator.addFault({ kind: 'delay', until: () => isAnswered });
		expect(await deliver(trigger, eventBody('started', sessionId))).toBe(200);
		isAnswered = true;
		expect((await trigger.received())[1]).toHaveProperty('session.sessionId', sessionId);
	});

	it.each<[string, number]>([
		['unknown', 404],
		['refused', 403],
	])('that cannot be had never lose the event: %s', async (_why, status) => {
		rig.simulator.addFault({ kind: 'status', status, match: { times: 9 } });
		const trigger = await withDetails();
		await deliver(trigger);
		const [item] = await trigger.received();
		expect(item).toMatchObject({ event: 'started', sessionId: '6f1c' });
		expect(item).not.toHaveProperty('session');
		expect(trigger.runs[0]?.error).toBeUndefined();
	});

	it('are left out for an event without a session, and unless asked for', async () => {
		const asked = await withDetails();
		await deliver(asked, { webhookType: 'agent-session-started' });
		const notAsked = await rig.engine.publish();
		await deliver(notAsked);
		for (const trigger of [asked, notAsked])
			expect((await trigger.received())[0]).not.toHaveProperty('session');
		expect(rig.requests).toHaveLength(0);
	});
});
