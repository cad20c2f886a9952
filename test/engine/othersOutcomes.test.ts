/** What VideoSDK refuses, or a host keeps waiting for, costs no other conversation or execution its outcome and its words. */
import type { INodeParameters } from 'n8n-workflow';
import { byRule } from './callRig';
import { later, useRig } from './rig';
import { rows, type WaitingRun } from './waitingRun';

const rig = useRig({ callBehaviour: false });
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const A_DAY = { maxWait: 24, maxWaitUnit: 'hours' };
const A_MINUTE = { options: { includeWait: 1 } };
const always = { times: Infinity };

const sessions = () => [...rig.simulator.sessions.values()];
const complete = (some: Iterable<object>) => {
	for (const one of some) Object.assign(one, { status: 'completed', end: new Date().toISOString() });
};
const makeAndWait = (more: INodeParameters) =>
	byRule({ operation: 'makeAndWait', maxCallDuration: 0, ...more });
async function endCalls(ids: Iterable<string>): Promise<void> {
	for (const id of [...ids])
		for (const status of ['answered', 'ended'] as const) await rig.simulator.moveCall(id, status);
}

it('300 sessions that ended five minutes before Max Wait are shown as ended, although each end is one too many', async () => {
	const parameters = { options: { endAtTimeout: true } };
	const waiting = await rig.engine.startAndWait(DAY_MS, parameters, { items: rows(300) });
	await later(DAY_MS - 300_000);
	complete(sessions());
	rig.simulator.addFault({ kind: 'status', status: 429, match: { path: /end$/, ...always } });
	const output = await waiting.jsonWithin(1_200_000);
	expect(output?.map(({ outcome }) => outcome)).toEqual(Array(300).fill('completed'));
});

it('500 calls whose transcripts are not ready cost another execution no recording', async () => {
	await rig.engine.startAndWait(HOUR_MS, makeAndWait({ recording: 'transcribe' }), { items: rows(500) });
	const others = new Set(rig.simulator.calls.keys());
	const waiting = await rig.engine.startAndWait(HOUR_MS, makeAndWait({ recording: 'record', ...A_MINUTE }));
	const own = [...rig.simulator.calls.keys()].filter((id) => !others.has(id));
	await later(60_000);
	const lists = { method: 'GET', path: /recordings|transcriptions/, ...always };
	rig.simulator.addFault({ kind: 'delay', delayMs: 1_000, match: lists });
	const match = { method: 'GET', path: /transcriptions/, ...always };
	rig.simulator.addFault({ kind: 'status', status: 500, match });
	await endCalls(others);
	await later(60_000);
	await endCalls(own);
	expect(await waiting.jsonWithin(900_000)).toMatchObject([{ recordingUrl: expect.any(String) }]);
});

it('Recordings that are asked for too often cost 60 other executions no outcome', async () => {
	const parameters = makeAndWait({ recording: 'transcribe', ...A_DAY });
	await rig.engine.startAndWait(DAY_MS, parameters, { items: rows(100) });
	const waiting: WaitingRun[] = [];
	for (let index = 0; index < 60; index++) waiting.push(await rig.engine.startAndWait(600_000, {}));
	await later(590_000);
	const match = { path: /recordings|transcriptions/, ...always };
	rig.simulator.addFault({ kind: 'status', status: 429, match });
	await endCalls(rig.simulator.calls.keys());
	await later(5_000);
	complete(sessions());
	const outputs = await Promise.all(waiting.map(async (one) => await one.jsonWithin(300_000)));
	for (const output of outputs) expect(output).toMatchObject([{ outcome: 'completed' }]);
});

it('Texts of 200 calls that hang hold up their execution for some minutes', async () => {
	const parameters = makeAndWait({ recording: 'summarize', ...A_DAY, ...A_MINUTE });
	const waiting = await rig.engine.startAndWait(DAY_MS, parameters, { items: rows(200) });
	await later(60_000);
	rig.simulator.addFault({ kind: 'hang', match: { path: /^\/files/, ...always } });
	await endCalls(rig.simulator.calls.keys());
	expect(await waiting.jsonWithin(700_000)).toHaveLength(200);
});

it('Texts of 250 calls that hang cost another execution no transcript', async () => {
	const parameters = makeAndWait({ recording: 'transcribe', ...A_DAY, ...A_MINUTE });
	await rig.engine.startAndWait(DAY_MS, parameters, { items: rows(250) });
	const others = [...rig.simulator.calls.keys()];
	const waiting = await rig.engine.startAndWait(DAY_MS, parameters);
	await endCalls(others);
	await later(100);
	const texts = [...rig.simulator.transcriptions.keys()];
	expect(texts).toHaveLength(250);
	rig.simulator.addFault({ kind: 'hang', match: { path: new RegExp(texts.join('|')), ...always } });
	await later(60_000);
	await endCalls(rig.simulator.calls.keys());
	expect(await waiting.jsonWithin(60_000)).toMatchObject([{ transcript: expect.any(String) }]);
});

it('What another process could not carry is fetched, although it ended an hour ago', async () => {
	const parameters = makeAndWait({ recording: 'transcribe', ...A_DAY, ...A_MINUTE });
	const waiting = await rig.engine.startAndWait(DAY_MS, parameters, { items: rows(100) });
	waiting.receiver = await rig.addEngine();
	rig.simulator.setEventFaults({ drop: () => true });
	const body = 'the café '.repeat(15_000);
	rig.simulator.addFault({ kind: 'status', status: 200, body, match: { path: /\.txt$/, ...always } });
	const ids = [...rig.simulator.calls.keys()];
	await endCalls(ids.slice(1));
	await later(HOUR_MS);
	await endCalls(ids.slice(0, 1));
	const output = (await waiting.jsonWithin(HOUR_MS)) ?? [];
	expect(output.filter(({ transcript }) => typeof transcript === 'string')).toHaveLength(100);
});
