/** The resource Call. VideoSDK's own client decides about methods, paths, queries and bodies. */
import type { VideoSDK } from '@videosdk.live/server-sdk';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { CALL_NUMBERS } from '../simulator';
import { byGateway, byRule, CALL, callParameters, made, RULE, TO } from './callRig';
import { officialRequests, ownRequests } from './official';
import { failureOf, jsonOf, startParameters, useRig } from './rig';

const rig = useRig({ callBehaviour: false });

async function run(parameters: INodeParameters): Promise<IDataObject[]> {
	return jsonOf(await rig.engine.run({ parameters }));
}

/** Makes a call, as if it had been there before. */
async function existingCall(more: IDataObject = {}): Promise<string> {
	const [call] = await run(byRule(more));
	rig.simulator.requests.length = 0;
	return String(call?.callId);
}

describe('What is sent is what the official SDK sends:', () => {
	const options = {
		roomId: 'abcd-efgh-ijkl',
		ringingTimeout: 30,
		waitUntilAnswered: false,
	};
	const metaData = { specifyMetaData: 'json', jsonMetaData: '{"row":7,"tags":["a"]}' };
	const shared = {
		callTo: TO,
		roomId: 'abcd-efgh-ijkl',
		ringingTimeout: 30,
		maxCallDuration: 90,
		waitUntilAnswered: false,
		metadata: { row: 7, tags: ['a'] },
	};
	const rule = { callFrom: RULE.from, routingRuleId: RULE.routingRuleId };
	const callId = 'call/1 ?';

	type Sdk = VideoSDK['sip']['calls'];
	it.each<[string, INodeParameters, (calls: Sdk) => Promise<unknown>]>([
		['a call by a rule', byRule(), (calls) => calls.create({ callTo: TO, ...rule, maxCallDuration: 600 })],
		[
			'a call by a rule with everything',
			byRule({
				...metaData,
				maxCallDuration: 89.1,
				options: { ...options, timeout: 5_000, maxConcurrency: 3 },
			}),
			(calls) => calls.create({ ...shared, ...rule }),
		],
		[
			'a call through a gateway',
			byGateway({ maxCallDuration: 0 }),
			(calls) => calls.create({ callTo: TO, gatewayId: 'gw_out_01' }),
		],
		[
			'a call through a gateway with everything',
			byGateway({
				...metaData,
				maxCallDuration: '90',
				from: '+15550101001',
				options,
			}),
			(calls) => calls.create({ ...shared, gatewayId: 'gw_out_01', callFrom: '+15550101001' }),
		],
		['Get', callParameters('get', { callId }), (calls) => calls.get(callId)],
		['Hang Up', callParameters('hangUp', { callId }), (calls) => calls.end(callId)],
		[
			'Transfer',
			callParameters('transfer', { callId, transferTo: 'sip:desk@pbx.example.com' }),
			(calls) => calls.transfer(callId, { to: 'sip:desk@pbx.example.com' }),
		],
		[
			'Get Many with every filter',
			callParameters('getAll', {
				filters: {
					type: 'outbound',
					roomId: 'abcd-efgh-ijkl',
					gatewayId: 'gw_out_01',
					ruleId: 'rule_out_01',
					search: TO,
					startDate: '2026-01-15T10:00:00.000+05:30',
				},
			}),
			(calls) =>
				calls.list({
					type: 'outbound',
					roomId: 'abcd-efgh-ijkl',
					gatewayId: 'gw_out_01',
					ruleId: 'rule_out_01',
					search: TO,
					startDate: Date.UTC(2026, 0, 15, 4, 30),
					page: 1,
					perPage: 50,
				}),
		],
	])('%s', async (_what, parameters, official) => {
		await rig.engine.run({ parameters });
		const ours = ownRequests(rig).filter(({ path }) => !path.includes('routing-rule'));
		const theirs = await officialRequests(rig, async ({ sip }) => await official(sip.calls));
		expect(ours.slice(0, 1)).toEqual(theirs);
		// A call that could not be hung up is looked up, since it may be over.
		expect(ours.slice(1)).toEqual(
			parameters.operation === 'hangUp' ? [expect.objectContaining({ method: 'GET' })] : [],
		);
	});

	it('numbers are cleaned of how people write them', async () => {
		await rig.engine.run({
			items: [{ phone: 15550003000 }],
			parameters: byRule({ to: '=+{{ $json.phone }}', from: ' 001 (555) 010-2001\n' }),
		});
		expect(made(rig)[0]?.body).toMatchObject({ sipCallTo: TO, sipCallFrom: RULE.from });
		await rig.engine.run({
			parameters: callParameters('transfer', { callId: 'c', transferTo: '+1 555 0009' }),
		});
		expect(rig.requests.at(-1)?.body).toHaveProperty('transferTo', '+15550009');
	});

	it('a number chosen from the list of numbers, however the API spells it', async () => {
		const from = { __rl: true, mode: 'list', value: '15550102001' };
		await rig.engine.run({ parameters: byRule({ from }) });
		expect(made(rig)[0]?.body).toHaveProperty('sipCallFrom', '15550102001');
	});

	it('nothing if the number to call from is none of the rule, which is looked up once', async () => {
		const parameters = byRule({ from: '={{ $json.from }}', options: { maxConcurrency: 1 } });
		const items = [{ from: RULE.from }, { from: '+14155559999' }];
		const result = await rig.engine.run({ items, parameters, onError: 'continueRegularOutput' });
		expect(jsonOf(result)).toMatchObject([
			{ callId: expect.any(String) },
			{ outcome: 'notCalled', error: expect.stringContaining("isn't a number of the selected routing rule") },
		]);
		expect(made(rig)).toHaveLength(1);
		expect(rig.requests).toHaveLength(2);
	});

	it('a call all the same if the rule cannot be looked up', async () => {
		rig.simulator.addFault({ kind: 'status', status: 500, match: { method: 'GET' } });
		await rig.engine.run({ parameters: byRule({ from: '+14155559999' }) });
		expect(made(rig)).toHaveLength(1);
	});
});

