/** What was said comes out only if it is certain whose it is. */
import fc from 'fast-check';
import { UserError, type IDataObject } from 'n8n-workflow';
import { ApiError, type Send } from '../../../nodes/VideoSdkAgentCloud/api/client';
import type { RequestContext } from '../../../nodes/VideoSdkAgentCloud/api/credential';
import { FileError } from '../../../nodes/VideoSdkAgentCloud/api/fileStream';
import { findParts } from '../../../nodes/VideoSdkAgentCloud/conversation/kept';
import type { Place } from '../../../nodes/VideoSdkAgentCloud/conversation/ownRows';
import {
	type Includable,
	joinParts,
	type Part,
	showParts,
} from '../../../nodes/VideoSdkAgentCloud/conversation/part';
import { before } from './facts';
import { checkAsync } from '../support';

const CONTEXT = { getNode: () => ({ name: 'Call', parameters: {} }) } as unknown as RequestContext;
const ROOM = 'room-1';
const OWN: Place = { roomId: ROOM, hasOwnRoom: true, endMs: Date.parse(before(60)) };
const SHARED: Place = { ...OWN, hasOwnRoom: false, roomSessionId: 'own' };
const NAMES: Includable[] = ['recording', 'summary', 'transcript'];

interface World {
	recordings?: IDataObject[];
	merged?: IDataObject[];
	transcriptions?: IDataObject[];
	room?: IDataObject;
	/** The status with which the list of recordings fails. */
	fails?: number;
}

async function look(place: Place, world: World, readText = async (url: string) => `text of ${url}`) {
	const asked: string[] = [];
	const send: Send = async ({ path, qs }, read) => {
		asked.push(path.join('/'));
		// No list of the whole account is read.
		if (qs) expect(qs.roomId).toBe(ROOM);
		if (qs) expect(qs.sessionId).toBe(place.hasOwnRoom ? undefined : place.roomSessionId);
		if (world.fails && path.includes('recordings'))
			throw new ApiError(CONTEXT, { kind: 'status', status: world.fails });
		const lists = [
			['merge', world.merged],
			['recordings', world.recordings],
			['post-transcriptions', world.transcriptions],
		] as const;
		const rows = lists.find(([part]) => path.includes(part))?.[1];
		const answer = rows ? { data: rows, pageInfo: { total: rows.length } } : (world.room ?? { data: [] });
		return read(answer as IDataObject, {}) as never;
	};
	const parts: Partial<Record<Includable, Part>> = {};
	await findParts(send, readText, NAMES, place, 0, (name, part) => (parts[name] = part));
	return { asked, parts, shown: showParts(NAMES, parts) };
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
		const { shown } = await look(OWN, { recordings });
		expect(shown.recordingUrl).toBe(`${Math.max(...drawn.map(([seconds]) => seconds))} s`);
	});
	await checkAsync(property);
});

const late = { start: before(-1) };
const MISSING = { missing: { recording: expect.any(String) as string } };

it.each<[what: string, recordings: IDataObject[], transcriptions: IDataObject[], shown: object]>([
	[
		'all texts in their order',
		[],
		[transcription('b', { start: before(100) }), transcription('a', { start: before(200) })],
		{ transcript: 'text of a\n\ntext of b', summary: 'text of a in short\n\ntext of b in short' },
	],
	[
		'texts in the order of their recordings, which say when people talked, and not the transcriber',
		[
			recording('one', { id: 'r1', start: before(200) }),
			recording('two', { id: 'r2', start: before(100) }),
			recording('late', { id: 'r3', start: before(-61) }),
		],
		[
			transcription('second', { recordingId: 'r2', start: before(-200) }),
			transcription('of another', { recordingId: 'r3', start: before(-400) }),
			transcription('unknown', { recordingId: 'r4', start: before(-400) }),
			transcription('own', { recordingId: 'r1', start: before(-300) }),
		],
		{ transcript: 'text of own\n\ntext of second' },
	],
	[
		'no transcription that is as late as its recording',
		[recording('late', { id: 'r1', start: before(-300) })],
		[transcription('of another', { recordingId: 'r1' })],
		{ missing: { transcript: expect.any(String) as string } },
	],
	['what names neither session nor time', [], [transcription('a')], { transcript: 'text of a', ...MISSING }],
	[
		'nothing that begins more than a minute after the end',
		[recording('late', late)],
		[transcription('late', late), transcription('a', { start: before(1) })],
		{ transcript: 'text of a', ...MISSING },
	],
])('a room of its own gives %s', async (_what, recordings, transcriptions, shown) => {
	expect((await look(OWN, { recordings, merged: [], transcriptions })).shown).toMatchObject(shown);
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
	const parts: Part[] = [];
	for (const fails of [500, undefined]) {
		const { parts: found } = await look(OWN, { recordings, transcriptions, fails });
		if (found.transcript) parts.push(found.transcript);
	}
	const [unsure, sure] = parts as [Part, Part];
	expect(joinParts(unsure, sure)).toMatchObject({ value: 'text of first\n\ntext of second' });
	expect(joinParts(sure, unsure)).toMatchObject({ value: 'text of first\n\ntext of second' });
});

