/** What Include finds for an agent's session, which knows its room and not the room's session. Calls: test/engine/include.test.ts. */
import { UserError, type IDataObject } from 'n8n-workflow';
import { ApiError, type Send } from '../../../nodes/VideoSdkAgentCloud/api/client';
import { fetchIncluded } from '../../../nodes/VideoSdkAgentCloud/api/conversation';
import { NODE } from '../support';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 15, 10, minute)).toISOString();
const SESSION = { sessionId: 'agent', outcome: 'completed', roomId: 'r', start: at(10), end: at(20) };
const roomSession = (id: string, from: number, to: number) => ({ id, start: at(from), end: at(to) });
const transcription = (sessionId: string, minute: number) => ({
	...{ id: sessionId, roomId: 'r', sessionId, start: at(minute), status: 'completed' },
	transcriptionFilePaths: { txt: `text of ${sessionId}` },
	summarizedFilePaths: { txt: `summary of ${sessionId}` },
});

/** The API with these rows, which does not heed any filter. */
function apiWith(rows: {
	sessions?: IDataObject[] | Error;
	transcriptions?: IDataObject[];
	recordings?: IDataObject[];
}) {
	const paths: string[] = [];
	const send: Send = async ({ path, qs }, read) => {
		paths.push(path);
		const data = path.endsWith('/sessions')
			? rows.sessions
			: path.endsWith('post-transcriptions')
				? rows.transcriptions
				: path.endsWith('recordings')
					? rows.recordings
					: [];
		if (data instanceof Error) throw data;
		const answer = path.endsWith('/rooms/r')
			? { roomId: 'r' }
			: { pageInfo: { total: (data ?? []).length }, data: Number(qs?.page ?? 1) > 1 ? [] : (data ?? []) };
		return (read as (answer: IDataObject) => unknown)(answer as IDataObject) as never;
	};
	return { send, paths };
}
const readText = async (url: string) => url;

it('takes what is of the session that the room had meanwhile', async () => {
	const { send, paths } = apiWith({
		sessions: [roomSession('later', 30, 40), roomSession('own', 10, 20), roomSession('before', 1, 5)],
		transcriptions: [transcription('later', 41), transcription('own', 21), transcription('before', 6)],
		recordings: [
			{ id: '1', roomId: 'r', sessionId: 'later', start: at(30), file: { fileUrl: 'https://later' } },
			{ id: '2', roomId: 'r', sessionId: 'own', start: at(10), file: { fileUrl: 'https://own' } },
		],
	});
	const included = await fetchIncluded(send, readText, ['recording', 'summary', 'transcript'], SESSION);
	expect(included).toEqual({
		found: { recordingUrl: 'https://own', summary: 'summary of own', transcript: 'text of own' },
		missing: {},
		pending: [],
	});
	// The transcription is looked for once, for both.
	expect(paths.filter((path) => path.endsWith('post-transcriptions'))).toHaveLength(2);
});

it.each<[string, IDataObject[]]>([
	['two sessions at that time', [roomSession('a', 10, 14), roomSession('b', 15, 20)]],
	['none', []],
])('takes nothing from before if the room had %s', async (_what, sessions) => {
	const { send } = apiWith({ sessions, transcriptions: [transcription('before', 6)] });
	const { found, pending } = await fetchIncluded(send, readText, ['transcript'], SESSION);
	expect(found).toEqual({});
	expect(pending).toEqual(['transcript']);
});

const REFUSED = new ApiError({ getNode: () => NODE } as never, { kind: 'status', status: 403 } as never);

it.each<[string, IDataObject[] | Error, object]>([
	[
		'someone had to join again',
		[roomSession('later', 30, 40), roomSession('own-2', 15, 20), roomSession('own', 10, 14)],
		{ transcript: 'text of own' },
	],
	['the room session is not listed yet', [roomSession('later', 30, 40)], { transcript: 'text of own' }],
	[
		'its people came before it ended',
		[roomSession('later', 19, 40), roomSession('own', 10, 19)],
		{ transcript: 'text of own' },
	],
	[
		'there were hundreds since',
		Array.from({ length: 150 }, (_, index) => roomSession(index ? `l-${index}` : 'later', 30, 31)),
		{ transcript: 'text of own' },
	],
	['the API does not list room sessions', REFUSED, {}],
])('takes nothing of a later conversation in the room if %s', async (_what, sessions, found) => {
	const { send } = apiWith({
		sessions,
		transcriptions: [transcription('later', 41), transcription('own', 21)],
	});
	expect((await fetchIncluded(send, readText, ['transcript'], SESSION)).found).toEqual(found);
});

