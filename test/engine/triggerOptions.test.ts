import type { INodeParameters } from 'n8n-workflow';
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
