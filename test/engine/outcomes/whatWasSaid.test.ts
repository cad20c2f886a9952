/**
 * What remains of a conversation comes out with it, or a reason why not, and nothing of anybody else's: Get. While an execution
 * waits: see model.
 */
import type { IDataObject } from 'n8n-workflow';
import type { CallStatus } from '../../simulator';
import { ANSWER } from '../../simulator/transcriptText';
import { byRule, callParameters, makeAndWait } from '../rig/callRig';
import { TOOL } from '../rig/engine';
import { eventBody } from '../rig/delivery';
import { failureOf, later, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });
const ALL = ['summary', 'transcript', 'recording'];
const MAX_WAIT_MS = 600_000;
const HOUR_MS = 3_600_000;
const TRANSCRIPT = expect.stringContaining('the café') as string;
const URL_TEXT = expect.stringMatching(/\.mp4$/) as string;
const move = async (callId: string, ...statuses: CallStatus[]) => {
	for (const status of statuses) await rig.simulator.moveCall(callId, status);
};
/** The reason for each of some names. */
const reasons = (names: string[], reason: unknown) => Object.fromEntries(names.map((name) => [name, reason]));
const failGets = (status: number, path: RegExp, times: number) =>
	rig.simulator.addFault({ kind: 'status', status, match: { method: 'GET', path, times } });