it('the longest recording is waited for, also if a short one is ready before', async () => {
	const pending = { roomId: ROOM, status: 'processing' };
	const { parts } = await look(OWN, { recordings: [recording('short'), pending], transcriptions: [] });
	expect(parts.recording).toMatchObject({ value: 'short', mayCome: true });
});

it('more may come while the last recording that is listed ended before the conversation did', async () => {
	const first = recording('first', { id: 'r1', start: before(300), end: before(200) });
	const transcriptions = [transcription('one', { recordingId: 'r1' })];
	const early = await look(OWN, { recordings: [first], transcriptions });
	for (const name of NAMES) expect(early.parts[name]).toMatchObject({ mayCome: true });
	const second = recording('second', { id: 'r2', start: before(200), end: before(60) });
	const untranscribed = await look(OWN, { recordings: [first, second], transcriptions });
	expect(untranscribed.parts).toMatchObject({ recording: { mayCome: false }, transcript: { mayCome: true } });
	const all = [...transcriptions, transcription('two', { recordingId: 'r2' })];
	const whole = await look(OWN, { recordings: [first, second], transcriptions: all });
	expect(whole.parts).toMatchObject({ recording: { mayCome: false }, transcript: { mayCome: false } });
});

it('nothing of anyone else comes out of a room, whatever the lists say', async () => {
	const row = fc.record(
		{
			owner: fc.constantFrom('own', 'other'),
			sessionId: fc.constantFrom('own', 'other', '', null),
			roomId: fc.constantFrom(ROOM, 'room-2', null),
			start: fc.oneof(fc.integer({ min: -500, max: 500 }).map(before), fc.constant(null)),
		},
		{ requiredKeys: ['owner'] },
	);
	await checkAsync(
		fc.asyncProperty(fc.array(row, { maxLength: 5 }), async (rows) => {
			const foreign = rows.filter(
				({ sessionId, roomId }) => sessionId !== 'own' || (roomId ?? ROOM) !== ROOM,
			);
			const { shown } = await look(SHARED, {
				recordings: foreign.map((one, index) => recording(`r${index}`, one)),
				merged: [],
				transcriptions: foreign.map((one, index) => transcription(`t${index}`, one)),
				room: { data: { roomId: ROOM } },
			});
			expect(Object.keys(shown)).toEqual(['missing']);
		}),
	);
});

/** A talk in the room, as VideoSDK may tell of it: by a recording, a transcription, or both. */
interface Talk {
	isOwnSession: boolean;
	/** Before Max Wait, in s: the conversation ended 60 s before it, and a minute later others may come to its room. */
	startS: number | null;
	recorded: boolean;
	transcribed: boolean;
	/** The transcriber may begin long after the talk. */
	lateS: number;
	names: 'fields' | 'meetingId' | 'extension';
}

const talk: fc.Arbitrary<Talk> = fc.record({
	isOwnSession: fc.boolean(),
	startS: fc.oneof(fc.constantFrom(60, 0, -1, -200, null), fc.integer({ min: -300, max: 900 })),
	recorded: fc.boolean(),
	transcribed: fc.boolean(),
	lateS: fc.constantFrom(0, 0, 70, 400),
	names: fc.constantFrom('fields', 'meetingId', 'extension'),
});

function rowsOf(talks: Talk[]) {
	const timeOf = (seconds: number | null) => (seconds === null ? {} : { start: before(seconds) });
	const namesOf = ({ isOwnSession, names }: Talk) => {
		const sessionId = isOwnSession ? 'own' : 'other';
		const told = { roomId: undefined, sessionId };
		if (names === 'fields') return { ...told, roomId: ROOM };
		if (names === 'meetingId') return { ...told, meetingId: ROOM };
		return { roomId: undefined, extension: { extensionConfig: { roomId: ROOM, sessionId } } };
	};
	const rows = talks.map((one, index) => ({
		recording: recording(`r${index}`, { id: `r${index}`, ...timeOf(one.startS), ...namesOf(one) }),
		transcription: transcription(`t${index}`, {
			...timeOf(one.startS === null ? null : one.startS - one.lateS),
			...(one.recorded && { recordingId: `r${index}` }),
			...namesOf(one),
		}),
	}));
	return {
		recordings: rows.filter((_, index) => talks[index]?.recorded).map((row) => row.recording),
		transcriptions: rows.filter((_, index) => talks[index]?.transcribed).map((row) => row.transcription),
	};
}

/** @returns when a talk began as far as VideoSDK tells, in s before Max Wait */
const toldStartS = ({ startS, recorded, lateS }: Talk) =>
	startS === null || recorded ? startS : startS - lateS;

