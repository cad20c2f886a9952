import dns from 'node:dns';
import type { SimulatedSession, Simulator } from '../simulator';
import { eventBody, strangersKey } from './delivery';
import { failureOf, useRig } from './rig';
import { NODE_NAME } from './engine';
import type { WaitingRun } from './waitingRun';

const rig = useRig();
/** The package asks how the session stands 2 s after the start, then less and less often, and at the deadline. */
const FIRST_POLL_MS = 2_000;
/** Where the deadline is to come. */
const SOON_MS = 20_000;
const MAX_WAIT_MS = 600_000;

/** The only session, or the one that was started last. */
const newestSession = ({ sessions }: Simulator): SimulatedSession =>
	[...sessions.values()].at(-1) as SimulatedSession;

async function startAndWait(maxWaitMs = MAX_WAIT_MS): Promise<WaitingRun & { session: SimulatedSession }> {
	const waiting = await rig.engine.startAndWait(maxWaitMs);
	expect(waiting.result.run.status).toBe('waiting');
	return Object.assign(waiting, { session: newestSession(rig.simulator) });
}

describe('A Webhook Public Key by which no event could be verified', () => {
	it.each<[string, string]>([
		['no key', 'my key'],
		['a private key', strangersKey().privatePem],
	])('is refused before anything is started: %s', async (_what, webhookPublicKey) => {
		rig.engine.setCredentials(rig.credentials({ webhookPublicKey }));
		const { result } = await rig.engine.startAndWait(FIRST_POLL_MS);
		expect(rig.simulator.sessions.size).toBe(0);
		expect(rig.simulator.requests).toHaveLength(0);
		const { message, description } = failureOf(result);
		expect(message).toMatch(/['"]Webhook Public Key['"]/);
		expect(description).toMatch(/No session was started|Nothing was sent/);
	});

	it('does not stand in the way of Start, whose events do not come to this node', async () => {
		rig.engine.setCredentials(rig.credentials({ webhookPublicKey: 'my key' }));
		await rig.existingSession();
		expect(rig.simulator.sessions.size).toBe(1);
	});
});

it.each([
	["tells that VideoSDK can't reach it, and what happens instead", 'api.example.com', 1],
	['says nothing if the API is as local', '127.0.0.1', 0],
])('An n8n without a public address %s', async (_what, host, hints) => {
	// A public name leads to the simulator.
	const { lookup } = dns;
	const local = [{ address: '127.0.0.1', family: 4 }];
	const lead = (name: string, options: dns.LookupAllOptions, done: (error: null, found: object[]) => void) =>
		name === host && name !== '127.0.0.1' ? done(null, local) : lookup(name, options, done as never);
	jest.spyOn(dns, 'lookup').mockImplementation(lead as never);
	rig.engine.setCredentials(rig.credentials({ baseUrl: `http://${host}:${rig.simulator.port}` }));
	const { result, session } = await startAndWait(FIRST_POLL_MS);
	// VideoSDK may refuse an address that it can't reach.
	expect(session.webhook === undefined).toBe(hints > 0);
	const [run] = result.run.data.resultData.runData[NODE_NAME] ?? [];
	expect(run?.hints ?? []).toHaveLength(hints);
	for (const { message } of run?.hints ?? []) expect(message).toMatch(/can't reach .* asks .* 30 seconds/);
});

it('The signed end of the session alone resumes the execution, once, also by a pinned key', async () => {
	// No poll comes between.
	rig.engine.setCredentials(rig.credentials({ webhookPublicKey: rig.simulator.publicKeyPem }));
	const waiting = await startAndWait();
	const { sessionId, webhook } = waiting.session;
	const event = eventBody('stopped', `session-${sessionId}`);
	const url = String(webhook?.endPoint);
	expect((await rig.simulator.deliver(url, event, { signature: 'AAAA' })).status).toBe(401);
	for (const other of ['starting', 'started', 'stopping'] as const) {
		expect((await rig.simulator.deliver(url, eventBody(other, sessionId))).status).toBe(200);
	}
	expect(waiting.output).toBeUndefined();
	waiting.session.status = 'stopped';
	const ends = await Promise.all([1, 2, 3].map(async () => await rig.simulator.deliver(url, event)));
	expect(ends.map(({ status }) => status)).toEqual([200, 200, 200]);
	expect(waiting.resumptions).toBe(1);
	expect(await waiting.jsonWithin()).toEqual([expect.objectContaining({ sessionId, event: 'stopped' })]);
	expect(rig.simulator.keyRequests).toBe(0);
});

it('A signed end that VideoSDK still does not show after a minute counts all the same', async () => {
	const waiting = await startAndWait();
	const { sessionId, webhook } = waiting.session;
	await rig.simulator.deliver(String(webhook?.endPoint), eventBody('failed', `session-${sessionId}`));
	expect(waiting.output).toBeUndefined();
	expect(await waiting.jsonWithin()).toMatchObject([{ sessionId, outcome: 'failed', event: 'failed' }]);
});

describe('When the keys are changed while the execution waits', () => {
	/** Makes the API and the credential go on with new keys. */
	async function changeKeys({ session }: { session: SimulatedSession }): Promise<void> {
		const { port } = rig.simulator;
		await rig.simulator.close();
		const next = await rig.addSimulator({
			port,
			lifecycle: false,
			apiKey: 'new-key',
			secret: 'a-new-secret',
		});
		next.sessions.set(session.sessionId, session);
		rig.engine.setCredentials(rig.credentials({ apiKey: next.apiKey, secretKey: next.secret }));
	}

	it('the deadline is kept', async () => {
		const waiting = await startAndWait(SOON_MS);
		await changeKeys(waiting);
		expect(await waiting.jsonWithin()).toEqual([
			expect.objectContaining({ sessionId: waiting.session.sessionId, status: 'queued', timedOut: true }),
		]);
	});

	it('an end whose event was lost is found', async () => {
		const waiting = await startAndWait();
		await changeKeys(waiting);
		waiting.session.status = 'failed';
		expect(await waiting.jsonWithin()).toEqual([
			expect.objectContaining({ sessionId: waiting.session.sessionId, status: 'failed', event: 'failed' }),
		]);
	});
});

it("The package's own request of one execution does not resume another one", async () => {
	const ended = await startAndWait();
	const other = await startAndWait();
	ended.session.status = 'stopped';
	expect(await ended.resumedWithin()).toHaveLength(1);
	const [poll] = ended.requests.filter(({ status }) => status === 200);
	expect(poll).toBeDefined();
	expect((await other.replay(poll as (typeof ended.requests)[number])).status).toBe(401);
	expect(other.output).toBeUndefined();
	// Its own one still counts.
	other.session.status = 'failed';
	expect((await other.jsonWithin())?.[0]).toMatchObject({
		sessionId: other.session.sessionId,
		event: 'failed',
	});
});
