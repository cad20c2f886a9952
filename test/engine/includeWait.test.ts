/** Make and Wait and Start and Wait with a recording, and calls whose end the event of their own room tells. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { byRule, made } from './callRig';
import { eventBody } from './delivery';
import { failureOf, useRig } from './rig';
import { rows } from './waitingRun';

const SIMULATOR = { callBehaviour: false as const, recordingReadyMs: 0, transcriptionReadyMs: 0 };
const rig = useRig(SIMULATOR);
const ALL = ['summary', 'transcript', 'recording'];
const MAX_WAIT_MS = 600_000;
/** So that a test does not wait for minutes. */
const SHORT = { includeWait: 0.05 };

/** An API that takes so long to transcribe. */
async function transcribeWithin(transcriptionReadyMs: number): Promise<void> {
	rig.simulator = await rig.addSimulator({ ...SIMULATOR, lifecycle: false, transcriptionReadyMs });
	rig.engine.setCredentials(rig.credentials());
}

const parametersOf = (more: IDataObject = {}): INodeParameters =>
	({
		...byRule({ recording: 'summarize', ...more }),
		operation: 'makeAndWait',
	}) as INodeParameters;

async function start(count: number, more: IDataObject = {}, settings: object = {}) {
	const { options = {}, ...others } = more;
	const waiting = await rig.engine.startAndWait(
		MAX_WAIT_MS,
		parametersOf({ options: { maxConcurrency: 1, ...(options as object) }, ...others }),
		{ items: rows(count), ...settings },
	);
	expect(waiting.result.run.status).toBe('waiting');
	return { waiting, ids: [...rig.simulator.calls.values()].map(({ callId }) => callId) };
}

const step = (status: string) => ({ status, timestamp: new Date().toISOString() });
const asked = () => rig.requests.filter(({ method }) => method === 'GET').length;
const later = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

/** Starts what waits, and lets time pass until polls are many seconds apart. From then on time is real. */
async function startAndLull<T>(begin: () => Promise<T>): Promise<T> {
	const started = await begin();
	while (asked() < 6) await later(10);
	// One may still come that was set before.
	await later(300);
	return started;
}

async function talk(callId: string): Promise<void> {
	await rig.simulator.moveCall(callId, 'answered');
	await rig.simulator.moveCall(callId, 'ended');
}