const SIMPLIFIED = [
	...['outcome', 'answered', 'durationSeconds', 'to', 'callId', 'roomId'],
	...['from', 'type', 'status', 'start', 'end', 'metadata'],
];

it.each(['make', 'get', 'transfer', 'hangUp'])('%s puts out what people look for', async (operation) => {
	const callId = operation === 'make' ? '' : await existingCall();
	if (operation === 'transfer') await rig.simulator.moveCall(callId, 'answered');
	const parameters = { ...byRule(), ...callParameters(operation, { callId, transferTo: TO }) };
	const [call] = await run(parameters);
	expect(Object.keys(call ?? {}).filter((name) => name !== 'sessionId')).toEqual(SIMPLIFIED);
	if (operation !== 'make' && operation !== 'get') return;
	for (const [simplify, isWhole] of [
		[false, true],
		['', false],
	] as const) {
		const [other] = await run({ ...parameters, options: { simplify } });
		expect(other?.timelog !== undefined).toBe(isWhole);
		expect(Object.keys(other ?? {}).slice(0, 3)).toEqual(SIMPLIFIED.slice(0, 3));
	}
});

it('a call that the API answers with nothing but its ID still says whom it calls', async () => {
	const match = { method: 'POST' };
	rig.simulator.addFault({ kind: 'noData', body: { data: { callId: 'c1', roomId: null } }, match });
	expect(await run(byRule())).toMatchObject([{ callId: 'c1', to: TO, from: RULE.from, outcome: 'running' }]);
});

describe('However a call is spelled,', () => {
	const plain = { callId: expect.any(String), to: TO, from: RULE.from };

	it('each operation puts out callId, to and from', async () => {
		const [call] = await run(byRule());
		expect(call).toMatchObject({ ...plain, status: 'initiated', type: 'outbound' });
		for (const other of ['id', 'sipCallTo', 'sipCallFrom']) expect(call).not.toHaveProperty(other);
		const callId = String(call?.callId);
		expect(rig.simulator.calls.has(callId)).toBe(true);
		expect(await run(callParameters('get', { callId }))).toMatchObject([{ ...plain, callId }]);
		for (const simplify of [true, false]) {
			expect(await run(callParameters('getAll', { simplify }))).toMatchObject([{ ...plain, callId }]);
		}
		await rig.simulator.moveCall(callId, 'answered');
		const transferred = await run(callParameters('transfer', { callId, transferTo: '+15550009' }));
		expect(transferred).toMatchObject([{ ...plain, callId, status: 'transfer-initiated' }]);
		expect(await run(callParameters('hangUp', { callId }))).toMatchObject([
			{ ...plain, callId, status: 'ended' },
		]);
	});

	it('as in the docs: callId, sipCallTo, sipCallFrom, the status in capitals', async () => {
		const data = { callId: 'c1', sipCallTo: TO, sipCallFrom: RULE.from, status: 'NOT_ANSWERED' };
		rig.simulator.addFault({ kind: 'noData', body: { data } });
		expect(await run(callParameters('get', { callId: 'c1' }))).toMatchObject([
			{ callId: 'c1', to: TO, from: RULE.from, outcome: 'noAnswer', status: 'NOT_ANSWERED' },
		]);
	});
});