it('of what several people said in a room, its own comes out in its order, however VideoSDK tells of it', async () => {
	const property = fc.asyncProperty(
		fc.array(talk, { maxLength: 5 }),
		fc.boolean(),
		async (talks, hasOwnRoom) => {
			const place: Place = { ...(hasOwnRoom ? OWN : SHARED), roomSessionId: 'own' };
			const isOwn = (one: Talk) =>
				hasOwnRoom ? (toldStartS(one) ?? 0) >= 0 || (one.isOwnSession && !one.recorded) : one.isOwnSession;
			const texts = talks
				.map((one, index) => ({ one, text: `text of t${index}` }))
				.filter(({ one }) => one.transcribed && isOwn(one))
				.sort((a, b) => (toldStartS(b.one) ?? Infinity) - (toldStartS(a.one) ?? Infinity) || 0)
				.map(({ text }) => text);
			const { parts, shown } = await look(place, { ...rowsOf(talks), merged: [], room: { roomId: ROOM } });
			expect(shown.transcript).toBe(texts.length > 0 ? texts.join('\n\n') : undefined);
			const recorded = talks.flatMap((one, index) => (one.recorded && isOwn(one) ? [`r${index}`] : []));
			expect([undefined, ...recorded]).toContain(shown.recordingUrl);
			expect(shown.recordingUrl === undefined).toBe(recorded.length === 0);
			// What others did in the room changes nothing, not even for how long more is waited for.
			const own = await look(place, { ...rowsOf(talks.filter(isOwn)), merged: [], room: { roomId: ROOM } });
			for (const name of NAMES) expect(parts[name]?.mayCome).toBe(own.parts[name]?.mayCome);
		},
	);
	await checkAsync(property, 500);
});

it.each([500, 404])(
	'without the list of recordings (%s), only what certainly began in time comes out',
	async (fails) => {
		const property = fc.asyncProperty(fc.array(talk, { minLength: 1, maxLength: 4 }), async (drawn) => {
			const talks = drawn.map((one) => ({ ...one, transcribed: true }));
			const { parts } = await look(OWN, { ...rowsOf(talks), room: { roomId: ROOM }, fails });
			const isInTime = ({ startS, lateS }: Talk) => startS === null || startS - lateS >= 0;
			const isTold = (one: Talk) => one.startS !== null && isInTime(one);
			if (fails === 500 && !talks.every(isTold)) {
				expect(parts.transcript).toMatchObject({ reason: expect.any(String) as string, mayCome: true });
				return;
			}
			const own = talks.flatMap((one, index) => (isInTime(one) ? [`text of t${index}`] : []));
			const text = parts.transcript && 'value' in parts.transcript ? parts.transcript.value : '';
			expect(text.split('\n\n').filter(Boolean).sort()).toEqual(own);
			if (own.length > 0) expect(parts.transcript?.mayCome).toBe(fails === 500);
		});
		await checkAsync(property, 200);
	},
);

it('the one transcription of a session costs no look at the recordings', async () => {
	const transcriptions = [transcription('a', { sessionId: 'own' })];
	const world = { recordings: [], merged: [], transcriptions, room: { roomId: ROOM } };
	const { asked, parts } = await look(SHARED, world);
	expect(asked.filter((path) => path === 'v2/recordings')).toHaveLength(1);
	expect(parts.transcript).toMatchObject({ value: 'text of a', mayCome: false });
});

it('without a session that the record names nothing is asked, and the reason says where to look', async () => {
	const { parts } = await look({ ...SHARED, roomSessionId: undefined }, {});
	for (const part of Object.values(parts)) {
		expect(part).toMatchObject({ mayCome: false, reason: expect.stringContaining('Transcription: Get') });
	}
});

it.each<[what: string, mayCome: boolean, error: Error]>([
	['a web page', true, new FileError('a web page instead', '', true)],
	['a private host', false, new FileError('a private host', '')],
	['a failure in words', true, new UserError('no')],
])('a file that fails by %s may come later: %s', async (_what, mayCome, error) => {
	const { parts } = await look(
		OWN,
		{ recordings: [], merged: [], transcriptions: [transcription('a')] },
		async () => {
			throw error;
		},
	);
	expect(parts.transcript).toMatchObject({ mayCome, reason: error.message });
});

it.each<[string, World, boolean]>([
	[
		'arranged',
		{ room: { roomId: ROOM, autoStartConfig: { recording: { transcription: { enabled: true } } } } },
		true,
	],
	['not arranged', { room: { roomId: ROOM, autoStartConfig: { recording: {} } } }, false],
	['not told', { room: { roomId: ROOM } }, false],
])('a transcript of a room that others made is waited for if it was %s', async (_what, world, mayCome) => {
	const { parts } = await look(SHARED, { recordings: [], merged: [], transcriptions: [], ...world });
	expect(parts.transcript).toMatchObject({ mayCome });
});
