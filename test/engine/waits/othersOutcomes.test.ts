/** What VideoSDK refuses, or a host keeps waiting for, costs no other conversation or execution its outcome and its words. */
import { shareOf } from '../../unit/support';
import { makeAndWait } from '../rig/callRig';
import { later, useRig } from '../rig/rig';
import type { WaitingRun } from '../rig/waitingRun';

const rig = useRig({ callBehaviour: false });
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const A_DAY = { maxWait: 24, maxWaitUnit: 'hours' };
const A_MINUTE = { options: { includeWait: 1 } };
const always = { times: Infinity };

it('Sessions that ended five minutes before Max Wait are shown as ended, although each end is one too many', async () => {
	const { waiting, ids } = await rig.wait(shareOf(300), { options: { endAtTimeout: true } }, DAY_MS);
	await later(DAY_MS - 300_000);
	rig.complete(ids);
	rig.simulator.addFault({ kind: 'status', status: 429, match: { path: /end$/, ...always } });
	const output = await waiting.jsonWithin(1_200_000);
	expect(output?.map(({ outcome }) => outcome)).toEqual(Array(shareOf(300)).fill('completed'));
});

it('Calls whose transcripts are not ready cost another execution no recording', async () => {
	const { ids: others } = await rig.wait(shareOf(500), makeAndWait({ recording: 'transcribe' }), HOUR_MS);
	const { waiting, ids } = await rig.wait(1, makeAndWait({ recording: 'record', ...A_MINUTE }), HOUR_MS);
	await later(60_000);
	const lists = { method: 'GET', path: /recordings|transcriptions/, ...always };
	rig.simulator.addFault({ kind: 'delay', delayMs: 1_000, match: lists });
	const match = { method: 'GET', path: /transcriptions/, ...always };
	rig.simulator.addFault({ kind: 'status', status: 500, match });
	await rig.talk(others);
	await later(60_000);
	await rig.talk(ids);
	expect(await waiting.jsonWithin(900_000)).toMatchObject([{ recordingUrl: expect.any(String) }]);
});

it('Recordings that are asked for too often cost other executions no outcome', async () => {
	const { ids } = await rig.wait(shareOf(100), makeAndWait({ recording: 'transcribe', ...A_DAY }), DAY_MS);
	const waits: WaitingRun[] = [];
	for (let index = 0; index < shareOf(60); index++) waits.push((await rig.wait()).waiting);
	await later(590_000);
	const match = { path: /recordings|transcriptions/, ...always };
	rig.simulator.addFault({ kind: 'status', status: 429, match });
	await rig.talk(ids);
	await later(5_000);
	rig.complete(rig.simulator.sessions.keys());
	const outputs = await Promise.all(waits.map(async (one) => await one.jsonWithin(300_000)));
	for (const output of outputs) expect(output).toMatchObject([{ outcome: 'completed' }]);
});

it('Texts that drip cost no other call of their execution its transcript', async () => {
	const parameters = makeAndWait({ recording: 'transcribe', ...A_DAY, ...A_MINUTE });
	const { waiting, ids } = await rig.wait(40, parameters, DAY_MS);
	await rig.talk(ids.slice(10));
	await later(100);
	const texts = [...rig.simulator.transcriptions.keys()];
	const match = { path: new RegExp(texts.join('|')), ...always };
	rig.simulator.addFault({ kind: 'drip', delayMs: 1_500, match });
	await later(1_000);
	await rig.talk(ids.slice(0, 10));
	const isRead = (await waiting.jsonWithin(600_000))?.map(({ transcript }) => typeof transcript === 'string');
	expect(isRead).toEqual(ids.map((_, index) => index < 10));
});

it('Accounts whose polls hang hold up no other account', async () => {
	for (let account = 0; account < 8; account++) {
		rig.engine.useOtherCredentials(rig.credentials());
		await rig.wait(20);
	}
	rig.simulator.addFault({ kind: 'hang', match: { method: 'GET', ...always } });
	const { url: baseUrl, apiKey, secret: secretKey, sessions } = await rig.addSimulator();
	rig.engine.useOtherCredentials({ baseUrl, apiKey, secretKey });
	const waiting = await rig.engine.startAndWait(600_000);
	await later(60_000);
	const end = new Date().toISOString();
	for (const session of sessions.values()) Object.assign(session, { status: 'completed', end });
	expect(await waiting.jsonWithin(45_000)).toMatchObject([{ outcome: 'completed' }]);
});

it('Texts of calls that hang hold up their execution for minutes, and cost no recording, and another no transcript', async () => {
	const parameters = makeAndWait({ recording: 'summarize', ...A_DAY, ...A_MINUTE });
	const { waiting: held, ids: others } = await rig.wait(shareOf(250), parameters, DAY_MS);
	const { waiting, ids } = await rig.wait(1, parameters, DAY_MS);
	await rig.talk(others);
	await later(100);
	const texts = [...rig.simulator.transcriptions.keys()];
	expect(texts).toHaveLength(shareOf(250));
	rig.simulator.addFault({ kind: 'hang', match: { path: new RegExp(texts.join('|')), ...always } });
	await later(60_000);
	await rig.talk(ids);
	expect(await waiting.jsonWithin(60_000)).toMatchObject([{ transcript: expect.any(String) }]);
	const output = await held.jsonWithin(1_200_000);
	expect(output).toMatchObject(Array(shareOf(250)).fill({ recordingUrl: expect.any(String) as string }));
});

it('What another process could not carry is fetched, although it ended an hour ago', async () => {
	const parameters = makeAndWait({ recording: 'transcribe', ...A_DAY, ...A_MINUTE });
	const { waiting, ids } = await rig.wait(100, parameters, DAY_MS);
	waiting.receiver = await rig.addEngine();
	rig.simulator.setEventFaults({ drop: () => true });
	const body = 'the café '.repeat(15_000);
	rig.simulator.addFault({ kind: 'status', status: 200, body, match: { path: /\.txt$/, ...always } });
	await rig.talk(ids.slice(1));
	await later(HOUR_MS);
	await rig.talk(ids.slice(0, 1));
	const output = (await waiting.jsonWithin(HOUR_MS)) ?? [];
	expect(output.filter(({ transcript }) => typeof transcript === 'string')).toHaveLength(100);
});

it.each(['the process that waits', 'another process'])(
	'Records of more than n8n takes in one request cost no outcome, if the request reaches %s',
	async (who) => {
		const { waiting, ids } = await rig.wait(260, makeAndWait(A_DAY), DAY_MS);
		if (who === 'another process') waiting.receiver = await rig.addEngine();
		await later(60_000);
		rig.simulator.setEventFaults({ drop: () => true });
		for (const call of rig.simulator.calls.values()) call.metadata.notes = 'x'.repeat(70_000);
		await rig.talk(ids);
		const output = (await waiting.jsonWithin(HOUR_MS)) ?? [];
		expect(output.map(({ outcome, timedOut }) => [outcome, timedOut])).toEqual(
			ids.map(() => ['answered', undefined]),
		);
		// What n8n can't read is never sent.
		for (const { body } of waiting.requests) expect(body.length).toBeLessThan(1_000_000);
	},
);
