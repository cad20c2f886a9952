/** What was said comes out only if it is certain whose it is. */
import fc from 'fast-check';
import { NodeOperationError, UserError, type IDataObject } from 'n8n-workflow';
import { ApiError, NO_TIME_LEFT, type Send } from '../../../nodes/VideoSdkAgentCloud/api/http/client';
import type { RequestContext } from '../../../nodes/VideoSdkAgentCloud/api/http/credential';
import { FileError } from '../../../nodes/VideoSdkAgentCloud/api/files';
import { findArtifacts, placeOf } from '../../../nodes/VideoSdkAgentCloud/conversation/findArtifacts';
import type { Place } from '../../../nodes/VideoSdkAgentCloud/conversation/ownRows';
import {
	type Includable,
	mergeArtifacts,
	NOT_IN_TIME,
	type Artifact,
	showArtifacts,
} from '../../../nodes/VideoSdkAgentCloud/conversation/artifact';
import { before } from './facts';
import { checkAsync } from '../support';

const CONTEXT = { getNode: () => ({ name: 'Call', parameters: {} }) } as unknown as RequestContext;
const ROOM = 'room-1';
const OWN: Place = { roomId: ROOM, hasOwnRoom: true, endMs: Date.parse(before(60)) };
const SHARED: Place = { ...OWN, hasOwnRoom: false, roomSessionId: 'own', callId: 'me' };
/** In these no one talked. */
const NOT_ANSWERED = ['missed', 'rejected'];
const NAMES: Includable[] = ['recording', 'summary', 'transcript'];

interface World {
	recordings?: IDataObject[];
	merged?: IDataObject[];
	transcriptions?: IDataObject[];
	/** Calls of the room's session. */
	calls?: IDataObject[];
	room?: IDataObject;
	/** The status with which the list of recordings fails. */
	fails?: number;
}

type Artifacts = Partial<Record<Includable, Artifact>>;
/** Reads a text. @param artifacts what has been found by now */
type ReadText = (url: string, artifacts: Artifacts) => Promise<string>;

async function find(place: Place, world: World, readText: ReadText = async (url) => `text of ${url}`) {
	const asked: string[] = [];
	const send: Send = async ({ path, qs }, read) => {
		asked.push(path.join('/'));
		// No list of the whole account is read.
		if (qs) expect(qs.roomId ?? '').toBe(place.roomId);
		if (qs) expect(qs.sessionId).toBe(place.hasOwnRoom ? undefined : place.roomSessionId);
		if (world.fails && path.includes('recordings'))
			throw new ApiError(CONTEXT, { kind: 'status', status: world.fails });
		const lists = [
			['merge', world.merged],
			['recordings', world.recordings],
			['post-transcriptions', world.transcriptions],
			['call', world.calls ?? []],
		] as const;
		const rows = lists.find(([part]) => path.includes(part))?.[1];
		const answer = rows ? { data: rows, pageInfo: { total: rows.length } } : (world.room ?? { data: [] });
		return read(answer as IDataObject, {}) as never;
	};
	const artifacts: Artifacts = {};
	const read = async (url: string) => await readText(url, artifacts);
	await findArtifacts(send, read, NAMES, place, 0, (name, artifact) => (artifacts[name] = artifact));
	return { asked, artifacts, shown: showArtifacts(NAMES, artifacts) };
}

const recording = (fileUrl: string, more: IDataObject = {}) => ({ file: { fileUrl }, roomId: ROOM, ...more });
const transcription = (name: string, more: IDataObject = {}) => ({
	id: name,
	status: 'completed',
	roomId: ROOM,
	transcriptionFilePaths: { txt: name },
	summarizedFilePaths: { txt: `${name} in short` },
	...more,
});

it('the longest recording counts, whatever VideoSDK tells of its duration, start and end, and room', async () => {
	const lengths = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 2_000 }), fc.boolean(), fc.boolean()), {
		minLength: 1,
		selector: ([seconds]) => seconds,
	});
	const property = fc.asyncProperty(lengths, async (drawn) => {
		const recordings = drawn.map(([seconds, isTold, namesRoom]) => ({
			...recording('', { start: before(5_000), end: before(5_000 - seconds) }),
			...(!namesRoom && { roomId: null }),
			file: { fileUrl: `${seconds} s`, ...(isTold && { meta: { duration: seconds } }) },
		}));
		const { shown } = await find(OWN, { recordings });
		expect(shown.recordingUrl).toBe(`${Math.max(...drawn.map(([seconds]) => seconds))} s`);
	});
	await checkAsync(property);
});

