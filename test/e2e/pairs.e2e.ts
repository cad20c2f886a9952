/** Features as users combine them: what each does to the other, in a real n8n. */
import { waitFor } from '../n8n/processes';
import { outputOf } from '../n8n/rest';
import type { SimulatedCall } from '../simulator';
import { readStaticData, writeStaticData } from './database';
import { LATEST_VERSION, n8nOptions, publish, runEnded, untilWaiting } from './deliveries';
import { chain, itemNodes, n8nNode, ourNode, setUp, to, webhookNode, type Setup } from './setup';

const PATIENCE_MS = 150_000;
const START = /sessions\/start$/;
const CALL_TO = { to: '+15550003000', routingRuleId: 'rule_out_01', from: '+15550102001' };
const AFTER = n8nNode('After', 'noOp');
/** What other nodes and the user keep with the workflow. */
const KEPT = { 'node:Poll': { cursor: 1 }, global: { called: ['+15550100001'] } };

describe.each(LATEST_VERSION)('n8n %s', (version) => {
	let setup: Setup;

	beforeAll(async () => {
		const simulator = { lifecycle: false, callBehaviour: false } as const;
		setup = await setUp({ n8n: n8nOptions(version), simulator });
	});

	afterAll(async () => await setup?.stop());

	/** A Wait node whose time is over when n8n looks for it: n8n's wait tracker resumes it, as one of 65 s or more. */
	const waitNode = {
		...n8nNode(
			'Wait',
			'wait',
			{ resume: 'webhook', limitWaitTime: true, resumeAmount: 1, resumeUnit: 'seconds', options: {} },
			1.1,
		),
		webhookId: 'wait',
	};
	const makeAndWait = () =>
		ourNode(setup, 'Make and Wait', 'videoSdkAgentCloud', {
			resource: 'call',
			operation: 'makeAndWait',
			...CALL_TO,
			maxWaitUnit: 'hours',
			maxWait: 1,
			options: { allowSameNumber: true },
		});
	const items = (count: number) => itemNodes(Array.from({ length: count }, (_, index) => `item-${index}`));

	async function nthCall(count: number): Promise<SimulatedCall> {
		const outgoing = () => [...setup.simulator.calls.values()].filter(({ type }) => type === 'outbound');
		return await waitFor(`call ${count}`, async () => outgoing()[count - 1], PATIENCE_MS);
	}

	async function end({ callId }: SimulatedCall): Promise<void> {
		await setup.simulator.moveCall(callId, 'ended');
	}

	/** Waits for the only execution of a workflow to succeed. */
	async function success(workflowId: string) {
		const [summary] = await setup.n8n.rest.listExecutions({ workflowId });
		const execution = await runEnded(setup.n8n, String(summary?.id), AFTER.name, PATIENCE_MS);
		expect(execution.status).toBe('success');
		return execution;
	}

	const callsSoFar = () =>
		[...setup.simulator.calls.values()].filter(({ type }) => type === 'outbound').length;

	test('Wait, then Make and Wait: other static data is left alone', async () => {
		const before = callsSoFar();
		const workflow = chain('Wait', [webhookNode(`wait-${version}`), waitNode, makeAndWait(), AFTER]);
		const id = await publish(setup.n8n, workflow);
		writeStaticData(setup.n8n, id, KEPT);
		await setup.n8n.rest.waitForWebhook(`wait-${version}`, PATIENCE_MS);
		await end(await nthCall(before + 1));
		await success(id);
		expect(readStaticData(setup.n8n, id)).toEqual(KEPT);
	});

	test('Make and Wait in a loop beside a poll trigger: the cursor moves on and is not set back', async () => {
		const before = callsSoFar();
		const nodes = [
			webhookNode(`loop-${version}`),
			...items(2),
			n8nNode('Loop', 'splitInBatches', { options: {} }, 3),
		];
		const workflow = chain('Loop', nodes);
		const id = await publish(setup.n8n, {
			...workflow,
			nodes: [...nodes, makeAndWait(), AFTER],
			connections: {
				...workflow.connections,
				Loop: { main: [to(AFTER.name), to('Make and Wait')] },
				'Make and Wait': { main: [to('Loop')] },
			},
		});
		writeStaticData(setup.n8n, id, KEPT);
		await setup.n8n.rest.waitForWebhook(`loop-${version}`, PATIENCE_MS);
		const first = await nthCall(before + 1);
		// As the trigger does that polls meanwhile.
		const movedOn = { ...KEPT, 'node:Poll': { cursor: 2 } };
		writeStaticData(setup.n8n, id, movedOn);
		await end(first);
		await end(await nthCall(before + 2));
		await success(id);
		expect(readStaticData(setup.n8n, id)).toEqual(movedOn);
	});

	test('A missed call, Wait and a callback in one workflow: the trigger is still registered, and can be unpublished', async () => {
		const before = callsSoFar();
		const trigger = ourNode(setup, 'Trigger', 'videoSdkAgentCloudTrigger', { events: ['call-missed'] });
		const id = await publish(
			setup.n8n,
			chain('Callback', [{ ...trigger, webhookId: `callback-${version}` }, waitNode, makeAndWait(), AFTER]),
		);
		const registered = () => [...setup.simulator.callWebhooks.values()].filter(({ deletedAt }) => !deletedAt);
		expect(registered()).toHaveLength(1);
		const kept = readStaticData(setup.n8n, id);
		const { callId } = setup.simulator.incomingCall({ to: CALL_TO.from, from: CALL_TO.to }, false);
		await setup.simulator.moveCall(callId, 'missed');
		await end(await nthCall(before + 1));
		await success(id);
		expect(readStaticData(setup.n8n, id)).toEqual(kept);
		await setup.n8n.rest.deactivate(id);
		expect(registered()).toEqual([]);
	});

	test('Start with a room and Retry On Fail in a sub-workflow: no start is sent twice, no room is left unnamed', async () => {
		const { rest } = setup.n8n;
		const { sessions, rooms, requests } = setup.simulator;
		// Calls have rooms, too.
		rooms.clear();
		const fields = { deploymentId: 'ddv_support', recording: 'record', options: { maxConcurrency: 1 } };
		const metaData = { entries: [{ key: 'item', value: '={{ $json.item }}' }] };
		const retry = { retryOnFail: true, maxTries: 3, waitBetweenTries: 100 };
		const child = await rest.createWorkflow(
			chain('Child', [
				n8nNode('Called', 'executeWorkflowTrigger', { inputSource: 'passthrough' }, 1.1),
				ourNode(setup, 'Start', 'videoSdkAgentCloud', { operation: 'start', ...fields, metaData }, retry),
			]),
		);
		// 2.x wants it published, 1.x has nothing to publish in it.
		if (version === '2.41.1') await rest.activate(child.id);
		const workflowId = { __rl: true, mode: 'id', value: child.id };
		const call = n8nNode('Sub', 'executeWorkflow', { source: 'database', workflowId, options: {} }, 1.2);
		const parent = await rest.createWorkflow(
			chain('Parent', [n8nNode('Manual', 'manualTrigger'), ...items(3), call]),
		);
		for (const [item, status] of [
			[0, 400],
			[1, 500],
		] as const) {
			const match = { path: START, body: new RegExp(`item-${item}`) };
			setup.simulator.addFault({ kind: 'status', status, match });
		}
		const { data } = await rest.runWorkflow(parent.id, PATIENCE_MS);
		const starts = requests.filter(({ path }) => START.test(path));
		const sent = starts.map(({ body }) => (body as { metaData: { item: string } }).metaData.item);
		expect(sent).toEqual(['item-0', 'item-0', 'item-1']);
		const open = [...rooms.values()].filter(({ disabled }) => !disabled);
		const [session] = [...sessions.values()];
		const { message, description } = data.resultData.error as { message: string; description: string };
		expect(`${message} ${description}`).toContain(session?.sessionId);
		expect(`${message} ${description}`).toContain(
			open.map(({ roomId }) => roomId).find((roomId) => roomId !== session?.env?.VIDEOSDK_ROOM_ID),
		);
	});

	test('The error output after a wait gets what was rejected, and not what VideoSDK no longer finds', async () => {
		const { rest } = setup.n8n;
		const sessions = setup.simulator.sessions;
		sessions.clear();
		setup.simulator.addFault({ kind: 'status', status: 400, match: { path: START, body: /item-0/ } });
		const metaData = { entries: [{ key: 'item', value: '={{ $json.item }}' }] };
		const wait = ourNode(
			setup,
			'Start and Wait',
			'videoSdkAgentCloud',
			{
				operation: 'startAndWait',
				deploymentId: 'ddv_support',
				metaData,
				maxWait: 1,
				maxWaitUnit: 'minutes',
			},
			{ onError: 'continueErrorOutput' },
		);
		const { id } = await rest.createWorkflow(
			chain('Error output', [n8nNode('Manual', 'manualTrigger'), ...items(3), wait, AFTER]),
		);
		const executionId = await rest.startWorkflow(id);
		await untilWaiting(setup.n8n, executionId, PATIENCE_MS);
		const [gone, ended] = [...sessions.values()].sort((a, b) =>
			String(a.metaData?.item).localeCompare(String(b.metaData?.item)),
		);
		sessions.delete(String(gone?.sessionId));
		if (ended) ended.status = 'stopped';
		const execution = await runEnded(setup.n8n, executionId, AFTER.name, 2 * PATIENCE_MS);
		const seen = { success: outputOf(execution, wait.name), failure: outputOf(execution, wait.name, 1) };
		expect(seen).toEqual({
			success: [
				expect.objectContaining({ sessionId: gone?.sessionId, timedOut: true }),
				expect.objectContaining({ sessionId: ended?.sessionId, event: 'stopped' }),
			],
			failure: [expect.objectContaining({ error: expect.stringContaining('400') })],
		});
	});
});
