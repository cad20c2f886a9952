/** The trigger's registration for call events, and the list that offers it, in a real n8n. */
import { randomUUID } from 'node:crypto';
import { startWebhookProcess, startWorker } from '../n8n/instance';
import { freePorts, waitFor } from '../n8n/processes';
import { startQueueServices } from '../n8n/queueMode';
import { isStored, outputOf, type WorkflowJson } from '../n8n/rest';
import { during, LATEST_VERSION, n8nOptions, searchList } from './deliveries';
import { startSimulator } from '../simulator';
import type { Setup } from './setup';
import { chain, CREDENTIAL_TYPE, n8nNode, ourNode, PATIENT, setUp } from './setup';

const SETTLE_MS = 60_000;
/** n8n 2.x resumes a publication during which it was ended after two minutes (its lease). */
const LIST_MS = 150_000;
/** n8n 2.x tries five times. */
const PUBLISH_MS = 120_000;
const CALLS = ['call-answered', 'call-hangup'];
/** Longer than n8n 2.x takes to look for triggers that it has lost (every 60 s), were it to find ours each time. */
const RECONCILED_MS = 70_000;

interface Registered {
	url: string;
	events: string[];
}

/** Waits until exactly these are registered. */
async function untilRegistered({ simulator }: Setup, wanted: Registered[]): Promise<void> {
	const registered = () =>
		[...simulator.callWebhooks.values()]
			.filter(({ deletedAt }) => deletedAt === undefined)
			.map(({ url, events }) => ({ url, events: [...events].sort() }));
	await waitFor(
		'the registrations',
		async () => JSON.stringify(registered()) === JSON.stringify(wanted) || undefined,
		SETTLE_MS,
	).catch(() => expect(registered()).toEqual(wanted));
}

/** Has a call's event delivered to a URL, and waits for the execution it starts. */
async function untilDelivered(setup: Setup, workflowId: string, url: string, event: string) {
	const call = setup.simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false);
	const isTaken = async () =>
		(await setup.simulator.emitCall(call.callId, event)).find(({ endPoint }) => endPoint === url)?.status ===
			200 || undefined;
	await waitFor('n8n to take the event', isTaken, SETTLE_MS);
	const execution = await setup.n8n.rest.waitForExecution(
		(candidate) => outputOf(candidate, 'After').some(({ callId }) => callId === call.callId),
		SETTLE_MS,
		{ workflowId },
	);
	return { call, execution };
}

const callsWorkflow = (setup: Setup, webhookId: string, events: string[]) =>
	chain('Calls', [
		ourNode(setup, 'Trigger', 'videoSdkAgentCloudTrigger', { events }, { typeVersion: 1.1, webhookId }),
		n8nNode('After', 'noOp'),
	]);

