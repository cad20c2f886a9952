/** What ends late, is told late, or can't be asked for at the last moment: the outcome is right, and no one else's words are in it. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Fault } from '../simulator';
import { byRule } from './callRig';
import { eventBody } from './delivery';
import { later, useRig } from './rig';

type Served = { receive: (incoming: IncomingMessage, response: ServerResponse) => Promise<void> };

const rig = useRig({ callBehaviour: false, recordingReadyMs: 0, transcriptionReadyMs: 0 });
const MINUTE_MS = 60_000;
const MAX_WAIT_MS = 10 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

const at = (ms: number) => new Date(ms).toISOString();
const makeAndWait = (more: IDataObject) => ({ ...byRule(more), operation: 'makeAndWait' }) as INodeParameters;
const call = () => [...rig.simulator.calls.values()][0]!;
const session = () => [...rig.simulator.sessions.values()][0]!;

/** A call of which VideoSDK shows the end in one way or another. */
const talk = async () => {
	await rig.simulator.moveCall(call().callId, 'answered');
	await rig.simulator.moveCall(call().callId, 'ended');
};

/** Someone else talks in a room later. */
function talkLater(roomId: string, afterMs: number): void {
	const lines = [{ speaker: 'Caller', text: 'Secret of another' }];
	const other = rig.simulator.addTranscription({ roomId, sessionId: 'other', lines, readyAfterMs: 0 });
	other.start = at(Date.now() + afterMs);
}

it('A call is transcribed three minutes after its end: the text is its own', async () => {
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, makeAndWait({ recording: 'transcribe' }));
	await talk();
	await later(20);
	for (const made of rig.simulator.transcriptions.values()) made.start = at(Date.now() + 3 * MINUTE_MS);
	expect(await waiting.jsonWithin()).toMatchObject([{ transcript: expect.stringContaining('the café') }]);
});

it('Whoever talks in the room a minute after an end that only an event tells is someone else', async () => {
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, { recording: 'transcribe' });
	const { env, sessionId, webhook } = session();
	await later(10_000);
	await rig.simulator.deliver(String(webhook?.endPoint), eventBody('stopped', `session-${sessionId}`));
	talkLater(String(env?.VIDEOSDK_ROOM_ID), MINUTE_MS + 5_000);
	expect(JSON.stringify(await waiting.jsonWithin())).not.toContain('Secret');
});

it.each(['timelog', 'status'])('... and so it is if the end is told by the %s alone', async (told) => {
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, makeAndWait({ recording: 'transcribe' }));
	await talk();
	const data = { ...call(), end: undefined, ...(told === 'status' && { timelog: undefined }) };
	const match = { method: 'GET', path: /sip\/call\//, times: Infinity };
	rig.simulator.addFault({ kind: 'status', status: 200, body: { data }, match });
	talkLater(call().roomId, 2 * MINUTE_MS);
	expect(JSON.stringify(await waiting.jsonWithin())).not.toContain('Secret');
});

it.each<Fault>([
	{ kind: 'status', status: 503 },
	{ kind: 'status', status: 408 },
	{ kind: 'status', status: 401 },
	{ kind: 'notJson' },
	{ kind: 'empty' },
	{ kind: 'redirect' },
	{ kind: 'noData', body: { data: { sessionId: 'other', status: 'running' } } },
])(
	'One answer at Max Wait that says nothing does not turn what has ended into what runs: %j',
	async (fault) => {
		const waiting = await rig.engine.startAndWait(DAY_MS);
		await later(DAY_MS - 10 * MINUTE_MS);
		Object.assign(session(), { status: 'completed', end: at(Date.now()) });
		await later(9 * MINUTE_MS);
		rig.simulator.addFault({ match: { method: 'GET' }, ...fault });
		expect(await waiting.jsonWithin()).toMatchObject([{ outcome: 'completed' }]);
	},
);

