/** What has to work in every version of n8n: `npm run test:versions`, for the table in docs/dev/compatibility.md. */
import { waitFor } from '../../n8n/processes';
import { OLDEST_N8N_VERSION, testedVersions } from '../../n8n/installN8n';
import { type Execution, outputOf, type WorkflowNode } from '../../n8n/rest';
import type { CallStatus } from '../../simulator';
import { EVENTS, executionsOf, mainJob } from '../../start/check';
import { eventBody, publishTrigger, runByHand, startNew, untilWaiting } from '../deliveries';
import {
	actionNode,
	BY_RULE,
	chain,
	inMode,
	itemNodes,
	loop,
	MANUAL,
	n8nNode,
	pause,
	SESSION,
} from '../nodes';
import { createCredential, PATIENT, setUpAll } from '../setup';

const NODE = 'VideoSDK';
const START = { ...SESSION, operation: 'start' };
const WAIT = { ...SESSION, operation: 'startAndWait' };
const START_PATH = /sessions\/start$/;
/** There, a Retry of what was killed starts it again: docs/waiting.md has the case. */
const NOT_TOLD_WHAT_IS_RETRIED = [OLDEST_N8N_VERSION, '1.123.81'];

describe.each(testedVersions())('n8n %s', (version) => {
	const setup = setUpAll({ n8n: { version }, simulator: { lifecycle: false, ...PATIENT } });

	const run = async (parameters: object, extra?: object) =>
		await runByHand(setup.n8n, actionNode(setup, NODE, parameters, extra));

	/** Checks that an execution succeeded, and yields the only item of our node. */
	function onlyItem(execution: Execution) {
		const output = outputOf(execution, NODE);
		expect([execution.status, output.length]).toEqual(['success', 1]);
		return output[0]!;
	}

	test('Start and event', async () => void (await mainJob(setup)));

	test('Deliveries: only the first genuine one starts an execution', async () => {
		const { simulator, n8n } = setup;
		const trigger = await publishTrigger(setup, { parameters: EVENTS });
		const nowhere = { baseUrl: 'http://127.0.0.1:9' };
		const { id: credentialId } = await createCredential(n8n.rest, simulator, nowhere);
		const keyless = await publishTrigger({ ...setup, credentialId }, { parameters: EVENTS });
		const event = eventBody('delivered', 'started');
		const forged = eventBody('forged', 'started');
		const deliveries: Array<[status: number, body: object, signature?: string | null, url?: string]> = [
			[200, event],
			[200, event],
			[200, eventBody('delivered', 'stopping')],
			[401, forged, null],
			[401, forged, simulator.sign('{}')],
			[400, { data: {} }],
			[503, event, undefined, keyless.url],
		];
		for (const [status, body, signature, url = trigger.url] of deliveries)
			expect(await simulator.deliver(url, body, { signature })).toMatchObject({ status });
		const executions = await executionsOf(n8n.rest, trigger.workflowId, 1);
		expect(executions.map((one) => outputOf(one, 'After')[0]?.sessionId)).toEqual(['delivered']);
		expect(await n8n.rest.listExecutions({ workflowId: keyless.workflowId })).toEqual([]);
	});

	// Each line of n8n has a request helper of its own.
	test.each(['status', 'hang', 'reset', 'truncate', 'notJson'] as const)(
		'Failed start: one that may have gone through is sent once, also with Retry On Fail: %s',
		async (kind) => {
			const { simulator } = setup;
			const parameters = { ...START, options: kind === 'hang' ? { timeout: 700 } : {} };
			for (const extra of [{}, { retryOnFail: true, maxTries: 3, waitBetweenTries: 100 }]) {
				simulator.requests.length = 0;
				simulator.addFault({ kind, status: 500, match: { path: START_PATH, times: 10 } });
				const { status, data } = await run(parameters, extra);
				simulator.clearFaults();
				expect([status, data.resultData.error?.message]).toEqual([
					'error',
					expect.stringContaining('the session may have been started'),
				]);
				expect(simulator.requests.filter(({ path }) => START_PATH.test(path))).toHaveLength(1);
			}
		},
	);

	/** Retries an execution with the saved workflow. */
	const retry = async (id: string) =>
		await setup.n8n.rest.call<{ id: string }>('POST', `/executions/${id}/retry`, { loadWorkflow: true });

	test('Failed start: someone retries the execution after a restart, twice, and both wait for the same sessions', async () => {
		const { n8n, simulator } = setup;
		simulator.requests.length = 0;
		simulator.sessions.clear();
		for (const fault of [{ kind: 'delay' }, { kind: 'status', status: 402 }] as const)
			simulator.addFault({ ...fault, match: { path: START_PATH } });
		const parameters = { ...WAIT, recording: 'record', options: { maxConcurrency: 1, includeWait: 0 } };
		const workflow = loop('Retry', [MANUAL, ...itemNodes([1, 2, 3])], actionNode(setup, NODE, parameters), 3);
		const failed = await n8n.rest.untilEnded(await startNew(n8n, workflow));
		expect([failed.status, simulator.sessions.size]).toEqual(['error', 1]);
		await n8n.restart();
		const { id } = await retry(failed.id);
		await untilWaiting(n8n, id);
		const { id: again } = await retry(failed.id);
		await untilWaiting(n8n, again);
		const started = [...simulator.sessions.keys()];
		for (const sessionId of started) await simulator.emit(sessionId, 'stopped');
		for (const retried of [id, again]) {
			const rows = outputOf(await n8n.rest.untilEnded(retried, 'After'), 'After');
			expect(rows.map(({ sessionId, outcome }) => [sessionId, outcome])).toEqual(
				started.map((sessionId) => [sessionId, 'completed']),
			);
		}
		expect(simulator.requests.filter(({ path }) => START_PATH.test(path))).toHaveLength(4);
	});

	/** Starts one of our operations that waits. @returns the execution's ID once it waits, and what was started */
	async function startWaiting<T>(
		started: Map<string, T>,
		parameters: object,
		...after: WorkflowNode[]
	): Promise<[string, T]> {
		started.clear();
		const node = actionNode(setup, NODE, parameters);
		const executionId = await startNew(setup.n8n, chain(NODE, [MANUAL, node, ...after]));
		const one = await waitFor('a start', async () => [...started.values()].at(-1));
		await untilWaiting(setup.n8n, executionId);
		return [executionId, one];
	}

	test("Start and wait: continues at the session's signed event, not at a forged one, and at the deadline", async () => {
		const { n8n, simulator } = setup;
		const [executionId, { sessionId, webhook }] = await startWaiting(simulator.sessions, WAIT);
		const end = eventBody(sessionId, 'stopped');
		expect(await simulator.deliver(webhook!.endPoint, end, { signature: null })).toMatchObject({
			status: 401,
		});
		expect((await n8n.rest.getExecution(executionId))?.status).toBe('waiting');
		expect(await simulator.emit(sessionId, 'stopped')).toMatchObject({ status: 200 });
		const ended = onlyItem(await n8n.rest.untilEnded(executionId, NODE));
		expect(ended).toMatchObject({ event: 'stopped', status: 'stopped' });
		expect(ended).not.toHaveProperty('timedOut');
		const late = onlyItem(await run({ ...WAIT, maxWait: 0.05, maxWaitUnit: 'minutes' }));
		expect([late.event, late.timedOut]).toEqual([undefined, true]);
	});

	const testIfTold = NOT_TOLD_WHAT_IS_RETRIED.includes(version) ? test.skip : test;
	testIfTold(
		'Start and wait: n8n is killed after the wait, and someone retries that with the saved workflow',
		async () => {
			const { n8n, simulator } = setup;
			const [id, { sessionId }] = await startWaiting(simulator.sessions, WAIT, pause(10));
			await simulator.emit(sessionId, 'stopped');
			await waitFor('what follows', async () => (await n8n.rest.getExecution(id))?.status === 'running');
			await n8n.kill();
			await n8n.restart();
			await waitFor('n8n to notice', async () => (await n8n.rest.getExecution(id))?.status === 'crashed');
			const { id: retried } = await retry(id);
			expect(onlyItem((await n8n.rest.getExecution(retried))!)).toMatchObject({
				sessionId,
				event: 'stopped',
			});
			expect(simulator.sessions.size).toBe(1);
		},
	);

	test('Calls: one in a sub-workflow is made, or refused where n8n may run it twice', async () => {
		const { n8n, simulator } = setup;
		const called = n8nNode('Called', 'executeWorkflowTrigger', { inputSource: 'passthrough' }, 1.1);
		const call = actionNode(setup, NODE, { ...BY_RULE, operation: 'makeAndWait', to: '+15550003009' });
		const child = await n8n.rest.createWorkflow(chain('Child', [called, call]));
		if (!n8n.rest.isFirstLine) await n8n.rest.activate(child.id);
		const workflowId = inMode('id', child.id);
		const run = n8nNode('Run', 'executeWorkflow', { workflowId, options: {} }, 1.2);
		simulator.calls.clear();
		const id = await startNew(n8n, chain('Parent', [MANUAL, run]));
		if (!n8n.rest.isFirstLine) {
			const { callId } = await waitFor('the call', async () => [...simulator.calls.values()][0]);
			await simulator.moveCall(callId, 'ended');
			return expect((await n8n.rest.untilEnded(id)).status).toBe('success');
		}
		const { data } = await n8n.rest.untilEnded(id);
		expect(data.resultData.error?.message).toContain('This version of n8n may run this execution twice');
		expect(simulator.calls.size).toBe(0);
	});

	const callParameters = (operation: string) => ({ ...BY_RULE, operation, to: '+15550003000' });

	test('Calls: one is made, and one is made and awaited', async () => {
		const { n8n, simulator } = setup;
		expect(simulator.calls.has(String(onlyItem(await run(callParameters('make'))).callId))).toBe(true);
		simulator.setCallBehaviour({ talkMs: null });
		const [executionId, { callId }] = await startWaiting(simulator.calls, callParameters('makeAndWait'));
		await simulator.moveCall(callId, 'ended');
		const ended = onlyItem(await n8n.rest.untilEnded(executionId, NODE));
		expect([ended.callId, ended.timedOut]).toEqual([callId, undefined]);
	});

	// As in VideoSDK's published sample of a call that is over; a status of its agents framework; ones that are in neither.
	test.each<[words: Record<string, string>, steps: CallStatus[], outcome: string]>([
		[{ initiated: 'INITIATED', ended: 'COMPLETED' }, ['answered', 'ended'], 'answered'],
		[{ missed: 'busy' }, ['missed'], 'noAnswer'],
		[{ ended: 'hung-up' }, ['ringing', 'answered', 'ended'], 'answered'],
		[{ ended: 'hung-up' }, ['ringing', 'ended'], 'noAnswer'],
	])('Calls: in the words %j, the steps %j mean %s', async (words, steps, outcome) => {
		const { n8n, simulator } = setup;
		simulator.setCallBehaviour({ talkMs: null, ringForMs: null });
		simulator.spellCalls({ words, unlogged: words.ended === 'COMPLETED' ? ['answered'] : [] });
		const trigger = await publishTrigger(setup, { parameters: { events: ['call-hangup'] } });
		const [executionId, { callId }] = await startWaiting(simulator.calls, callParameters('makeAndWait'));
		for (const step of steps) await simulator.moveCall(callId, step);
		const result = { callId, outcome, answered: outcome === 'answered' };
		expect(onlyItem(await n8n.rest.untilEnded(executionId, NODE))).toMatchObject(result);
		const filters = { outcome: [outcome] };
		expect(onlyItem(await run({ resource: 'call', operation: 'getAll', filters }))).toMatchObject(result);
		await simulator.deliver(trigger.url, { webhookType: 'call-hangup', data: { callId, note: executionId } });
		const [event] = await executionsOf(n8n.rest, trigger.workflowId, 1);
		expect(outputOf(event!, 'After')).toMatchObject([result]);
		simulator.spellCalls({});
	});
});
