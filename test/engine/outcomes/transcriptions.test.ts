/** What was said: read from files, waited for, and missed where nothing was turned on. What is sent: see officialClient. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { INodeParameters } from 'n8n-workflow';
import type { Fault } from '../../simulator';
import { expectNoSecrets, failureOf, jsonOf, parametersOf, passTime, useRig } from '../rig/rig';

const rig = useRig();
const LINES = [{ speaker: 'Agent', text: 'Grüezi' }];
const POST = '/ai/v1/post-transcriptions';
const REALTIME = '/ai/v1/realtime-transcriptions';
/** However fast time passes. */
const settled = async () => await sleep(200);
const run = async (operation: string, more: INodeParameters = {}) =>
	await rig.run(parametersOf('transcription', operation, more));
const get = async (more: INodeParameters = {}) =>
	await run('get', { roomId: 'r', waitUntilReady: false, ...more });
const paths = () => rig.requests.map(({ path }) => path);
/** Notes a session of a room, which began so many seconds after now, by the test's clock. */
function addSession(roomId: string, id: string, startS = 0): void {
	const start = new Date(Date.now() + startS * 1_000).toISOString();
	const session = { id, roomId, start, end: null, participants: [], status: 'ended' };
	rig.simulator.roomSessions.set(id, session as never);
}
/** Adds one to a room, by default of a session that is the room's only one. */
function add({ sessionId, ...more }: Parameters<typeof rig.simulator.addTranscription>[0]) {
	if (sessionId === undefined) addSession(more.roomId, `only-${more.roomId}`);
	return rig.simulator.addTranscription({
		lines: LINES,
		sessionId: sessionId ?? `only-${more.roomId}`,
		...more,
	});
}
const fail = (path: RegExp, fault: Fault, times = 1) =>
	rig.simulator.addFault({ ...fault, match: { path, times } });

async function makeRoom(recording: string): Promise<string> {
	const roomId = await rig.room(recording);
	rig.simulator.requests.length = 0;
	return roomId;
}
async function transcribeLive(roomId: string): Promise<string> {
	rig.simulator.joinRoom(roomId);
	const [started] = jsonOf(await run('startRealtime', { roomId }));
	await run('stopRealtime', { roomId });
	return String(started?.id);
}
/** Its text is in a file of this kind. */
async function addWithFile(file: Parameters<typeof rig.simulator.addFile>[0]): Promise<void> {
	const made = rig.simulator.transcriptions.get(add({ roomId: 'r' }).id);
	await settled();
	made!.transcriptionFilePaths.txt = rig.simulator.addFile(file);
}
/** A conversation in a room in which there was one before, whose transcription is there. */
function addFormer(): void {
	const createdAt = new Date().toISOString();
	const room = { id: 'room-r', roomId: 'r', disabled: false, createdAt, updatedAt: createdAt };
	rig.simulator.rooms.set('r', room);
	addSession('r', 'former', -3_600);
	add({ roomId: 'r', sessionId: 'former' });
	addSession('r', 'latest', -60);
}

const TEXT = { status: 'completed', text: 'Agent: Grüezi' };
/** Waits at most as long as given. */
const waiting = (seconds: number): INodeParameters => ({
	waitUntilReady: true,
	maxWait: seconds / 60,
	maxWaitUnit: 'minutes',
});
const LONG = waiting(200);

/** @param without names that the record must not have */
async function expectOutput(fields: INodeParameters, expected: object, without = ''): Promise<void> {
	const [json] = jsonOf(await get(fields));
	expect(json).toMatchObject(expected);
	for (const name of without.split(' ')) expect(json).not.toHaveProperty(name);
}
async function expectFailure(fields: INodeParameters, words: RegExp): Promise<void> {
	const beganAtMs = Date.now();
	const { message, description } = failureOf(await get(fields));
	expect(`${message} ${description}`).toMatch(words);
	expect(Date.now() - beganAtMs).toBeLessThan(30_000);
}

