import { verify } from 'node:crypto';
import { CALL_NUMBERS, SIP_PASSWORD, type Fault, type Simulator } from './index';
import { bodies, call, receiver, start, token, until, type Result } from './testRig';

const CALL = '/v2/sip/call';
const HOOKS = '/v2/sip/webhooks';
const RULE = { routingRuleId: 'rule_out_01', sipCallFrom: '+15550102001' };
const TO = '+15550003000';
const EVENTS = ['call-started', 'call-ringing', 'call-answered', 'call-hangup', 'call-missed'];

const make = async (simulator: Simulator, body: object = {}): Promise<Result> =>
	await call(simulator, 'POST', CALL, { sipCallTo: TO, ...RULE, ...body });

const statuses = (simulator: Simulator): string[] =>
	[...simulator.calls.values()].flatMap(({ timelog }) => timelog.map(({ status }) => status));

describe('what becomes of a call', () => {
	it.each(Object.entries(CALL_NUMBERS))('%s, by its number', async (outcome, sipCallTo) => {
		const simulator = await start({ callBehaviour: { ringAfterMs: 0, ringForMs: 0 } });
		const { json } = await make(simulator, { sipCallTo, waitUntilAnswered: true });
		expect(json.data).toMatchObject({ status: outcome, end: expect.any(String) });
		expect(json.data.sessionId).toBeUndefined();
		expect(statuses(simulator)).toEqual(['initiated', 'ringing', outcome]);
	});

	it('is set for all calls, or for one number', async () => {
		const simulator = await start();
		simulator.setCallBehaviour({ outcome: 'abandoned', ringForMs: 0 });
		simulator.setCallBehaviour({ ringAfterMs: null }, '+15550009999');
		const { json } = await make(simulator, { waitUntilAnswered: true });
		expect(json.data.status).toBe('abandoned');
		await make(simulator, { sipCallTo: '+15550009999' });
		await new Promise((resolve) => setTimeout(resolve, 40));
		expect([...simulator.calls.values()].at(-1)?.status).toBe('initiated');
	});

	it('keeps to ringingTimeout and maxCallDuration', async () => {
		const simulator = await start({ callBehaviour: { ringForMs: null, talkMs: null } });
		const { json } = await make(simulator, { ringingTimeout: 0.03, waitUntilAnswered: true });
		expect(json.data.status).toBe('missed');
		simulator.setCallBehaviour({ ringForMs: 0, talkMs: null });
		await make(simulator, { maxCallDuration: 0.03, waitUntilAnswered: true });
		await until(() => statuses(simulator).includes('ended'), 'the end');
	});

	it('can be moved by hand, and then goes no further by itself', async () => {
		const simulator = await start({ callBehaviour: { ringAfterMs: 50 } });
		// Not by a request, in which time could pass.
		const { callId } = simulator.incomingCall({ to: RULE.sipCallFrom, from: TO });
		await simulator.moveCall(callId, 'answered');
		await new Promise((resolve) => setTimeout(resolve, 100));
		expect(statuses(simulator)).toEqual(['incoming', 'answered']);
		await expect(simulator.moveCall('nobody', 'ended')).rejects.toThrow('no call nobody');
	});

	it('goes on after a transfer that failed', async () => {
		const simulator = await start({ callBehaviour: { talkMs: null, transferFails: true } });
		const { callId } = (await make(simulator, { waitUntilAnswered: true })).json.data;
		await call(simulator, 'POST', `${CALL}/transfer`, { callId, transferTo: TO });
		await until(() => statuses(simulator).includes('transfer-failed'), 'the failure');
		expect((await call(simulator, 'POST', `${CALL}/end`, { callId })).json.data.status).toBe('ended');
	});
});

