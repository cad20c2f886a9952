/** The trigger's registration for call events, the list that offers it, and Check Setup, which looks at it, in a real n8n. */
import { randomUUID } from 'node:crypto';
import { waitFor } from '../n8n/processes';
import { type Execution, isStored, outputOf, type WorkflowJson } from '../n8n/rest';
import { during, publish, runByHand, searchList } from './deliveries';
import { actionNode, chain, n8nNode, ourNode } from './nodes';
import { PATIENT, setUpAll } from './setup';

/** n8n resumes a publication during which it was ended after two minutes (its lease). */
const LIST_MS = 150_000;
/** n8n tries five times. */
const PUBLISH_MS = 120_000;
const CALLS = ['call-answered', 'call-hangup'];
/** Longer than n8n takes to look for triggers that it has lost (every 10 s), were it to find ours each time. */
const RECONCILED_MS = 25_000;

describe("The trigger's registration", () => {
	const foreign = { url: 'https://elsewhere.example.com/hook', events: ['call-started'] };
	const webhookId = randomUUID();
	/** Read again at each start. */
	const env: Record<string, string> = {};
	const setup = setUpAll({ n8n: { env }, simulator: PATIENT });
	let workflowId: string;
	/** As n8n names itself. */
	let url: string;

	/** Waits until exactly these are registered beside the foreign one. */
	async function expectRegistered(...wanted: Array<{ url: string; events: string[] }>): Promise<void> {
		const registered = () =>
			[...setup.simulator.callWebhooks.values()]
				.filter(({ deletedAt }) => deletedAt === undefined)
				.map(({ url: ofOne, events }) => ({ url: ofOne, events: [...events].sort() }));
		const all = [foreign, ...wanted];
		const areRight = async () => JSON.stringify(registered()) === JSON.stringify(all);
		await waitFor('the registrations', areRight).catch(() => expect(registered()).toEqual(all));
	}
	const workflow = (events: string[]) =>
		chain('Calls', [
			ourNode(setup, 'Trigger', 'videoSdkAgentCloudTrigger', { events }, { webhookId }),
			n8nNode('After', 'noOp'),
		]);

	async function publishWith(events: string[]): Promise<void> {
		await setup.n8n.rest.updateWorkflow(workflowId, workflow(events));
		await setup.n8n.rest.activate(workflowId);
	}

	/** The triggers in the list, without its last entry, which says what to do if one is missing. */
	async function listed() {
		const webhookEvents = ['ai-deployment-session-started'];
		const parameters = { resource: 'session', operation: 'start', webhookEvents };
		const path = 'parameters.webhookUrl';
		return (await searchList(setup, 'searchTriggers', { path, parameters })).slice(0, -1);
	}

	/** Has a call's event delivered, and checks the execution that it starts. */
	async function expectDelivered(event: string): Promise<void> {
		const { simulator, n8n } = setup;
		const { callId, roomId } = simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false);
		const isTaken = async () =>
			(await simulator.emitCall(callId, event)).some(
				({ endPoint, status }) => endPoint === url && status === 200,
			);
		await waitFor('n8n to take the event', isTaken);
		const execution = await n8n.rest.waitForExecution(workflowId, (candidate) =>
			outputOf(candidate, 'After').some((item) => item.callId === callId),
		);
		// The call rings on, so what the event itself says counts.
		const outcome = event === 'call-missed' ? { outcome: 'noAnswer', answered: false } : {};
		expect(outputOf(execution, 'After')).toMatchObject([
			{ event, callId, roomId, call: { callId }, ...outcome },
		]);
		// What n8n's search for executions goes by.
		expect(execution.data.resultData.metadata).toMatchObject({ callId, roomId });
	}

	beforeAll(async () => {
		setup.simulator.addCallWebhook(foreign.url, foreign.events);
		url = `${setup.webhooksUrl}/webhook/${webhookId}/webhook`;
		workflowId = (await setup.n8n.rest.createWorkflow(workflow(CALLS))).id;
	});
	afterEach(() => setup.simulator.clearFaults());

	it('is registered when published, hears of calls, and is in the list', async () => {
		await setup.n8n.rest.activate(workflowId);
		await expectRegistered({ url, events: CALLS });
		await expectDelivered('call-hangup');
		expect(await listed()).toMatchObject([{ name: 'Calls (not set to start on Started)', value: url }]);
	});

	it('is replaced when other events are published', async () => {
		await publishWith(['call-missed', 'ai-deployment-session-started', 'participant-joined']);
		await expectRegistered({ url, events: ['call-missed'] });
		expect(await listed()).toMatchObject([{ name: 'Calls', value: url }]);
	});

	async function restart(): Promise<void> {
		await setup.n8n.restart();
		await setup.n8n.rest.waitForWebhook(`${webhookId}/webhook`);
		await waitFor('the list', async () => (await listed()).length > 0, LIST_MS);
	}
	const missed = () => ({ url, events: ['call-missed'] });
	const drop = (wanted: string) => {
		for (const [id, webhook] of setup.simulator.callWebhooks) {
			if (webhook.url === wanted) setup.simulator.callWebhooks.delete(id);
		}
	};

	it('stays as it is when n8n is killed, and is made again at a start if someone has deleted it', async () => {
		await setup.n8n.kill();
		await restart();
		await expectRegistered(missed());
		expect(await listed()).toMatchObject([{ name: 'Calls', value: url }]);
		drop(url);
		await restart();
		await expectRegistered(missed());
		await expectDelivered('call-missed');
	});

	it('is made at the new address after a change of N8N_WEBHOOK_URL and a restart', async () => {
		const former = missed();
		url = url.replace('localhost', '127.0.0.1');
		env.N8N_WEBHOOK_URL = `${setup.n8n.url}/`;
		await restart();
		// A clone of this instance may be using the former one.
		await expectRegistered(former, missed());
		drop(former.url);
		await expectDelivered('call-missed');
	});

	it('a copy is registered beside the original, and leaves it alone', async () => {
		const { rest } = setup.n8n;
		const copyWebhookId = randomUUID();
		const copy = JSON.stringify(workflow(['call-missed'])).replaceAll(webhookId, copyWebhookId);
		const { staticData } = await rest.getWorkflow(workflowId);
		const { id } = await rest.createWorkflow({ ...(JSON.parse(copy) as WorkflowJson), staticData });
		await rest.activate(id);
		await expectRegistered(missed(), { ...missed(), url: url.replace(webhookId, copyWebhookId) });
		await rest.deactivate(id);
		await expectRegistered(missed());
	});

	(process.env.NIGHTLY ? it : it.skip)('is left in peace by n8n afterwards', async () => {
		setup.simulator.requests.length = 0;
		await during(RECONCILED_MS);
		expect(setup.simulator.requests).toEqual([]);
	});

	it('Check Setup tells what is published, and starts no workflow', async () => {
		const published = async (webhookUrl: string) => {
			const parameters = { resource: 'account', operation: 'checkSetup', webhookUrl };
			const execution = await runByHand(setup.n8n, actionNode(setup, 'Check', parameters));
			return outputOf(execution, 'Check').find(({ check }) => check === 'webhookPublished');
		};
		for (const written of [url, `${url}/`, url.replace('127.0.0.1', 'localhost')])
			expect(await published(written)).toMatchObject({ ok: true, message: 'The trigger is published' });
		const none = await published(url.replace(webhookId, randomUUID()));
		expect(none).toMatchObject({ ok: false, message: expect.stringContaining('No trigger is published') });
		const ids = [workflowId];
		const before = await setup.n8n.rest.listExecutions({ workflowId });
		// Of n8n's own Webhook node, which any request starts.
		for (const httpMethod of ['POST', 'GET']) {
			const path = `${randomUUID()}/webhook`;
			const webhook = { ...n8nNode('Webhook', 'webhook', { httpMethod, path }, 2), webhookId: randomUUID() };
			ids.push(await publish(setup.n8n, chain('Foreign', [webhook])));
			const { message } = (await published(`${new URL(url).origin}/webhook/${path}`)) ?? {};
			expect(message).not.toBe('The trigger is published');
		}
		const after = ids.map(async (id) => await setup.n8n.rest.listExecutions({ workflowId: id }));
		expect((await Promise.all(after)).flat()).toHaveLength(before.length);
	});

	it('listens for a test event beside the published one', async () => {
		await setup.n8n.rest.updateWorkflow(workflowId, workflow(['call-started']));
		await setup.n8n.rest.call('POST', `/workflows/${workflowId}/run`, {
			workflowData: await setup.n8n.rest.getWorkflow(workflowId),
			triggerToStartFrom: { name: 'Trigger' },
		});
		const published = { url, events: ['call-missed'] };
		const testUrl = url.replace('/webhook/', '/webhook-test/');
		await expectRegistered(published, { url: testUrl, events: ['call-started'] });
		const { callId } = setup.simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false);
		await setup.simulator.emitCall(callId, 'call-started');
		await expectRegistered(published);
		const isTest = (one: Execution) => one.mode === 'manual' && isStored(one, 'After');
		const execution = await setup.n8n.rest.waitForExecution(workflowId, isTest);
		expect(outputOf(execution, 'After')).toMatchObject([{ event: 'call-started', callId }]);
	});

	it('is removed when unpublished, also from the list', async () => {
		await setup.n8n.rest.deactivate(workflowId);
		await expectRegistered();
		expect(await listed()).toEqual([]);
	});

	it('is not published with VideoSDK down, and n8n says why', async () => {
		setup.simulator.addFault({ kind: 'status', status: 503, match: { times: 999, path: /sip/ } });
		await publishWith(CALLS).catch(() => undefined);
		const reason =
			"VideoSDK can't send call events to this trigger yet. VideoSDK is having trouble (status 503)";
		// n8n publishes after it has answered.
		await waitFor('the reason', async () => setup.n8n.logs.includes(reason), PUBLISH_MS);
		setup.simulator.clearFaults();
		await expectRegistered();
		await setup.n8n.rest.deactivate(workflowId).catch(() => undefined);
		await publishWith(CALLS);
		await expectRegistered({ url, events: CALLS });
	});
});
