/** The resource Call. What is sent: see officialClient. */
import type { IDataObject } from 'n8n-workflow';
import { byRule, CALL, callParameters, fromSip, made, RULE, TO } from '../rig/callRig';
import { byId, startParameters, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });

/** Makes a call, as if it had been there before. */
async function existingCall(more: IDataObject = {}): Promise<string> {
	const [call] = await rig.json(byRule(more));
	rig.simulator.requests.length = 0;
	return String(call?.callId);
}

describe('The number to call from', () => {
	it("must be one of the rule's numbers, which are fetched once", async () => {
		const parameters = byRule({ from: '={{ $json.from }}', options: { maxConcurrency: 1 } });
		const items = [{ from: RULE.from }, { from: '+14155559999' }];
		expect(await rig.json(parameters, { items, onError: 'continueRegularOutput' })).toMatchObject([
			{ callId: expect.any(String) },
			{ outcome: 'notCalled', error: expect.stringContaining("isn't a number of the selected routing rule") },
		]);
		expect(made(rig)).toHaveLength(1);
		expect(rig.requests).toHaveLength(2);
	});

	it('is checked against the routing rule of its own item', async () => {
		const routingRuleId = byId('={{ $json.rule }}');
		const parameters = byRule({ to: '={{ $json.to }}', from: '={{ $json.from }}', routingRuleId });
		const items = [2, 3].map((n) => ({ to: `${TO}${n}`, rule: `rule_out_0${n}`, from: `+1555010200${n}` }));
		await rig.run(parameters, { items });
		expect(made(rig)).toHaveLength(2);
	});
});

const SIMPLIFIED = [
	'outcome',
	'answered',
	'durationSeconds',
	'to',
	'callId',
	'roomId',
	'from',
	'direction',
	'roomSessionId',
	'status',
	'start',
	'end',
	'metadata',
];

it.each(['make', 'get', 'transfer', 'hangUp'])('%s puts out what people look for', async (operation) => {
	const callId = operation === 'make' ? '' : await existingCall();
	const isAnswered = ['transfer', 'hangUp'].includes(operation);
	if (isAnswered) await rig.simulator.moveCall(callId, 'answered');
	const parameters = { ...byRule(), ...callParameters(operation, { callId, transferTo: TO }) };
	const [call] = await rig.json(parameters);
	// There is a room session once someone has joined.
	const expected = SIMPLIFIED.filter((name) => isAnswered || name !== 'roomSessionId');
	expect(Object.keys(call ?? {})).toEqual(expected);
	expect(call?.direction).toBe('outbound');
	if (operation !== 'make' && operation !== 'get') return;
	for (const simplify of [false, '']) {
		const [other] = await rig.json({ ...parameters, options: { simplify } });
		expect(other?.timelog !== undefined).toBe(simplify === false);
		expect(other).not.toHaveProperty('type');
		expect(Object.keys(other ?? {}).slice(0, 3)).toEqual(SIMPLIFIED.slice(0, 3));
	}
});

it.each([null, 'room-of-others'])(
	'A call that the API answers with its ID and the room %j still says whom it calls, and where',
	async (named) => {
		const match = { method: 'POST' };
		rig.simulator.addFault({ kind: 'noData', body: { data: { callId: 'c1', roomId: named } }, match });
		const roomId = 'abcd-efgh-ijkl';
		expect(await rig.json(byRule({ options: { roomId } }))).toMatchObject([
			{ callId: 'c1', to: TO, from: RULE.from, roomId, outcome: 'running' },
		]);
	},
);

describe('Max Call Duration', () => {
	const sentWith = async (parameters: IDataObject) => {
		const call = byRule({ operation: 'makeAndWait', ...parameters });
		const waiting = await rig.engine.startAndWait(90_500, call);
		for (const { callId } of rig.simulator.calls.values()) await rig.simulator.moveCall(callId, 'ended');
		await waiting.jsonWithin();
		return rig.requests.find(({ path }) => path === CALL)?.body as IDataObject;
	};

	const GOES_ON = { options: { hangUpAtTimeout: false } };
	it.each<[what: string, parameters: IDataObject, seconds: number | undefined]>([
		['Max Wait, rounded up', {}, 91],
		['the field, if it is shorter', { maxCallDuration: 60 }, 60],
		['Max Wait, if the field is 0', { maxCallDuration: 0 }, 91],
		['a day, if Max Wait is longer', { maxCallDuration: 0, maxWait: 2, maxWaitUnit: 'days' }, 86_400],
		['the field, where it is not hung up', GOES_ON, 600],
		['nothing, where it is not hung up and the field is 0', { maxCallDuration: 0, ...GOES_ON }, undefined],
	])('of a call that is waited for is %s', async (_what, parameters, seconds) => {
		expect((await sentWith(parameters)).maxCallDuration).toBe(seconds);
	});

	it('that was emptied by hand is ten minutes', async () => {
		for (const maxCallDuration of ['', null]) {
			await rig.json(byRule({ maxCallDuration }));
			expect(rig.requests.at(-1)?.body).toHaveProperty('maxCallDuration', 600);
		}
	});
});

