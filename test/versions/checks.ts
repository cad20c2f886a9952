/** What has to work on every version of n8n. Each check is told which n8n it runs in, and throws if something is not as it must be. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventBody, runEnded } from '../e2e/deliveries';
import { chain, CREDENTIAL_TYPE, n8nNode, ourNode, type Setup } from '../e2e/setup';
import { waitFor } from '../n8n/processes';
import type { Execution } from '../n8n/rest';
import { isStored, outputOf } from '../n8n/rest';

const NODE = 'VideoSDK';
const TRIGGER = 'Trigger';
const START_PATH = /sessions\/start$/;
const DEPLOYMENT = { __rl: true, mode: 'id', value: 'ddv_support' };
const START = { resource: 'session', operation: 'start', deploymentId: DEPLOYMENT };
/** In this time an execution that should not be would have begun. */
const SETTLING_MS = 1_000;
/** A deadline of three seconds, in minutes. */
const SHORT_WAIT = { maxWait: 0.05, maxWaitUnit: 'minutes' };

/** What the main job needs of a set-up: also an n8n that others have started. */
type Target = Pick<Setup, 'simulator' | 'credentialId'> & { n8n: Pick<Setup['n8n'], 'rest' | 'url'> };

export interface Check {
	/** The heading of its column. */
	title: string;
	run(setup: Setup): Promise<unknown>;
}

/** Stores a workflow with one of our operations behind a Manual Trigger. */
async function workflowOf(setup: Target, parameters: object, extra: object = {}): Promise<string> {
	const nodes = [
		n8nNode('Manual', 'manualTrigger'),
		ourNode(setup, NODE, 'videoSdkAgentCloud', parameters, extra),
	];
	return (await setup.n8n.rest.createWorkflow(chain(NODE, nodes))).id;
}

/** Runs one of our operations to its end. */
const runOnce = async (setup: Target, parameters: object, extra?: object): Promise<Execution> =>
	await setup.n8n.rest.runWorkflow(await workflowOf(setup, parameters, extra));

async function publishTrigger(setup: Target, name: string): Promise<{ id: string; url: string }> {
	const { rest, url } = setup.n8n;
	const webhookId = `${name}-${randomUUID()}`;
	const node = ourNode(
		setup,
		TRIGGER,
		'videoSdkAgentCloudTrigger',
		{ events: ['ai-deployment-session-started', 'ai-deployment-session-failed'] },
		{ webhookId },
	);
	const { id } = await rest.createWorkflow(chain(name, [node, n8nNode('After', 'noOp')]));
	await rest.activate(id);
	equal(await rest.waitForWebhook(`${webhookId}/webhook`), 401, 'an unsigned event');
	return { id, url: `${url}/webhook/${webhookId}/webhook` };
}

/** Yields what a trigger put out in all its executions, when at least as many as wanted are over and no more come. */
async function received(setup: Target, workflowId: string, wanted: number) {
	const ended = async () =>
		await waitFor(
			`${wanted} ended executions of the trigger`,
			async () => {
				const executions = await setup.n8n.rest.executions({ workflowId });
				const areOver = executions.every((execution) => isStored(execution));
				return areOver && executions.length >= wanted ? executions : undefined;
			},
			30_000,
		);
	await ended();
	await sleep(SETTLING_MS);
	return (await ended()).map((execution) => {
		equal(execution.status, 'success');
		return outputOf(execution, TRIGGER);
	});
}

/** Checks that an execution succeeded, and yields the only item of our node. */
function onlyItem(execution: Execution) {
	equal(execution.status, 'success', execution.data.resultData.error?.message);
	const [item, ...others] = outputOf(execution, NODE);
	equal(others.length, 0);
	return item ?? {};
}

async function untilWaiting(setup: Setup, executionId: string): Promise<void> {
	await waitFor(
		'the execution to wait',
		async () => ((await setup.n8n.rest.getExecution(executionId))?.status === 'waiting' ? true : undefined),
		30_000,
		50,
	);
}

async function untilIn<T>(what: string, map: Map<string, T>): Promise<T> {
	return await waitFor(`a ${what}`, async () => [...map.values()].at(-1), 30_000, 50);
}

/** A session is started, and its signed event starts another workflow. @returns the session's ID */
export async function mainJob(setup: Target): Promise<string> {
	const trigger = await publishTrigger(setup, 'main-job');
	const webhook = {
		webhookUrl: { __rl: true, mode: 'url', value: trigger.url },
		webhookEvents: ['ai-deployment-session-started', 'ai-deployment-session-stopped'],
	};
	const started = onlyItem(await runOnce(setup, { ...START, ...webhook }));
	const delivery = await setup.simulator.emit(String(started.sessionId), 'started');
	equal(delivery?.status, 200);
	const items = await received(setup, trigger.id, 1);
	deepEqual(
		items.map(([item]) => [item?.event, item?.sessionId]),
		[['started', started.sessionId]],
	);
	return String(started.sessionId);
}

