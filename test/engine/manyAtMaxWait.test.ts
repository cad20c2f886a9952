/** Beside a large execution of the same account, each other one is ended, looked at, and continued in its own time. */
import type { INodeParameters } from 'n8n-workflow';
import { byRule } from './callRig';
import { later, useRig } from './rig';
import { rows, type WaitingRun } from './waitingRun';

const rig = useRig({ callBehaviour: false });
const MAX_WAIT_MS = 600_000;
/** n8n's own deadline comes 200 s and 1 s for each item after Max Wait. */
const DEADLINE_MS = 203_000;

const slowly = (method: string) =>
	rig.simulator.addFault({ kind: 'delay', delayMs: 8_000, match: { method, times: Infinity } });
const complete = (sessions: Iterable<object>) => {
	for (const one of sessions)
		Object.assign(one, { status: 'completed', end: new Date(Date.now()).toISOString() });
};

/** Starts a large execution, then a small one. @returns the small one, and its sessions */
async function startBoth(count: number, large: INodeParameters, small: INodeParameters, items: number) {
	await rig.engine.startAndWait(MAX_WAIT_MS, large, { items: rows(count) });
	const before = new Set(rig.simulator.sessions.keys());
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, small, { items: rows(items) });
	const own = [...rig.simulator.sessions.values()].filter(({ sessionId }) => !before.has(sessionId));
	return { waiting, own };
}
const ENDED = { options: { endAtTimeout: true } };

it('A session is ended at its Max Wait while 160 others get a last look that takes 8 s', async () => {
	const { own } = await startBoth(160, {}, ENDED, 1);
	await later(MAX_WAIT_MS - 40_000);
	slowly('GET');
	await later(40_000 + DEADLINE_MS);
	const ends = rig.requests.filter(({ path }) => path.endsWith('/end'));
	expect(ends.map(({ rawBody }) => rawBody.toString())).toEqual([
		expect.stringContaining(String(own[0]?.sessionId)),
	]);
});

it.each<[string, string, INodeParameters]>([
	['get a last look', 'GET', {}],
	['are ended', 'POST', ENDED],
])(
	'What ended long before Max Wait is shown as ended, while others %s that takes 8 s',
	async (_what, method, parameters) => {
		const { waiting, own } = await startBoth(200, parameters, parameters, 3);
		await later(300_000);
		complete(own.slice(0, 2));
		await later(260_000);
		slowly(method);
		const output = await waiting.jsonWithin(40_000 + DEADLINE_MS);
		expect(output?.slice(0, 2)).toMatchObject([{ outcome: 'completed' }, { outcome: 'completed' }]);
	},
);

it('Lists of recordings that hang for 100 calls of one execution cost another one no outcome', async () => {
	const more = { recording: 'transcribe', maxWait: 10, maxWaitUnit: 'minutes', maxCallDuration: 0 };
	const parameters = byRule({ operation: 'makeAndWait', ...more });
	await rig.engine.startAndWait(MAX_WAIT_MS, parameters, { items: rows(100) });
	const others = [...rig.simulator.calls.keys()];
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, parameters, { items: rows(2) });
	const [one = '', other = ''] = [...rig.simulator.calls.keys()].slice(others.length);
	await later(30_000);
	await rig.simulator.moveCall(one, 'rejected');
	for (const id of [other, ...others]) await rig.simulator.moveCall(id, 'answered');
	await later(480_000);
	rig.simulator.addFault({
		kind: 'hang',
		match: { method: 'GET', path: /recordings|transcriptions/, times: Infinity },
	});
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
	const match = { path: Object.assign(/./, { test: isTooMany }), times: Infinity };
	rig.simulator.addFault({ kind: 'status', status: 429, headers, match });
}

describe('By an API that takes ten requests a second,', () => {
	async function startMany(count: number, parameters: INodeParameters) {
		const sinceMs = Date.now();
		const waiting: WaitingRun[] = [];
		for (let index = 0; index < count; index++)
			waiting.push(await rig.engine.startAndWait(MAX_WAIT_MS, parameters));
		await later(MAX_WAIT_MS - (Date.now() - sinceMs) - 1_000);
		return async () => await Promise.all(waiting.map(async (one) => await one.jsonWithin(DEADLINE_MS)));
	}

	it('100 sessions that ended a second before Max Wait are shown as ended', async () => {
		const outputs = await startMany(100, {});
		complete(rig.simulator.sessions.values());
		limit(10);
		for (const output of await outputs()) expect(output).toMatchObject([{ outcome: 'completed' }]);
	});

	it('200 sessions are ended at Max Wait, however long the pauses are that it wants', async () => {
		const outputs = await startMany(200, ENDED);
		limit(10, { 'retry-after': '30' });
		for (const output of await outputs()) expect(output).toMatchObject([{ endedAtTimeout: true }]);
		for (const { status } of rig.simulator.sessions.values()) expect(status).toBe('completed');
	});

	it('what was said in 100 calls that end together is fetched', async () => {
		const more = { recording: 'summarize', maxWait: 1, maxWaitUnit: 'hours', maxCallDuration: 0 };
		const parameters = byRule({ operation: 'makeAndWait', ...more });
		const waiting = await rig.engine.startAndWait(3_600_000, parameters, { items: rows(100) });
		for (const status of ['answered', 'ended'] as const) {
			for (const id of rig.simulator.calls.keys()) await rig.simulator.moveCall(id, status);
			if (status === 'answered') limit(10);
		}
		for (const item of (await waiting.jsonWithin(900_000)) ?? [{}]) {
			expect(item).toMatchObject({ transcript: expect.any(String), summary: expect.any(String) });
		}
	});
});