describe('Make with Wait Until Answered', () => {
	it.each([{ ringingTimeout: 30 }, {}])(
		'waits for longer than Timeout while it rings: %j',
		async (ringing) => {
			rig.simulator.setCallBehaviour({ ringForMs: 25_000, talkMs: null });
			const options = { waitUntilAnswered: true, timeout: 300, ...ringing };
			expect(await rig.json(byRule({ options }))).toMatchObject([{ status: 'answered' }]);
		},
	);

	it('gives up when ringing time and Timeout are over', async () => {
		rig.simulator.addFault({ kind: 'hang', status: 500, match: { method: 'POST' } });
		const beganMs = Date.now();
		const options = { waitUntilAnswered: true, ringingTimeout: 1, timeout: 200 };
		const { message } = await rig.failure(byRule({ options }));
		expect(message).toMatch(/the call to \S+ may have been made/);
		expect(Date.now() - beganMs).toBeGreaterThanOrEqual(1_200);
		// It is looked for in the list, too.
		expect(Date.now() - beganMs).toBeLessThan(22_000);
	});

	it('puts out the call that rang, though VideoSDK answers with an error as no one has picked up', async () => {
		await existingCall();
		const [other] = rig.simulator.calls.values();
		const until = () => {
			const { sipCallTo: to, metadata } = rig.requests.at(-1)!.body as {
				sipCallTo: string;
				metadata: IDataObject;
			};
			const start = new Date().toISOString();
			rig.simulator.calls.set('rang', { ...other!, callId: 'rang', to, metadata, start, status: 'missed' });
			return true;
		};
		rig.simulator.addFault({ kind: 'status', status: 400, until, match: { method: 'POST' } });
		const [call] = await rig.json(byRule({ options: { waitUntilAnswered: true } }));
		expect(call).toMatchObject({ callId: 'rang', outcome: 'noAnswer' });
	});

	it('has a time limit that Node.js can count, also with the longest Timeout', async () => {
		rig.simulator.setCallBehaviour({ ringForMs: 20, talkMs: null });
		const options = { waitUntilAnswered: true, timeout: 2_147_483_647 };
		expect(await rig.json(byRule({ options }))).toMatchObject([{ status: 'answered' }]);
	});
});

describe('Get Many', () => {
	const list = async (filters: IDataObject, more: IDataObject = {}) =>
		await rig.json(callParameters('getAll', { filters, ...more }));
	const idsOf = (calls: IDataObject[]) => calls.map(({ callId }) => callId);

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

	it('finds calls by number, direction and date; the last day counts whole, in the time zone of the workflow', async () => {
		const callId = await existingCall({ to: '+15550007777' });
		rig.simulator.incomingCall({ to: TO, from: '+15550008888' });
		for (const search of ['7777', '+1 (555) 000-7777', '001 555 000 7777']) {
			expect(idsOf(await list({ search }))).toEqual([callId]);
		}
		expect(await list({ type: 'inbound' })).toMatchObject([{ from: '+15550008888' }]);
		// Left empty by hand, it is no filter.
		expect(await list({ type: '' })).toHaveLength(2);
		const startMs = Date.parse(rig.simulator.calls.get(callId)?.start ?? '');
		const iso = (ms: number) => new Date(ms).toISOString();
		expect(await list({ startDate: iso(startMs - 1_000) })).toHaveLength(2);
		expect(await list({ startDate: iso(startMs + 60_000) })).toEqual([]);
		rig.simulator.requests.length = 0;
		// The workflow of the tests is in America/New_York, as an n8n without a setting.
		await list({ startDate: '2026-01-15T00:00:00', endDate: '2026-01-16T00:00:00' });
		const [begin, end] = [String(Date.UTC(2026, 0, 15, 5)), String(Date.UTC(2026, 0, 17, 5) - 1)];
		expect(rig.request.query).toMatchObject({ startDate: begin, endDate: end });
		rig.simulator.requests.length = 0;
		const spellings = ['20260115', 'Thu, 15 Jan 2026 05:00:00 GMT', 'Thu, 15 Jan 2026 06:00:00 +0100'];
		for (const startDate of spellings) {
			await list({ startDate });
			expect(rig.simulator.requests.pop()?.query).toMatchObject({ startDate: begin });
		}
		// In New York it is still the 15th.
		await list({ endDate: '2026-01-16T02:00:00+09:00' });
		expect(rig.request.query).toMatchObject({ endDate: String(Date.UTC(2026, 0, 16, 5) - 1) });
	});

	it('leaves out what the API counts to the last day in its own time zone', async () => {
		// The API ends the 15th at midnight UTC; in New York it lasts until 05:00 UTC of the 16th, a day that the API counts whole.
		const data = ['2026-01-16T04:59:00Z', '2026-01-16T05:01:00Z', undefined].map((start) => ({
			callId: start ?? 'queued',
			start,
		}));
		rig.simulator.addFault({ kind: 'noData', body: { data } });
		const calls = await list({ endDate: '2026-01-15T12:00:00' });
		expect(idsOf(calls)).toEqual(['2026-01-16T04:59:00Z', 'queued']);
	});
});

it("The record's 'id' in place of a room's 'roomId' is refused before anything is sent", async () => {
	const [room] = await rig.json({ resource: 'room', operation: 'create' });
	expect(room?.id).not.toBe(room?.roomId);
	rig.simulator.requests.length = 0;
	const items = [{}, room ?? {}];
	const roomFields = { options: { roomId: '={{ $json.id ?? "abcd-efgh-ijkl" }}' } };
	for (const parameters of [byRule(roomFields), startParameters(roomFields)]) {
		const { message, description } = await rig.failure(parameters, { items });
		expect(message).toBe("'Room ID' is the room's 'id', not its 'roomId' [item 1]");
		expect(description).toContain('$json.roomId');
	}
	expect(rig.requests).toEqual([]);
});

it("A record that repeats the request's token comes out without it", async () => {
	const body = ({ authorization }: Record<string, string>) => ({
		data: { callId: 'c1', metadata: { note: `Bearer ${authorization}`, key: 'eyJhIjoxfQ.eyJhIjoxfQ.x' } },
	});
	rig.simulator.addFault({ kind: 'noData', body });
	const [call] = await rig.json(fromSip({ options: { simplify: false } }));
	expect(call?.metadata).toEqual({ note: 'Bearer …', key: 'eyJhIjoxfQ.eyJhIjoxfQ.x' });
});
