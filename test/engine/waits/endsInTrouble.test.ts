/** At Max Wait, what is to be ended is ended, and what had ended is shown as ended, although the answers to ends are of no use. */
import type { Fault } from '../../simulator';
import { byRule, makeAndWait } from '../rig/callRig';
import { eventBody } from '../rig/delivery';
import { later, passTime, useRig } from '../rig/rig';
import { rows } from '../rig/waitingRun';

const rig = useRig({ callBehaviour: false });
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MAX_WAIT_MS = 24 * HOUR_MS;
const at = (ms: number) => new Date(ms).toISOString();
const BUSY = new Error('SQLITE_BUSY: database is locked');
const ENDED = { options: { endAtTimeout: true } };
const sessions = () => [...rig.simulator.sessions.values()];
const complete = () => Object.assign(sessions()[0]!, { status: 'completed', end: at(Date.now()) });
const refuseEnds = (status: number, times = Infinity) =>
	rig.simulator.addFault({ kind: 'status', status, match: { path: /end$/, times } });

it('A call that ended five minutes before is shown as ended, with what was said, although each end is one too many', async () => {
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, makeAndWait({ recording: 'transcribe' }));
	await later(MAX_WAIT_MS - 300_000);
	rig.simulator.setEventFaults({ drop: () => true });
	await rig.talk(rig.simulator.calls.keys());
	refuseEnds(429);
	const [json] = (await waiting.jsonWithin(1_800_000)) ?? [];
	expect(json).toMatchObject({ outcome: 'answered', transcript: expect.any(String) });
});

it.each([
	['stopping', 'lost', 504, true],
	['STOPPING', 'lost', 504, true],
	// Someone else has ended it, or it goes on.
	['stopping', 'refused', 409, false],
] as const)(
	'A session that is %s after an end that was %s (%i) counts as ended by us: %j',
	async (...given) => {
		const [status, , code, endedAtTimeout] = given;
		const waiting = await rig.engine.startAndWait(60_000, ENDED);
		await later(55_000);
		for (const one of sessions()) one.status = status as 'stopping';
		refuseEnds(code);
		expect(await waiting.jsonWithin(1_200_000)).toMatchObject([{ endedAtTimeout }]);
	},
);

it.each([0, 1])(
	'A process that takes the wait up late ends it, although VideoSDK fails: %i times',
	async (times) => {
		const parameters = { recording: 'record', ...ENDED };
		const waiting = await rig.engine.startAndWait(600_000, parameters, { items: rows(2) });
		jest.clearAllTimers();
		waiting.receiver = await rig.addEngine();
		await later(600_000 + 180_000);
		if (times > 0) refuseEnds(503, times);
		const [one, other] = sessions();
		if (one) one.status = 'completed';
		await rig.simulator.deliver(String(one?.webhook?.endPoint), eventBody('stopped', String(one?.sessionId)));
		await waiting.jsonWithin(1_800_000);
		expect(other?.status).toBe('completed');
	},
);

it('A session is ended although the machine slept at its Max Wait, and three minutes more', async () => {
	const waiting = await rig.engine.startAndWait(600_000, { recording: 'record', ...ENDED });
	await later(500_000);
	passTime(100_000 + 180_000);
	await waiting.jsonWithin(1_200_000);
	expect(sessions()).toMatchObject([{ status: 'completed' }]);
});