it('a recording and a text come out although another text never does', async () => {
	const world = { recordings: [recording('file')], transcriptions: [transcription('all')] };
	const artifacts = await new Promise<Artifacts>((resolve) => {
		const never = new Promise<string>(() => undefined);
		const read: ReadText = async (url, found) => (
			setImmediate(resolve, found),
			url === 'all' ? url : await never
		);
		void find(OWN, world, read);
	});
	expect(artifacts).toEqual({ recording: expect.anything(), transcript: expect.anything() });
});

it('the order of texts is that of the recordings, also if their list fails at first', async () => {
	const transcriptions = [
		transcription('second', { recordingId: 'r2', start: before(50) }),
		transcription('first', { recordingId: 'r1', start: before(40) }),
	];
	const recordings = [
		recording('one', { id: 'r1', start: before(200), end: before(150) }),
		recording('two', { id: 'r2', start: before(140), end: before(60) }),
	];
	const transcripts: Artifact[] = [];
	for (const fails of [500, undefined]) {
		const { artifacts } = await find(OWN, { recordings, transcriptions, fails });
		if (artifacts.transcript) transcripts.push(artifacts.transcript);
	}
	const [unsure, sure] = transcripts as [Artifact, Artifact];
	expect(mergeArtifacts(unsure, sure)).toMatchObject({ value: 'text of first\n\ntext of second' });
	expect(mergeArtifacts(sure, unsure)).toMatchObject({ value: 'text of first\n\ntext of second' });
});

it.each<[boolean, string, IDataObject]>([
	[true, 'the room', { roomId: ROOM }],
	[true, 'the session of the room', { sessionId: 'own' }],
	[false, 'nothing', {}],
	[false, 'another session', { sessionId: 'other' }],
])('a merged recording counts (%s) that names %s', async (isOwn, _what, named) => {
	const merged = [{ file: { fileUrl: 'merged' }, start: before(100), ...named }];
	const { shown } = await find({ ...OWN, roomSessionId: 'own' }, { recordings: [], merged });
	expect(shown.recordingUrl).toBe(isOwn ? 'merged' : undefined);
});

it('what is listed is there, may come, or never will, by its files and status', async () => {
	const STATUSES = ['completed', 'FAILED', 'failed', 'processing'];
	const files = fc.constantFrom<unknown>('a', 'b', '', null, 5);
	const row = fc.record({ status: fc.constantFrom(...STATUSES, undefined), file: files });
	const anyRows = fc.array(row, { maxLength: 3 });
	const property = fc.asyncProperty(anyRows, anyRows, async (recorded, transcribed) => {
		const ofSession = { sessionId: 'own', roomId: ROOM };
		const world: World = {
			merged: [],
			room: { roomId: ROOM },
			recordings: recorded.map(({ status, file }) => ({ status, file: { fileUrl: file }, ...ofSession })),
			transcriptions: transcribed.map(({ status, file }, index) =>
				transcription(`t${index}`, { status, transcriptionFilePaths: { txt: file }, ...ofSession }),
			),
		};
		const { recording: video, transcript } = (await find(SHARED, world)).artifacts as Record<
			Includable,
			Artifact
		>;
		const isFile = ({ file }: { file: unknown }) => typeof file === 'string' && file !== '';
		const isPending = ({ status }: { status?: string }) => !/^(completed|failed)$/i.test(status ?? '');
		const open = recorded.filter((one) => !isFile(one) && one.status !== undefined);
		const urls = recorded.filter(isFile).map(({ file }) => String(file));
		const none = expect.stringMatching(/^Room room-1 has no /) as string;
		const reasons = {
			true: "The recording isn't ready yet.",
			false: 'VideoSDK has no URL for the recording.',
		};
		const mayCome = open.some(isPending);
		if (urls.length > 0) expect(video).toMatchObject({ value: urls.sort().at(-1), mayCome });
		else expect(video).toMatchObject({ reason: recorded.length > 0 ? reasons[`${mayCome}`] : none, mayCome });

		const possible = transcribed.filter(({ status }) => !/failed/i.test(status ?? ''));
		const texts = possible.filter(isFile).map(({ file }) => `text of ${String(file)}`);
		if (texts.length > 0) {
			const isMore = texts.length < possible.length;
			expect(transcript).toMatchObject({ value: texts.join('\n\n'), mayCome: isMore });
		} else if (possible.some(isPending)) {
			expect(transcript).toMatchObject({ reason: "The transcript isn't ready yet.", mayCome: true });
		} else {
			const isFailed = transcribed.length > 0 && possible.length === 0;
			const reason = isFailed ? "VideoSDK couldn't transcribe the conversation." : none;
			expect(transcript).toMatchObject({ reason, mayCome: false });
		}
	});
	await checkAsync(property, 500);
});

