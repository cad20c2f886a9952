/** Ask and Wait together with what else n8n does: sub-workflows, loops, pinned data, runs of a part, credentials of an item, webhook processes. */
import { waitFor } from '../../n8n/processes';
import { type Execution, outputOf, type WorkflowJson } from '../../n8n/rest';
import { startCluster } from '../cluster';
import { n8nOptions, publish, runEnded, untilPublished, untilWaiting } from '../deliveries';
import {
	chain,
	createCredential,
	itemNodes,
	n8nNode,
	ourNode,
	PATIENT,
	type Setup,
	setUp,
	to,
	webhookNode,
} from '../setup';

const VERSION = '2.41.1';
const ASK = 'Ask';
const NUMBERS = ['+15550003001', '+15550003002', '+15550003003'];
const question = {
	resource: 'call',
	operation: 'sendAndWait',
	to: '={{ $json.phone }}',
	callVia: 'gateway',
	gatewayId: { __rl: true, mode: 'id', value: 'gw_out_01' },
	message: 'May we come?',
};

/** Asks in an n8n. */
class Asker {
	private asked = 0;

	constructor(readonly setup: Setup) {}

	node(credentialId = this.setup.credentialId) {
		return ourNode({ credentialId }, ASK, 'videoSdkAgentCloud', question);
	}

	/** The next call, and how its agent answers. */
	async nextCall() {
		const { simulator, n8n } = this.setup;
		const call = await waitFor(
			`call ${this.asked + 1}`,
			async () => [...simulator.calls.values()][this.asked],
			60_000,
			20,
		);
		this.asked += 1;
		const [tool] = (call.metadata as { n8nTools: Array<{ url: string; headers: object }> }).n8nTools;
		const { url, headers } = tool!;
		const executionId = /webhook-waiting\/(\d+)\/mcp/.exec(url)![1]!;
		await untilWaiting(n8n, executionId);
		const answer = async (approved: boolean) =>
			await fetch(url, {
				method: 'POST',
				headers: { 'content-type': 'application/json', ...headers },
				body: JSON.stringify({
					...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
					params: { name: 'submit_response', arguments: { approved } },
				}),
			});
		return { to: call.to, executionId, answer };
	}

	/** Publishes a workflow that begins with a webhook, and starts it. */
	async run(path: string, workflow: WorkflowJson): Promise<void> {
		await publish(this.setup.n8n, workflow);
		await untilPublished(this.setup.n8n.url, path);
		await this.setup.n8n.rest.triggerByWebhook(path);
	}

	async ended(executionId: string): Promise<Execution> {
		const execution = await runEnded(this.setup.n8n, executionId, 'After');
		expect(execution.status).toBe('success');
		return execution;
	}
}

const after = n8nNode('After', 'noOp');