describe('making a call', () => {
	it.each([
		['status 500', { kind: 'status', status: 500 }, 0],
		['status 429', { kind: 'status', status: 429, headers: { 'retry-after': '1' } }, 0],
		['a reset before', { kind: 'reset', status: 500 }, 0],
		['a reset after', { kind: 'reset' }, 1],
		['no answer', { kind: 'hang' }, 1],
		['half an answer', { kind: 'truncate' }, 1],
	] as Array<[string, Fault, number]>)('%s: %p leaves %d calls', async (_, fault, count) => {
		const simulator = await start();
		simulator.addFault({ ...fault, match: { method: 'POST', path: /^\/v2\/sip\/call$/ } });
		const headers = { authorization: token(simulator), 'content-type': 'application/json' };
		const body = JSON.stringify({ sipCallTo: TO, ...RULE });
		const signal = AbortSignal.timeout(fault.kind === 'hang' ? 500 : 10_000);
		const answer = fetch(simulator.url + CALL, { method: 'POST', headers, body, signal });
		if (fault.kind === 'status') expect((await answer).status).toBe(fault.status);
		else await expect(answer.then(async (response) => await response.text())).rejects.toThrow();
		expect(simulator.calls.size).toBe(count);
		expect((await make(simulator)).status).toBe(200);
	});

	const { sipCallFrom, routingRuleId } = RULE;
	it.each([
		['no number', { sipCallTo: undefined }, 400],
		['a number with letters', { sipCallTo: '+1555CALL' }, 400],
		['a SIP address', { sipCallTo: 'sip:desk@example.com' }, 200],
		['a rule without from', { sipCallFrom: undefined }, 400],
		['neither rule nor gateway', { routingRuleId: undefined }, 400],
		['both', { gatewayId: 'gw_out_01' }, 400],
		['an unknown rule', { routingRuleId: 'x' }, 404],
		['a rule for incoming calls', { routingRuleId: 'rule_in_01' }, 404],
		['an unknown gateway', { routingRuleId: undefined, gatewayId: 'x' }, 404],
		['a gateway alone', { routingRuleId: undefined, sipCallFrom: undefined, gatewayId: 'gw_out_01' }, 200],
		['metadata as text', { metadata: '{}' }, 400],
		['metaData', { metaData: {} }, 400],
		['agentId', { agentId: 'agent_01' }, 400],
		['a time as text', { ringingTimeout: '30' }, 400],
		['a time of zero', { maxCallDuration: 0 }, 400],
		['recordAudio as text', { recordAudio: 'yes' }, 400],
		['an unknown encryption', { mediaEncryption: 'on' }, 400],
	])('%s', async (_, body, status) => {
		const simulator = await start({ callBehaviour: false });
		const result = await make(simulator, { sipCallFrom, routingRuleId, ...body });
		expect(result).toMatchObject({ status, json: { message: expect.any(String) } });
		expect(simulator.calls.size).toBe(status === 200 ? 1 : 0);
	});

	it('into a deactivated room is refused', async () => {
		const simulator = await start({ callBehaviour: false });
		const { roomId } = (await call(simulator, 'POST', '/v2/rooms', {})).json;
		await call(simulator, 'POST', '/v2/rooms/deactivate', { roomId });
		expect((await make(simulator, { destinationRoomId: roomId })).status).toBe(402);
	});
});