it('more may come while the last recording that is listed ended before the conversation did', async () => {
	const first = recording('first', { id: 'r1', start: before(300), end: before(200) });
	const transcriptions = [transcription('one', { recordingId: 'r1' })];
	const early = await find(OWN, { recordings: [first], transcriptions });
	for (const name of NAMES) expect(early.artifacts[name]).toMatchObject({ mayCome: true });
	const second = recording('second', { id: 'r2', start: before(200), end: before(60) });
	const untranscribed = await find(OWN, { recordings: [first, second], transcriptions });
	expect(untranscribed.artifacts).toMatchObject({
		recording: { mayCome: false },
		transcript: { mayCome: true },
	});
	const all = [...transcriptions, transcription('two', { recordingId: 'r2' })];
	const whole = await find(OWN, { recordings: [first, second], transcriptions: all });
	expect(whole.artifacts).toMatchObject({ recording: { mayCome: false }, transcript: { mayCome: false } });
});

/** A talk in the room, as VideoSDK may tell of it: by a recording, a transcription, or both. */
interface Talk {
	session: 'other' | 'own' | '';
	room: string | undefined;
	/** Before Max Wait, in s: the conversation ended 60 s before it, and a minute later others may come to its room. */
	startS: number | null;
	/** `unlisted`: its transcription names a recording that isn't in the list. */
	recording: 'listed' | 'none' | 'unlisted';
	transcribed: boolean;
	/** The transcriber may begin long after the talk. */
	lateS: number;
	names: 'fields' | 'meetingId' | 'extension';
}

const talk: fc.Arbitrary<Talk> = fc.record({
	session: fc.constantFrom('other', 'own', 'own', ''),
	room: fc.constantFrom(ROOM, ROOM, ROOM, 'room-2', undefined),
	startS: fc.oneof(fc.constantFrom(60, 0, -1, -200, null), fc.integer({ min: -300, max: 900 })),
	recording: fc.constantFrom('listed', 'listed', 'none', 'unlisted'),
	transcribed: fc.boolean(),
	lateS: fc.constantFrom(0, 0, 70, 400),
	names: fc.constantFrom('fields', 'meetingId', 'extension'),
});

function rowsOf(talks: Talk[]) {
	const timeOf = (seconds: number | null) => (seconds === null ? {} : { start: before(seconds) });
	const namesOf = ({ session: sessionId, room, names }: Talk) => {
		if (names === 'fields') return { sessionId, roomId: room };
		if (names === 'meetingId') return { sessionId, roomId: undefined, meetingId: room };
		return { roomId: undefined, extension: { extensionConfig: { roomId: room, sessionId } } };
	};
	const rows = talks.map((one, index) => ({
		recording: recording(`r${index}`, { id: `r${index}`, ...timeOf(one.startS), ...namesOf(one) }),
		transcription: transcription(`t${index}`, {
			...timeOf(one.startS === null ? null : one.startS - one.lateS),
			...(one.recording !== 'none' && { recordingId: `r${index}` }),
			...namesOf(one),
		}),
	}));
	return {
		recordings: rows.filter((_, index) => talks[index]?.recording === 'listed').map((row) => row.recording),
		transcriptions: rows.filter((_, index) => talks[index]?.transcribed).map((row) => row.transcription),
	};
}

const isInRoom = ({ room = ROOM }: Talk) => room === ROOM;
/** @returns when a talk began as far as VideoSDK tells, in s before Max Wait */
const toldStartS = ({ startS, recording: told, lateS }: Talk) =>
	startS === null || told === 'listed' ? startS : startS - lateS;