describe('What is kept', () => {
	it('puts out how each call went and what was said, in the order of the items', async () => {
		const { waiting, ids } = await start(3);
		await talk(ids[2]!);
		await rig.simulator.moveCall(ids[1]!, 'missed');
		await talk(ids[0]!);
		const output = await waiting.jsonWithin();
		expect(output?.map(({ callId, outcome }) => [callId, outcome])).toEqual([
			[ids[0], 'answered'],
			[ids[1], 'noAnswer'],
			[ids[2], 'answered'],
		]);
		expect(Object.keys(output?.[0] ?? {}).slice(0, 9)).toEqual([
			...['outcome', 'answered', 'durationSeconds', 'summary', 'to', 'callId', 'roomId'],
			...['recordingUrl', 'transcript'],
		]);
		expect(output?.[0]).not.toHaveProperty('timelog');
		expect(output?.[0]).toMatchObject({ summary: expect.stringContaining('booked a table') });
		expect(output?.[0]).not.toHaveProperty('missing');
		expect(output?.[1]?.missing).toEqual(
			Object.fromEntries(ALL.map((name) => [name, "The call wasn't answered."])),
		);
		for (const item of output ?? []) expect(item).not.toHaveProperty('timedOut');
	});

	it('waits for a transcript that is ready late, and not longer', async () => {
		await transcribeWithin(20_000);
		const { waiting, ids } = await start(1, { recording: 'transcribe' });
		await talk(ids[0]!);
		expect(await waiting.resumedWithin(500)).toBeUndefined();
		const [item] = (await waiting.jsonWithin()) ?? [];
		expect(item).toMatchObject({
			transcript: expect.stringContaining('the café'),
			recordingUrl: expect.any(String),
		});
		expect(item).not.toHaveProperty('missing');
	});

	it('says what did not come in time, and nothing is called again', async () => {
		await transcribeWithin(10_000_000);
		const { waiting, ids } = await start(1, { options: SHORT }, { retryOnFail: true, maxTries: 3 });
		await talk(ids[0]!);
		expect(await waiting.jsonWithin()).toEqual([
			expect.objectContaining({
				callId: ids[0],
				outcome: 'answered',
				recordingUrl: expect.any(String),
				missing: {
					summary: "The summary isn't ready yet.",
					transcript: "The transcript isn't ready yet.",
				},
			}),
		]);
		expect(made(rig)).toHaveLength(1);
	});

	it('is what was said in the room that was made for the call, wherever VideoSDK moved the call', async () => {
		const other = await start(1);
		await talk(other.ids[0]!);
		const [{ roomId: othersRoom, recordingUrl: foreign } = {}] = (await other.waiting.jsonWithin()) ?? [];
		const { waiting, ids } = await start(1);
		const call = rig.simulator.calls.get(ids[1]!)!;
		const [status, timelog] = ['ended', [step('answered'), step('ended')]];
		const end = new Date().toISOString();
		rig.simulator.addFault({
			kind: 'status',
			status: 200,
			body: { data: { ...call, roomId: othersRoom, status, timelog, end } },
			match: { method: 'GET', path: new RegExp(call.callId), times: Infinity },
		});
		await talk(ids[1]!);
		const [{ recordingUrl, transcript } = {}] = (await waiting.jsonWithin()) ?? [];
		expect([recordingUrl, transcript]).toEqual([expect.any(String), expect.any(String)]);
		expect(recordingUrl).not.toBe(foreign);
	});

	it('fixes the deadline of n8n by both waits when the waiting begins', async () => {
		const { waiting, ids } = await start(1);
		const tillMs = Number(waiting.result.run.waitTill?.getTime()) - Date.now();
		expect(tillMs).toBeGreaterThan(MAX_WAIT_MS - 60_000 + 600_000);
		await rig.simulator.moveCall(ids[0]!, 'missed');
		await waiting.jsonWithin();
	});

	it.each<[string, IDataObject, string]>([
		["another's room", { options: { roomId: 'abcd-efgh-ijkl' } }, 'Transcription: Get'],
		[
			'two rooms',
			{ recording: 'none', options: { roomId: 'abcd-efgh-ijkl', ownRoom: true } },
			"can't be combined with 'Own Room'",
		],
		[
			'a time that is none',
			{ options: { includeWait: 'soon' } },
			"'Max Wait for Transcript' must be a number",
		],
	])('refuses %s before the first call', async (_what, more, sentence) => {
		const { result } = await rig.engine.startAndWait(MAX_WAIT_MS, parametersOf(more), { items: rows(2) });
		const { message, description } = failureOf(result);
		expect(`${message} ${description}`).toContain(sentence);
		expect(rig.requests).toEqual([]);
	});

	it.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'comes for the calls that were made, also by a second try, beside one that was not: %s',
		async (onError) => {
			// n8n tries again if the first item has failed, which then succeeds.
			for (const row of [0, 2, 2, 2])
				rig.simulator.addFault({
					kind: 'status',
					status: 400,
					match: { method: 'POST', body: new RegExp(`"row":${row}`) },
				});
			const metaData = { entries: [{ key: 'row', value: '={{ $json.index }}' }] };
			const node = { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 };
			const { waiting, ids } = await start(3, { metaData, recording: 'transcribe' }, { onError, node });
			expect(ids).toHaveLength(2);
			for (const id of ids) await talk(id);
			await waiting.jsonWithin();
			const { success = [], failure = [] } = waiting.resumed?.routed ?? {};
			const all = [...success, ...failure].map(({ json }) => json);
			expect(all.filter(({ transcript }) => transcript)).toHaveLength(2);
			expect(all.filter(({ error }) => error)).toHaveLength(1);
			expect(failure).toHaveLength(onError === 'continueErrorOutput' ? 1 : 0);
			expect(made(rig)).toHaveLength(5);
		},
	);

	it.each(['this process', 'another'])(
		"is fetched with each item's own credential, if %s resumes",
		async (where) => {
			const other = await rig.addSimulator(SIMULATOR);
			const field = (name: string) => `={{ $json.${name} }}`;
			rig.engine.setCredentials(
				rig.credentials({ apiKey: field('apiKey'), secretKey: field('secret'), baseUrl: field('url') }),
			);
			const simulators = [rig.simulator, other];
			const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, parametersOf({ recording: 'transcribe' }), {
				items: simulators.map((one) => ({ apiKey: one.apiKey, secret: one.secret, url: one.url })),
			});
			if (where === 'another') waiting.receiver = await rig.addEngine();
			const ids: string[] = [];
			for (const simulator of simulators) {
				const [call] = simulator.calls.values();
				ids.push(call!.callId);
				await simulator.moveCall(call!.callId, 'answered');
				await simulator.moveCall(call!.callId, 'ended');
			}
			const output = await waiting.jsonWithin();
			expect(output?.map(({ callId }) => callId)).toEqual(ids);
			const transcript = expect.stringContaining('the café') as string;
			for (const item of output ?? []) expect(item).toMatchObject({ outcome: 'answered', transcript });
		},
	);

	it.each([503, 429])(
		'tells who answered although the API answers %i to the process that resumes',
		async (status) => {
			const { waiting, ids } = await start(1);
			waiting.receiver = await rig.addEngine();
			// No event resumes it, but the request of the process that polls.
			rig.simulator.setEventFaults({ drop: () => true });
			const headers = { 'retry-after': '60' };
			waiting.beforeReceiving = () =>
				void rig.simulator.addFault({
					kind: 'status',
					status,
					headers,
					match: { method: 'GET', times: 999 },
				});
			await talk(ids[0]!);
			const transcript = expect.stringContaining('the café') as string;
			expect(await waiting.jsonWithin()).toEqual([
				expect.objectContaining({ callId: ids[0], outcome: 'answered', answered: true, transcript }),
			]);
		},
	);

	it.each([401, 403, 404, 400, 200])(
		'is not given up after a first look that is answered %i (A5)',
		async (status) => {
			const { waiting, ids } = await start(2);
			const body = status === 200 ? '<html>Log in</html>' : undefined;
			for (const path of [/recordings$/, /post-transcriptions$/]) {
				rig.simulator.addFault({ kind: 'status', status, body, match: { path, times: 2 } });
			}
			for (const id of ids) await talk(id);
			const output = await waiting.jsonWithin();
			for (const item of output ?? []) {
				expect(item).toMatchObject({
					transcript: expect.stringContaining('the café'),
					recordingUrl: expect.any(String),
				});
			}
			expect(output).toHaveLength(2);
		},
	);

	it('comes along whole, however much it is, to a process that cannot ask VideoSDK (A4)', async () => {
		const { waiting, ids } = await start(25);
		waiting.receiver = await rig.addEngine();
		rig.simulator.setEventFaults({ drop: () => true });
		const body = 'long '.repeat(30_000);
		rig.simulator.addFault({ kind: 'status', status: 200, body, match: { path: /\.txt$/, times: 9_999 } });
		waiting.beforeReceiving = () =>
			void rig.simulator.addFault({ kind: 'status', status: 500, match: { method: 'GET', times: 9_999 } });
		for (const id of ids) await talk(id);
		const output = await waiting.jsonWithin();
		expect(output?.map(({ transcript }) => String(transcript).length === 150_000)).toEqual(
			Array(25).fill(true),
		);
	});

	it('is waited for after a call that was hung up at the deadline, too', async () => {
		await transcribeWithin(30_000);
		const options = { hangUpAtTimeout: true, includeWait: 10 };
		const waiting = await rig.engine.startAndWait(20_000, parametersOf({ recording: 'transcribe', options }));
		const [call] = rig.simulator.calls.values();
		await rig.simulator.moveCall(call!.callId, 'answered');
		const transcript = expect.stringContaining('the café') as string;
		expect(await waiting.jsonWithin()).toEqual([
			expect.objectContaining({ hungUpAtTimeout: true, outcome: 'answered', transcript }),
		]);
	});

	it('is fetched by the process that resumes, if that is another', async () => {
		const { waiting, ids } = await start(2);
		waiting.receiver = await rig.addEngine();
		for (const id of ids) await talk(id);
		const output = await waiting.jsonWithin();
		expect(output?.map(({ callId }) => callId)).toEqual(ids);
		for (const item of output ?? []) expect(item.transcript).toContain('the café');
	});
});

