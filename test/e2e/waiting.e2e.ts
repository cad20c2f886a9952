/** Start and Wait in a real n8n. How it decides is tested in test/unit/waiting and test/engine; here n8n keeps, resumes and ends the wait. */
import { waitFor } from '../n8n/processes';
import type { Execution, WorkflowNode } from '../n8n/rest';
import { outputOf } from '../n8n/rest';
import type { SimulatedSession } from '../simulator';
import {
	during,
	endSession,
	eventBody,
	n8nOptions,
	publish,
	runEnded,
	untilPublished,
	untilWaiting,
	VERSIONS,
} from './deliveries';
import type { Setup } from './setup';
import { chain, n8nNode, ourNode, setUp, webhookNode } from './setup';

const WAIT = 'Start and Wait';
const HOUR_IN_MINUTES = 60;

/** A run that is in Start and Wait. */
interface WaitingRun {
	executionId: string;
	sessionId: string;
	resumeUrl: string;
	startedAtMs: number;
}

const parameters = {
	resource: 'session',
	operation: 'startAndWait',
	deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
	tag: 'latest',
	metaData: { entries: [{ key: 'case', value: '={{ $json.body.case }}' }] },
	maxWait: '={{ $json.body.maxWait }}',
	maxWaitUnit: 'minutes',
	options: {},
};

