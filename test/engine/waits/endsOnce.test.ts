/**
 * A wait ends once and in time, whatever fails meanwhile, and only by what is true of its own conversations. Rows, ends, events, and
 * processes in all combinations: see model. Here are single faults, and what comes to the resume URL.
 */
import { ExecutionLifecycleHooks } from 'n8n-core';
import { type IDataObject, type INodeParameters, sleep } from 'n8n-workflow';
import { shareOf } from '../../unit/support';
import { byRule, callParameters } from '../rig/callRig';
import { eventBody, sendAndLeave, strangersKey } from '../rig/delivery';
import { NODE_NAME, type NodeRunOptions } from '../rig/engine';
import { byId, failureOf, jsonOf, later, onEachRun, useRig } from '../rig/rig';
import { rows, type WaitingRun } from '../rig/waitingRun';

const rig = useRig({ callBehaviour: false });
/** Long after the first poll, which comes after 2 s. */
const SOON_MS = 20_000;
const HOUR_MS = 3_600_000;
const MAX_WAIT_MS = 600_000;
const END_AT_TIMEOUT: INodeParameters = { options: { endAtTimeout: true } };
const MAKE_AND_WAIT: INodeParameters = { ...byRule(), operation: 'makeAndWait' };
const ENDED = { timedOut: true, endedAtTimeout: true };
const sessions = () => [...rig.simulator.sessions.values()];
const sessionAt = (index: number) => sessions()[index]!;

/** Starts one session after another, in the order of the items. */
async function begin(
	maxWaitMs = MAX_WAIT_MS,
	count = 1,
	{ options = {}, ...more }: INodeParameters = {},
	settings: NodeRunOptions = {},
): Promise<WaitingRun> {
	const parameters = { options: { maxConcurrency: 1, ...(options as INodeParameters) }, ...more };
	return await rig.engine.startAndWait(maxWaitMs, parameters, { items: rows(count), ...settings });
}

/** The end of the first session. */
const endOfFirst = (event = 'stopped') => eventBody(event, `session-${sessionAt(0).sessionId}`);
const urlOfFirst = () => String(sessionAt(0).webhook?.endPoint);
/** Ends the first session and delivers its event. @returns what the sender got */
async function deliverEnd(): Promise<number | undefined> {
	sessionAt(0).status = 'stopped';
	// VideoSDK sends what was asked for.
	expect(sessionAt(0).webhook?.events).toContain('ai-deployment-session-stopped');
	return (await rig.simulator.deliver(urlOfFirst(), endOfFirst())).status;
}

/** As `deliverEnd`, but the sender goes away while n8n still asks VideoSDK. */
async function deliverEndAndLeave(): Promise<void> {
	sessionAt(0).status = 'stopped';
	rig.simulator.latencyMs = 400;
	await sendAndLeave(urlOfFirst(), endOfFirst(), rig.simulator, 200);
}

describe('While VideoSDK is in trouble, a wait ends at its own Max Wait', () => {
	const always = { times: Infinity };

	it.each(['hang', 'drip'] as const)('although polls %s, however many wait', async (kind) => {
		const beganAtMs = Date.now();
		const waits = await Promise.all(rows(6).map(async () => await begin(60_000, 5, END_AT_TIMEOUT)));
		rig.simulator.addFault({ kind, match: { method: 'GET', ...always } });
		const outputs = await Promise.all(waits.map(async (waiting) => await waiting.jsonWithin()));
		expect(sessions().map(({ status }) => status)).toEqual(Array(30).fill('completed'));
		for (const output of outputs) expect(output).toMatchObject(Array(5).fill(ENDED));
		// No poll that is under way holds up an end.
		const ends = rig.requests.filter(({ path }) => path.endsWith('/end'));
		for (const { receivedAtMs } of ends) expect(receivedAtMs - beganAtMs).toBeLessThan(62_000);
	});

	it('without a request, if the credential was deleted', async () => {
		const waiting = await begin(SOON_MS);
		rig.engine.deleteCredentials();
		rig.simulator.requests.length = 0;
		// Not before: no poll may be under way.
		expect(await waiting.jsonWithin()).toMatchObject([{ timedOut: true }]);
		expect(rig.requests).toEqual([]);
	});

	it.each([
		[SOON_MS, { status: 'queued', timedOut: true }],
		[MAX_WAIT_MS, { status: 'failed', event: 'failed' }],
	])('or at an end before it, although the keys were changed: %i ms', async (ms, expected) => {
		const waiting = await begin(ms);
		const [session] = sessions();
		const { port } = rig.simulator;
		await rig.simulator.close();
		const keys = { apiKey: 'new-key', secret: 'a-new-secret' };
		const next = await rig.addSimulator({ port, lifecycle: false, ...keys });
		next.sessions.set(session!.sessionId, session!);
		rig.use({ apiKey: keys.apiKey, secretKey: keys.secret });
		if (ms === MAX_WAIT_MS) session!.status = 'failed';
		expect(await waiting.jsonWithin()).toMatchObject([{ sessionId: session!.sessionId, ...expected }]);
	});
});