describe('Call: Get', () => {
	/** A call in a room, through the statuses given. */
	async function callIn(roomId: string, ...statuses: CallStatus[]): Promise<string> {
		const [call] = await rig.json(byRule({ options: { roomId } }));
		await move(String(call?.callId), ...statuses);
		// What is transcribed takes a turn of the clock.
		await later(200);
		rig.simulator.requests.length = 0;
		return String(call?.callId);
	}
	const overIn = async (recording?: string) => await callIn(await rig.room(recording), 'answered', 'ended');

	const getting = (callId: string, include: unknown, options: IDataObject) =>
		callParameters('get', { callId, include, options } as IDataObject);
	/** Without waiting. */
	const get = async (callId: string, include: unknown = ALL): Promise<IDataObject> =>
		(await rig.json(getting(callId, include, { includeWait: 0 })))[0] ?? {};
	/** As long as it waits by default. */
	async function getLater(callId: string, options: IDataObject = {}) {
		const waiting = await rig.engine.startAndWait(HOUR_MS, getting(callId, ALL, options));
		expect(waiting.result.run.status).toBe('waiting');
		return waiting;
	}

	it('puts out what is wanted, and asks for nothing else', async () => {
		const callId = await overIn();
		const call = await get(callId);
		expect(Object.keys(call).slice(0, 9)).toEqual([
			'outcome',
			'answered',
			'durationSeconds',
			'summary',
			'to',
			'callId',
			'roomId',
			'recordingUrl',
			'transcript',
		]);
		const said = { summary: ANSWER.summary, transcript: TRANSCRIPT, recordingUrl: URL_TEXT };
		expect(call).toMatchObject({ outcome: 'answered', ...said });
		expect(call).not.toHaveProperty('missing');
		rig.simulator.requests.length = 0;
		expect(await get(callId, [])).not.toHaveProperty('summary');
		expect(rig.requests).toHaveLength(1);
		expect(await get(callId, ['recording'])).not.toHaveProperty('transcript');
		expect(rig.requests.map(({ path }) => path)).not.toContain('/ai/v1/post-transcriptions');
		expect(await get(callId, '=summary, transcript')).toHaveProperty('transcript');
	});

	it.each([
		['nothing was recorded', 'none', ALL],
		['nothing was transcribed', 'record', ['summary', 'transcript']],
		['nothing was summarized', 'transcribe', ['summary']],
	])('says what is missing where %s', async (_what, recording, names) => {
		const { missing } = await get(await overIn(recording));
		expect(Object.keys(missing as object).sort()).toEqual([...names].sort());
		for (const [name, sentence] of Object.entries(missing as IDataObject)) {
			expect(sentence).toMatch(/set up to create/);
			expect(sentence).toContain(name);
			expect(sentence).toContain("'Recording'");
		}
	});

	it('says that what was arranged is not there yet, or failed, and waits for it if so asked', async () => {
		const callId = await overIn();
		const transcriptions = [...rig.simulator.transcriptions.values()];
		const files = structuredClone(transcriptions);
		for (const made of transcriptions)
			Object.assign(made, { status: 'pending', transcriptionFilePaths: {}, summarizedFilePaths: {} });
		for (const made of rig.simulator.recordings.values()) made.readyAtMs = Infinity;
		const notYet = ALL.map((name) => [name, `The ${name} isn't ready yet.`]);
		expect((await get(callId)).missing).toEqual(Object.fromEntries(notYet));
		for (const made of transcriptions) made.status = 'failed';
		expect((await get(callId, ['transcript'])).missing).toEqual({
			transcript: "VideoSDK couldn't transcribe the conversation.",
		});
		for (const [index, made] of transcriptions.entries()) Object.assign(made, files[index]);
		for (const made of rig.simulator.recordings.values()) made.readyAtMs = Date.now() + 30_000;
		failGets(403, /transcriptions/, 3);
		const [call] = (await (await getLater(callId)).jsonWithin()) ?? [];
		expect(call).toMatchObject({ transcript: TRANSCRIPT, recordingUrl: URL_TEXT });
		expect(call).not.toHaveProperty('missing');
		expect(call).not.toHaveProperty('timelog');
	});

	it('waits no longer than it may, and says then what is missing', async () => {
		const callId = await overIn();
		for (const made of rig.simulator.recordings.values()) made.readyAtMs = Infinity;
		const sinceMs = Date.now();
		const [call = {}] =
			(await (await getLater(callId, { includeWait: 5, simplify: false })).jsonWithin()) ?? [];
		expect(Date.now() - sinceMs).toBeGreaterThan(5 * 60_000 - 1_000);
		expect(Date.now() - sinceMs).toBeLessThan(6 * 60_000);
		expect(call).toMatchObject({
			transcript: TRANSCRIPT,
			missing: { recording: "The recording isn't ready yet." },
		});
		expect(call).toHaveProperty('timelog');
	});

	it('is over at once where nothing more can come, and puts no execution to wait', async () => {
		const callId = await overIn('transcribe');
		const [call = {}] = await rig.json(getting(callId, ALL, {}));
		expect(call).toMatchObject({ transcript: TRANSCRIPT, recordingUrl: URL_TEXT });
		expect(Object.keys(call.missing as object)).toEqual(['summary']);
	});

	it.each<[string, CallStatus[], string]>([
		['still going on', ['answered'], "The call hasn't ended yet."],
		['not answered', ['ringing', 'missed'], "The call wasn't answered."],
	])('asks for nothing of a call that is %s', async (_what, statuses, sentence) => {
		const call = await get(await callIn(await rig.room(), ...statuses));
		expect(call.missing).toEqual(reasons(ALL, sentence));
		expect(rig.requests).toHaveLength(1);
	});

	it('waits for the end of a call that is still going on, then for what was arranged', async () => {
		const callId = await callIn(await rig.room(), 'answered');
		const waiting = await getLater(callId);
		await later(20 * 60_000);
		expect(waiting.output).toBeUndefined();
		await move(callId, 'ended');
		const [call] = (await waiting.jsonWithin(60_000)) ?? [];
		expect(call).toMatchObject({ outcome: 'answered', transcript: TRANSCRIPT, recordingUrl: URL_TEXT });
		expect(call).not.toHaveProperty('missing');
	});

	it('waits for a call that is not answered to the end of its ringing only', async () => {
		const callId = await callIn(await rig.room(), 'ringing');
		const waiting = await getLater(callId);
		await move(callId, 'missed');
		const missing = reasons(ALL, "The call wasn't answered.");
		expect(await waiting.jsonWithin(30_000)).toMatchObject([{ outcome: 'noAnswer', missing }]);
	});

	it('gives up after an hour, and hangs up no one', async () => {
		const callId = await callIn(await rig.room(), 'answered');
		const missing = reasons(ALL, "The call hasn't ended yet.");
		const sinceMs = Date.now();
		const [call = {}] = (await (await getLater(callId)).jsonWithin()) ?? [];
		expect(Date.now() - sinceMs).toBeLessThan(HOUR_MS + 5 * 60_000);
		expect(call).toMatchObject({ outcome: 'running', timedOut: true, missing });
		expect(call).not.toHaveProperty('hungUpAtTimeout');
		expect(rig.simulator.calls.get(callId)?.status).toBe('answered');
	});

	it('waits for some items, and keeps the others as they were found', async () => {
		const [over, open] = [await overIn(), await callIn(await rig.room(), 'answered')];
		const items = [{ id: open }, { id: over }, { id: open }];
		const parameters = getting('={{ $json.id }}', ALL, {});
		const waiting = await rig.engine.startAndWait(HOUR_MS, parameters, { items });
		await move(open, 'ended');
		const output = (await waiting.resumedWithin(60_000)) ?? [];
		expect(output.map(({ json }) => json.callId)).toEqual([open, over, open]);
		for (const [item, { json, pairedItem }] of output.entries()) {
			expect(json).toMatchObject({ transcript: TRANSCRIPT, recordingUrl: URL_TEXT });
			expect(pairedItem).toEqual({ item });
		}
	});

	it('waits for nothing as a tool of an AI agent', async () => {
		const callId = await callIn(await rig.room(), 'answered');
		const [call] = await rig.json(getting(callId, ALL, {}), { nodeType: TOOL });
		expect(call?.missing).toEqual(reasons(ALL, "The call hasn't ended yet."));
	});

	it("never puts out another conversation's in the same room", async () => {
		const roomId = await rig.room();
		const first = await callIn(roomId, 'answered', 'ended');
		const [made] = rig.simulator.transcriptions.values();
		const lines = [{ speaker: 'Caller', text: 'Secret of another caller' }];
		const another = { roomId, sessionId: 'another', readyAfterMs: 0 };
		rig.simulator.addTranscription({ ...another, lines, summary: 'Of another caller' });
		const url = rig.simulator.addRecording(another).fileUrl;
		await later(200);
		const call = await get(first);
		expect(call.transcript).toContain('the café');
		expect(call.recordingUrl).not.toBe(url);
		// Nor if the API should not heed the filter by session.
		rig.simulator.transcriptions.delete(made!.id);
		expect(JSON.stringify(await get(first))).not.toContain('another caller');
	});
});

