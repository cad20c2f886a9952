/** Beside a large execution of the same account, each other one is ended, looked at, and continued in its own time. */
import type { INodeParameters } from 'n8n-workflow';
import { shareOf } from '../../unit/support';
import { makeAndWait } from '../rig/callRig';
import { later, useRig } from '../rig/rig';
import { rows, type WaitingRun } from '../rig/waitingRun';

const rig = useRig({ callBehaviour: false });
const MAX_WAIT_MS = 600_000;
/** n8n's own deadline comes 200 s and 1 s for each item after Max Wait. */
const DEADLINE_MS = 203_000;
const ENDED = { options: { endAtTimeout: true } };
const always = { times: Infinity };

const slowly = (method: string) =>
	rig.simulator.addFault({ kind: 'delay', delayMs: 8_000, match: { method, ...always } });
const ends = () => rig.requests.filter(({ path }) => path.endsWith('/end'));

it('A session is ended at its Max Wait while others get a last poll that takes 8 s', async () => {
	await rig.wait(shareOf(160));
	const { ids } = await rig.wait(1, ENDED);
	await later(MAX_WAIT_MS - 40_000);
	slowly('GET');
	await later(40_000 + DEADLINE_MS);
	expect(ends().map(({ body }) => body)).toEqual(ids.map((sessionId) => ({ sessionId })));
});

it.each<[string, string, INodeParameters]>([
	['get a last poll', 'GET', {}],
	['are ended', 'POST', ENDED],
])(
	'What ended long before Max Wait is shown as ended, while others %s that takes 8 s',
	async (_what, method, parameters) => {
		await rig.wait(shareOf(200), parameters);
		const { waiting, ids } = await rig.wait(3, parameters);
		await later(300_000);
		rig.complete(ids.slice(0, 2));
		await later(260_000);
		slowly(method);
		const output = await waiting.jsonWithin(40_000 + DEADLINE_MS);
		expect(output?.slice(0, 2)).toMatchObject([{ outcome: 'completed' }, { outcome: 'completed' }]);
	},
);

it.each<[string, number, number | null, (untilMs: number) => INodeParameters]>([
	['others were called after them', 12, null, () => ({ maxWait: 2, maxWaitUnit: 'minutes' })],
	[
		'Max Wait is until a time of day',
		6,
		125_000,
		(untilMs) => ({ maxWait: `={{ (${untilMs} - Date.now()) / 60000 }}`, maxWaitUnit: 'minutes' }),
	],
])(
	'Who is cut off by Max Wait is told from who hung up, also if %s',
	async (_what, count, talkMs, maxWait) => {
		rig.simulator.setCallBehaviour({ ringForMs: 50, talkMs });
		rig.simulator.latencyMs = talkMs === null ? 5_000 : 20_000;
		const parameters = makeAndWait({
			...maxWait(Date.now() + 240_000),
			// A room would take as long as the call.
			options: { maxConcurrency: 1, ownRoom: false },
		});
		const waiting = await rig.engine.startAndWait(240_000, parameters, { items: rows(count) });
		rig.simulator.latencyMs = 0;
		const [first = { callId: '' }] = rig.simulator.calls.values();
		if (talkMs === null) await rig.simulator.moveCall(first.callId, 'ended');
		const output = await waiting.jsonWithin(DEADLINE_MS);
		const isCut = (index: number) => (talkMs === null ? index > 0 : index === count - 1);
		expect(output?.map(({ hungUpAtTimeout = false }) => hungUpAtTimeout)).toEqual(
			rows(count).map(({ index }) => isCut(index)),
		);
	},
);

it('Lists of recordings that hang for calls of one execution cost another one no outcome', async () => {
	const parameters = makeAndWait({ recording: 'transcribe', maxWait: 10, maxWaitUnit: 'minutes' });
	const { ids: others } = await rig.wait(shareOf(100), parameters);
	const { waiting, ids } = await rig.wait(2, parameters);
	const [one = '', other = ''] = ids;
	await later(30_000);
	await rig.simulator.moveCall(one, 'rejected');
	for (const id of [other, ...others]) await rig.simulator.moveCall(id, 'answered');
	await later(480_000);
	const lists = { method: 'GET', path: /recordings|transcriptions/, ...always };
	rig.simulator.addFault({ kind: 'hang', match: lists });
	for (const id of others) await rig.simulator.moveCall(id, 'ended');
	const output = await waiting.jsonWithin(90_000 + 600_000 + DEADLINE_MS);
	expect(output).toMatchObject([{ outcome: 'rejected' }, { outcome: 'answered' }]);
});