describe("the event of a call's room", () => {
	const roomOf = (callId: string) => String(rig.simulator.calls.get(callId)?.roomId);
	const roomEvent = (meetingId: string) => ({
		webhookType: 'session-ended',
		data: { meetingId, sessionId: 'room-session' },
	});

	it('is asked for with the room, and no other', async () => {
		const { waiting, ids } = await start(1, { recording: 'none', options: { ownRoom: true } });
		const [room] = rig.requests.filter(({ path }) => path === '/v2/rooms');
		expect((room?.body as IDataObject).webhook).toEqual({
			endPoint: expect.stringMatching(/\/videosdk$/),
			events: ['session-ended'],
		});
		await talk(ids[0]!);
		await waiting.jsonWithin();
	});

	it('is only a reason to look: after a transfer or a change of room the call continues, and so does the wait', async () => {
		const { waiting, ids } = await start(1, { recording: 'none', options: { ownRoom: true } });
		const [id = ''] = ids;
		for (const status of ['answered', 'transferring', 'switch-room-completed'] as const) {
			await rig.simulator.moveCall(id, status);
			const url = `${waiting.webhookWaitingBaseUrl}/1/videosdk`;
			expect((await rig.simulator.deliver(url, roomEvent(roomOf(id)))).status).toBe(200);
			expect(waiting.resumptions).toBe(0);
		}
		await rig.simulator.moveCall(id, 'transferred');
		expect(await waiting.jsonWithin()).toEqual([
			expect.objectContaining({ callId: id, outcome: 'transferred' }),
		]);
	});

	it.each(['this process', 'another process'])('is followed by the API at once in %s', async (where) => {
		const { waiting, ids } = await startAndLull(
			async () => await start(1, { recording: 'none', options: { ownRoom: true } }),
		);
		if (where === 'another process') waiting.receiver = await rig.addEngine();
		const url = `${waiting.webhookWaitingBaseUrl}/1/videosdk`;
		const call = rig.simulator.calls.get(ids[0]!);
		// Neither a forged nor a foreign one does anything.
		const before = rig.requests.length;
		expect((await rig.simulator.deliver(url, roomEvent(roomOf(ids[0]!)), { signature: null })).status).toBe(
			401,
		);
		expect((await rig.simulator.deliver(url, roomEvent('aaaa-bbbb-cccc'))).status).toBe(401);
		expect(rig.requests).toHaveLength(before);
		expect(call?.status).toBeDefined();
		await talk(ids[0]!);
		await rig.simulator.deliver(url, roomEvent(roomOf(ids[0]!)));
		expect(await waiting.jsonWithin()).toEqual([
			expect.objectContaining({ callId: ids[0], outcome: 'answered' }),
		]);
		expect(waiting.resumptions).toBe(1);
	});

	it('ends nothing by itself: the API decides', async () => {
		const { waiting, ids } = await start(1, { recording: 'none', options: { ownRoom: true } });
		await rig.simulator.moveCall(ids[0]!, 'answered');
		const url = `${waiting.webhookWaitingBaseUrl}/1/videosdk`;
		expect((await rig.simulator.deliver(url, roomEvent(roomOf(ids[0]!)))).status).toBe(200);
		expect(await waiting.resumedWithin(1_000)).toBeUndefined();
		await rig.simulator.moveCall(ids[0]!, 'ended');
		expect(await waiting.jsonWithin()).toEqual([expect.objectContaining({ outcome: 'answered' })]);
	});
});

