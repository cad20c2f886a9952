/** What has to work on every version of n8n. Each check is told which n8n it runs in, and throws if something is not as it must be. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { during, eventBody, publishTrigger, runByHand, untilWaiting } from '../e2e/deliveries';
import { chain, createCredential, n8nNode, ourNode, type Setup } from '../e2e/setup';
import { waitFor } from '../n8n/processes';
import { type Execution, isStored, outputOf } from '../n8n/rest';

const NODE = 'VideoSDK';
const START_PATH = /sessions\/start$/;
const START = {
	resource: 'session',
	operation: 'start',
	deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
};
const EVENTS = { events: ['ai-deployment-session-started', 'ai-deployment-session-failed'] };
/** In this time an execution that should not be would have begun. */
const SETTLING_MS = 1_000;
const PATIENCE_MS = 30_000;
/** A deadline of three seconds, in minutes. */
const SHORT_WAIT = { maxWait: 0.05, maxWaitUnit: 'minutes' };

/** What the main job needs of a set-up: also an n8n that others have started. */
type Target = Pick<Setup, 'simulator' | 'credentialId'> & { n8n: Pick<Setup['n8n'], 'rest' | 'url'> };

export interface Check {
	/** The heading of its column. */
	title: string;
	run(setup: Setup): Promise<unknown>;
}

/** Runs one of our operations to its end. */
const runOnce = async (setup: Target, parameters: object, extra?: object): Promise<Execution> =>
	await runByHand(setup.n8n, ourNode(setup, NODE, 'videoSdkAgentCloud', parameters, extra));

/** The sessions of which a trigger has told, when at least as many executions as wanted are over and no more come. */
async function received({ n8n: { rest } }: Target, workflowId: string, wanted: number) {
	const over = async () => {
		const executions = await rest.executions({ workflowId });
		const areOver = executions.every((execution) => isStored(execution));
		return areOver && executions.length >= wanted ? executions : undefined;
	};
	const ended = async () => await waitFor(`${wanted} executions of the trigger`, over, PATIENCE_MS);
	await ended();
	await during(SETTLING_MS);
	return (await ended()).flatMap((execution) => {
		equal(execution.status, 'success');
		return outputOf(execution, 'After').map(({ event, sessionId }) => [event, sessionId]);
	});
}

/** Checks that an execution succeeded, and yields the only item of our node. */
function onlyItem(execution: Execution) {
	equal(execution.status, 'success', execution.data.resultData.error?.message);
	const [item, ...others] = outputOf(execution, NODE);
	equal(others.length, 0);
	return item ?? {};
}

/** A session is started, and its signed event starts another workflow. @returns the session's ID */
export async function mainJob(setup: Target): Promise<string> {
	const trigger = await publishTrigger(setup, { webhookId: randomUUID(), parameters: EVENTS });
	equal(await setup.n8n.rest.waitForWebhook(trigger.url), 401, 'an unsigned event');
	const webhook = {
		webhookUrl: { __rl: true, mode: 'url', value: trigger.url },
		webhookEvents: ['ai-deployment-session-started', 'ai-deployment-session-stopped'],
	};
	const started = onlyItem(await runOnce(setup, { ...START, ...webhook }));
	const delivery = await setup.simulator.emit(String(started.sessionId), 'started');
	equal(delivery?.status, 200);
	deepEqual(await received(setup, trigger.workflowId, 1), [['started', started.sessionId]]);
	return String(started.sessionId);
}

/** Each row of the table of deliveries is answered as it says, and only the first starts an execution. */
async function deliveries(setup: Setup): Promise<void> {
	const { n8n, simulator } = setup;
	const trigger = await publishTrigger(setup, { webhookId: randomUUID(), parameters: EVENTS });
	const event = eventBody('delivered', 'started');
	const forged = eventBody('forged', 'started');
	const answerTo = async (body: object, signature?: string | null, url = trigger.url) =>
		(await simulator.deliver(url, body, { signature })).status;
	equal(await answerTo(event), 200, 'a signed event');
	equal(await answerTo(event), 200, 'a duplicate');
	equal(await answerTo(eventBody('delivered', 'stopping')), 200, 'an event that was not chosen');
	equal(await answerTo(forged, null), 401, 'an event without a signature');
	equal(await answerTo(forged, simulator.sign('{}')), 401, 'a wrong signature');
	equal(await answerTo({ data: {} }), 400, 'a signed body without a type');
	const { id: credentialId } = await createCredential(n8n.rest, simulator, { baseUrl: 'http://127.0.0.1:9' });
	const parameters = { webhookId: randomUUID(), parameters: EVENTS };
	const keyless = await publishTrigger({ ...setup, credentialId }, parameters);
	equal(await answerTo(event, undefined, keyless.url), 503, 'a signature that cannot be verified');
	deepEqual(await received(setup, trigger.workflowId, 1), [['started', 'delivered']]);
	deepEqual(await n8n.rest.listExecutions({ workflowId: keyless.workflowId }), []);
}