describe('Ask and Wait in n8n', () => {
	let setup: Setup;
	let asker: Asker;

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(VERSION), simulator: { callBehaviour: false, ...PATIENT } });
		asker = new Asker(setup);
	});
	afterAll(async () => await setup?.stop());

	it('in a sub-workflow: its parent waits, and gets the response', async () => {
		const called = n8nNode('Called', 'executeWorkflowTrigger', { inputSource: 'passthrough' }, 1.1);
		const child = await publish(setup.n8n, chain('Child', [called, asker.node()]));
		const parameters = { workflowId: { __rl: true, mode: 'id', value: child }, options: {} };
		const run = n8nNode('Run', 'executeWorkflow', parameters, 1.2);
		await asker.run(
			'parent',
			chain('Parent', [webhookNode('parent'), ...itemNodes([{ phone: NUMBERS[0] }]), run, after]),
		);
		const { answer, executionId } = await asker.nextCall();
		const [parent] = await setup.n8n.rest
			.listExecutions({ status: ['waiting'] })
			.then((all) => all.filter(({ id }) => id !== executionId));
		expect((await answer(true)).status).toBe(200);
		expect(outputOf(await asker.ended(parent!.id), 'After')).toMatchObject([
			{ responded: true, data: { approved: true }, to: NUMBERS[0] },
		]);
	});

	it('in Loop Over Items: one after the other, each with its own response', async () => {
		const items = itemNodes(NUMBERS.map((phone) => ({ phone })));
		const loop = n8nNode('Loop', 'splitInBatches', { batchSize: 1, options: {} }, 3);
		const workflow = chain('Loop', [webhookNode('loop'), ...items, loop]);
		workflow.nodes.push(asker.node(), after);
		workflow.connections.Loop = { main: [to('After'), to(ASK)] };
		workflow.connections[ASK] = { main: [to('Loop')] };
		await asker.run('loop', workflow);
		let id = '';
		for (const [index, number] of NUMBERS.entries()) {
			const call = await asker.nextCall();
			expect(call.to).toBe(number);
			id = call.executionId;
			expect((await call.answer(index !== 1)).status).toBe(200);
		}
		expect(outputOf(await asker.ended(id), 'After')).toMatchObject(
			NUMBERS.map((number, index) => ({ to: number, data: { approved: index !== 1 } })),
		);
	});

	it('after pinned data, and as a run of a part', async () => {
		const nodes = [n8nNode('Manual', 'manualTrigger'), n8nNode('Data', 'noOp'), asker.node(), after];
		const { rest } = setup.n8n;
		const { id } = await rest.createWorkflow(chain('Pinned', nodes));
		const pinData = { Data: [{ json: { phone: NUMBERS[1] } }] };
		await rest.updateWorkflow(id, { pinData } as Partial<WorkflowJson>);
		const first = await rest.startWorkflow(id);
		const pinned = await asker.nextCall();
		expect(pinned).toMatchObject({ to: NUMBERS[1], executionId: first });
		await pinned.answer(true);
		const { runData } = (await asker.ended(first)).data.resultData;
		const { executionId } = await rest.call<{ executionId: string }>('POST', `/workflows/${id}/run`, {
			workflowData: await rest.getWorkflow(id),
			runData: { Manual: runData.Manual, Data: runData.Data },
			destinationNode: { nodeName: ASK, mode: 'inclusive' },
			dirtyNodeNames: [ASK],
		});
		const again = await asker.nextCall();
		expect(again).toMatchObject({ to: NUMBERS[1], executionId });
		await again.answer(false);
		const part = await runEnded(setup.n8n, executionId, ASK);
		expect(outputOf(part, ASK)).toMatchObject([{ data: { approved: false } }]);
		expect(part.data.resultData.runData.After).toBeUndefined();
	});

	it('with a credential whose keys come from the item', async () => {
		const { apiKey, secret } = setup.simulator;
		const keys = { apiKey: '={{ $json.apiKey }}', secretKey: '={{ $json.secret }}' };
		const credential = await createCredential(setup.n8n.rest, setup.simulator, keys);
		const items = itemNodes([{ phone: NUMBERS[2], apiKey, secret }]);
		await asker.run('keys', chain('Keys', [webhookNode('keys'), ...items, asker.node(credential.id), after]));
		const answered = await asker.nextCall();
		expect((await answered.answer(true)).status).toBe(200);
		expect(outputOf(await asker.ended(answered.executionId), 'After')).toMatchObject([
			{ data: { approved: true } },
		]);
		// Without a response, n8n asks VideoSDK with the item's keys whether the call is over.
		await setup.n8n.rest.triggerByWebhook('keys');
		const missed = await asker.nextCall();
		const [, call] = [...setup.simulator.calls.entries()].at(-1)!;
		await setup.simulator.moveCall(call.callId, 'missed');
		expect(outputOf(await asker.ended(missed.executionId), 'After')).toMatchObject([
			{ responded: false, outcome: 'noAnswer' },
		]);
	});
});

it('Ask and Wait behind two webhook processes: of ten responses one counts', async () => {
	const cluster = await startCluster(VERSION);
	try {
		const asker = new Asker(cluster);
		const workflow = chain('Ask', [
			webhookNode('ask'),
			...itemNodes([{ phone: NUMBERS[0] }]),
			asker.node(),
			after,
		]);
		await publish(cluster.n8n, workflow);
		await untilPublished(cluster.balancerUrl, 'ask');
		for (let round = 0; round < 3; round += 1) {
			await cluster.n8n.rest.triggerByWebhook(`${cluster.balancerUrl}/webhook/ask`);
			const { answer, executionId } = await asker.nextCall();
			const answers = await Promise.all(
				Array.from({ length: 10 }, async () => await (await answer(true)).text()),
			);
			expect(answers.filter((text) => text.includes('"isError":false'))).toHaveLength(1);
			const { runData } = (await asker.ended(executionId)).data.resultData;
			expect(runData.After).toHaveLength(1);
			expect(runData[ASK]).toHaveLength(1);
		}
	} finally {
		await cluster.stop();
	}
});