/** Each row of the table of deliveries is answered as it says, and only the first starts an execution. */
async function deliveries(setup: Setup): Promise<void> {
	const { n8n, simulator } = setup;
	const trigger = await publishTrigger(setup, 'deliveries');
	const event = eventBody('delivered', 'started');
	const answerTo = async (body: object, signature?: string | null, url = trigger.url) =>
		(await simulator.deliver(url, body, { signature })).status;
	equal(await answerTo(event), 200, 'a signed event');
	equal(await answerTo(event), 200, 'a duplicate');
	equal(await answerTo(eventBody('delivered', 'stopping')), 200, 'an event that was not chosen');
	equal(await answerTo(eventBody('forged', 'started'), null), 401, 'an event without a signature');
	equal(await answerTo(eventBody('forged', 'started'), simulator.sign('{}')), 401, 'a wrong signature');
	equal(await answerTo({ data: {} }), 400, 'a signed body without a type');

	const { id: credentialId } = await n8n.rest.createCredential({
		name: 'Without a key',
		type: CREDENTIAL_TYPE,
		data: { apiKey: 'any', secretKey: 'any', baseUrl: 'http://127.0.0.1:9' },
	});
	const keyless = await publishTrigger({ ...setup, credentialId }, 'keyless');
	equal(await answerTo(event, undefined, keyless.url), 503, 'a signature that cannot be verified');

	const items = await received(setup, trigger.id, 1);
	deepEqual(
		items.map(([item]) => item?.sessionId),
		['delivered'],
	);
	deepEqual(await n8n.rest.listExecutions({ workflowId: keyless.id }), []);
}

/** A start that may have gone through is sent once, also under Retry On Fail, and the message says so. */
async function startFault(setup: Setup): Promise<void> {
	const { simulator } = setup;
	const retryOnFail = { retryOnFail: true, maxTries: 3, waitBetweenTries: 100 };
	for (const extra of [{}, retryOnFail]) {
		simulator.requests.splice(0);
		simulator.addFault({ kind: 'status', status: 500, match: { path: START_PATH, times: 10 } });
		const execution = await runOnce(setup, START, extra);
		simulator.clearFaults();
		equal(execution.status, 'error');
		match(String(execution.data.resultData.error?.message), /the session may have been started/);
		equal(simulator.requests.filter(({ path }) => START_PATH.test(path)).length, 1, 'starts sent');
	}
}

/** Start and Wait goes on at the session's signed event, not at a forged one, and at the deadline. */
async function wait(setup: Setup): Promise<void> {
	const { n8n, simulator } = setup;
	const parameters = { ...START, operation: 'startAndWait' };
	simulator.sessions.clear();
	const byEvent = await n8n.rest.startWorkflow(await workflowOf(setup, parameters));
	const session = await untilIn('session', simulator.sessions);
	await untilWaiting(setup, byEvent);
	const resumeUrl = String(session.webhook?.endPoint);
	const end = eventBody(session.sessionId, 'stopped');
	equal((await simulator.deliver(resumeUrl, end, { signature: null })).status, 401, 'a forged end');
	equal((await n8n.rest.getExecution(byEvent))?.status, 'waiting');
	equal((await simulator.emit(session.sessionId, 'stopped'))?.status, 200, 'the end');
	const ended = onlyItem(await runEnded(n8n, byEvent, NODE));
	deepEqual([ended.event, ended.status, ended.timedOut], ['stopped', 'stopped', undefined]);

	const late = onlyItem(await runOnce(setup, { ...parameters, ...SHORT_WAIT }));
	deepEqual([late.event, late.timedOut], [undefined, true]);
}

/** A call is made, and one is made and awaited. */
async function call(setup: Setup): Promise<void> {
	const { n8n, simulator } = setup;
	const parameters = (operation: string) => ({
		resource: 'call',
		operation,
		to: '+15550003000',
		routingRuleId: { __rl: true, mode: 'id', value: 'rule_out_01' },
		from: { __rl: true, mode: 'number', value: '+15550102001' },
	});
	const made = onlyItem(await runOnce(setup, parameters('make')));
	equal(simulator.calls.has(String(made.callId)), true, 'the ID of a call');

	simulator.calls.clear();
	simulator.setCallBehaviour({ talkMs: null });
	const waiting = await n8n.rest.startWorkflow(await workflowOf(setup, parameters('makeAndWait')));
	const awaited = await untilIn('call', simulator.calls);
	await untilWaiting(setup, waiting);
	await simulator.moveCall(awaited.callId, 'ended');
	const ended = onlyItem(await runEnded(n8n, waiting, NODE));
	deepEqual([ended.callId, ended.timedOut], [awaited.callId, undefined]);
}

export const CHECKS: Check[] = [
	{ title: 'Start and event', run: mainJob },
	{ title: 'Deliveries', run: deliveries },
	{ title: 'Failed start', run: startFault },
	{ title: 'Start and wait', run: wait },
	{ title: 'Calls', run: call },
];