/** A start that may have gone through is sent once, also under Retry On Fail, and the message says so. */
async function startFault(setup: Setup): Promise<void> {
	const { simulator } = setup;
	const retry = { retryOnFail: true, maxTries: 3, waitBetweenTries: 100 };
	// Each line of n8n has a request helper of its own.
	for (const kind of ['status', 'hang', 'reset', 'truncate', 'notJson'] as const) {
		const parameters = { ...START, options: kind === 'hang' ? { timeout: 700 } : {} };
		for (const extra of [{}, retry]) {
			simulator.requests.splice(0);
			simulator.addFault({ kind, status: 500, match: { path: START_PATH, times: 10 } });
			const execution = await runOnce(setup, parameters, extra);
			simulator.clearFaults();
			equal(execution.status, 'error');
			match(String(execution.data.resultData.error?.message), /the session may have been started/);
			equal(simulator.requests.filter(({ path }) => START_PATH.test(path)).length, 1, `starts sent: ${kind}`);
		}
	}
}

/** Starts one of our operations that waits, and waits until it does. @returns the execution's ID, and what was started */
async function startWaiting<T>(setup: Setup, started: Map<string, T>, parameters: object) {
	const { rest } = setup.n8n;
	started.clear();
	const node = ourNode(setup, NODE, 'videoSdkAgentCloud', parameters);
	const { id } = await rest.createWorkflow(chain(NODE, [n8nNode('Manual', 'manualTrigger'), node]));
	const executionId = await rest.startWorkflow(id);
	const one = await waitFor('a start', async () => [...started.values()].at(-1), PATIENCE_MS, 50);
	await untilWaiting(setup.n8n, executionId);
	return [executionId, one] as const;
}

/** Start and Wait continues at the session's signed event, not at a forged one, and at the deadline. */
async function wait(setup: Setup): Promise<void> {
	const { n8n, simulator } = setup;
	const parameters = { ...START, operation: 'startAndWait' };
	const [executionId, { sessionId, webhook }] = await startWaiting(setup, simulator.sessions, parameters);
	const end = eventBody(sessionId, 'stopped');
	const forged = await simulator.deliver(String(webhook?.endPoint), end, { signature: null });
	equal(forged.status, 401, 'a forged end');
	equal((await n8n.rest.getExecution(executionId))?.status, 'waiting');
	equal((await simulator.emit(sessionId, 'stopped'))?.status, 200, 'the end');
	const ended = onlyItem(await n8n.rest.untilEnded(executionId, NODE));
	deepEqual([ended.event, ended.status, ended.timedOut], ['stopped', 'stopped', undefined]);
	const late = onlyItem(await runOnce(setup, { ...parameters, ...SHORT_WAIT }));
	deepEqual([late.event, late.timedOut], [undefined, true]);
}

/** A call is made, and one is made and awaited. */
async function call(setup: Setup): Promise<void> {
	const { n8n, simulator } = setup;
	const parameters = (operation: string) => ({
		...{ resource: 'call', operation, to: '+15550003000' },
		routingRuleId: { __rl: true, mode: 'id', value: 'rule_out_01' },
		from: { __rl: true, mode: 'number', value: '+15550102001' },
	});
	const made = onlyItem(await runOnce(setup, parameters('make')));
	equal(simulator.calls.has(String(made.callId)), true, 'the ID of a call');
	simulator.setCallBehaviour({ talkMs: null });
	const [executionId, { callId }] = await startWaiting(setup, simulator.calls, parameters('makeAndWait'));
	await simulator.moveCall(callId, 'ended');
	const ended = onlyItem(await n8n.rest.untilEnded(executionId, NODE));
	deepEqual([ended.callId, ended.timedOut], [callId, undefined]);
}

export const CHECKS: Check[] = [
	{ title: 'Start and event', run: mainJob },
	{ title: 'Deliveries', run: deliveries },
	{ title: 'Failed start', run: startFault },
	{ title: 'Start and wait', run: wait },
	{ title: 'Calls', run: call },
];
