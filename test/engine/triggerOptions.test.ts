import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INodeParameters } from 'n8n-workflow';
import { CALL_EVENTS, ROOM_EVENTS } from '../../nodes/VideoSdkAgentCloud/webhook/event';
import type { SimulatedCall } from '../simulator';
import { eventBody } from './delivery';
import type { PublishedTrigger } from './publishedTrigger';
import { EVENT_NAMES, SESSIONS, startParameters, useRig } from './rig';

const rig = useRig({ callBehaviour: false });

const started = eventBody('started');
const deliver = async (trigger: PublishedTrigger, body: object = started) =>
	(await rig.simulator.deliver(trigger.url, body)).status;

async function expectRuns(trigger: PublishedTrigger, count: number): Promise<void> {
	expect(await trigger.received()).toHaveLength(count);
	expect(trigger.runs).toHaveLength(count);
	expect(trigger.thrown).toEqual([]);
}

const callBody = (webhookType: string, more: object = {}) => ({
	webhookType,
	data: { callId: 'call-1', roomId: 'abcd', sessionId: 's-1', type: 'inbound', ...more },
});
const roomBody = (webhookType: string) => ({ webhookType, data: { meetingId: 'abcd', sessionId: 's-1' } });
const sessionBody = (webhookType: string) => ({ webhookType, data: { sessionId: 'session-s-1' } });

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