describe('A room created for a call', () => {
	const parameters = byRule({ recording: 'record' });

	it('is where the call goes, recorded as chosen', async () => {
		const [call] = await run(parameters);
		const [room] = [...rig.simulator.rooms.values()];
		expect(room).toMatchObject({ autoStartConfig: { recording: {} }, disabled: false });
		expect(rig.requests.at(-1)?.body).toHaveProperty('destinationRoomId', room?.roomId);
		expect(call).toHaveProperty('roomId', room?.roomId);
	});
});

describe('Max Call Duration', () => {
	const sentWith = async (parameters: IDataObject) => {
		const call = byRule({ operation: 'makeAndWait', ...parameters });
		const waiting = await rig.engine.startAndWait(90_500, call);
		for (const { callId } of rig.simulator.calls.values()) await rig.simulator.moveCall(callId, 'ended');
		await waiting.jsonWithin();
		return rig.requests.find(({ path }) => path === CALL)?.body as IDataObject;
	};

	it.each<[what: string, parameters: IDataObject, seconds: number | undefined]>([
		['Max Wait, rounded up', {}, 91],
		['the field, if it is shorter', { maxCallDuration: 60 }, 60],
		['Max Wait, if the field is 0', { maxCallDuration: 0 }, 91],
		['a day, if Max Wait is longer', { maxCallDuration: 0, maxWait: 2, maxWaitUnit: 'days' }, 86_400],
		['the field, where it is not hung up', { options: { hangUpAtTimeout: false } }, 600],
		[
			'nothing, where it is not hung up and the field is 0',
			{ maxCallDuration: 0, options: { hangUpAtTimeout: false } },
			undefined,
		],
	])('of a call that is waited for is %s', async (_what, parameters, seconds) => {
		expect((await sentWith(parameters)).maxCallDuration).toBe(seconds);
	});

	it('that was emptied by hand is ten minutes', async () => {
		for (const maxCallDuration of ['', null]) {
			await run(byRule({ maxCallDuration }));
			expect(rig.requests.at(-1)?.body).toHaveProperty('maxCallDuration', 600);
		}
	});
});

it('Batching makes the calls of a batch, then waits before the next ones', async () => {
	const options = { batching: { batch: { batchSize: 2, batchInterval: 5_000 } } };
	const beganAtMs = Date.now();
	const items = [{}, {}, {}, {}, {}];
	expect(jsonOf(await rig.engine.run({ items, parameters: byRule({ options }) }))).toHaveLength(5);
	const times = [beganAtMs, ...made(rig).map(({ receivedAtMs }) => receivedAtMs)];
	const pauses = times.slice(1).map((atMs, index) => atMs - times[index]! >= 5_000);
	expect(pauses).toEqual([false, false, true, false, true]);
});