it.each<[string, IDataObject, IDataObject]>([
	['of which only is known when its record was made', { createdAt: at(0) }, roomSession('own', 0, 1)],
	['of which only the timelog has times', { timelog: [{ timestamp: at(0) }] }, roomSession('own', 0, 1)],
	['without an end', { start: at(0) }, roomSession('own', 0, 1)],
	['in a session without a start', { start: at(0), end: at(1) }, { id: 'own', end: at(1) }],
	['that rang longer than it lasted', { start: at(0), end: at(0.75) }, roomSession('own', 0.45, 2.75)],
	['whose room is still open', { start: at(0), end: at(0.75) }, { id: 'own', start: at(0.45), end: null }],
	['of seconds', { start: at(0), end: at(0.05) }, roomSession('own', 0.04, 0.13)],
	['by another clock', { start: at(0), end: at(0.15) }, roomSession('own', 0.1, 0.25)],
])('takes what is of the only session of the room for a conversation %s', async (_what, times, session) => {
	const { send } = apiWith({ sessions: [session], transcriptions: [transcription('own', 1)] });
	const record = { ...SESSION, start: undefined, end: undefined, ...times };
	const { found } = await fetchIncluded(send, readText, ['transcript'], record as IDataObject);
	expect(found).toEqual({ transcript: 'text of own' });
});

it.each<[string, IDataObject[], IDataObject]>([
	['in a room with one session', [roomSession('before', 1, 5)], transcription('before', 6)],
	['if the transcription names no session', [], { ...transcription('before', 6), sessionId: undefined }],
])(
	"takes nothing for a conversation without any time, which may be someone else's: %s",
	async (_what, sessions, row) => {
		const { send } = apiWith({ sessions, transcriptions: [row] });
		const record = { ...SESSION, start: undefined, end: undefined };
		expect((await fetchIncluded(send, readText, ['transcript'], record)).found).toEqual({});
	},
);

it('takes nothing of those who came later for a session that failed before it began', async () => {
	const sessions = [roomSession('later', 30, 40)];
	const { send } = apiWith({ sessions, transcriptions: [transcription('later', 41)] });
	const record = { ...SESSION, outcome: 'failed', createdAt: at(10), start: undefined, end: undefined };
	expect((await fetchIncluded(send, readText, ['transcript'], record)).found).toEqual({});
});

it.each([REFUSED, []])('takes a recording as the docs show it, without a start: %#', async (sessions) => {
	const row = { roomId: 'r', sessionId: 'own', createdAt: at(11), file: { fileUrl: 'https://own' } };
	const { send } = apiWith({ sessions, recordings: [row] });
	const { found } = await fetchIncluded(send, readText, ['recording'], SESSION);
	expect(found).toEqual({ recordingUrl: 'https://own' });
});

it('takes nothing that names neither a session nor a time', async () => {
	const row = { ...transcription('before', 6), sessionId: undefined, start: undefined };
	const sessions = [roomSession('own', 10, 20), roomSession('before', 1, 5)];
	const { send } = apiWith({ sessions, transcriptions: [row] });
	expect((await fetchIncluded(send, readText, ['transcript'], SESSION)).found).toEqual({});
});

it('takes what there is if the API does not list room sessions, and it is of one', async () => {
	const { send } = apiWith({ sessions: REFUSED, transcriptions: [transcription('own', 21)] });
	const { found } = await fetchIncluded(send, readText, ['transcript'], SESSION);
	expect(found).toEqual({ transcript: 'text of own' });
});

it('takes nothing of those who were still in the room when the session began', async () => {
	const sessions = [roomSession('own', 10.1, 20), roomSession('before', 1, 10.05)];
	const { send } = apiWith({ sessions, transcriptions: [transcription('before', 11)] });
	expect((await fetchIncluded(send, readText, ['transcript'], SESSION)).found).toEqual({});
});

it('takes nothing without a session that began long after a call', async () => {
	const call = { ...SESSION, sessionId: 'own', callId: 'c', answered: true, outcome: 'answered' };
	const found = async (minute: number) => {
		const row = { ...transcription('none', minute), sessionId: undefined };
		const { send } = apiWith({ transcriptions: [row] });
		return (await fetchIncluded(send, readText, ['transcript'], call)).found;
	};
	expect(await found(22)).toEqual({ transcript: 'text of none' });
	expect(await found(58)).toEqual({});
});

it.each<[string, IDataObject, string, string[]]>([
	['still running', { ...SESSION, outcome: 'running' }, "The session hasn't ended yet.", ['summary']],
	[
		'in a room of its own choice',
		{ ...SESSION, roomId: undefined },
		"VideoSDK doesn't say which room the session took place in. Next time, choose what to keep in 'Recording'.",
		[],
	],
])('sends nothing for a session that is %s', async (_what, session, sentence, pending) => {
	const { send, paths } = apiWith({});
	const included = await fetchIncluded(send, readText, ['summary'], session);
	expect(included).toEqual({ found: {}, missing: { summary: sentence }, pending });
	expect(paths).toEqual([]);
});

it('waits for a file that follows its address, and lets a stop through', async () => {
	const { send } = apiWith({ transcriptions: [transcription('own', 21)] });
	const failing = (error: Error) => async () => await Promise.reject(error);
	const late = new UserError('The file is not there');
	expect(await fetchIncluded(send, failing(late), ['transcript'], SESSION)).toEqual({
		found: {},
		missing: { transcript: 'The file is not there' },
		pending: ['transcript'],
	});
	const stop = new Error('stopped');
	await expect(fetchIncluded(send, failing(stop), ['transcript'], SESSION)).rejects.toBe(stop);
});
