/** What was said: read from files, waited for, and missed where nothing was arranged. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { INodeParameters } from 'n8n-workflow';
import type { Fault } from '../simulator';
import type { RunResult } from './engine';
import { expectNoSecrets, failureOf, jsonOf, passTime, useRig } from './rig';

const rig = useRig({ transcriptionReadyMs: 0 });
const parameters = (operation: string, more: INodeParameters = {}): INodeParameters => ({
	resource: 'transcription',
	operation,
	...more,
});
const get = (more: INodeParameters = {}): INodeParameters =>
	parameters('get', { roomId: 'r', waitUntilReady: false, ...more });
const run = async (given: INodeParameters): Promise<RunResult> => await rig.engine.run({ parameters: given });
const makeRoom = async (recording: string): Promise<string> => {
	const made = await run({ resource: 'room', operation: 'create', recording });
	rig.simulator.requests.length = 0;
	return String(jsonOf(made)[0]?.roomId);
};
/** Waits at most as long as given. */
const waiting = (seconds: number): INodeParameters => ({
	waitUntilReady: true,
	maxWait: seconds / 60,
	maxWaitUnit: 'minutes',
});
const LINES = [{ speaker: 'Agent', text: 'Grüezi', startMs: 0, endMs: 1 }];
const paths = () => rig.requests.map(({ path }) => path);
const POST = '/ai/v1/post-transcriptions';
const REALTIME = '/ai/v1/realtime-transcriptions';
/** However fast time passes. */
const settled = async () => await sleep(30);