describe('events of calls', () => {
	const register = async (simulator: Simulator, url: string, events = EVENTS): Promise<string> =>
		(await call(simulator, 'POST', HOOKS, { url, events })).json.id;

	it('reach every webhook that subscribed, signed and in order', async () => {
		const [all, few, gone] = [await receiver(), await receiver(), await receiver()];
		const simulator = await start({ callBehaviour: { ringAfterMs: 50, talkMs: 50 } });
		await register(simulator, all.url);
		await register(simulator, few.url, ['call-hangup']);
		await call(simulator, 'DELETE', `${HOOKS}/${await register(simulator, gone.url)}`);
		const { json } = await make(simulator, { metadata: { row: 7 } });
		await until(() => all.received.length === 4 && few.received.length === 1, 'all events');
		expect(bodies(all).map(({ webhookType }) => webhookType)).toEqual(EVENTS.slice(0, 4));
		const { callId, roomId } = json.data;
		expect(bodies(few)[0]?.data).toMatchObject({
			...{ callId, roomId, to: TO, from: RULE.sipCallFrom, type: 'outbound', status: 'ended' },
			...{ agentId: 'agent_01', metaData: { row: 7 }, sessionId: expect.any(String) },
		});
		for (const { body, headers } of all.received) {
			const signature = Buffer.from(String(headers['videosdk-signature']), 'base64');
			expect(verify('RSA-SHA256', body, simulator.publicKeyPem, signature)).toBe(true);
		}
		expect(gone.received).toEqual([]);
		expect(simulator.deliveries[0]).toMatchObject({ event: 'call-started', callId, roomId, status: 200 });
	});

	it('of incoming calls come, too', async () => {
		const hook = await receiver();
		const simulator = await start({ callBehaviour: { outcome: 'missed' } });
		simulator.addCallWebhook(hook.url, EVENTS);
		const { callId } = simulator.incomingCall({ to: RULE.sipCallFrom, from: TO });
		await until(() => hook.received.length === 3, 'three events');
		expect(bodies(hook)[2]).toMatchObject({
			webhookType: 'call-missed',
			data: { callId, type: 'inbound', from: TO },
		});
	});

	it('are doubled, dropped and disordered on request', async () => {
		const hook = await receiver();
		const simulator = await start({ callBehaviour: { talkMs: 200 } });
		simulator.addCallWebhook(hook.url, EVENTS);
		simulator.setEventFaults({ duplicate: 1, outOfOrder: true, drop: (event) => event === 'call-answered' });
		await make(simulator);
		await until(() => hook.received.length === 6, 'six events');
		expect(bodies(hook).map(({ webhookType }) => webhookType)).toEqual(
			['call-ringing', 'call-started', 'call-hangup'].flatMap((event) => [event, event]),
		);
	});

	it('are sent by hand: to all webhooks, or to any address', async () => {
		const hook = await receiver();
		const simulator = await start({ callBehaviour: false });
		simulator.addCallWebhook(hook.url, [...EVENTS, 'call-update']);
		const { callId } = (await make(simulator)).json.data;
		expect(await simulator.moveCall(callId, 'missed')).toMatchObject([{ event: 'call-missed', status: 200 }]);
		expect(await simulator.emitCall(callId, 'call-update', { digit: 1 })).toMatchObject([{ status: 200 }]);
		expect(await simulator.emitCall(callId, 'call-transferred')).toEqual([]);
		await simulator.sendCallEvent(hook.url, 'call-ended', { callId });
		await simulator.sendRoomEvent(hook.url, 'participant-joined', { meetingId: 'room' });
		const fields = { interested: true };
		const metadata = { row: 7 };
		const summary = await simulator.sendCallSummary(hook.url, { fields, callId, metadata, roomId: 'room' });
		expect(summary).toMatchObject({ event: 'call-summary', callId, signature: simulator.sign(summary.body) });
		expect((await simulator.sendCallSummary(hook.url, { fields }, { signature: null })).signature).toBe('');
		expect(bodies(hook).slice(-5, -1)).toEqual([
			{ webhookType: 'call-update', data: expect.objectContaining({ callId, digit: 1 }) },
			{ webhookType: 'call-ended', data: { callId } },
			{ webhookType: 'participant-joined', data: { meetingId: 'room' } },
			{
				'call-summary': fields,
				'customer-data': { row: 7, callId },
				'room-data': { 'meeting-id': 'room' },
			},
		]);
	});
});