describe('Get, without waiting,', () => {
	it('reads no file that is not asked for, and none that is not there', async () => {
		add({ roomId: 'r', summary: null });
		await settled();
		await expectOutput({ includeText: false }, { roomId: 'r' }, 'text summary');
		await expectOutput({}, TEXT, 'summary');
	});

	it('finds a realtime one of a room, by which the API does not filter', async () => {
		for (const roomId of ['other', 'r', 'another']) await transcribeLive(roomId);
		await settled();
		await expectOutput({}, { roomId: 'r', status: 'completed', text: expect.any(String) as string });
	});

	it('tells how it stands', async () => {
		add({ roomId: 'r', readyAfterMs: 60_000 });
		await expectOutput({}, { status: 'pending' }, 'timedOut text');
	});

	it('tells that a file cannot be had', async () => {
		await addWithFile({ status: 403 });
		await expectFailure({}, /didn't send the file \(status 403\) \[item 0\]/);
	});

	it('takes no text of more than 10 MB, and says what to do', async () => {
		await addWithFile({ sizeBytes: 10_000_001 });
		const words = /^The file is larger than 10 MB.*Turn off 'Include Text' .* Recording: Download/;
		for (const fields of [{}, LONG]) await expectFailure(fields, words);
	});

	it('tells that there is none yet', async () => {
		const roomId = await makeRoom('transcribe');
		await expectFailure(
			{ roomId },
			/^Room \S+ has no transcription of this conversation yet \[item 0\] Check 'Room ID'/,
		);
		expect(paths()).toEqual(['/v2/sessions', `/v2/rooms/${roomId}`]);
		addSession(roomId, 'just-over');
		rig.simulator.requests.length = 0;
		await expectFailure({ roomId }, /^Room \S+ has no transcription of this conversation yet/);
		expect(paths()).toEqual(['/v2/sessions', POST, REALTIME, `/v2/rooms/${roomId}`]);
		// Nor does VideoSDK know the room.
		await expectFailure({ roomId: 'typo' }, /^Room typo has no transcription of this conversation yet/);
	});
});

it.each([LONG, {}])('Get does not wait where nothing was turned on: %j', async (fields) => {
	const roomId = await makeRoom('record');
	// The account has no realtime transcriptions either.
	fail(/realtime/, { kind: 'status', status: 403 });
	const words =
		/^Transcription wasn't turned on for room \S+ before the conversation \[item 0\].*'Recording' to 'Recording and Transcript'.*Start Realtime/;
	await expectFailure({ roomId, ...fields }, words);
});

it("Get does not wait in a room that VideoSDK doesn't know, nor for what isn't a room's ID", async () => {
	await expectFailure({ ...LONG, roomId: 'typo' }, /Room not found/);
	await expectFailure({ ...LONG, roomId: 'https://app.example.com/r' }, /^'Room ID' isn't a room ID/);
});

describe('Get waits', () => {
	it('for one that is not listed yet, through failures that pass', async () => {
		fail(/post-transcriptions/, { kind: 'reset' }, 4);
		setTimeout(() => add({ roomId: 'r' }), 1_500);
		await expectOutput(LONG, TEXT, 'timedOut');
	});

	it.each([
		[503, 3],
		[429, 6],
	])("in a room that is used again, not for the former conversation's: %i", async (status, times) => {
		addFormer();
		fail(/v2\/sessions/, { kind: 'status', status }, times);
		setTimeout(() => add({ roomId: 'r', sessionId: 'latest' }), 60_000);
		await expectOutput(LONG, { sessionId: 'latest' }, 'timedOut');
	});

	it('for the session that was the latest at first, though others meet in the room meanwhile', async () => {
		addFormer();
		fail(/post-transcriptions/, { kind: 'status', status: 503 });
		setTimeout(() => {
			addSession('r', 'others');
			add({ roomId: 'r', sessionId: 'others' });
			add({ roomId: 'r', sessionId: 'latest' });
		}, 500);
		await expectOutput(LONG, { sessionId: 'latest' }, 'timedOut');
	});

	it("for the latest conversation's, though it was transcribed as people talked", async () => {
		addFormer();
		const latest = { id: await transcribeLive('r'), text: expect.any(String) as string };
		rig.simulator.endRoomSession('r');
		await expectOutput(LONG, latest, 'timedOut');
	});

	it('no longer if one failed', async () => {
		add({ roomId: 'r', fails: true });
		await expectOutput(LONG, { status: 'failed' }, 'timedOut');
	});

	it.each([
		['summarize', 0],
		['summarize', 3],
		['transcribe', 0],
	])('for a summary, if that was turned on: %s, after %i failures', async (recording, failures) => {
		const roomId = await makeRoom(recording);
		const made = rig.simulator.transcriptions.get(add({ roomId, summary: null }).id);
		await settled();
		const addSummary = () => {
			made!.summarizedFilePaths.txt = rig.simulator.addFile({ content: 'Hi', contentType: 'text/plain' });
		};
		fail(/v2\/rooms/, { kind: 'status', status: 503 }, failures);
		setTimeout(addSummary, failures === 0 ? 500 : 20_000);
		const [summary, without] = recording === 'summarize' ? [{ summary: 'Hi' }, ''] : [{}, 'summary'];
		await expectOutput({ roomId, ...LONG }, { ...TEXT, ...summary }, `timedOut ${without}`.trim());
	});

	it('for no summary in a room that VideoSDK does not know', async () => {
		add({ roomId: 'r', summary: null });
		await settled();
		await expectOutput(LONG, TEXT, 'summary timedOut');
	});

	it.each([403, 404, 200])('for a file that is a login page at first, with status %i', async (status) => {
		add({ roomId: 'r' });
		await settled();
		fail(/^\/files/, { kind: 'notJson', status, body: '<html>' });
		await expectOutput(LONG, TEXT);
	});
});

describe("Get never gives another conversation's", () => {
	it.each([waiting(1.2), {}])("but a former one's that is asked for: %j", async (fields) => {
		addFormer();
		await settled();
		passTime(20 * 60_000);
		const failed = failureOf(await get(fields));
		expect(failed.message).toMatch(/^Room r has no transcription of this conversation yet/);
		expect(failed.description).toContain("'Session ID'");
		await expectOutput({ ...fields, sessionId: 'former' }, { sessionId: 'former', ...TEXT }, 'timedOut');
	});

	it('if VideoSDK does not tell which is the latest, or whose it is', async () => {
		addFormer();
		await settled();
		fail(/v2\/sessions/, { kind: 'status', status: 403 });
		await expectFailure({}, /403|permission/i);
		const body = { transcriptions: [{ id: 1, roomId: 'r', status: 'completed' }], pageInfo: { total: 1 } };
		fail(/post-transcriptions/, { kind: 'noData', body });
		await expectFailure({}, /has no transcription of this conversation yet/);
	});

	it('if an expression for the session gives nothing', async () => {
		addFormer();
		await expectFailure({ sessionId: '={{ $json.roomSessionId }}' }, /'Session ID'/);
		expect(rig.requests).toEqual([]);
	});
});

it('Get reads text and summary of the latest one of a room, without a token for the files', async () => {
	add({ roomId: 'other' });
	add({ roomId: 'r', summary: 'The old one' });
	await settled();
	const { id } = add({ roomId: 'r', summary: 'They greeted.' });
	await settled();
	const result = await get();
	expect(jsonOf(result)).toMatchObject([{ id, ...TEXT, summary: 'They greeted.' }]);
	const [sessions, list, ...files] = rig.requests;
	expect([sessions?.path, sessions?.query.roomId]).toEqual(['/v2/sessions', 'r']);
	const asked = { roomId: 'r', sessionId: 'only-r', page: '1', perPage: '50' };
	expect([list?.path, list?.query]).toEqual([POST, asked]);
	expect(files).toHaveLength(2);
	for (const { headers } of files) expect(headers).not.toHaveProperty('authorization');
	expectNoSecrets(rig, result.run);
});

it('Get reads what was said in an incoming call, whose transcription is stopped after its end', async () => {
	const caller = { to: '+15550102001', from: '+15550100010' };
	const { callId, roomId } = rig.simulator.incomingCall(caller, false);
	await rig.simulator.moveCall(callId, 'answered');
	await run('startRealtime', { roomId });
	await rig.simulator.moveCall(callId, 'ended');
	await expectOutput({ roomId }, { status: 'running' }, 'text');
	await run('stopRealtime', { roomId });
	const text = expect.stringContaining('Agent: Hello') as string;
	await expectOutput({ roomId, ...LONG }, { status: 'completed', text });
});

it('Get finds one by its ID, of a recording or a realtime one', async () => {
	const ids = { r: add({ roomId: 'r' }).id, live: await transcribeLive('live') };
	await settled();
	const byId = async (transcriptionId: string) =>
		await run('get', { getBy: 'id', transcriptionId, waitUntilReady: false });
	for (const [roomId, id] of Object.entries(ids)) {
		const found = { id, roomId, status: 'completed', text: expect.any(String) as string };
		expect(jsonOf(await byId(id))).toMatchObject([found]);
	}
	expect(failureOf(await byId('unknown')).message).toContain('Transcription not found');
	expect(failureOf(await get({ getBy: 'name' })).message).toContain("'Get By' is 'name'");
});

it('Get by ID waits on if VideoSDK finds it, and then does not for once', async () => {
	const { id } = add({ roomId: 'r' });
	const notFound = () => fail(new RegExp(id), { kind: 'status', status: 404 }, 2);
	notFound();
	fail(new RegExp(id), { kind: 'noData', body: { id, status: 'pending' } });
	notFound();
	expect(jsonOf(await run('get', { getBy: 'id', transcriptionId: id, ...LONG }))).toMatchObject([TEXT]);
});

it.each([
	['of recordings', { roomId: 'other' }, POST],
	['in real time', { extension: { extensionConfig: { roomId: 'other' } } }, REALTIME],
	['in real time that names none', {}, REALTIME],
])("No other room's transcription %s is shown if the API ignores the filter", async (_what, row, path) => {
	const body = { transcriptions: [{ id: 1, status: 'completed', ...row }], pageInfo: { total: 1 } };
	fail(new RegExp(path), { kind: 'noData', body }, 2);
	expect(failureOf(await get()).message).toContain('has no transcription');
	if (path === POST) expect(jsonOf(await run('getAll', { filters: { roomId: 'r' } }))).toEqual([]);
});

it('Get polls every two seconds at least, and no longer than it takes', async () => {
	const { id } = add({ roomId: 'r' });
	const pending = { id, roomId: 'r', sessionId: 'only-r', status: 'pending' };
	const body = { transcriptions: [pending], pageInfo: { total: 1 } };
	fail(/post-transcriptions/, { kind: 'noData', body }, 3);
	expect(jsonOf(await get({ maxWait: 5, maxWaitUnit: 'minutes', waitUntilReady: '' }))).toMatchObject([TEXT]);
	const polls = rig.requests.filter(({ path }) => path === POST).map(({ receivedAtMs }) => receivedAtMs);
	const pauses = polls.slice(1).map((atMs, index) => atMs - (polls[index] ?? 0));
	expect(pauses).toHaveLength(3);
	for (const ms of pauses) expect(ms).toBeGreaterThanOrEqual(1_950);
});

it.each<Fault>([
	{ kind: 'noData', body: { roomId: 'r', autoStartConfig: {} } },
	{ kind: 'status', status: 404 },
])('Get waits on where the room, asked once, answers %j', async (fault) => {
	fail(/rooms/, fault);
	const running = get(LONG);
	const ofRooms = () => paths().filter((path) => path.includes('rooms'));
	while (ofRooms().length === 0) await sleep(5);
	add({ roomId: 'r' });
	expect(jsonOf(await running)).toMatchObject([TEXT]);
	expect(ofRooms()).toHaveLength(1);
});

it('Get Many lists those of recordings', async () => {
	for (const roomId of ['r', 'other', 'r']) add({ roomId, sessionId: 's', recordingId: 'x' });
	const listed = async (more: INodeParameters = {}) =>
		jsonOf(await run('getAll', more)).map(({ roomId }) => roomId);
	expect(await listed()).toHaveLength(3);
	expect(await listed({ filters: { roomId: 'r' } })).toEqual(['r', 'r']);
	expect(await listed({ limit: 1 })).toHaveLength(1);
});