it('Start and Wait believes the event of an end that the API does not show yet', async () => {
	const waiting = await rig.engine.startAndWait(
		MAX_WAIT_MS,
		{ recording: 'transcribe', options: SHORT },
		{ items: rows(1) },
	);
	const [session] = rig.simulator.sessions.values();
	const { webhook, sessionId } = session!;
	await rig.simulator.deliver(String(webhook?.endPoint), eventBody('stopped', sessionId));
	expect(await waiting.jsonWithin()).toEqual([
		expect.objectContaining({
			...{ sessionId, outcome: 'completed', event: 'stopped' },
			missing: { transcript: expect.not.stringContaining("hasn't ended"), recording: expect.any(String) },
		}),
	]);
});

it('Start and Wait includes what was said, and says so of a session that failed', async () => {
	const waiting = await rig.engine.startAndWait(
		MAX_WAIT_MS,
		{ recording: 'transcribe', options: SHORT },
		{ items: rows(1) },
	);
	const [session] = rig.simulator.sessions.values();
	await rig.simulator.emit(session!.sessionId, 'failed');
	expect(await waiting.jsonWithin()).toEqual([
		expect.objectContaining({
			sessionId: session!.sessionId,
			outcome: 'failed',
			event: 'failed',
			missing: { transcript: expect.any(String), recording: expect.any(String) },
		}),
	]);
});