/** From now on, the API takes so many requests a second. */
function limit(perSecond: number, headers: Record<string, string> = {}): void {
	let [second, sent] = [0, 0];
	const isTooMany = () => {
		const nowS = Math.floor(Date.now() / 1000);
		[second, sent] = nowS === second ? [second, sent + 1] : [nowS, 1];
		return sent > perSecond;
	};
	const match = { path: Object.assign(/./, { test: isTooMany }), ...always };
	rig.simulator.addFault({ kind: 'status', status: 429, headers, match });
}

describe('By an API that takes ten requests a second,', () => {
	async function startMany(count: number, parameters: INodeParameters) {
		const sinceMs = Date.now();
		const waits: WaitingRun[] = [];
		for (let index = 0; index < count; index++) waits.push((await rig.wait(1, parameters)).waiting);
		await later(MAX_WAIT_MS - (Date.now() - sinceMs) - 1_000);
		return async () => await Promise.all(waits.map(async (one) => await one.jsonWithin(DEADLINE_MS)));
	}

	it('sessions that ended a second before Max Wait are shown as ended', async () => {
		const outputs = await startMany(shareOf(100), {});
		rig.complete(rig.simulator.sessions.keys());
		limit(10);
		for (const output of await outputs()) expect(output).toMatchObject([{ outcome: 'completed' }]);
	});

	it('sessions are ended at Max Wait, however long the pauses are that it wants', async () => {
		const outputs = await startMany(shareOf(200), ENDED);
		limit(10, { 'retry-after': '30' });
		for (const output of await outputs()) expect(output).toMatchObject([{ endedAtTimeout: true }]);
		for (const { status } of rig.simulator.sessions.values()) expect(status).toBe('completed');
	});

	it('what was said in calls that end together is fetched', async () => {
		const { waiting, ids } = await rig.wait(shareOf(100), makeAndWait({ recording: 'summarize' }), 3_600_000);
		for (const id of ids) await rig.simulator.moveCall(id, 'answered');
		limit(10);
		for (const id of ids) await rig.simulator.moveCall(id, 'ended');
		for (const item of (await waiting.jsonWithin(900_000)) ?? [{}])
			expect(item).toMatchObject({ transcript: expect.any(String), summary: expect.any(String) });
	});
});

it('An API that is down for a minute at the Max Wait of many sessions is asked to end 20 a second at most', async () => {
	const { waiting } = await rig.wait(shareOf(100), ENDED, 60_000);
	await later(59_000);
	rig.simulator.addFault({ kind: 'status', status: 503, match: always });
	setTimeout(() => rig.simulator.clearFaults(), 60_000);
	expect(await waiting.jsonWithin()).toMatchObject(Array(shareOf(100)).fill({ endedAtTimeout: true }));
	const inSecond = ends().map(({ receivedAtMs }) => Math.floor(receivedAtMs / 1000));
	for (const second of new Set(inSecond))
		expect(inSecond.filter((one) => one === second).length).toBeLessThanOrEqual(20);
});

it.each<[string, number]>([
	['its outcome', 30_000],
	['what was said', 3_000_000],
])('Ends that are too many cost another execution nothing: %s', async (what, moreMs) => {
	const isCall = what === 'what was said';
	const call = makeAndWait({ recording: 'transcribe', options: { includeWait: 1 } });
	await rig.wait(shareOf(100), ENDED);
	const { waiting, ids } = await rig.wait(1, isCall ? call : {}, MAX_WAIT_MS + moreMs);
	await later(MAX_WAIT_MS - 10_000);
	if (!isCall) rig.complete(ids);
	rig.simulator.addFault({ kind: 'status', status: 429, match: { path: /sessions.end$/, ...always } });
	await later(12_000);
	if (isCall) await rig.talk(ids);
	const expected = isCall ? { transcript: expect.any(String) as string } : { outcome: 'completed' };
	expect(await waiting.jsonWithin(90_000)).toMatchObject([expected]);
});

it('Ends that hang for the sessions of one execution let another one end its session', async () => {
	const { ids } = await rig.wait(shareOf(200), ENDED);
	await later(MAX_WAIT_MS - 1_000);
	const body = new RegExp(ids.join('|'));
	rig.simulator.addFault({ kind: 'hang', match: { path: /end$/, body, ...always } });
	await later(6_000);
	const { waiting } = await rig.wait(1, ENDED, 60_000);
	expect(await waiting.jsonWithin(DEADLINE_MS)).toMatchObject([{ endedAtTimeout: true }]);
});