it.each(['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const)(
	'A Max Wait up to a time of day that passes during the starts ends what was started: %s',
	async (onError) => {
		const untilMs = Date.now() + SOON_MS;
		rig.simulator.addFault({ kind: 'delay', until: () => Date.now() > untilMs, match: { path: /start$/ } });
		const maxWait = `={{ (${untilMs} - Date.now()) / 60000 }}`;
		const waiting = await begin(MAX_WAIT_MS, 2, { ...END_AT_TIMEOUT, maxWait }, { onError });
		expect(await waiting.jsonWithin()).toMatchObject([{ endedAtTimeout: true }, { endedAtTimeout: true }]);
	},
);

it('What an execution starts while the user stops it is ended at Max Wait', async () => {
	onEachRun((run) => {
		const until = () => (run.cancel(), true);
		rig.simulator.addFault({ kind: 'delay', until, match: { path: /start$/ } });
	});
	const { result } = await begin(MAX_WAIT_MS, 1, END_AT_TIMEOUT);
	expect(result.run.status).toBe('canceled');
	await later(MAX_WAIT_MS - 1_000);
	expect(sessions()).toMatchObject([{ status: 'queued' }]);
	await later(5_000);
	expect(sessions()).toMatchObject([{ status: 'completed' }]);
});

it('A call that an execution made while the user stopped it is hung up at Max Wait, though Call: Get waits for its end', async () => {
	onEachRun((run) => {
		const until = () => (run.cancel(), true);
		rig.simulator.addFault({ kind: 'delay', until, match: { method: 'POST', path: /call$/ } });
	});
	await begin(MAX_WAIT_MS, 1, MAKE_AND_WAIT);
	const [call] = rig.simulator.calls.values();
	const get = callParameters('get', { callId: byId(String(call?.callId)), include: ['transcript'] });
	const { result } = await rig.engine.startAndWait(HOUR_MS, get);
	expect([result.run.status, call?.status]).toEqual(['waiting', 'initiated']);
	await later(MAX_WAIT_MS + 5_000);
	expect(call?.status).toBe('ended');
});

it('An execution that is stopped while n8n saves it does not stop the requests of others', async () => {
	const runs: Array<{ cancel: () => void }> = [];
	onEachRun((run) => runs.push(run));
	const { runHook } = ExecutionLifecycleHooks.prototype;
	jest.spyOn(ExecutionLifecycleHooks.prototype, 'runHook').mockImplementation(async function (
		this: ExecutionLifecycleHooks,
		name,
		parameters,
	) {
		if (name === 'workflowExecuteAfter' && runs.length === 1) runs[0]?.cancel();
		await runHook.call(this, name, parameters);
	});
	await begin(30_000);
	const second = await begin(30_000);
	for (const session of sessions()) session.status = 'stopped';
	const [json] = (await second.jsonWithin()) ?? [];
	expect(json).toMatchObject({ status: 'stopped', event: 'stopped' });
	expect(json).not.toHaveProperty('timedOut');
});

it('One loop asks for all: executions with 5 calls each take a few requests each in a minute', async () => {
	const start = async () => await rig.engine.startAndWait(24 * 3_600_000, MAKE_AND_WAIT, { items: rows(5) });
	const waits = await Promise.all(Array.from({ length: shareOf(60) }, start));
	const asked = () => rig.requests.filter(({ method }) => method === 'GET').length;
	const before = asked();
	await later(60_000);
	expect(asked() - before).toBeLessThanOrEqual(shareOf(400));
	rig.simulator.setEventFaults({ drop: () => true });
	for (const callId of rig.simulator.calls.keys()) await rig.simulator.moveCall(callId, 'ended');
	for (const waiting of waits) expect(await waiting.resumedWithin()).toHaveLength(5);
});

describe('How an end is known that answers contradict', () => {
	const timelog = [{ status: 'initiated', timestamp: '2026-01-15T10:00:00.000Z' }];
	it.each([
		['was still ringing, without a timelog', 0, ['ringing'], {}, 'noAnswer'],
		['was talking, with the timelog of its start', 0, ['ringing', 'answered'], { timelog }, 'answered'],
		['was picked up since the last poll', SOON_MS - 500, ['ringing', 'answered'], {}, 'answered'],
		['was picked up then, with a timelog that lags', SOON_MS - 500, ['answered'], { timelog }, 'answered'],
	])('the answer to Hang Up of a call that %s', async (_what, afterMs, statuses, more, outcome) => {
		const waiting = await rig.engine.startAndWait(SOON_MS, MAKE_AND_WAIT);
		const [callId = ''] = rig.simulator.calls.keys();
		await later(afterMs);
		for (const status of statuses) await rig.simulator.moveCall(callId, status as 'ended');
		const body = { message: 'ok', data: { callId, status: 'ended', ...more } };
		rig.simulator.addFault({ kind: 'noData', body, match: { path: /call\/end$/, times: 9 } });
		expect(await waiting.jsonWithin()).toMatchObject([{ hungUpAtTimeout: true, outcome }]);
	});

	it.each([
		['answered', 'have no timelogs', {}],
		['noAnswer', 'have no timelogs', {}],
		['answered', 'have timelogs that lag', { timelog }],
		['noAnswer', 'have timelogs that lag', { timelog }],
	])('%s, though the rows of the list %s', async (outcome, _what, more) => {
		const parameters = { ...MAKE_AND_WAIT, options: { simplify: false } };
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, parameters, { items: rows(15) });
		const callIds = [...rig.simulator.calls.keys()];
		const data = callIds.map((callId) => ({ callId, status: 'ended', ruleName: 'Sales', ...more }));
		const match = { method: 'GET', path: /call$/, times: Infinity };
		rig.simulator.addFault({ kind: 'noData', body: { pageInfo: { lastPage: 1 }, data }, match });
		// The polls that are to tell it fail first.
		rig.simulator.addFault({ kind: 'status', status: 503, match: { path: /call\/[^/]+$/, times: 15 } });
		if (outcome === 'answered') await rig.talk(callIds);
		else
			for (const callId of callIds)
				for (const status of ['ringing', 'ended'] as const) await rig.simulator.moveCall(callId, status);
		const shown = (await waiting.jsonWithin())?.map((json) => [json.outcome, json.ruleName]);
		expect(shown).toEqual(Array(15).fill([outcome, undefined]));
	});

	it('a signed end that VideoSDK still does not show after a minute counts all the same', async () => {
		const waiting = await begin();
		await rig.simulator.deliver(urlOfFirst(), endOfFirst('failed'));
		expect(waiting.output).toBeUndefined();
		expect(await waiting.jsonWithin(90_000)).toMatchObject([{ outcome: 'failed', event: 'failed' }]);
	});

	it('two items for which the API answers the same session come out alike', async () => {
		const data = { sessionId: 'same', status: 'queued' };
		rig.simulator.addFault({ kind: 'noData', body: { data }, match: { path: /start$/, times: 2 } });
		const waiting = await begin(MAX_WAIT_MS, 2);
		const ended = { sessionId: 'same', status: 'failed' };
		rig.simulator.addFault({ kind: 'noData', body: ended, match: { path: /same$/ } });
		expect(await waiting.jsonWithin()).toMatchObject([ended, ended]);
	});

	it('a session that is over when it was started is not awaited', async () => {
		const body = { data: { sessionId: 'over', status: 'Completed' } };
		rig.simulator.addFault({ match: { path: /start$/ }, kind: 'status', status: 200, body });
		const { result } = await begin(SOON_MS);
		expect(result.run.status).toBe('success');
		expect(jsonOf(result)).toMatchObject([{ sessionId: 'over', status: 'Completed', event: 'stopped' }]);
	});
});

