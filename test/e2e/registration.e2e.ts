/** The trigger's registration for call events, and the list that offers it, in a real n8n. */
import { randomUUID } from 'node:crypto';
import type { N8nOptions } from '../n8n/instance';
import { startWebhookProcess, startWorker } from '../n8n/instance';
import { freePorts, waitFor } from '../n8n/processes';
import { isStored, outputOf } from '../n8n/rest';
import { startPostgres, startRedis } from '../n8n/services';
import { during, n8nOptions, VERSIONS } from './deliveries';
import { figure } from './figures';
import type { Setup } from './setup';
import { chain, CREDENTIAL_TYPE, n8nNode, ourNode, PACKAGE, PATIENT, setUp } from './setup';

const SETTLE_MS = 60_000;
/** n8n 2.x goes on with a publication in the midst of which it was ended after two minutes (its lease). */
const LIST_MS = 150_000;
/** n8n 2.x tries five times. */
const PUBLISH_MS = 120_000;
const CALLS = ['call-answered', 'call-hangup'];
/** Longer than n8n 2.x takes to look for triggers that it has lost (every 60 s), were it to find ours each time. */
const RECONCILED_MS = 70_000;

interface ListEntry {
	name: string;
	value: string;
}

describe.each(VERSIONS)('n8n %s', (version) => {
	let setup: Setup;
	const foreign = { url: 'https://elsewhere.example.com/hook', events: ['call-started'] };
	const webhookId = randomUUID();
	let workflowId: string;
	let url: string;
	let testUrl: string;

	const registered = () =>
		[...setup.simulator.callWebhooks.values()]
			.filter(({ deletedAt }) => deletedAt === undefined)
			.map((webhook) => ({ url: webhook.url, events: [...webhook.events].sort() }));

	/** Waits until exactly these are registered beside the foreign one. */
	async function expectRegistered(...wanted: Array<{ url: string; events: string[] }>): Promise<void> {
		const all = [foreign, ...wanted];
		await waitFor(
			'the registrations',
			async () => (JSON.stringify(registered()) === JSON.stringify(all) ? true : undefined),
			SETTLE_MS,
		).catch(() => expect(registered()).toEqual(all));
	}

	const triggerNode = (events: string[]) =>
		ourNode(setup, 'Trigger', 'videoSdkAgentCloudTrigger', { events }, { typeVersion: 1, webhookId });
	const workflow = (events: string[]) => chain('Calls', [triggerNode(events), n8nNode('After', 'noOp')]);

	async function publish(events: string[]): Promise<void> {
		await setup.n8n.rest.updateWorkflow(workflowId, workflow(events));
		await setup.n8n.rest.activate(workflowId);
	}

	/** What "From List" of 'Webhook URL' shows. */
	async function list(): Promise<ListEntry[]> {
		const { results } = await setup.n8n.rest.call<{ results: ListEntry[] }>(
			'POST',
			'/dynamic-node-parameters/resource-locator-results',
			{
				path: 'parameters.webhookUrl',
				methodName: 'searchTriggers',
				nodeTypeAndVersion: { name: `${PACKAGE}.videoSdkAgentCloud`, version: 1 },
				currentNodeParameters: {
					resource: 'session',
					operation: 'start',
					webhookEvents: ['ai-deployment-session-started'],
				},
				credentials: { [CREDENTIAL_TYPE]: { id: setup.credentialId, name: 'VideoSDK' } },
			},
		);
		return results;
	}

	/** The triggers in the list, without its last entry, which says what to do if one is missing. */
	const listed = async () => (await list()).slice(0, -1);

	async function expectDelivered(event: string): Promise<void> {
		const call = setup.simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false);
		const deliveries = await setup.simulator.emitCall(call.callId, event);
		expect(deliveries.find((delivery) => delivery.endPoint === url)).toMatchObject({ status: 200 });
		const execution = await setup.n8n.rest.waitForExecution(
			(candidate) => outputOf(candidate, 'After').some(({ callId }) => callId === call.callId),
			SETTLE_MS,
			{ workflowId },
		);
		expect(outputOf(execution, 'After')).toMatchObject([{ event, callId: call.callId, roomId: call.roomId }]);
		// What n8n's search for executions goes by; 1.x does not offer it to nodes.
		const { metadata } = execution.data.resultData as { metadata?: object };
		if (!version.startsWith('1.'))
			expect(metadata).toMatchObject({ callId: call.callId, roomId: call.roomId });
	}

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version), simulator: PATIENT });
		setup.simulator.addCallWebhook(foreign.url, foreign.events);
		url = `${setup.n8n.url}/webhook/${webhookId}/webhook`;
		testUrl = `${setup.n8n.url}/webhook-test/${webhookId}/webhook`;
		// As n8n names itself.
		url = url.replace('127.0.0.1', 'localhost');
		testUrl = testUrl.replace('127.0.0.1', 'localhost');
		workflowId = (await setup.n8n.rest.createWorkflow(workflow(CALLS))).id;
	});
	afterEach(() => setup.simulator.clearFaults());
	afterAll(async () => await setup?.stop());

	it('is registered when published, and hears of calls', async () => {
		await setup.n8n.rest.activate(workflowId);
		await expectRegistered({ url, events: CALLS });
		await expectDelivered('call-hangup');
	});

	it('is in the list', async () => {
		expect(await listed()).toMatchObject([{ name: 'Calls (lacks Started)', value: url }]);
	});

	it('is replaced when other events are published', async () => {
		await publish(['call-missed', 'ai-deployment-session-started', 'participant-joined']);
		await expectRegistered({ url, events: ['call-missed'] });
		expect(await listed()).toMatchObject([{ name: 'Calls', value: url }]);
	});

	it('hears of the room that Start creates, with the context of the session', async () => {
		const start = ourNode(setup, 'Start', 'videoSdkAgentCloud', {
			deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
			room: 'create',
			webhookUrl: { __rl: true, mode: 'list', value: url },
			webhookEvents: ['ai-deployment-session-started'],
			context: { entries: [{ key: 'row', value: '7' }] },
		});
		const { id } = await setup.n8n.rest.createWorkflow(
			chain('Start', [n8nNode('Manual', 'manualTrigger'), start]),
		);
		const roomId = String(outputOf(await setup.n8n.rest.runWorkflow(id), 'Start')[0]?.roomId);
		setup.simulator.joinRoom(roomId, { name: 'Ada' });
		const execution = await setup.n8n.rest.waitForExecution(
			(candidate) => outputOf(candidate, 'After').some(({ event }) => event === 'participant-joined'),
			SETTLE_MS,
			{ workflowId },
		);
		expect(outputOf(execution, 'After')).toMatchObject([{ roomId, context: { row: '7' } }]);
	});

	/** n8n 1.x calls the trigger's hooks at its start, 2.x only when the workflow is published. */
	const hasHooksAtStart = version.startsWith('1.');

	/** Waits until n8n takes deliveries again and, where its hooks tell, until the list knows the trigger. */
	async function started(): Promise<void> {
		await setup.n8n.rest.waitForWebhook(`${webhookId}/webhook`);
		if (!hasHooksAtStart) return;
		await waitFor('the list', async () => ((await listed()).length > 0 ? true : undefined), LIST_MS);
	}

	it('stays as it is when n8n restarts, and is in the list again after an event at the latest', async () => {
		await setup.n8n.restart();
		await started();
		// What the list does not know, its last entry is for.
		expect((await list()).at(-1)?.name).toContain('Not listed?');
		await expectRegistered({ url, events: ['call-missed'] });
		await expectDelivered('call-missed');
		expect(await listed()).toMatchObject([{ name: 'Calls', value: url }]);
	});

	it('stays as it is after kill -9', async () => {
		await setup.n8n.kill();
		await setup.n8n.restart();
		await started();
		await expectRegistered({ url, events: ['call-missed'] });
		await expectDelivered('call-missed');
	});

	it('is made anew if somebody has deleted it: at the next start, or when it is published again', async () => {
		const mine = [...setup.simulator.callWebhooks.values()].find((webhook) => webhook.url === url);
		setup.simulator.callWebhooks.delete(String(mine?.id));
		await setup.n8n.restart();
		await started();
		if (!hasHooksAtStart) {
			await setup.n8n.rest.deactivate(workflowId);
			await setup.n8n.rest.activate(workflowId);
		}
		await expectRegistered({ url, events: ['call-missed'] });
	});

	it('stays published when n8n starts while VideoSDK is down', async () => {
		setup.simulator.addFault({ kind: 'status', status: 503, match: { times: 999, path: /sip/ } });
		const startedAtMs = performance.now();
		await setup.n8n.restart();
		figure(`start of n8n ${version} with VideoSDK down`, `${Math.round(performance.now() - startedAtMs)} ms`);
		await started();
		setup.simulator.clearFaults();
		await expectRegistered({ url, events: ['call-missed'] });
		await expectDelivered('call-missed');
	});

	it('is left in peace by n8n afterwards', async () => {
		setup.simulator.requests.length = 0;
		await during(RECONCILED_MS);
		expect(setup.simulator.requests).toEqual([]);
	});

	it('listens for a test event beside the published one', async () => {
		await setup.n8n.rest.updateWorkflow(workflowId, workflow(['call-started']));
		await setup.n8n.rest.call('POST', `/workflows/${workflowId}/run`, {
			workflowData: await setup.n8n.rest.getWorkflow(workflowId),
			triggerToStartFrom: { name: 'Trigger' },
		});
		const production = registered().find((webhook) => webhook.url === url);
		expect(registered()).toContainEqual({ url: testUrl, events: ['call-started'] });
		const call = setup.simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false);
		await setup.simulator.emitCall(call.callId, 'call-started');
		await waitFor(
			'the end of listening',
			async () => (registered().some((webhook) => webhook.url === testUrl) ? undefined : true),
			SETTLE_MS,
		);
		expect(production).toBeDefined();
		expect(registered()).toContainEqual(production);
		const execution = await setup.n8n.rest.waitForExecution(
			(candidate) => candidate.mode === 'manual' && isStored(candidate, 'After'),
			SETTLE_MS,
			{ workflowId },
		);
		expect(outputOf(execution, 'After')).toMatchObject([{ event: 'call-started', callId: call.callId }]);
	});

	it('is removed when unpublished, also from the list', async () => {
		await setup.n8n.rest.deactivate(workflowId);
		await expectRegistered();
		expect(await listed()).toEqual([]);
	});

	it('is not published with VideoSDK down, and n8n says why', async () => {
		setup.simulator.addFault({ kind: 'status', status: 503, match: { times: 999, path: /sip/ } });
		const failure = await publish(CALLS).catch((error: Error) => error.message);
		const reason = 'could not be registered for call events. VideoSDK is having trouble (status 503)';
		// 2.x publishes after it has answered.
		if (version.startsWith('1.')) expect(failure).toContain(reason);
		else await waitFor('the reason', async () => setup.n8n.logs.includes(reason) || undefined, PUBLISH_MS);
		setup.simulator.clearFaults();
		expect(registered()).toEqual([foreign]);
		await setup.n8n.rest.deactivate(workflowId).catch(() => undefined);
		await publish(CALLS);
		await expectRegistered({ url, events: CALLS });
	});
});

