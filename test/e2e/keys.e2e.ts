/** In a real n8n: the key that events are verified with. All else about it is tested in test/engine/triggerKeys and test/unit/webhook. */
import { randomUUID } from 'node:crypto';
import { waitFor } from '../n8n/processes';
import { outputOf } from '../n8n/rest';
import { n8nOptions, LATEST_VERSION } from './deliveries';
import { chain, n8nNode, ourNode, PATIENT, setUp, type Setup } from './setup';

const SETTLE_MS = 60_000;

describe.each(LATEST_VERSION)('n8n %s', (version) => {
	const webhookId = randomUUID();
	let setup: Setup;
	let workflowId: string;
	let url: string;

	/** Delivers a new event. @returns the status, and the ID of its session */
	async function deliver(): Promise<[number | undefined, string]> {
		const sessionId = randomUUID();
		const body = { webhookType: 'ai-deployment-session-started', data: { sessionId } };
		return [(await setup.simulator.deliver(url, body)).status, sessionId];
	}
	async function expectTaken(): Promise<void> {
		let id = '';
		await waitFor(
			'an event to be taken',
			async () => {
				const [status, sessionId] = await deliver();
				id = sessionId;
				return status === 200 || undefined;
			},
			SETTLE_MS,
			2_000,
		);
		await setup.n8n.rest.waitForExecution(
			(execution) => outputOf(execution, 'After').some(({ sessionId }) => sessionId === id),
			SETTLE_MS,
			{ workflowId },
		);
	}
	const keyRequests = () =>
		setup.simulator.requests.filter(({ path }) => path === '/v2/public/rsa-public-key');

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version), simulator: { lifecycle: false, ...PATIENT } });
		url = `${setup.n8n.url}/webhook/${webhookId}/webhook`;
		const trigger = ourNode(
			setup,
			'Trigger',
			'videoSdkAgentCloudTrigger',
			{},
			{ typeVersion: 1.1, webhookId },
		);
		const workflow = chain('Keys', [trigger, n8nNode('After', 'noOp')]);
		workflowId = (await setup.n8n.rest.createWorkflow(workflow)).id;
		await setup.n8n.rest.activate(workflowId);
		await setup.n8n.rest.waitForWebhook(url);
	});
	afterAll(async () => await setup?.stop());

	it('events are answered 503 until the key can be fetched, and start nothing', async () => {
		setup.simulator.keyFault('down');
		expect((await deliver())[0]).toBe(503);
		setup.simulator.keyFault('ok');
		await expectTaken();
	});

	it('is fetched once for many events', async () => {
		const before = keyRequests().length;
		for (let count = 0; count < 5; count += 1) await expectTaken();
		expect(keyRequests()).toHaveLength(before);
	});

	it('continues to serve while VideoSDK cannot be reached', async () => {
		setup.simulator.keyFault('down');
		await expectTaken();
		setup.simulator.keyFault('ok');
	});
});