describe('webhooks of calls', () => {
	const body = { url: 'https://n8n.example/hook', events: ['call-started'] };

	it.each([
		['a relative URL', { ...body, url: '/hook' }],
		['no events', { ...body, events: [] }],
		['an unknown event', { ...body, events: ['call-ended'] }],
		['endPoint', { ...body, endPoint: body.url }],
	])('refuses %s', async (_, wrong) => {
		const simulator = await start();
		expect((await call(simulator, 'POST', HOOKS, wrong)).status).toBe(400);
		expect(simulator.callWebhooks.size).toBe(0);
	});

	it('registers one URL as often as it is told to, and changes by PUT', async () => {
		const simulator = await start();
		const { json } = await call(simulator, 'POST', HOOKS, body);
		await call(simulator, 'POST', HOOKS, body);
		expect(simulator.callWebhooks.size).toBe(2);
		const changed = { ...body, events: ['call-missed'] };
		expect((await call(simulator, 'PUT', `${HOOKS}/${json.id}`, changed)).json).toMatchObject(changed);
		simulator.callWebhooks.delete(json.id);
		expect((await call(simulator, 'GET', `${HOOKS}/${json.id}`)).status).toBe(404);
	});
});

describe('spellings', () => {
	const answered = { ringAfterMs: 0, ringForMs: 0, talkMs: null };

	it.each([
		['docs', ['callId', 'sipCallTo', 'sipCallFrom'], ['id', 'to', 'from']],
		['sdk', ['id', 'to', 'from'], ['callId', 'sipCallTo', 'sipCallFrom']],
		['both', ['callId', 'sipCallTo', 'id', 'to'], []],
	] as const)('of calls: %s', async (calls, present, absent) => {
		const simulator = await start({ answers: { calls }, callBehaviour: answered });
		const made = (await make(simulator)).json.data;
		const got = (await call(simulator, 'GET', `${CALL}/${made.callId ?? made.id}`)).json.data;
		for (const shown of [made, got]) {
			for (const name of present) expect(shown).toHaveProperty(name);
			for (const name of absent) expect(shown).not.toHaveProperty(name);
		}
		const [listed] = (await call(simulator, 'GET', CALL)).json.data;
		expect(listed).toMatchObject({ callId: made.callId ?? made.id, ruleName: 'Outbound rule 01' });
		expect('id' in listed).toBe(calls === 'both');
	});

	it('of statuses: in upper case, or unknown', async () => {
		const simulator = await start({ callBehaviour: answered });
		simulator.answers.callStatus = (status) => status.toUpperCase();
		const { data } = (await make(simulator, { waitUntilAnswered: true })).json;
		expect([data.status, data.timelog[0].status]).toEqual(['ANSWERED', 'INITIATED']);
		simulator.answers.callStatus = () => 'teleported';
		expect((await call(simulator, 'GET', `${CALL}/${data.callId}`)).json.data.status).toBe('teleported');
	});

	it('of lists: another name for the ID, bare arrays, the older path of rules', async () => {
		const simulator = await start({ answers: { webhookId: '_id', gatewayId: 'gatewayId' } });
		simulator.addCallWebhook('https://n8n.example/hook', ['call-started']);
		const get = async (path: string): Promise<Result> => await call(simulator, 'GET', `/v2/sip/${path}`);
		const gateways = await get('outbound-gateways');
		expect(gateways.json.pageInfo).toEqual({ currentPage: 1, perPage: 10, lastPage: 2, total: 12 });
		expect(gateways.json.data[0]).toMatchObject({ gatewayId: 'gw_out_01', auth: { password: SIP_PASSWORD } });
		expect((await get('webhooks')).json.data[0]).toHaveProperty('_id');
		expect((await get('routing-rules')).status).toBe(404);
		Object.assign(simulator.answers, { bareLists: true, routingRules: 'plural' });
		expect((await get('routing-rule')).status).toBe(404);
		expect((await get('routing-rules')).json).toHaveLength(13);
		expect((await get('phone-numbers')).json).toHaveLength(23);
	});
});