describe('n8n 2.41.1 in queue mode: a main process, a webhook process, a worker', () => {
	const webhookId = randomUUID();
	const undo: Array<() => Promise<unknown>> = [];
	let setup: Setup;
	let workflowId: string;
	let url: string;

	const registered = () =>
		[...setup.simulator.callWebhooks.values()]
			.filter(({ deletedAt }) => deletedAt === undefined)
			.map((webhook) => ({ url: webhook.url, events: webhook.events }));
	const settled = async (wanted: object[]) =>
		await waitFor(
			'the registrations',
			async () => JSON.stringify(registered()) === JSON.stringify(wanted) || undefined,
			SETTLE_MS,
		);

	async function expectDelivered(): Promise<void> {
		const call = setup.simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false);
		await waitFor(
			'the webhook process to take the event',
			async () =>
				(await setup.simulator.emitCall(call.callId, 'call-hangup'))[0]?.status === 200 || undefined,
			SETTLE_MS,
		);
		await setup.n8n.rest.waitForExecution(
			(execution) => outputOf(execution, 'After').some(({ callId }) => callId === call.callId),
			SETTLE_MS,
			{ workflowId },
		);
	}

	beforeAll(async () => {
		const services = await Promise.all([startPostgres(), startRedis()]);
		for (const service of services) undo.push(async () => await service.stop());
		const [port = 0] = await freePorts(1);
		const base = `http://127.0.0.1:${port}/`;
		const options: N8nOptions = {
			version: '2.41.1',
			mode: 'queue',
			env: { ...Object.assign({}, ...services.map(({ env }) => env)), N8N_WEBHOOK_URL: base },
		};
		setup = await setUp({ n8n: options, simulator: PATIENT });
		undo.push(async () => await setup.stop());
		for (const start of [startWebhookProcess({ ...options, port }), startWorker(options)]) {
			const process = await start;
			undo.push(async () => await process.stop());
		}
		url = `${base}webhook/${webhookId}/webhook`;
		const trigger = ourNode(
			setup,
			'Trigger',
			'videoSdkAgentCloudTrigger',
			{ events: ['call-hangup'] },
			{ typeVersion: 1, webhookId },
		);
		const workflow = chain('Calls', [trigger, n8nNode('After', 'noOp')]);
		workflowId = (await setup.n8n.rest.createWorkflow(workflow)).id;
	});
	afterAll(async () => {
		for (const step of undo.reverse()) await step();
	});

	it('makes exactly one registration, of the URL of the webhook process', async () => {
		await setup.n8n.rest.activate(workflowId);
		await settled([{ url, events: ['call-hangup'] }]);
		await expectDelivered();
	});

	it('keeps it when the main process is killed and starts again', async () => {
		await setup.n8n.kill();
		await setup.n8n.restart();
		await expectDelivered();
		expect(registered()).toEqual([{ url, events: ['call-hangup'] }]);
	});

	it('removes it when unpublished', async () => {
		await setup.n8n.rest.deactivate(workflowId);
		await settled([]);
	});
});