const SUMMARIZED = makeAndWait({ recording: 'summarize' });

describe('Make and Wait', () => {
	it('puts out first what people look for, and no more than they need', async () => {
		const { waiting, ids } = await rig.wait(1, SUMMARIZED);
		await rig.talk(ids);
		const [json = {}] = (await waiting.jsonWithin()) ?? [];
		const names = Object.keys(json);
		expect(names.slice(0, 4)).toEqual(['outcome', 'answered', 'durationSeconds', 'summary']);
		expect(names).toEqual(expect.not.arrayContaining(['timelog', 'missing', 'timedOut']));
	});

	it('continues at once after a call that no one answered', async () => {
		const { waiting, ids } = await rig.wait(1, SUMMARIZED);
		await move(ids[0]!, 'ringing', 'missed');
		const missing = { transcript: "The call wasn't answered." };
		expect(await waiting.jsonWithin(10_000)).toMatchObject([{ outcome: 'noAnswer', missing }]);
	});

	it("refuses another's room before the first call", async () => {
		const { waiting } = await rig.wait(2, { ...SUMMARIZED, options: { roomId: 'abcd-efgh-ijkl' } });
		expect(failureOf(waiting.result).description).toContain('Transcription: Get');
		expect(rig.requests).toEqual([]);
	});
});

it("The event of a call's room is only a reason to poll: after a transfer or a change of room the call continues, and so does the wait", async () => {
	const { waiting, ids } = await rig.wait(1, makeAndWait({ options: { ownRoom: true } }));
	const [id = ''] = ids;
	const url = `${waiting.webhookWaitingBaseUrl}/1/videosdk`;
	const [room] = rig.requests.filter(({ path }) => path === '/v2/rooms');
	const endPoint = expect.stringMatching(/\/videosdk\?signature=/) as string;
	expect((room?.body as IDataObject).webhook).toEqual({ endPoint, events: ['session-ended'] });
	// Looks are many seconds apart by then.
	await later(MAX_WAIT_MS / 2);
	for (const status of ['answered', 'transferring', 'switch-room-completed'] as const) {
		await move(id, status);
		const data = { meetingId: rig.simulator.calls.get(id)?.roomId, sessionId: 'room-session' };
		expect((await rig.simulator.deliver(url, { webhookType: 'session-ended', data })).status).toBe(200);
		expect(waiting.resumptions).toBe(0);
	}
	expect(await waiting.resumedWithin(1_000)).toBeUndefined();
	// Looks are closer together for a while, in which no further event is needed.
	rig.simulator.setEventFaults({ drop: () => true });
	await move(id, 'transferred');
	expect(await waiting.jsonWithin(10_000)).toMatchObject([{ callId: id, outcome: 'transferred' }]);
});

it.each([
	['stopped', 'completed', expect.not.stringContaining("hasn't ended") as string],
	['failed', 'failed', expect.any(String) as string],
] as const)('Start and Wait says why there is nothing after %s', async (event, outcome, transcript) => {
	const { waiting } = await rig.wait(1, { recording: 'transcribe', options: { includeWait: 0.05 } });
	const [{ webhook, sessionId } = { sessionId: '' }] = rig.simulator.sessions.values();
	if (event === 'failed') await rig.simulator.emit(sessionId, event);
	// The API does not show the end yet.
	else await rig.simulator.deliver(String(webhook?.endPoint), eventBody(event, sessionId));
	const missing = { transcript, recording: expect.any(String) as string };
	expect(await waiting.jsonWithin()).toMatchObject([{ sessionId, outcome, event, missing }]);
});

it('A call that no one has picked up is over at once, since nothing can have been said', async () => {
	rig.simulator.setCallBehaviour({ outcome: 'missed', ringForMs: 20 });
	const parameters = makeAndWait({ recording: 'transcribe', options: { waitUntilAnswered: true } });
	const missing = reasons(['transcript', 'recording'], "The call wasn't answered.");
	expect(await rig.json(parameters)).toMatchObject([{ outcome: 'noAnswer', missing }]);
});