describe.each(LATEST_VERSION)('n8n %s', (version) => {
	let setup: Setup;
	const foreign = { url: 'https://elsewhere.example.com/hook', events: ['call-started'] };
	const webhookId = randomUUID();
	/** Read again at each start. */
	const env: Record<string, string> = {};
	let workflowId: string;
	let url: string;
	let testUrl: string;

	/** Waits until exactly these are registered beside the foreign one. */
	const expectRegistered = async (...wanted: Registered[]) =>
		await untilRegistered(setup, [foreign, ...wanted]);
	const workflow = (events: string[]) => callsWorkflow(setup, webhookId, events);

	async function publish(events: string[]): Promise<void> {
		await setup.n8n.rest.updateWorkflow(workflowId, workflow(events));
		await setup.n8n.rest.activate(workflowId);
	}

	/** The triggers in the list, without its last entry, which says what to do if one is missing. */
	const listed = async () =>
		(
			await searchList(setup, 'searchTriggers', {
				path: 'parameters.webhookUrl',
				parameters: {
					resource: 'session',
					operation: 'start',
					webhookEvents: ['ai-deployment-session-started'],
				},
			})
		).slice(0, -1);

	async function expectDelivered(event: string): Promise<void> {
		const { call, execution } = await untilDelivered(setup, workflowId, url, event);
		// The call rings on, so what the event itself says counts.
		const outcome = event === 'call-missed' ? { outcome: 'noAnswer', answered: false } : {};
		expect(outputOf(execution, 'After')).toMatchObject([
			{ event, callId: call.callId, roomId: call.roomId, call: { callId: call.callId }, ...outcome },
		]);
		// What n8n's search for executions goes by; 1.x does not offer it to nodes.
		const { metadata } = execution.data.resultData as { metadata?: object };
		if (!version.startsWith('1.'))
			expect(metadata).toMatchObject({ callId: call.callId, roomId: call.roomId });
	}

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version, env), simulator: PATIENT });
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
		expect(await listed()).toMatchObject([{ name: 'Calls (missing: Started)', value: url }]);
	});

	it('is replaced when other events are published', async () => {
		await publish(['call-missed', 'ai-deployment-session-started', 'participant-joined']);
		await expectRegistered({ url, events: ['call-missed'] });
		expect(await listed()).toMatchObject([{ name: 'Calls', value: url }]);
	});

	/** Restarts n8n, and waits until it takes deliveries again and the list is full. */
	async function restart(): Promise<void> {
		await setup.n8n.restart();
		await setup.n8n.rest.waitForWebhook(`${webhookId}/webhook`);
		await waitFor('the list', async () => ((await listed()).length > 0 ? true : undefined), LIST_MS);
	}
	const missed = () => ({ url, events: ['call-missed'] });
	const drop = (wanted: string) => {
		for (const [id, webhook] of setup.simulator.callWebhooks) {
			if (webhook.url === wanted) setup.simulator.callWebhooks.delete(id);
		}
	};

	it('stays as it is when n8n restarts or is killed, and is in the list again', async () => {
		await setup.n8n.kill();
		await restart();
		await expectRegistered(missed());
		expect(await listed()).toMatchObject([{ name: 'Calls', value: url }]);
		await expectDelivered('call-missed');
	});

	it('is made again at the next start if someone has deleted it', async () => {
		drop(url);
		await restart();
		await expectRegistered(missed());
		await expectDelivered('call-missed');
	});

	it('is made at the new address after a change of N8N_WEBHOOK_URL and a restart', async () => {
		const former = missed();
		url = url.replace('localhost', '127.0.0.1');
		env.N8N_WEBHOOK_URL = `${setup.n8n.url}/`;
		env.WEBHOOK_URL = env.N8N_WEBHOOK_URL;
		await restart();
		// A clone of this instance may be using the former one.
		await expectRegistered(former, missed());
		drop(former.url);
		await expectDelivered('call-missed');
		testUrl = testUrl.replace('localhost', '127.0.0.1');
	});

	it('is made in the new project after a change of the credential and a restart', async () => {
		const other = await startSimulator({ apiKey: 'other-key', secret: 'other-secret' });
		const data = {
			apiKey: setup.simulator.apiKey,
			secretKey: setup.simulator.secret,
			baseUrl: setup.simulator.url,
		};
		const use = async (changes: object) =>
			await setup.n8n.rest.updateCredential(setup.credentialId, {
				name: 'VideoSDK',
				type: CREDENTIAL_TYPE,
				data: { ...data, webhookPublicKey: '', ...changes },
			});
		try {
			await use({ apiKey: 'other-key', secretKey: 'other-secret', baseUrl: other.url });
			await restart();
			await waitFor(
				'the registration',
				async () => [...other.callWebhooks.values()].some((webhook) => webhook.url === url) || undefined,
				SETTLE_MS,
			);
		} finally {
			await use({});
			await other.close();
		}
	});

	it('is made by itself when VideoSDK was down at the start and is back', async () => {
		drop(url);
		setup.simulator.addFault({ kind: 'status', status: 503, match: { times: 999, path: /sip/ } });
		await restart();
		await waitFor(
			'the second try',
			async () => setup.n8n.logs.includes('n8n will retry in 10 s') || undefined,
			SETTLE_MS,
		);
		await expectRegistered();
		setup.simulator.clearFaults();
		await expectRegistered(missed());
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

	(process.env.ALL_VERSIONS ? it : it.skip)('is left in peace by n8n afterwards', async () => {
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
		await expectRegistered(missed(), { url: testUrl, events: ['call-started'] });
		const call = setup.simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false);
		await setup.simulator.emitCall(call.callId, 'call-started');
		await expectRegistered(missed());
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
		const reason =
			"VideoSDK can't send call events to this trigger yet. VideoSDK is having trouble (status 503)";
		// 2.x publishes after it has answered.
		if (version.startsWith('1.')) expect(failure).toContain(reason);
		else await waitFor('the reason', async () => setup.n8n.logs.includes(reason) || undefined, PUBLISH_MS);
		setup.simulator.clearFaults();
		await expectRegistered();
		await setup.n8n.rest.deactivate(workflowId).catch(() => undefined);
		await publish(CALLS);
		await expectRegistered({ url, events: CALLS });
	});
});

describe('n8n 2.41.1 in queue mode: a main process, a webhook process, a worker', () => {
	const webhookId = randomUUID();
	const events = ['call-hangup'];
	const undo: Array<() => Promise<unknown>> = [];
	let setup: Setup;
	let workflowId: string;
	let url: string;

	beforeAll(async () => {
		const [port = 0] = await freePorts(1);
		const base = `http://127.0.0.1:${port}/`;
		const { options, stop } = await startQueueServices('2.41.1', { N8N_WEBHOOK_URL: base });
		undo.push(stop);
		setup = await setUp({ n8n: options, simulator: PATIENT });
		undo.push(async () => await setup.stop());
		for (const start of [startWebhookProcess({ ...options, port }), startWorker(options)]) {
			const process = await start;
			undo.push(async () => await process.stop());
		}
		url = `${base}webhook/${webhookId}/webhook`;
		workflowId = (await setup.n8n.rest.createWorkflow(callsWorkflow(setup, webhookId, events))).id;
	});
	afterAll(async () => {
		for (const step of undo.reverse()) await step();
	});

	it('makes exactly one registration, of the URL of the webhook process', async () => {
		await setup.n8n.rest.activate(workflowId);
		await untilRegistered(setup, [{ url, events }]);
		await untilDelivered(setup, workflowId, url, 'call-hangup');
	});

	it('keeps it when the main process is killed and starts again', async () => {
		await setup.n8n.kill();
		await setup.n8n.restart();
		await untilDelivered(setup, workflowId, url, 'call-hangup');
		await untilRegistered(setup, [{ url, events }]);
	});

	it('removes it when unpublished', async () => {
		await setup.n8n.rest.deactivate(workflowId);
		await untilRegistered(setup, []);
	});
});
