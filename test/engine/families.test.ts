import type { INodeParameters } from 'n8n-workflow';
import { CALL_EVENTS, ROOM_EVENTS } from '../../nodes/VideoSdkAgentCloud/webhook/event';
import type { SimulatedCall } from '../simulator';
import type { PublishedTrigger } from './publishedTrigger';
import { EVENT_NAMES, passTime, useRig } from './rig';

const rig = useRig({ callBehaviour: false });

const summary = {
	'call-summary': { wantsDemo: true },
	'customer-data': { callId: 'call-1', customerId: '4711' },
	'room-data': { agentId: 'ag_1', 'meeting-id': 'abcd', 'session-id': 's-1' },
};
const callBody = (webhookType: string, more: object = {}) => ({
	webhookType,
	data: { callId: 'call-1', roomId: 'abcd', sessionId: 's-1', type: 'inbound', ...more },
});
const roomBody = (webhookType: string) => ({ webhookType, data: { meetingId: 'abcd', sessionId: 's-1' } });
const sessionBody = (webhookType: string) => ({ webhookType, data: { sessionId: 'session-s-1' } });

/** One event of each family: how it is chosen, its body, and what comes out. */
const FAMILIES: Array<[string, string, object, object]> = [
	[
		'agent session',
		'ai-deployment-session-stopped',
		sessionBody('agent-session-stopped'),
		{ event: 'stopped', sessionId: 's-1' },
	],
	['call', 'call-hangup', callBody('call-ended'), { event: 'call-hangup', callId: 'call-1', roomId: 'abcd' }],
	['call summary', 'call-summary', summary, { event: 'call-summary', callId: 'call-1', roomId: 'abcd' }],
	[
		'room',
		'participant-joined',
		roomBody('participant-joined'),
		{ event: 'participant-joined', roomId: 'abcd', sessionId: 's-1' },
	],
];

const publish = async (parameters: INodeParameters) => await rig.engine.publish(parameters);
const deliver = async (trigger: PublishedTrigger, body: object) =>
	(await rig.simulator.deliver(trigger.url, body)).status;

async function expectRuns(trigger: PublishedTrigger, count: number): Promise<void> {
	expect(await trigger.received()).toHaveLength(count);
	expect(trigger.runs).toHaveLength(count);
	expect(trigger.thrown).toEqual([]);
}

describe.each(FAMILIES)('A delivery of the family "%s"', (_family, choice, body, output) => {
	it('that is signed and chosen is answered 200, and starts one execution', async () => {
		const trigger = await publish({ events: [choice] });
		expect(await deliver(trigger, body)).toBe(200);
		expect(await trigger.received()).toMatchObject([
			{ ...output, eventId: expect.stringMatching(/^[0-9a-f]{32}$/), receivedAt: expect.any(String) },
		]);
		await expectRuns(trigger, 1);
	});

	it('that is signed and not chosen is answered 200, and starts none', async () => {
		const others = [...EVENT_NAMES, ...CALL_EVENTS, ...ROOM_EVENTS, 'call-summary'];
		const trigger = await publish({ events: others.filter((event) => event !== choice) });
		rig.simulator.requests.length = 0;
		expect(await deliver(trigger, body)).toBe(200);
		await expectRuns(trigger, 0);
		expect(rig.requests).toHaveLength(0);
	});

	it('whose signature is wrong is answered 401, and starts none', async () => {
		const trigger = await publish({ events: [choice] });
		const { status, responseText } = await rig.simulator.deliver(trigger.url, body, {
			signature: rig.simulator.sign('{}'),
		});
		expect(status).toBe(401);
		expect(JSON.parse(responseText ?? '')).toEqual({
			message: 'The videosdk-signature header is missing or wrong',
		});
		await expectRuns(trigger, 0);
	});

	it('that cannot be judged is answered 503, and taken later', async () => {
		const trigger = await publish({ events: [choice] });
		rig.simulator.keyFault('down');
		expect(await deliver(trigger, body)).toBe(503);
		await expectRuns(trigger, 0);
		rig.simulator.keyFault('ok');
		passTime(2_000);
		expect(await deliver(trigger, body)).toBe(200);
		await expectRuns(trigger, 1);
	});
});

describe('A signed delivery', () => {
	it('of 1 MB is taken', async () => {
		const trigger = await publish({ events: ['call-update', 'call-summary'] });
		const big = 'x'.repeat(1_000_000);
		expect(await deliver(trigger, callBody('call-update', { big }))).toBe(200);
		expect(await deliver(trigger, { 'call-summary': { big } })).toBe(200);
		await expectRuns(trigger, 2);
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
		const trigger = await publish({ events: CALL_EVENTS, ...(options && { options }) } as INodeParameters);
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
		const trigger = await publish({ events: ENDS });
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

	it.each(['docs', 'sdk', 'both'] as const)('are read in each spelling: %s', async (spelling) => {
		rig.simulator.answers.calls = spelling;
		const { item, callId } = await itemOf('call-hangup', 'missed');
		expect(item).toMatchObject({ outcome: 'noAnswer', call: { callId } });
	});

	it('and Call Direction together make one request, also if it fails', async () => {
		const options = { callDirection: ['inbound'] };
		const { callId } = newCall();
		const trigger = await publish({ events: CALL_EVENTS, options });
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
		await publish({ events: CALL_EVENTS, options: { callDirection, callDetails: false } as INodeParameters });

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
		const trigger = await publish({
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
		const trigger = await publish({
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
		const trigger = await publish({ options: { deploymentIds: ['ddv_support'], sessionDetails: true } });
		await deliver(trigger, {
			webhookType: 'agent-session-started',
			data: { sessionId: `session-${sessionId}` },
		});
		expect(await trigger.received()).toMatchObject([{ session: { sessionId, deploymentId: 'ddv_support' } }]);
		expect(rig.requests).toHaveLength(1);
	});
});