describe('Make with Wait Until Answered', () => {
	it.each(['missed', 'rejected', 'failed', 'not-answered'] as const)(
		'puts out a call that was %s',
		async (status) => {
			rig.simulator.setCallBehaviour({ ringForMs: 20 });
			const to = CALL_NUMBERS[status];
			expect(await run(byRule({ to, options: { waitUntilAnswered: true } }))).toMatchObject([{ to, status }]);
		},
	);

	it.each([{ ringingTimeout: 30 }, {}])(
		'waits for longer than Timeout while it rings: %j',
		async (ringing) => {
			rig.simulator.setCallBehaviour({ ringForMs: 25_000, talkMs: null });
			const options = { waitUntilAnswered: true, timeout: 300, ...ringing };
			expect(await run(byRule({ options }))).toMatchObject([{ status: 'answered' }]);
		},
	);

	it('gives up when ringing time and Timeout are over', async () => {
		rig.simulator.addFault({ kind: 'hang', match: { method: 'POST' } });
		const beganMs = Date.now();
		const options = { waitUntilAnswered: true, ringingTimeout: 1, timeout: 200 };
		const { message } = failureOf(await rig.engine.run({ parameters: byRule({ options }) }));
		expect(message).toContain('the call may have been made');
		expect(Date.now() - beganMs).toBeGreaterThanOrEqual(1_200);
		expect(Date.now() - beganMs).toBeLessThan(10_000);
	});

	it('has a time limit that Node.js can count, also with the longest Timeout', async () => {
		rig.simulator.setCallBehaviour({ ringForMs: 20, talkMs: null });
		const options = { waitUntilAnswered: true, timeout: 2_147_483_647 };
		expect(await run(byRule({ options }))).toMatchObject([{ status: 'answered' }]);
	});
});

describe('Get Many', () => {
	const list = async (filters: IDataObject, more: IDataObject = {}) =>
		await run(callParameters('getAll', { filters, ...more }));
	const idsOf = (calls: IDataObject[]) => calls.map(({ callId }) => callId);

	it('reads page after page, up to the limit', async () => {
		for (let count = 0; count < 60; count++) rig.simulator.incomingCall({ to: TO, from: '+1555' });
		expect(await list({}, { returnAll: true })).toHaveLength(60);
		expect(await list({})).toHaveLength(50);
		expect(new Set(idsOf(await list({}, { limit: 55 }))).size).toBe(55);
	});

	it('finds calls by how they went', async () => {
		const [ended, missed, running] = [await existingCall(), await existingCall(), await existingCall()];
		await rig.simulator.moveCall(ended, 'answered');
		await rig.simulator.moveCall(ended, 'ended');
		await rig.simulator.moveCall(missed, 'missed');
		expect(idsOf(await list({ outcome: ['answered'] }))).toEqual([ended]);
		expect(idsOf(await list({ outcome: ['noAnswer', 'answered'] }))).toEqual([missed, ended]);
		expect(idsOf(await list({ outcome: 'RUNNING' }))).toEqual([running]);
		expect(await list({ outcome: [] })).toHaveLength(3);
	});

	it('is simplified unless told otherwise', async () => {
		await existingCall();
		expect(Object.keys((await list({}))[0] ?? {})).toEqual(SIMPLIFIED);
		const [raw] = await list({}, { simplify: false });
		expect(raw).toMatchObject({ ruleName: 'Outbound rule 01', provider: 'twilio', timelog: [{}] });
	});

	it('finds calls by number, direction and date; the last day counts whole, in the time zone of the workflow', async () => {
		const callId = await existingCall({ to: '+15550007777' });
		rig.simulator.incomingCall({ to: TO, from: '+15550008888' });
		expect(idsOf(await list({ search: '7777' }))).toEqual([callId]);
		expect(await list({ type: 'inbound' })).toMatchObject([{ from: '+15550008888' }]);
		const startMs = Date.parse(rig.simulator.calls.get(callId)?.start ?? '');
		const iso = (ms: number) => new Date(ms).toISOString();
		expect(await list({ startDate: iso(startMs - 1_000) })).toHaveLength(2);
		expect(await list({ startDate: iso(startMs + 60_000) })).toEqual([]);
		rig.simulator.requests.length = 0;
		// The workflow of the tests is in America/New_York, as an n8n without a setting.
		await list({ startDate: '2026-01-15T00:00:00', endDate: '2026-01-16T00:00:00' });
		expect(rig.request.query).toMatchObject({
			startDate: String(Date.UTC(2026, 0, 15, 5)),
			endDate: String(Date.UTC(2026, 0, 17, 5) - 1),
		});
		rig.simulator.requests.length = 0;
		// In New York it is still the 15th.
		await list({ endDate: '2026-01-16T02:00:00+09:00' });
		expect(rig.request.query).toMatchObject({ endDate: String(Date.UTC(2026, 0, 16, 5) - 1) });
	});

	it('leaves out what the API counts to the last day in its own time zone', async () => {
		// The API ends the 15th at midnight UTC; in New York it lasts until 05:00 UTC of the 16th, a day that the API counts whole.
		const data = ['2026-01-16T04:59:00Z', '2026-01-16T05:01:00Z'].map((start) => ({ callId: start, start }));
		rig.simulator.addFault({ kind: 'noData', body: { data } });
		expect(idsOf(await list({ endDate: '2026-01-15T12:00:00' }))).toEqual(['2026-01-16T04:59:00Z']);
	});

	it('reads all calls if a filter is left empty by hand', async () => {
		await existingCall();
		const blank = { search: ' ', roomId: '', startDate: '', endDate: '', outcome: [], type: '' };
		expect(await list(blank)).toHaveLength(1);
		expect(Object.keys(rig.request.query).sort()).toEqual(['page', 'perPage']);
	});
});