describe('The resume URL', () => {
	it('does not lose an end if its sender has gone away meanwhile, and n8n is asked again if it fails then', async () => {
		const waiting = await begin();
		waiting.failures = 1;
		await deliverEndAndLeave();
		const [json] = (await waiting.jsonWithin()) ?? [];
		expect(json).toMatchObject({ status: 'stopped', outcome: 'completed', event: 'stopped' });
		expect(json).not.toHaveProperty('timedOut');
	});

	it.each(['a }} b', '{{ $json }}', 'a "b" \\ \'c\'', 'Ünïcode ✆', 'constructor', 'toString', 'a\u2028b'])(
		'belongs to a node of any name: %s',
		async (name) => {
			const waiting = await begin(SOON_MS, 1, {}, { node: { name } });
			expect(await deliverEnd()).toBe(200);
			await waiting.resumedWithin();
			expect(waiting.resumed?.routed.success).toMatchObject([{ json: { event: 'stopped' } }]);
		},
	);

	it('answers 503 to an end, and continues nothing, if what is stored is broken', async () => {
		const waiting = await begin(SOON_MS);
		const context = waiting.result.run.data.executionData?.contextData[`node:${NODE_NAME}`];
		const stored = { ...context };
		(context as IDataObject).agentCloudWait = '{"kind":';
		expect(await deliverEnd()).toBe(503);
		expect(waiting.output).toBeUndefined();
		Object.assign(context as IDataObject, stored);
		expect(await deliverEnd()).toBe(200);
	});

	it('continues the execution once, however late n8n hands over another end', async () => {
		const waiting = await begin(2 * HOUR_MS);
		expect(await deliverEnd()).toBe(200);
		await waiting.resumedWithin();
		waiting.loseResumption();
		for (const ms of [0, HOUR_MS]) {
			await later(ms);
			expect(await deliverEnd()).toBe(200);
		}
		expect(waiting.resumptions).toBe(1);
	});

	it.each([
		['as it is', (secret: string) => secret],
		['in a variable of n8n', (secret: string) => `={{ $vars.secret ?? "${secret}" }}`],
	])(
		'is taken up by another process after the first one has died: the secret is kept %s',
		async (_, kept) => {
			rig.use({ secretKey: kept(rig.simulator.secret) });
			const waiting = await begin(SOON_MS, 3, END_AT_TIMEOUT);
			jest.clearAllTimers();
			waiting.receiver = await rig.addEngine();
			sessionAt(1).status = 'failed';
			expect(await deliverEnd()).toBe(200);
			expect(await waiting.jsonWithin()).toMatchObject([{ event: 'stopped' }, { event: 'failed' }, ENDED]);
		},
	);

	it('is not continued by an event whose poll took another process long: that one asks, in its turn', async () => {
		jest.spyOn(Math, 'random').mockReturnValue(0.9);
		const waiting = await begin(SOON_MS);
		jest.clearAllTimers();
		waiting.receiver = await rig.addEngine();
		rig.simulator.latencyMs = 600;
		expect([await deliverEnd(), waiting.resumptions]).toEqual([200, 0]);
		const learnedAtMs = Date.now();
		expect(await waiting.jsonWithin()).toMatchObject([{ event: 'stopped' }]);
		expect(Date.now() - learnedAtMs).toBeGreaterThanOrEqual(2_700);
	});

	it('is not continued by a request of its own that another process has held for long: it is sent again', async () => {
		const waiting = await begin(HOUR_MS);
		waiting.receiver = await rig.addEngine();
		sessionAt(0).status = 'stopped';
		// As on a busy computer: it is to read the credential, which others have read long ago.
		const { credentialsHelper } = rig.engine;
		const read = credentialsHelper.getDecrypted.bind(credentialsHelper);
		waiting.beforeReceiving = () => {
			waiting.beforeReceiving = undefined;
			jest.spyOn(credentialsHelper, 'getDecrypted').mockImplementationOnce(async (...what) => {
				await sleep(600);
				return await read(...what);
			});
		};
		expect(await waiting.jsonWithin()).toMatchObject([{ outcome: 'completed' }]);
		expect(waiting.requests.map(({ status }) => status)).toEqual([200, 200]);
		expect(waiting.resumptions).toBe(1);
	});
});

