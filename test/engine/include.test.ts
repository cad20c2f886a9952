/** Include: what remains of a conversation comes out with its call, and nothing of anybody else's. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { byRule, callParameters } from './callRig';
import { failureOf, jsonOf, useRig } from './rig';

const ALL = ['summary', 'transcript', 'recording'];
const rig = useRig({ callBehaviour: false, recordingReadyMs: 0, transcriptionReadyMs: 0 });

async function makeRoom(recording: string): Promise<string> {
	const parameters: INodeParameters = { resource: 'room', operation: 'create', recording };
	return String(jsonOf(await rig.engine.run({ parameters }))[0]?.roomId);
}

/** A call in a room, through the statuses given. */
async function callIn(roomId: string | undefined, ...statuses: string[]): Promise<string> {
	const parameters = byRule(roomId === undefined ? {} : { options: { roomId } });
	const callId = String(jsonOf(await rig.engine.run({ parameters }))[0]?.callId);
	for (const status of statuses) await rig.simulator.moveCall(callId, status as 'ended');
	// What is transcribed takes a turn of the clock.
	await new Promise((resolve) => setTimeout(resolve, 20));
	rig.simulator.requests.length = 0;
	return callId;
}

async function get(callId: string, include: unknown = ALL, includeWait = 0): Promise<IDataObject> {
	const parameters = callParameters('get', { callId, include, options: { includeWait } } as IDataObject);
	return jsonOf(await rig.engine.run({ parameters }))[0] ?? {};
}

it('puts out summary, transcript and recording', async () => {
	const callId = await callIn(await makeRoom('summarize'), 'answered', 'ended');
	const call = await get(callId);
	expect(Object.keys(call).slice(0, 9)).toEqual([
		...['outcome', 'answered', 'durationSeconds', 'summary', 'to', 'callId', 'roomId'],
		...['recordingUrl', 'transcript'],
	]);
	expect(call).toMatchObject({
		outcome: 'answered',
		summary: expect.stringContaining('booked a table'),
		transcript: expect.stringContaining('the café'),
		recordingUrl: expect.stringMatching(/\.mp4$/),
	});
	expect(call).not.toHaveProperty('missing');
});

it('asks for nothing that is not wanted', async () => {
	const callId = await callIn(await makeRoom('summarize'), 'answered', 'ended');
	const call = await get(callId, []);
	expect(rig.requests).toHaveLength(1);
	expect(call).not.toHaveProperty('summary');
	rig.simulator.requests.length = 0;
	expect(await get(callId, ['recording'])).not.toHaveProperty('transcript');
	expect(rig.requests.map(({ path }) => path)).not.toContain('/ai/v1/post-transcriptions');
});

it.each<[string, string, string[]]>([
	['nothing was recorded', 'none', ALL],
	['nothing was transcribed', 'record', ['summary', 'transcript']],
	['nothing was summarized', 'transcribe', ['summary']],
])('says what is missing where %s', async (_what, recording, names) => {
	const call = await get(await callIn(await makeRoom(recording), 'answered', 'ended'));
	const missing = (call.missing ?? {}) as Record<string, string>;
	expect(Object.keys(missing).sort()).toEqual([...names].sort());
	for (const [name, sentence] of Object.entries(missing)) {
		expect(sentence).toMatch(/set up to create/);
		expect(sentence).toContain(name);
		expect(sentence).toContain("'Recording'");
	}
});

it('says that what is arranged is not there yet', async () => {
	const roomId = await makeRoom('summarize');
	const callId = await callIn(roomId, 'answered', 'ended');
	for (const made of rig.simulator.transcriptions.values()) {
		Object.assign(made, { status: 'pending', transcriptionFilePaths: {}, summarizedFilePaths: {} });
	}
	for (const made of rig.simulator.recordings.values()) made.readyAtMs = Infinity;
	expect(await get(callId)).toMatchObject({
		missing: {
			summary: "The summary isn't ready yet.",
			transcript: "The transcript isn't ready yet.",
			recording: "The recording isn't ready yet.",
		},
	});
	for (const made of rig.simulator.transcriptions.values()) made.status = 'failed';
	expect((await get(callId, ['transcript'])).missing).toEqual({
		transcript: "VideoSDK couldn't transcribe the conversation.",
	});
});

it('waits for what is arranged, and through failures that pass', async () => {
	const callId = await callIn(await makeRoom('summarize'), 'answered', 'ended');
	rig.simulator.addFault({ kind: 'status', status: 403, match: { path: /transcriptions/, times: 3 } });
	for (const made of rig.simulator.recordings.values()) made.readyAtMs = Date.now() + 30_000;
	const call = await get(callId, ALL, 10);
	expect(call).toMatchObject({ transcript: expect.any(String), recordingUrl: expect.any(String) });
	expect(call).not.toHaveProperty('missing');
});

it.each<[string, string[], string]>([
	['still going on', ['answered'], "The call hasn't ended yet."],
	['not answered', ['ringing', 'missed'], "The call wasn't answered."],
])('asks for nothing of a call that is %s', async (_what, statuses, sentence) => {
	const call = await get(await callIn(await makeRoom('summarize'), ...statuses));
	expect(call.missing).toEqual({ summary: sentence, transcript: sentence, recording: sentence });
	expect(rig.requests).toHaveLength(1);
});

it("never puts out another conversation's in the same room", async () => {
	const roomId = await makeRoom('summarize');
	const first = await callIn(roomId, 'answered', 'ended');
	const [made] = rig.simulator.transcriptions.values();
	rig.simulator.addTranscription({
		roomId,
		sessionId: 'another',
		lines: [{ speaker: 'Caller', text: 'Secret of another caller', startMs: 0, endMs: 1 }],
		summary: 'Of another caller',
		readyAfterMs: 0,
	});
	const url = rig.simulator.addRecording({ roomId, sessionId: 'another', readyAfterMs: 0 }).fileUrl;
	await new Promise((resolve) => setTimeout(resolve, 20));
	const call = await get(first);
	expect(call.transcript).toContain('the café');
	expect(call.recordingUrl).not.toBe(url);
	// Nor if the API should not heed the filter by session.
	rig.simulator.transcriptions.delete(made!.id);
	expect(JSON.stringify(await get(first))).not.toContain('another caller');
});

it.each([403, 500])('the call comes out all the same if the API answers %i to the rest', async (status) => {
	const callId = await callIn(await makeRoom('summarize'), 'answered', 'ended');
	rig.simulator.addFault({ kind: 'status', status, match: { path: /transcriptions/, times: 99 } });
	const call = await get(callId);
	expect(call).toMatchObject({
		callId,
		recordingUrl: expect.any(String),
		missing: { summary: expect.stringContaining(`status ${status}`) },
	});
});

it('a file that cannot be had is missing', async () => {
	const callId = await callIn(await makeRoom('summarize'), 'answered', 'ended');
	rig.simulator.addFault({ kind: 'status', status: 404, match: { path: /^\/files/, times: 99 } });
	expect((await get(callId, ['transcript'])).missing).toEqual({
		transcript: expect.stringContaining("didn't send the file (status 404)"),
	});
});

it('takes a text with commas, and refuses what it does not know before anything is sent', async () => {
	const callId = await callIn(await makeRoom('summarize'), 'answered', 'ended');
	expect(await get(callId, '=summary, transcript')).toHaveProperty('transcript');
	rig.simulator.requests.length = 0;
	const parameters = callParameters('get', { callId, include: '={{ "minutes" }}' });
	expect(failureOf(await rig.engine.run({ parameters })).message).toContain("'Include' contains 'minutes'");
	expect(rig.requests).toEqual([]);
});