it('of what several people said in a room, its own comes out in its order, however VideoSDK tells of it', async () => {
	const several = fc.array(talk, { maxLength: 5 });
	const call = fc.record({
		callId: fc.constantFrom('me', 'ME', 'me', 'another'),
		sessionId: fc.constantFrom('own', 'other', undefined),
		status: fc.constantFrom('ended', 'answered', 'ringing', 'failed', 'missed', 'rejected'),
	});
	const calls = fc.uniqueArray(call, { maxLength: 3, selector: ({ callId }) => callId });
	const property = fc.asyncProperty(several, fc.boolean(), calls, async (talks, hasOwnRoom, listed) => {
		const place: Place = { ...(hasOwnRoom ? OWN : SHARED), roomSessionId: 'own' };
		const isAlone = !listed.some(
			(one) => one.callId === 'another' && one.sessionId === 'own' && !NOT_ANSWERED.includes(one.status),
		);
		const isOwn = (one: Talk) => {
			if (!isInRoom(one) || !(hasOwnRoom || isAlone)) return false;
			const isOwnSession = one.session === 'own';
			if (!hasOwnRoom) return isOwnSession;
			return (toldStartS(one) ?? 0) >= 0 || (isOwnSession && one.recording !== 'listed');
		};
		const texts = talks
			.map((one, index) => ({ one, text: `text of t${index}` }))
			.filter(({ one }) => one.transcribed && isOwn(one))
			.sort((a, b) => (toldStartS(b.one) ?? Infinity) - (toldStartS(a.one) ?? Infinity) || 0)
			.map(({ text }) => text);
		const world = { merged: [], room: { roomId: ROOM }, calls: listed };
		const { artifacts, shown } = await find(place, { ...rowsOf(talks), ...world });
		const summaries = texts.map((text) => `${text} in short`);
		expect(shown.transcript).toBe(texts.join('\n\n') || undefined);
		expect(shown.summary).toBe(summaries.join('\n\n') || undefined);
		const recorded = talks.flatMap((one, index) =>
			one.recording === 'listed' && isOwn(one) ? [`r${index}`] : [],
		);
		expect([undefined, ...recorded]).toContain(shown.recordingUrl);
		expect(shown.recordingUrl === undefined).toBe(recorded.length === 0);
		// What others did in the room changes nothing, not even for how long more is waited for.
		const own = await find(place, { ...rowsOf(talks.filter(isOwn)), ...world });
		for (const name of NAMES) expect(artifacts[name]?.mayCome).toBe(own.artifacts[name]?.mayCome);
	});
	await checkAsync(property, 500);
});

it.each([500, 404])('without a list of recordings (%s) only what began in time comes out', async (fails) => {
	const property = fc.asyncProperty(fc.array(talk, { minLength: 1, maxLength: 4 }), async (drawn) => {
		const talks = drawn.filter(isInRoom).map((one) => ({ ...one, transcribed: true }));
		const { artifacts } = await find(OWN, { ...rowsOf(talks), room: { roomId: ROOM }, fails });
		const isInTime = ({ startS, lateS }: Talk) => startS === null || startS - lateS >= 0;
		const isTold = (one: Talk) => one.startS !== null && isInTime(one);
		if (fails === 500 && !talks.every(isTold)) {
			expect(artifacts.transcript).toMatchObject({ reason: expect.any(String) as string, mayCome: true });
			return;
		}
		const own = talks.flatMap((one, index) => (isInTime(one) ? [`text of t${index}`] : []));
		const text = artifacts.transcript && 'value' in artifacts.transcript ? artifacts.transcript.value : '';
		expect(text.split('\n\n').filter(Boolean).sort()).toEqual(own);
		// The list may be back soon, and tell of the others.
		const isMore = fails === 500 || !talks.every(isInTime);
		if (own.length > 0) expect(artifacts.transcript?.mayCome).toBe(isMore);
	});
	await checkAsync(property, 200);
});

it('the one transcription of a session costs no look at the recordings', async () => {
	const transcriptions = [transcription('a', { sessionId: 'own' })];
	const world = { recordings: [], merged: [], transcriptions, room: { roomId: ROOM } };
	const { asked, artifacts } = await find(SHARED, world);
	expect(asked.filter((path) => path === 'v2/recordings')).toHaveLength(1);
	expect(artifacts.transcript).toMatchObject({ value: 'text of a', mayCome: false });
});