it('... nor does a credential that cannot be read for a moment', async () => {
	const { credentialsHelper } = rig.engine;
	const read = credentialsHelper.getDecrypted.bind(credentialsHelper);
	const deadlineMs = Date.now() + DAY_MS;
	let failures = 0;
	const waiting = await rig.engine.startAndWait(DAY_MS);
	jest.spyOn(credentialsHelper, 'getDecrypted').mockImplementation(async (...args) => {
		if (Date.now() >= deadlineMs && failures++ === 0) throw new Error('SQLITE_BUSY: database is locked');
		return await read(...args);
	});
	await later(DAY_MS - 10 * MINUTE_MS);
	Object.assign(session(), { status: 'completed', end: at(Date.now()) });
	expect(await waiting.jsonWithin()).toMatchObject([{ outcome: 'completed' }]);
	expect(failures).toBeGreaterThan(0);
});

it('However long n8n cannot be reached, it is asked once more right before its own deadline', async () => {
	const maxWaitMs = 120 * MINUTE_MS;
	const waiting = await rig.engine.startAndWait(maxWaitMs);
	const upAtMs = Date.now() + maxWaitMs - MINUTE_MS;
	const served = waiting as unknown as Served;
	const receive = served.receive.bind(waiting);
	served.receive = async (incoming, response) => {
		if (Date.now() >= upAtMs) return await receive(incoming, response);
		response.writeHead(502).end('<html>Bad Gateway</html>');
	};
	await later(10 * MINUTE_MS);
	Object.assign(session(), { status: 'completed', end: at(Date.now()) });
	expect(await waiting.jsonWithin(maxWaitMs - 10 * MINUTE_MS + 126_000)).toMatchObject([
		{ outcome: 'completed' },
	]);
});

it.each(['this', 'another'])(
	'220 large calls continue in %s process behind a proxy that takes 1 MB',
	async (where) => {
		// More than fits into 1 MB, also compressed.
		const items = Array.from({ length: 220 }, () => ({ notes: randomBytes(5_000).toString('base64') }));
		const parameters = makeAndWait({
			specifyMetaData: 'json',
			jsonMetaData: '={{ { notes: $json.notes } }}',
		});
		const waiting = await rig.engine.startAndWait(60 * MINUTE_MS, parameters, { items });
		if (where === 'another') waiting.receiver = await rig.addEngine();
		const served = waiting as unknown as Served;
		const receive = served.receive.bind(waiting);
		served.receive = async (incoming, response) => {
			if (Number(incoming.headers['content-length']) <= 1_000_000) return await receive(incoming, response);
			incoming.resume();
			response.writeHead(413).end('<html>Request Entity Too Large</html>');
		};
		for (const { callId } of rig.simulator.calls.values()) {
			await rig.simulator.moveCall(callId, 'answered');
			await rig.simulator.moveCall(callId, 'ended');
		}
		const output = await waiting.jsonWithin(50 * MINUTE_MS);
		expect(output?.map(({ outcome }) => outcome)).toEqual(items.map(() => 'answered'));
	},
);

it.each<Fault>([{ kind: 'status', status: 500 }, { kind: 'status', status: 404 }, { kind: 'hang' }])(
	'A transcript that is there is shown although the list of recordings fails: %j',
	async (fault) => {
		rig.simulator.addFault({ ...fault, match: { method: 'GET', path: /v2\/recordings/, times: Infinity } });
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, makeAndWait({ recording: 'transcribe' }));
		await talk();
		expect(await waiting.jsonWithin()).toMatchObject([{ transcript: expect.stringContaining('the café') }]);
	},
);

it('A call that was missed at once was not hung up at Max Wait, whatever the clocks show', async () => {
	const ms = Date.now() + 2 * MAX_WAIT_MS;
	const data = { callId: 'missed', status: 'missed', start: at(ms - 30_000), end: at(ms) };
	const headers = { date: new Date(ms).toUTCString() };
	rig.simulator.addFault({ kind: 'status', status: 200, headers, body: { data }, match: { method: 'POST' } });
	const options = { waitUntilAnswered: true };
	const { result } = await rig.engine.startAndWait(MAX_WAIT_MS, makeAndWait({ options }));
	expect(result.output[0]?.[0]?.json).not.toHaveProperty('hungUpAtTimeout');
});

it('A call whose ID is a number is waited for', async () => {
	const data = { callId: 12345, status: 'initiated' };
	rig.simulator.addFault({ kind: 'noData', body: { data }, match: { method: 'POST' } });
	const { result } = await rig.engine.startAndWait(MAX_WAIT_MS, makeAndWait({}));
	expect(result.run.status).toBe('waiting');
});