describe('Before anything is sent, field and item are named:', () => {
	const VALUE = '={{ $json.value }}';

	it.each<[string, string, INodeParameters, unknown, unknown]>([
		['a number with letters', "'To' isn't a phone number: Ada", byRule({ to: VALUE }), TO, 'Ada'],
		['a number to call from with letters', "'From'", byRule({ from: VALUE }), RULE.from, 'Line 1'],
		['a gateway with letters to call from', "'From'", byGateway({ from: VALUE }), RULE.from, 'Line 1'],
		[
			'a transfer to letters',
			"'Transfer To'",
			callParameters('transfer', { callId: 'c1', transferTo: VALUE }),
			TO,
			'Desk',
		],
		[
			'dates the wrong way round',
			"'Start Date' is after 'End Date'",
			callParameters('getAll', { filters: { startDate: '2026-01-15', endDate: VALUE } }),
			'2026-01-15',
			'2026-01-14',
		],
	])('%s', async (_what, words, parameters, good, bad) => {
		const { message, description } = failureOf(
			await rig.engine.run({ items: [{ value: good }, { value: bad }] as IDataObject[], parameters }),
		);
		expect(message).toContain(words);
		expect(message).toContain('[item 1]');
		expect(description).not.toBe('');
		expect(rig.requests).toEqual([]);
	});

	it("the record's 'id' in place of its 'roomId'", async () => {
		const [room] = await run({ resource: 'room', operation: 'create' });
		expect(room?.id).not.toBe(room?.roomId);
		rig.simulator.requests.length = 0;
		const items = [room ?? {}];
		const roomFields = { options: { roomId: '={{ $json.id }}' } };
		for (const parameters of [byRule(roomFields), startParameters(roomFields)]) {
			const { message, description } = failureOf(await rig.engine.run({ items, parameters }));
			expect(message).toBe("'Room ID' is the room's 'id', not its 'roomId' [item 0]");
			expect(description).toContain('$json.roomId');
		}
		expect(rig.requests).toEqual([]);
	});
});

describe('Session: Get Many', () => {
	it('leaves out the webhook, which may be a secret resume URL, unless told otherwise', async () => {
		const webhookUrl = 'https://n8n.example.com/webhook-waiting/7/agent?signature=secret-token';
		await rig.existingSession({ webhookUrl });
		const parameters: INodeParameters = { resource: 'session', operation: 'getAll' };
		const [session] = await run(parameters);
		expect(session).toMatchObject({ sessionId: expect.any(String), deploymentId: 'ddv_support' });
		expect(JSON.stringify(session)).not.toContain('secret-token');
		expect(JSON.stringify(await run({ ...parameters, simplify: false }))).toContain('secret-token');
	});
});

it('the path of a call cannot lead elsewhere', async () => {
	await rig.engine.run({ parameters: callParameters('get', { callId: '../rooms' }) });
	expect(rig.request.rawPath).toBe(`${CALL}/..%2Frooms`);
});

it("a record that repeats the request's token comes out without it", async () => {
	const body = ({ authorization }: Record<string, string>) => ({
		data: { callId: 'c1', metadata: { note: `Bearer ${authorization}`, key: 'eyJhIjoxfQ.eyJhIjoxfQ.x' } },
	});
	rig.simulator.addFault({ kind: 'noData', body });
	const [call] = await run(byGateway({ options: { simplify: false } }));
	expect(call?.metadata).toEqual({ note: 'Bearer …', key: 'eyJhIjoxfQ.eyJhIjoxfQ.x' });
});