describe('Transcription: Get', () => {
	it('reads text and summary of the latest one of a room, without a token for the files', async () => {
		rig.simulator.addTranscription({ roomId: 'other' });
		rig.simulator.addTranscription({ roomId: 'r', lines: LINES, summary: 'The old one' });
		await settled();
		const { id } = rig.simulator.addTranscription({ roomId: 'r', lines: LINES, summary: 'They greeted.' });
		await settled();
		const result = await run(get());
		expect(jsonOf(result)).toMatchObject([
			{ id, status: 'completed', text: 'Agent: Grüezi', summary: 'They greeted.' },
		]);
		const [list, ...files] = rig.requests;
		expect([list?.path, list?.query]).toEqual([POST, { roomId: 'r', page: '1', perPage: '50' }]);
		expect(files).toHaveLength(2);
		for (const { headers } of files) expect(headers).not.toHaveProperty('authorization');
		expectNoSecrets(rig, result.run);
	});

	it('reads no files unless asked to, and none that are not there', async () => {
		rig.simulator.addTranscription({ roomId: 'r', summary: null });
		await settled();
		const [without] = jsonOf(await run(get({ includeText: false })));
		expect(without).not.toHaveProperty('text');
		const [withText] = jsonOf(await run(get()));
		expect(withText).toHaveProperty('text');
		expect(withText).not.toHaveProperty('summary');
	});

	it('finds one by its ID, of a recording or a realtime one', async () => {
		const { id } = rig.simulator.addTranscription({ roomId: 'r' });
		await settled();
		const byId = (transcriptionId: string) =>
			run(parameters('get', { getBy: 'id', transcriptionId, waitUntilReady: false }));
		expect(jsonOf(await byId(id))).toMatchObject([{ id, roomId: 'r', text: expect.any(String) }]);
		rig.simulator.joinRoom('live');
		const [started] = jsonOf(await run(parameters('startRealtime', { roomId: 'live' })));
		await run(parameters('stopRealtime', { roomId: 'live' }));
		await settled();
		expect(jsonOf(await byId(String(started?.id)))).toMatchObject([
			{ id: started?.id, roomId: 'live', status: 'completed', text: expect.any(String) },
		]);
		expect(failureOf(await byId('unknown')).message).toContain('Transcription not found');
	});

	it('finds a realtime one of a room, by which the API does not filter', async () => {
		for (const roomId of ['other', 'live', 'another']) {
			rig.simulator.joinRoom(roomId);
			await run(parameters('startRealtime', { roomId }));
			await run(parameters('stopRealtime', { roomId }));
		}
		await settled();
		const [json] = jsonOf(await run(get({ roomId: 'live' })));
		expect(json).toMatchObject({ roomId: 'live', text: expect.any(String) });
	});

	it.each([
		['of recordings', { roomId: 'other' }, POST],
		['in real time', { extension: { extensionConfig: { roomId: 'other' } } }, REALTIME],
	])(
		"does not show another room's transcription %s if the API ignores the filter",
		async (_what, row, path) => {
			const body = { transcriptions: [{ id: 1, status: 'completed', ...row }], pageInfo: { total: 1 } };
			rig.simulator.addFault({ kind: 'noData', body, match: { path: new RegExp(path) } });
			expect(failureOf(await run(get())).message).toContain('has no transcription');
			rig.simulator.addFault({ kind: 'noData', body, match: { path: new RegExp(path) } });
			if (path === POST)
				expect(jsonOf(await run(parameters('getAll', { filters: { roomId: 'r' } })))).toEqual([]);
		},
	);

	it('tells how it stands, and waits only if asked to', async () => {
		rig.simulator.addTranscription({ roomId: 'r', readyAfterMs: 60_000 });
		const [json] = jsonOf(await run(get()));
		expect(json).toMatchObject({ status: 'pending' });
		expect(json).not.toHaveProperty('timedOut');
		expect(json).not.toHaveProperty('text');
	});

	it('tells that one failed', async () => {
		rig.simulator.addTranscription({ roomId: 'r', fails: true });
		await settled();
		expect(jsonOf(await run(get(waiting(5))))).toMatchObject([{ status: 'failed' }]);
	});

	it('tells that a file cannot be had', async () => {
		const { id } = rig.simulator.addTranscription({ roomId: 'r' });
		await settled();
		const made = rig.simulator.transcriptions.get(id);
		if (made) made.transcriptionFilePaths.txt = rig.simulator.addFile({ status: 403 });
		expect(failureOf(await run(get())).message).toMatch(/didn't send the file \(status 403\) \[item 0\]$/);
	});
});

it('Transcription: Get does not take a text of more than 10 MB, and says what to do', async () => {
	const { id } = rig.simulator.addTranscription({ roomId: 'r' });
	await settled();
	const made = rig.simulator.transcriptions.get(id);
	if (made) made.transcriptionFilePaths.txt = rig.simulator.addFile({ sizeBytes: 10_000_001 });
	const { message, description } = failureOf(await run(get()));
	expect(message).toMatch(/^The file is larger than 10 MB/);
	expect(description).toBe(
		"Turn off 'Include Text' and get the file with Recording: Download, from the URL in the output.",
	);
});

describe('Transcription: Get, waiting', () => {
	it('goes on as soon as it is ready, and pauses for two seconds at least', async () => {
		const { id } = rig.simulator.addTranscription({ roomId: 'r', lines: LINES });
		const body = { transcriptions: [{ id, roomId: 'r', status: 'pending' }], pageInfo: { total: 1 } };
		rig.simulator.addFault({ kind: 'noData', body, match: { path: /post-transcriptions/, times: 3 } });
		expect(jsonOf(await run(get({ maxWait: 5, maxWaitUnit: 'minutes', waitUntilReady: '' })))).toMatchObject([
			{ status: 'completed', text: 'Agent: Grüezi' },
		]);
		const polls = rig.requests.filter(({ path }) => path === POST).map(({ receivedAtMs }) => receivedAtMs);
		const pauses = polls.slice(1).map((atMs, index) => atMs - (polls[index] ?? 0));
		expect(pauses).toHaveLength(3);
		for (const ms of pauses) expect(ms).toBeGreaterThanOrEqual(1_950);
	});

	it('waits for one that is not listed yet, and through failures that pass', async () => {
		const roomId = await makeRoom('transcribe');
		rig.simulator.addFault({ kind: 'reset', match: { path: /post-transcriptions/, times: 4 } });
		setTimeout(() => rig.simulator.addTranscription({ roomId }), 1_500);
		expect(jsonOf(await run(get({ roomId, ...waiting(200) })))).toMatchObject([{ status: 'completed' }]);
	});

	it("does not take the former conversation's in a room that is used again", async () => {
		const roomId = await makeRoom('transcribe');
		rig.simulator.addTranscription({ roomId, sessionId: 'former' });
		const start = new Date(Date.now() + 30_000).toISOString();
		const latest = { id: 'latest', roomId, start, end: null, participants: [] };
		rig.simulator.roomSessions.set('latest', { ...latest, status: 'ongoing' });
		setTimeout(() => rig.simulator.addTranscription({ roomId, sessionId: 'latest' }), 1_000);
		expect(jsonOf(await run(get({ roomId, ...waiting(200) })))).toMatchObject([{ sessionId: 'latest' }]);
	});

	it.each([
		[20, false],
		[10, true],
	])('waits for a session that ended %d minutes ago: %p', async (minutes, isAwaited) => {
		const roomId = await makeRoom('transcribe');
		rig.simulator.addTranscription({ roomId, sessionId: 'former' });
		// The clock of the simulator is that of the test.
		const [start, end] = [60, 120].map((seconds) => new Date(Date.now() + seconds * 1_000).toISOString());
		rig.simulator.roomSessions.set('latest', {
			id: 'latest',
			roomId,
			start,
			end,
			participants: [],
			status: 'ended',
		} as never);
		passTime((minutes + 2) * 60_000);
		const [found] = jsonOf(await run(get({ roomId, ...waiting(1.2) })));
		expect([found?.sessionId, found?.timedOut]).toEqual(['former', isAwaited || undefined]);
	});

	it('puts out what is known at the end', async () => {
		rig.simulator.addTranscription({ roomId: 'r', readyAfterMs: 60_000 });
		expect(jsonOf(await run(get(waiting(1.2))))).toMatchObject([{ status: 'pending', timedOut: true }]);
	});

	it('does not wait where the room says that nothing was arranged', async () => {
		const roomId = await makeRoom('record');
		const before = Date.now();
		const { message, description } = failureOf(await run(get({ roomId, ...waiting(60) })));
		expect(Date.now() - before).toBeLessThan(30_000);
		expect(message).toBe(
			`Transcription wasn't turned on for room ${roomId} before the conversation [item 0]`,
		);
		expect(description).toContain("'Recording' to 'Recording and Transcript'");
		expect(description).toContain('Transcription: Start Realtime');
	});

	it('waits on where the room says nothing of it, or is not told', async () => {
		for (const answer of [
			{ body: {} },
			{ body: { autoStartConfig: {} } },
			{ status: 402 },
			{ status: 404 },
		]) {
			const roomId = `room-${JSON.stringify(answer)}`;
			const match = { path: /rooms/ };
			if (answer.body) rig.simulator.addFault({ kind: 'noData', body: { roomId, ...answer.body }, match });
			else rig.simulator.addFault({ kind: 'status', status: answer.status, match });
			const running = run(get({ roomId, ...waiting(200) }));
			const ofRooms = () => paths().filter((path) => path.includes('rooms'));
			while (ofRooms().length === 0) await sleep(5);
			rig.simulator.addTranscription({ roomId });
			expect(jsonOf(await running)).toMatchObject([{ status: 'completed' }]);
			expect(ofRooms()).toHaveLength(1);
			rig.simulator.requests.length = 0;
		}
	});

	it('waits for a summary that was arranged, even when the text is there', async () => {
		const roomId = await makeRoom('summarize');
		const { id } = rig.simulator.addTranscription({ roomId, summary: null });
		await settled();
		setTimeout(() => {
			const url = rig.simulator.addFile({ content: 'They met.', contentType: 'text/plain' });
			const made = rig.simulator.transcriptions.get(id);
			if (made) made.summarizedFilePaths.txt = url;
		}, 500);
		expect(jsonOf(await run(get({ roomId, ...waiting(200) })))).toMatchObject([
			{ text: expect.any(String), summary: 'They met.' },
		]);
	});

	it('does not wait for a summary that was not arranged', async () => {
		const roomId = await makeRoom('transcribe');
		rig.simulator.addTranscription({ roomId, summary: null });
		await settled();
		const [json] = jsonOf(await run(get({ roomId, ...waiting(60) })));
		expect(json).toHaveProperty('text');
		expect(json).not.toHaveProperty('timedOut');
	});

	it.each<[string, Fault]>([
		['403', { kind: 'status', status: 403 }],
		['404', { kind: 'status', status: 404 }],
		['a login page', { kind: 'notJson', body: '<html>' }],
	])('waits on when the file comes as %s', async (_what, fault) => {
		rig.simulator.addTranscription({ roomId: 'r', lines: LINES });
		await settled();
		rig.simulator.addFault({ ...fault, match: { path: /^\/files/ } });
		expect(jsonOf(await run(get(waiting(200))))).toMatchObject([{ text: 'Agent: Grüezi' }]);
	});
});

describe('Where there is no transcription', () => {
	it.each([
		['none', /^Room .* has no transcription yet \[item 0\]$/],
		['record', /^Transcription wasn't turned on for room .* before the conversation \[item 0\]$/],
		['transcribe', /^Room .* has no transcription yet \[item 0\]$/],
	])("a room with 'Recording' %s says why", async (recording, message) => {
		const roomId = await makeRoom(recording);
		expect(failureOf(await run(get({ roomId }))).message).toMatch(message);
		expect(paths()).toEqual([POST, REALTIME, `/v2/rooms/${roomId}`]);
	});

	it.each([402, 404])('a room that VideoSDK does not find (%j) is no failure of its own', async (status) => {
		rig.simulator.addFault({ kind: 'status', status, match: { path: /rooms/ } });
		const { message, description } = failureOf(await run(get({ roomId: 'typo' })));
		expect(message).toBe('Room typo has no transcription yet [item 0]');
		expect(description).toContain("Check 'Room ID'");
	});

	it('says so too if the account has no realtime transcriptions', async () => {
		const roomId = await makeRoom('record');
		rig.simulator.addFault({ kind: 'status', status: 403, match: { path: /realtime/ } });
		expect(failureOf(await run(get({ roomId }))).message).toContain("Transcription wasn't turned on");
	});
});

describe('Transcription', () => {
	it('lists those of recordings', async () => {
		for (const roomId of ['r', 'other', 'r']) rig.simulator.addTranscription({ roomId });
		expect(jsonOf(await run(parameters('getAll')))).toHaveLength(3);
		const filtered = jsonOf(await run(parameters('getAll', { filters: { roomId: 'r' } })));
		expect(filtered).toMatchObject([{ roomId: 'r' }, { roomId: 'r' }]);
		expect(jsonOf(await run(parameters('getAll', { limit: 1 })))).toHaveLength(1);
	});

	it.each<[string, INodeParameters, string]>([
		['another way', get({ getBy: 'name' }), "'Get By' is 'name'"],
		['no time', get({ ...waiting(1), maxWait: 0 }), "'Max Wait' must be more than 0"],
	])('sends nothing for %s', async (_what, given, message) => {
		const failure = failureOf(await run(given));
		expect(failure.message).toContain(message);
		expect(failure.message).toContain('[item 0]');
		expect(rig.requests).toEqual([]);
	});
});