it('An API that is down for a minute at the Max Wait of 100 sessions is asked to end 20 a second at most', async () => {
	const waiting = await rig.engine.startAndWait(60_000, ENDED, { items: rows(100) });
	await later(59_000);
	rig.simulator.addFault({ kind: 'status', status: 503, match: { times: Infinity } });
	setTimeout(() => rig.simulator.clearFaults(), 60_000);
	expect(await waiting.jsonWithin()).toMatchObject(Array(100).fill({ endedAtTimeout: true }));
	const sent = rig.requests.filter(({ path }) => path.endsWith('/end'));
	const inSecond = sent.map(({ receivedAtMs }) => Math.floor(receivedAtMs / 1000));
	for (const second of new Set(inSecond))
		expect(inSecond.filter((one) => one === second).length).toBeLessThanOrEqual(20);
});

it.each<[string, number]>([
	['its outcome', 30_000],
	['what was said', 3_000_000],
])('Ends of 100 sessions that are too many cost another execution nothing: %s', async (what, moreMs) => {
	const isCall = what === 'what was said';
	const more = { recording: 'transcribe', maxCallDuration: 0, options: { includeWait: 1 } };
	await rig.engine.startAndWait(MAX_WAIT_MS, ENDED, { items: rows(100) });
	const before = new Set(rig.simulator.sessions.keys());
	const parameters = isCall ? byRule({ operation: 'makeAndWait', ...more }) : {};
	const other = await rig.engine.startAndWait(MAX_WAIT_MS + moreMs, parameters);
	await later(MAX_WAIT_MS - 10_000);
	complete([...rig.simulator.sessions.values()].filter(({ sessionId }) => !before.has(sessionId)));
	rig.simulator.addFault({ kind: 'status', status: 429, match: { path: /sessions.end$/, times: Infinity } });
	await later(12_000);
	for (const status of ['answered', 'ended'] as const)
		for (const id of rig.simulator.calls.keys()) await rig.simulator.moveCall(id, status);
	const [json] = (await other.jsonWithin(90_000)) ?? [];
	expect(json).toMatchObject(isCall ? { transcript: expect.any(String) } : { outcome: 'completed' });
});

it('A host of texts that hangs for 200 calls of one execution costs another one no recording', async () => {
	const common = { operation: 'makeAndWait', maxCallDuration: 0 };
	await rig.engine.startAndWait(300_000, byRule({ ...common, recording: 'summarize' }), { items: rows(200) });
	for (const id of rig.simulator.calls.keys()) await rig.simulator.moveCall(id, 'answered');
	rig.simulator.addFault({ kind: 'hang', match: { path: /^\/files/, times: Infinity } });
	await later(360_000);
	const before = new Set(rig.simulator.calls.keys());
	const one = byRule({ ...common, recording: 'record', options: { includeWait: 1 } });
	const other = await rig.engine.startAndWait(3_600_000, one);
	for (const status of ['answered', 'ended'] as const)
		for (const id of rig.simulator.calls.keys())
			if (!before.has(id)) await rig.simulator.moveCall(id, status);
	expect(await other.jsonWithin(90_000)).toMatchObject([{ recordingUrl: expect.any(String) }]);
});

it('Ends that hang for 200 sessions of one execution let another one end its session', async () => {
	await rig.engine.startAndWait(MAX_WAIT_MS, ENDED, { items: rows(200) });
	const ids = [...rig.simulator.sessions.keys()];
	await later(MAX_WAIT_MS - 1_000);
	const body = Object.assign(/./, { test: (text: string) => ids.some((id) => text.includes(id)) });
	rig.simulator.addFault({ kind: 'hang', match: { path: /end$/, body, times: Infinity } });
	await later(6_000);
	const other = await rig.engine.startAndWait(60_000, ENDED);
	expect(await other.jsonWithin(DEADLINE_MS)).toMatchObject([{ endedAtTimeout: true }]);
});
