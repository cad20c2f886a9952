import type { INodeParameters } from 'n8n-workflow';
import { CALL_EVENTS, ROOM_EVENTS } from '../../nodes/VideoSdkAgentCloud/webhook/event';
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

	it('that is a duplicate is answered 200, and starts none', async () => {
		const trigger = await publish({ events: [choice] });
		const statuses = await Promise.all([1, 2, 3].map(async () => await deliver(trigger, body)));
		expect([...statuses, await deliver(trigger, body)]).toEqual([200, 200, 200, 200]);
		await expectRuns(trigger, 1);
	});

	it('on another process, too, goes no further than the trigger if it is a duplicate', async () => {
		const trigger = await publish({ events: [choice] });
		const elsewhere = await (await rig.addEngine()).publish({ events: [choice] }, { copyOf: trigger });
		await deliver(trigger, body);
		await trigger.settled();
		expect(await deliver(elsewhere, body)).toBe(200);
		expect(await elsewhere.received()).toEqual([]);
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

	it('whose execution could not be stored is taken when it comes again', async () => {
		const trigger = await publish({ events: [choice] });
		trigger.canStoreRuns = false;
		expect(await deliver(trigger, body)).toBe(500);
		await trigger.settled();
		trigger.canStoreRuns = true;
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

	it('of a call without an ID starts an execution without it', async () => {
		const trigger = await publish({ events: ['call-hangup'], options: { callDetails: true } });
		rig.simulator.requests.length = 0;
		expect(await deliver(trigger, { webhookType: 'call-hangup', data: {} })).toBe(200);
		const [item] = await trigger.received();
		expect(item).toMatchObject({ event: 'call-hangup', sessionId: '' });
		expect(item).not.toHaveProperty('callId');
		expect(rig.requests).toHaveLength(0);
	});

	it('of a call-update is an event unless it repeats the latest one', async () => {
		const trigger = await publish({ events: ['call-update'] });
		for (const status of ['verified', 'verified', 'transferring', 'verified', 'verified']) {
			await deliver(trigger, callBody('call-update', { status }));
		}
		await expectRuns(trigger, 3);
	});
});

describe('Call Details', () => {
	const newCall = () => rig.simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false);
	const bodyOf = (callId: string, webhookType = 'call-hangup') => ({ webhookType, data: { callId } });

	it.each(['docs', 'sdk', 'both'] as const)('add the call, with one request: %s', async (spelling) => {
		rig.simulator.answers.calls = spelling;
		const { callId } = newCall();
		const trigger = await publish({ events: ['call-hangup'], options: { callDetails: true } });
		rig.simulator.requests.length = 0;
		await deliver(trigger, bodyOf(callId));
		await deliver(trigger, bodyOf(callId));
		expect(await trigger.received()).toMatchObject([{ callId, call: { callId, status: 'incoming' } }]);
		expect(rig.request.path).toBe(`/v2/sip/call/${callId}`);
	});

	it('are added to a summary, and to no event of another family', async () => {
		const { callId } = newCall();
		const trigger = await publish({
			events: ['call-summary', 'participant-joined', 'ai-deployment-session-started'],
			options: { callDetails: true },
		});
		rig.simulator.requests.length = 0;
		await rig.simulator.sendCallSummary(trigger.url, { fields: { a: 1 }, callId });
		await deliver(trigger, roomBody('participant-joined'));
		await deliver(trigger, sessionBody('agent-session-started'));
		const items = await trigger.received();
		expect(items).toHaveLength(3);
		// The executions are side by side: the one that fetches may end last.
		expect(items.filter((item) => 'call' in item)).toMatchObject([{ event: 'call-summary' }]);
		expect(rig.requests).toHaveLength(1);
	});

	it('that cannot be had lose no event', async () => {
		const trigger = await publish({ events: ['call-hangup'], options: { callDetails: true } });
		rig.simulator.requests.length = 0;
		await deliver(trigger, bodyOf('unknown'));
		const [item] = await trigger.received();
		expect(item).toMatchObject({ event: 'call-hangup', callId: 'unknown' });
		expect(item).not.toHaveProperty('call');
		expect(rig.requests).toHaveLength(1);
	});

	it('and Call Direction together make one request, also if it fails', async () => {
		const options = { callDetails: true, callDirection: ['inbound'] };
		const { callId } = newCall();
		const trigger = await publish({ events: ['call-hangup'], options });
		rig.simulator.requests.length = 0;
		await deliver(trigger, bodyOf(callId));
		expect(await trigger.received()).toMatchObject([{ callId, call: { callId, type: 'inbound' } }]);
		expect(rig.requests).toHaveLength(1);
		await deliver(trigger, bodyOf('unknown'));
		const items = await trigger.received();
		expect(items).toHaveLength(2);
		expect(items[1]).not.toHaveProperty('call');
		expect(rig.requests).toHaveLength(2);
	});
});

describe('Call Direction', () => {
	const withDirection = async (callDirection: unknown) =>
		await publish({ events: CALL_EVENTS, options: { callDirection } as INodeParameters });

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
			options: { deploymentIds: ['ddv_sales'], sessionDetails: true },
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