it.each([
	['Session: Start and Wait', ENDED, { endedAtTimeout: true, timedOut: true }],
	['Call: Make and Wait', makeAndWait(), { hungUpAtTimeout: true, timedOut: true }],
	[
		'a call that is left running',
		makeAndWait({ options: { hangUpAtTimeout: false } }),
		{ outcome: 'running' },
	],
])(
	"A machine that slept for hours past n8n's own deadline polls, ends, and continues before n8n does: %s",
	async (_what, parameters, late) => {
		const { waiting, ids } = await rig.wait(2, parameters, HOUR_MS);
		await later(20 * MINUTE_MS);
		const [first = ''] = ids;
		if (rig.simulator.calls.has(first)) await rig.simulator.moveCall(first, 'rejected');
		else rig.complete([first]);
		passTime(3 * HOUR_MS);
		rig.simulator.requests.length = 0;
		const output = await waiting.jsonWithin(30_000);
		expect(output).toMatchObject([{}, late]);
		expect(output?.[0]).not.toHaveProperty('timedOut');
		expect(output?.[0]?.outcome).toMatch(/^(completed|rejected)$/);
		const polls = rig.requests.filter(({ method }) => method === 'GET');
		expect(polls.length).toBeLessThanOrEqual(4);
	},
);

it('A machine that slept after the end asks once more for what was said', async () => {
	const parameters = makeAndWait({ recording: 'transcribe', options: { includeWait: 1 } });
	const waiting = await rig.engine.startAndWait(HOUR_MS, parameters);
	const match = { path: /recordings|transcriptions/, times: Infinity };
	rig.simulator.addFault({ kind: 'status', status: 500, match });
	await rig.talk(rig.simulator.calls.keys());
	await later(10_000);
	rig.simulator.clearFaults();
	passTime(600_000);
	expect(await waiting.jsonWithin(60_000)).toMatchObject([{ transcript: expect.any(String) }]);
});

it.each([0, -600_000])(
	'A session that ended ten seconds before was not ended by us, however slow the answers of a clock that is %i ms ahead',
	async (aheadMs) => {
		const waiting = await rig.engine.startAndWait(60_000, ENDED);
		await later(50_000);
		complete().end = at(Date.now() + aheadMs);
		const slow: Fault = { kind: 'delay', delayMs: 8_000, match: { times: Infinity } };
		slow.until = () => (slow.headers = { date: new Date(Date.now() + aheadMs).toUTCString() });
		rig.simulator.addFault(slow);
		const [json] = (await waiting.jsonWithin()) ?? [];
		expect(json).toMatchObject({ outcome: 'completed' });
		expect(json).not.toHaveProperty('endedAtTimeout');
	},
);

it.each<Fault>([
	{ kind: 'status', status: 503 },
	{ kind: 'status', status: 401 },
	{ kind: 'notJson' },
	{ kind: 'redirect' },
	{ kind: 'noData', body: { data: { sessionId: 'other', status: 'running' } } },
])(
	'One answer at Max Wait that says nothing does not turn what has ended into what runs: %j',
	async (fault) => {
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS);
		await later(MAX_WAIT_MS - 10 * MINUTE_MS);
		complete();
		await later(9 * MINUTE_MS);
		rig.simulator.addFault({ match: { method: 'GET' }, ...fault });
		expect(await waiting.jsonWithin()).toMatchObject([{ outcome: 'completed' }]);
	},
);

it('A credential that cannot be read for a moment at Max Wait does not turn what has ended into what runs', async () => {
	const deadlineMs = Date.now() + MAX_WAIT_MS;
	let failures = 0;
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS);
	rig.engine.credentialsHelper.onRead = () => {
		if (Date.now() >= deadlineMs && failures++ === 0) throw BUSY;
	};
	await later(MAX_WAIT_MS - 10 * MINUTE_MS);
	complete();
	expect(await waiting.jsonWithin()).toMatchObject([{ outcome: 'completed' }]);
	expect(failures).toBeGreaterThan(0);
});

it('A credential that cannot be read right after the start does not keep the node from waiting', async () => {
	rig.engine.credentialsHelper.onRead = (raw) => {
		if (raw) throw BUSY;
	};
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS);
	expect(waiting.result.run.status).toBe('waiting');
	await later(MINUTE_MS);
	complete();
	expect(await waiting.jsonWithin()).toMatchObject([{ outcome: 'completed' }]);
});