describe('Before the wait', () => {
	it.each([
		['no key', 'my key'],
		['a private key', strangersKey().privatePem],
	])('a Webhook Public Key that is %s is refused, but not for Start', async (_what, webhookPublicKey) => {
		rig.use({ webhookPublicKey });
		const { message, description } = failureOf((await begin(SOON_MS)).result);
		expect(rig.simulator.requests).toHaveLength(0);
		expect(message).toMatch(/['"]Webhook Public Key['"]/);
		expect(description).toMatch(/No session was started|Nothing was sent/);
		await rig.existingSession();
		expect(rig.simulator.sessions.size).toBe(1);
	});

	it.each([
		["tells that VideoSDK can't reach it, and what happens instead", true, 1],
		['says nothing if the API is as local', false, 0],
	])('an n8n without a public address %s', async (_what, isPublic, hints) => {
		if (isPublic) rig.useAsPublic();
		const { result } = await begin(2_000);
		// VideoSDK may refuse an address that it can't reach.
		expect(sessionAt(0).webhook === undefined).toBe(hints > 0);
		const [run] = result.run.data.resultData.runData[NODE_NAME] ?? [];
		expect(run?.hints ?? []).toHaveLength(hints);
		for (const { message } of run?.hints ?? []) expect(message).toMatch(/can't reach .* asks .* 30 seconds/);
	});
});