describe('Call Details', () => {
	const newCall = () => rig.simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false);
	const bodyOf = (callId: string, webhookType = 'call-hangup') => ({ webhookType, data: { callId } });
	const ENDS = ['call-hangup', 'call-missed', 'call-transferred'];
	const OTHERS = CALL_EVENTS.filter((event) => !ENDS.includes(event));
	/** Delivers one event of a call whose record has this status. @returns the item, and the number of requests */
	async function itemOf(webhookType: string, status: SimulatedCall['status'], options?: object) {
		const call = newCall();
		call.status = status;
		const trigger = await rig.engine.publish({
			events: CALL_EVENTS,
			...(options && { options }),
		} as INodeParameters);
		rig.simulator.requests.length = 0;
		await deliver(trigger, bodyOf(call.callId, webhookType));
		const [item = {}] = await trigger.received();
		return { item, callId: call.callId, requestCount: rig.requests.length };
	}

	it.each(ENDS)('say how the call went at its end, with one request, though not added: %s', async (event) => {
		const { item, callId, requestCount } = await itemOf(event, 'rejected');
		expect(Object.keys(item).slice(0, 4)).toEqual(['event', 'outcome', 'answered', 'durationSeconds']);
		expect(item).toMatchObject({
			outcome: 'rejected',
			answered: false,
			durationSeconds: null,
			callId,
			call: { callId, status: 'rejected', to: '+15550100' },
		});
		expect(requestCount).toBe(1);
	});

	it.each(OTHERS)('make no request for %s', async (event) => {
		const { item, requestCount } = await itemOf(event, 'answered', { callDetails: true });
		expect(item).not.toHaveProperty('call');
		expect(item).not.toHaveProperty('outcome');
		expect(requestCount).toBe(0);
	});

	it('make no request if they are turned off', async () => {
		const { item, requestCount } = await itemOf('call-missed', 'missed', { callDetails: false });
		expect(item).not.toHaveProperty('outcome');
		expect(requestCount).toBe(0);
	});

	/** What the event itself says. */
	const SAID: Array<[string, object | undefined]> = [
		['call-hangup', undefined],
		['call-missed', { outcome: 'noAnswer', answered: false, durationSeconds: null }],
		['call-transferred', { outcome: 'transferred', answered: true, durationSeconds: null }],
	];

	it.each(SAID)('go by the event if VideoSDK still shows the call running: %s', async (event, said) => {
		const { item } = await itemOf(event, 'answered');
		expect(item).toMatchObject({ event, ...said, call: { outcome: 'running' } });
		if (said === undefined) expect(item).not.toHaveProperty('outcome');
	});

	it.each(SAID)('that cannot be had lose no event, and go by it: %s', async (event, said) => {
		const trigger = await rig.engine.publish({ events: ENDS });
		rig.simulator.addFault({ kind: 'status', status: 503, match: { times: 9, path: /call\// } });
		rig.simulator.requests.length = 0;
		for (const body of [bodyOf('gone', event), { webhookType: event, data: {} }]) {
			await deliver(trigger, body);
			await trigger.settled();
		}
		const items = await trigger.received();
		expect(items).toMatchObject([
			{ event, callId: 'gone', ...said },
			{ event, ...said },
		]);
		for (const item of items) {
			expect(item).not.toHaveProperty('call');
			if (said === undefined) expect(item).not.toHaveProperty('outcome');
		}
		expect(rig.requests).toHaveLength(1);
	});

	it.each<[string, object]>([
		['to say how the call went', {}],
		['to filter', { callDirection: ['inbound'] }],
	])('wait for no answer that drips, %s', async (_what, options) => {
		const dripping = http.createServer((_request, response) => {
			response.writeHead(200, { 'content-type': 'application/json' });
			const timer = setInterval(() => response.write(' '), 20);
			response.on('close', () => clearInterval(timer));
		});
		await new Promise<void>((resolve) => dripping.listen(0, '127.0.0.1', resolve));
		const { port } = dripping.address() as AddressInfo;
		const trigger = await rig.engine.publish({
			events: ENDS,
			verifySignature: false,
			options,
		} as INodeParameters);
		rig.engine.setCredentials(rig.credentials({ baseUrl: `http://127.0.0.1:${port}` }));
		await deliver(trigger, bodyOf('c', 'call-missed'));
		const items = await trigger.received();
		dripping.closeAllConnections();
		dripping.close();
		expect(items).toMatchObject([{ event: 'call-missed', outcome: 'noAnswer' }]);
	});

	it('and Call Direction together make one request, also if it fails', async () => {
		const options = { callDirection: ['inbound'] };
		const { callId } = newCall();
		const trigger = await rig.engine.publish({ events: CALL_EVENTS, options });
		rig.simulator.requests.length = 0;
		await deliver(trigger, bodyOf(callId));
		expect(await trigger.received()).toMatchObject([{ callId, call: { callId, type: 'inbound' } }]);
		expect(rig.requests).toHaveLength(1);
		await deliver(trigger, bodyOf('unknown'));
		await deliver(trigger, bodyOf('unknown too', 'call-started'));
		const items = await trigger.received();
		expect(items).toHaveLength(3);
		for (const item of items.slice(1)) {
			expect(item).not.toHaveProperty('call');
			expect(item).not.toHaveProperty('record');
		}
		expect(rig.requests).toHaveLength(3);
	});
});

describe('Call Direction', () => {
	const withDirection = async (callDirection: unknown) =>
		await rig.engine.publish({
			events: CALL_EVENTS,
			options: { callDirection, callDetails: false } as INodeParameters,
		});

	it.each<[unknown, string[]]>([
		[['inbound'], ['in']],
		[['outbound'], ['out']],
		['outbound', ['out']],
		[
			['inbound', 'outbound'],
			['in', 'out'],
		],
		[[], ['in', 'out']],
	])('%j lets these through', async (callDirection, expected) => {
		const trigger = await withDirection(callDirection);
		rig.simulator.requests.length = 0;
		await deliver(trigger, callBody('call-hangup', { callId: 'in', type: 'Inbound' }));
		await deliver(trigger, callBody('call-hangup', { callId: 'out', type: 'outbound' }));
		expect((await trigger.received()).map(({ callId }) => callId)).toEqual(expected);
		expect(trigger.runs).toHaveLength(expected.length);
		expect(rig.requests).toHaveLength(0);
	});

	it('is found out from the call if the event does not tell, once for each call', async () => {
		const { callId } = rig.simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false);
		const trigger = await withDirection(['outbound']);
		rig.simulator.requests.length = 0;
		for (const webhookType of ['call-started', 'call-answered', 'call-hangup']) {
			expect(await deliver(trigger, { webhookType, data: { callId } })).toBe(200);
		}
		await expectRuns(trigger, 0);
		expect(rig.requests).toHaveLength(1);
	});

	it('makes no request for a duplicate', async () => {
		const { callId } = rig.simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false);
		rig.simulator.addFault({ kind: 'status', status: 500, match: { times: 9, path: /call\// } });
		const trigger = await withDirection(['outbound']);
		rig.simulator.requests.length = 0;
		for (let count = 0; count < 3; count += 1) {
			expect(await deliver(trigger, { webhookType: 'call-hangup', data: { callId } })).toBe(200);
		}
		// It could not be found out, so the event counts.
		await expectRuns(trigger, 1);
		expect(rig.requests).toHaveLength(1);
	});

	it('does not concern sessions and rooms', async () => {
		const trigger = await rig.engine.publish({
			events: ['participant-joined', 'ai-deployment-session-started'],
			options: { callDirection: ['outbound'] },
		});
		await deliver(trigger, roomBody('participant-joined'));
		await deliver(trigger, sessionBody('agent-session-started'));
		await expectRuns(trigger, 2);
		expect(rig.requests).toHaveLength(0);
	});
});

describe('Deployments and Session Details', () => {
	it('do not concern calls and rooms', async () => {
		const trigger = await rig.engine.publish({
			events: [...CALL_EVENTS, ...ROOM_EVENTS],
			options: { deploymentIds: ['ddv_sales'], sessionDetails: true, callDetails: false },
		});
		rig.simulator.requests.length = 0;
		await deliver(trigger, roomBody('session-started'));
		await deliver(trigger, callBody('call-hangup'));
		await expectRuns(trigger, 2);
		expect(rig.requests).toHaveLength(0);
	});

	it('together make one request', async () => {
		const sessionId = await rig.existingSession();
		const trigger = await rig.engine.publish({
			options: { deploymentIds: ['ddv_support'], sessionDetails: true },
		});
		await deliver(trigger, {
			webhookType: 'agent-session-started',
			data: { sessionId: `session-${sessionId}` },
		});
		expect(await trigger.received()).toMatchObject([{ session: { sessionId, deploymentId: 'ddv_support' } }]);
		expect(rig.requests).toHaveLength(1);
	});
});