it.each([
	// It may have been cut off.
	['failed', 'unknown', undefined],
	['missed', 'its own', 'file'],
	['rejected', 'its own', 'file'],
])(
	'beside another call of its session with status %s: whose a recording is: %s',
	async (status, _whose, recordingUrl) => {
		const recordings = [recording('file', { sessionId: 'own' })];
		const calls = [{ callId: 'another', sessionId: 'own', status }];
		const { shown } = await find(SHARED, { recordings, calls, merged: [], room: { roomId: ROOM } });
		expect(shown.recordingUrl).toBe(recordingUrl);
	},
);

it('without a session that the record names nothing is asked, and the reason says where to look', async () => {
	const { artifacts } = await find({ ...SHARED, roomSessionId: undefined }, {});
	for (const artifact of Object.values(artifacts))
		expect(artifact).toMatchObject({ mayCome: false, reason: expect.stringContaining('Transcription: Get') });
});

it.each<[what: string, mayCome: boolean, error: Error]>([
	['a web page', true, new FileError('a web page instead', '', true)],
	['a private host', false, new FileError('a private host', '')],
	['a failure in words', true, new UserError('no')],
	['a failure of a node', true, new NodeOperationError(CONTEXT.getNode(), 'no')],
	['a failure of the API', true, new ApiError(CONTEXT, { kind: 'status', status: 500 })],
	['no time', true, new UserError(NO_TIME_LEFT)],
	['what no one expects', true, new TypeError('n is not a constructor')],
])('a file that fails by %s may come later: %s', async (_what, mayCome, error) => {
	const world = { recordings: [], merged: [], transcriptions: [transcription('a')] };
	const { artifacts } = await find(OWN, world, async () => await Promise.reject(error));
	const words = error.message === NO_TIME_LEFT ? NOT_IN_TIME : error.message;
	const reason = error instanceof TypeError ? `n8n couldn't look for it: ${words}` : words;
	expect(artifacts.transcript).toMatchObject({ mayCome, reason });
});

it('a stop is no reason why something is missing', async () => {
	const error = new ApiError(CONTEXT, { kind: 'cancelled' });
	const world = { recordings: [], merged: [], transcriptions: [transcription('a')] };
	const finding = find(OWN, world, async () => await Promise.reject(error));
	await expect(finding).rejects.toBe(error);
});

it.each([
	['was made for it', OWN],
	['has no name', { ...SHARED, roomId: '' }],
])('what a room left that %s may come, and no one asks how it was set up', async (_what, place) => {
	const world = { recordings: [], merged: [], transcriptions: [], room: { roomId: ROOM } };
	const { artifacts, asked } = await find(place, world);
	for (const name of NAMES)
		expect(artifacts[name]).toMatchObject({ mayCome: true, reason: `The ${name} isn't ready yet.` });
	expect(asked.filter((path) => path.includes('rooms'))).toEqual([]);
	// For the recording alone: without a transcription, there is no order of texts to find.
	expect(asked.filter((path) => path === 'v2/recordings')).toHaveLength(1);
});

it.each<[string, IDataObject, boolean]>([
	['arranged', { autoStartConfig: { recording: { transcription: { enabled: true } } } }, true],
	['not arranged', { autoStartConfig: { recording: {} } }, false],
	['not told', {}, false],
])('a transcript of a room that others made is waited for if it was %s', async (_what, more, mayCome) => {
	const world = { recordings: [], merged: [], transcriptions: [], room: { roomId: ROOM, ...more } };
	const { artifacts } = await find(SHARED, world);
	expect(artifacts.transcript).toMatchObject({ mayCome });
});

it.each([null, '', undefined])('a call whose record names %j as its session names none', (roomSessionId) => {
	expect(placeOf({ roomId: 'r', roomSessionId })).toEqual({ roomId: 'r', hasOwnRoom: false });
});

it("a call's record names the session of its room, and an agent session's its own", () => {
	const call = { roomId: 'r', roomSessionId: 's', callId: 'c' };
	expect(placeOf(call)).toEqual({ ...call, hasOwnRoom: false });
	const own = { roomId: 'own', endMs: 1 };
	expect(placeOf({ roomId: 'r', sessionId: 's' }, own)).toEqual({ ...own, hasOwnRoom: true });
});