it('However long n8n cannot be reached, it is asked once more right before its own deadline', async () => {
	const maxWaitMs = 120 * MINUTE_MS;
	const waiting = await rig.engine.startAndWait(maxWaitMs);
	const upAtMs = Date.now() + maxWaitMs - MINUTE_MS;
	waiting.proxy = () => (Date.now() < upAtMs ? 502 : undefined);
	await later(10 * MINUTE_MS);
	complete();
	expect(await waiting.jsonWithin(maxWaitMs - 10 * MINUTE_MS + 126_000)).toMatchObject([
		{ outcome: 'completed' },
	]);
});

it('A call that was missed at once was not hung up at Max Wait, whatever the clocks show', async () => {
	const ms = Date.now() + 2 * MAX_WAIT_MS;
	const data = { callId: 'missed', status: 'missed', start: at(ms - 30_000), end: at(ms) };
	const headers = { date: new Date(ms).toUTCString() };
	rig.simulator.addFault({ kind: 'status', status: 200, headers, body: { data }, match: { method: 'POST' } });
	const options = { waitUntilAnswered: true };
	const { result } = await rig.engine.startAndWait(MAX_WAIT_MS, makeAndWait({ options }));
	expect(result.output[0]?.[0]?.json).not.toHaveProperty('hungUpAtTimeout');
});

it('A call whose ID is a number is waited for', async () => {
	const data = { callId: 12345, status: 'initiated' };
	rig.simulator.addFault({ kind: 'noData', body: { data }, match: { method: 'POST' } });
	const { result } = await rig.engine.startAndWait(MINUTE_MS, makeAndWait());
	expect(result.run.status).toBe('waiting');
});

it('If another item fails, a call is hung up at the Max Wait of its own item', async () => {
	rig.simulator.addFault({ kind: 'status', status: 400, match: { path: /sip\/call$/ } });
	const maxWait = '={{ $json.index === 0 ? 60 : 2 }}';
	const to = '=+1555000300{{ $json.index }}';
	const parameters = byRule({ operation: 'makeAndWait', to, maxWait, maxWaitUnit: 'minutes' });
	await rig.failure(parameters, { items: rows(2) });
	await later(10 * MINUTE_MS);
	expect([...rig.simulator.calls.values()].map(({ status }) => status)).toEqual(['ended']);
});

it('A session that failed executions have left running goes on until the Max Wait of the Retry that waits for it', async () => {
	rig.simulator.addFault({ kind: 'delay', match: { path: /start$/ } });
	rig.simulator.addFault({ kind: 'status', status: 400, match: { path: /start$/, times: 2 } });
	const parameters = { options: { endAtTimeout: true, maxConcurrency: 1 } };
	const { result } = await rig.engine.startAndWait(10 * MINUTE_MS, parameters, { items: rows(2) });
	await later(4 * MINUTE_MS);
	const again = await rig.engine.retry(result);
	await later(4 * MINUTE_MS);
	const last = await rig.engine.retry(again);
	expect([result, again, last].map(({ run }) => run.status)).toEqual(['error', 'error', 'waiting']);
	const statuses = () => sessions().map(({ status }) => status);
	await later(10 * MINUTE_MS - 5_000);
	expect(statuses()).toEqual(['queued', 'queued']);
	await later(10_000);
	expect(statuses()).toEqual(['completed', 'completed']);
});

it('One start that takes long leaves no other call without a hang-up at Max Wait', async () => {
	rig.simulator.addFault({ kind: 'drip', match: { path: /sip\/call$/ }, body: { message: 'x'.repeat(800) } });
	const startedAtMs = Date.now();
	const parameters = byRule({ operation: 'makeAndWait', maxWait: 1, maxWaitUnit: 'minutes' });
	const settings = { items: rows(2), onError: 'continueRegularOutput' as const };
	const waiting = await rig.engine.startAndWait(60_000, parameters, settings);
	await waiting.jsonWithin();
	const end = rig.requests.find(({ path }) => path.endsWith('/end'));
	expect((end?.receivedAtMs ?? Infinity) - startedAtMs).toBeLessThan(120_000);
});