describe.each(VERSIONS)('Start and Wait in n8n %s', (version) => {
	let setup: Setup;
	let caseNumber = 0;

	const requestsTo = (path: string) =>
		setup.simulator.requests.filter((request) => request.path === path).length;
	/** How often the API was asked about a session. */
	const lookups = (sessionId: string) => requestsTo(`/ai/v1/ai-deployment-sessions/${sessionId}`);

	/** Publishes Webhook, Start and Wait, and what follows. */
	async function publishWait(
		path: string,
		after: WorkflowNode[],
		more: object = {},
		settings: Record<string, string> = {},
	): Promise<void> {
		const wait = ourNode(setup, WAIT, 'videoSdkAgentCloud', { ...parameters, ...more });
		await publish(setup.n8n, { ...chain(`Wait ${path}`, [webhookNode(path), wait, ...after]), settings });
		await untilPublished(setup.n8n.url, path);
	}

	/** Starts a run and waits until its session is started. */
	async function start(maxWait = HOUR_IN_MINUTES, path = 'wait'): Promise<WaitingRun> {
		const name = `case-${++caseNumber}`;
		const startedAtMs = Date.now();
		const response = await setup.n8n.rest.triggerByWebhook(path, { case: name, maxWait });
		expect(response.status).toBe(200);
		const isOurs = ({ metaData }: SimulatedSession) => metaData?.case === name;
		const { sessionId, webhook } = await waitFor(
			'the session to be started',
			async () => [...setup.simulator.sessions.values()].find(isOurs),
			60_000,
			20,
		);
		const resumeUrl = String(webhook?.endPoint);
		const executionId = /\/webhook-waiting\/(\d+)/.exec(resumeUrl)?.[1] ?? '';
		return { executionId, sessionId, resumeUrl, startedAtMs };
	}

	async function startWaiting(maxWait?: number, path?: string): Promise<WaitingRun> {
		const run = await start(maxWait, path);
		await untilWaiting(setup.n8n, run.executionId);
		return run;
	}

	const ended = async ({ executionId }: WaitingRun, timeoutMs?: number) =>
		await runEnded(setup.n8n, executionId, 'Count', timeoutMs);

	const deliver = async (run: WaitingRun, body: object, signature?: string | null, url = run.resumeUrl) =>
		(await setup.simulator.deliver(url, body, { signature })).status;

	/** Checks that a run went on once. @returns what Start and Wait put out */
	function output(execution: Execution, { sessionId }: WaitingRun) {
		expect(execution.status).toBe('success');
		const passes = Object.values(execution.data.resultData.runData).map((nodeRuns) => nodeRuns.length);
		expect(passes).toEqual([1, 1, 1]);
		expect(requestsTo(`/resumed/${sessionId}`)).toBe(1);
		const items = outputOf(execution, WAIT);
		expect(items).toHaveLength(1);
		expect(items[0]).toMatchObject({ sessionId, deploymentId: 'ddv_support', tag: 'latest' });
		return items[0] ?? {};
	}

	/** Tells how often a run went on. The simulator knows no such path: 404. */
	function countNode(): WorkflowNode {
		const url = `=${setup.simulator.url}/resumed/{{ $json.sessionId }}`;
		const count = n8nNode('Count', 'httpRequest', { url, options: {} }, 4.2);
		return { ...count, onError: 'continueRegularOutput' };
	}

	beforeAll(async () => {
		setup = await setUp({
			n8n: n8nOptions(version),
			simulator: { lifecycle: false, deliveryTimeoutMs: 60_000 },
		});
		await publishWait('wait', [countNode()]);
	});

	afterAll(async () => await setup?.stop());

	it('ten deliveries of the end at the same instant resume the run once', async () => {
		const run = await startWaiting();
		Object.assign(setup.simulator.sessions.get(run.sessionId) ?? {}, { status: 'stopped' });
		// All are verified before the first one's session is fetched.
		setup.simulator.latencyMs = 400;
		const event = eventBody(run.sessionId, 'stopped', 'agent-session');
		const answers = await Promise.all(Array.from({ length: 10 }, async () => await deliver(run, event)));
		setup.simulator.latencyMs = 0;
		for (const status of answers) expect([200, 409]).toContain(status);
		expect(answers).toContain(200);
		const execution = await ended(run);
		await during(2_000);
		expect(output(execution, run)).toMatchObject({ event: 'stopped' });
	});

	it('continues where n8n saves no successful executions, which versions in between deleted while they waited', async () => {
		await publishWait('unsaved', [countNode()], {}, { saveDataSuccessExecution: 'none' });
		const { sessionId, executionId } = await startWaiting(undefined, 'unsaved');
		expect((await setup.simulator.emit(sessionId, 'stopped'))?.status).toBe(200);
		const isGone = async () => (await setup.n8n.rest.getExecution(executionId)) === undefined || undefined;
		await waitFor('n8n to delete what it is not to save', isGone, 60_000);
		expect(requestsTo(`/resumed/${sessionId}`)).toBe(1);
	});

	it('nothing else resumes it', async () => {
		const run = await startWaiting();
		const event = eventBody(run.sessionId, 'stopped');
		expect(await deliver(run, eventBody(run.sessionId, 'stopping'))).toBe(200);
		expect(await deliver(run, event, null)).toBe(401);
		expect(await deliver(run, eventBody('another', 'stopped'))).toBe(401);
		const forged = { sessionId: run.sessionId, isTimeUp: true };
		const headers = { 'x-agent-cloud-key': 'f'.repeat(64) };
		expect((await setup.n8n.rest.triggerByWebhook(run.resumeUrl, forged, { headers })).status).toBe(401);

		// n8n 1.x asks for no token: there the signature of the event alone protects the run.
		const signature = version === '2.41.1' ? undefined : null;
		const wrong = new URL(run.resumeUrl);
		expect(wrong.searchParams.has('signature')).toBe(version === '2.41.1');
		wrong.searchParams.set('signature', 'f'.repeat(64));
		expect(await deliver(run, event, signature, wrong.href)).toBe(401);
		wrong.search = '';
		expect(await deliver(run, event, signature, wrong.href)).toBe(401);

		await during(300);
		expect((await setup.n8n.rest.getExecution(run.executionId))?.status).toBe('waiting');
		await endSession(setup, run.sessionId, 'failed');
		expect(output(await ended(run), run)).toMatchObject({ event: 'failed' });
	});

	it('the deadline is told in the output, which holds the session', async () => {
		// At once, and not when it waits: on a busy machine the deadline may come before that is seen.
		const run = await start(0.1);
		const session = setup.simulator.sessions.get(run.sessionId);
		if (session) session.status = 'running';
		expect(output(await ended(run), run)).toMatchObject({ status: 'running', timedOut: true });
		const lateMs = Date.now() - run.startedAtMs - 6_000;
		expect(lateMs).toBeGreaterThan(-500);
		// n8n's own deadline comes a minute and a half later. Ours is tried again after 20 s if n8n was not ready for it.
		expect(lateMs).toBeLessThan(60_000);
	});

	it('a Wait node further on is resumed neither by late events nor by our own polls', async () => {
		const wait = n8nNode('Approval', 'wait', { resume: 'webhook', httpMethod: 'POST', options: {} }, 1.1);
		await publishWait('approval', [{ ...wait, webhookId: 'approval' }, n8nNode('After', 'noOp')]);
		const run = await startWaiting(HOUR_IN_MINUTES, 'approval');
		await endSession(setup, run.sessionId);
		await waitFor(
			'the run to wait for the approval',
			async () => {
				const execution = await setup.n8n.rest.getExecution(run.executionId);
				const { runData = {} } = execution?.data?.resultData ?? {};
				return execution?.status === 'waiting' && runData.Approval?.length ? true : undefined;
			},
			60_000,
			50,
		);
		expect(await deliver(run, eventBody(run.sessionId, 'stopped'))).toBe(404);
		// One that was under way at the event may have been counted late.
		const asked = lookups(run.sessionId);
		// Our polls come 2, 4.5 and 7.6 s after the start.
		await during(7_000);
		expect(lookups(run.sessionId)).toBe(asked);
		expect((await setup.n8n.rest.getExecution(run.executionId))?.status).toBe('waiting');

		const approval = run.resumeUrl.replace(/\/videosdk$/, '');
		expect((await setup.n8n.rest.triggerByWebhook(approval, { by: 'Ada' })).status).toBe(200);
		const execution = await runEnded(setup.n8n, run.executionId, 'After');
		expect(outputOf(execution, 'After')).toMatchObject([{ body: { by: 'Ada' } }]);
	});

	it('Wait for Status ends when the execution is stopped', async () => {
		const { rest } = setup.n8n;
		const { id } = await rest.createWorkflow(
			chain('Wait for Status', [
				n8nNode('Manual', 'manualTrigger'),
				ourNode(setup, 'Start', 'videoSdkAgentCloud', { ...parameters, operation: 'start', metaData: {} }),
				ourNode(setup, 'Wait for Status', 'videoSdkAgentCloud', {
					resource: 'session',
					operation: 'waitForStatus',
					sessionId: '={{ $json.sessionId }}',
					maxWait: 1,
					maxWaitUnit: 'hours',
				}),
			]),
		);
		const earlier = setup.simulator.sessions.size;
		const executionId = await rest.startWorkflow(id);
		const polls = () => lookups(String([...setup.simulator.sessions.keys()][earlier]));
		await waitFor('the first poll', async () => (polls() > 0 ? true : undefined), 30_000);
		await rest.call('POST', `/executions/${executionId}/stop`, {});
		expect((await runEnded(setup.n8n, executionId)).status).toBe('canceled');
		// One may have been on its way.
		await during(1_000);
		const before = polls();
		await during(2_300);
		expect(polls()).toBe(before);
	});

	it('waiting survives a restart of n8n', async () => {
		const run = await startWaiting();
		await setup.n8n.restart();
		// For a moment n8n may take it for crashed, before it finds that it waits.
		await untilWaiting(setup.n8n, run.executionId);
		expect(await deliver(run, eventBody(run.sessionId, 'started'))).toBe(200);
		expect((await setup.simulator.emit(run.sessionId, 'stopped'))?.status).toBe(200);
		expect(output(await ended(run), run)).toMatchObject({ event: 'stopped' });
	});

	it('after a restart any signed event lets n8n take the wait up: what still runs is ended at Max Wait', async () => {
		await publishWait('ends', [], { options: { endAtTimeout: true } });
		const run = await startWaiting(1.5, 'ends');
		await setup.n8n.restart();
		await untilWaiting(setup.n8n, run.executionId);
		expect(await deliver(run, eventBody(run.sessionId, 'started'))).toBe(200);
		const execution = await runEnded(setup.n8n, run.executionId, WAIT, 180_000);
		expect(outputOf(execution, WAIT)).toMatchObject([{ timedOut: true, endedAtTimeout: true }]);
		expect(setup.simulator.sessions.get(run.sessionId)?.status).toBe('completed');
	});

	it("waiting survives a crash of n8n, and ends at n8n's own deadline where no event comes", async () => {
		const run = await startWaiting();
		const timedOut = await startWaiting(0.45);
		await setup.n8n.kill();
		expect((await setup.simulator.emit(run.sessionId, 'failed'))?.status).toBeUndefined();
		const polls = lookups(timedOut.sessionId);
		await setup.n8n.restart();
		for (const { executionId } of [run, timedOut]) await untilWaiting(setup.n8n, executionId);
		expect((await setup.simulator.emit(run.sessionId, 'failed'))?.status).toBe(200);
		expect(output(await ended(run), run)).toMatchObject({ status: 'failed', event: 'failed' });

		// It comes a minute and a half after ours. Nobody has polled any more: see docs/waiting.md.
		const json = output(await ended(timedOut, 240_000), timedOut);
		expect(json).toMatchObject({ status: 'queued', timedOut: true });
		expect(lookups(timedOut.sessionId)).toBe(polls);
		expect(await deliver(timedOut, eventBody(timedOut.sessionId, 'stopped'))).toBe(409);
	});

	it('no run is left waiting', async () => {
		expect(await setup.n8n.rest.listExecutions({ status: ['waiting', 'running', 'new'] })).toEqual([]);
	});
});
