import { signToken, toolKey } from '../../nodes/VideoSdkAgentCloud/tools/token';
import { type N8nProcess, startWorker } from '../n8n/instance';
import { waitFor } from '../n8n/processes';
import { startQueueServices } from '../n8n/queueMode';
import { VERSIONS } from './deliveries';
import { connectMcp } from './mcpClient';
import { PATIENT, type Setup, setUp } from './setup';
import { listen, NO_ANSWER, publishTools, SHORT_TIMEOUT_S, stopExecution } from './toolWorkflows';

describe.each(VERSIONS)('Tools of an agent in n8n %s in queue mode', (version) => {
	let setup: Setup;
	const workers: N8nProcess[] = [];
	const undo: Array<() => Promise<void>> = [];
	let ids: Record<string, string>;
	const urlOf = (name: string) => `${setup.n8n.url}/webhook/tool-${name}/mcp`;

	beforeAll(async () => {
		// As n8n 3 does it.
		const services = await startQueueServices(version, { OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true' });
		undo.push(services.stop);
		const { options } = services;
		setup = await setUp({ n8n: options, simulator: { lifecycle: false, ...PATIENT } });
		undo.push(async () => await setup.stop());
		workers.push(await startWorker(options));
		undo.push(async () => void (await Promise.all(workers.map(async (worker) => await worker.stop()))));
		// n8n may not tell that an execution of a worker ended without an answer.
		ids = await publishTools(setup, Object.keys(NO_ANSWER));
	});
	afterAll(async () => {
		for (const step of undo.splice(0).reverse()) await step();
	});

	async function ask(name: string, input: object = { order_number: 'A-17' }, url = urlOf(name)) {
		const access = {
			url,
			expiresAtS: Date.now() / 1000 + 600,
			context: { customerId: 'C-4711' },
		};
		const token = signToken(access, toolKey(setup.simulator.secret));
		const client = await connectMcp(setup.n8n.runtime, url, token);
		try {
			return await client.callTool({ name: 'find_order', arguments: input });
		} finally {
			await client.close();
		}
	}

	it('are answered by a worker', async () => {
		const { content, isError } = await ask('answered', { order_number: 'A-17' });
		expect(isError).toBe(false);
		expect(JSON.parse((content as [{ text: string }])[0].text)).toMatchObject({
			input: { order_number: 'A-17' },
			context: { customerId: 'C-4711' },
		});
	});

	it.each(Object.keys(NO_ANSWER))('answer when the workflow does not: %s', async (name) => {
		const { content, isError } = await ask(name);
		expect(isError).toBe(true);
		// Where n8n does not answer at all, the agent reads that it took too long.
		expect((content as [{ text: string }])[0].text).toMatch(/failed, or ended without|didn't answer in time/);
	});

	it('answer when the user stops the execution', async () => {
		const asked = ask('stopped');
		await stopExecution(setup, ids.stopped as string);
		expect(await asked).toMatchObject({
			isError: true,
			content: [{ text: expect.stringMatching(/failed, or ended without|didn't answer in time/) as string }],
		});
	});

	it('listen for a test call, which a worker answers', async () => {
		await listen(setup, ids.answered as string);
		const testUrl = urlOf('answered').replace('/webhook/', '/webhook-test/');
		expect(await ask('answered', { order_number: 'T-1' }, testUrl)).toMatchObject({ isError: false });
	});

	it('answer once when their node is run again', async () => {
		const { content } = await ask('retried');
		expect(JSON.parse((content as [{ text: string }])[0].text)).toEqual({ error: 'sold out' });
	});

	it('answer in time when their worker dies', async () => {
		const asked = ask('late');
		await waitFor(
			'the execution',
			async () => {
				const running = await setup.n8n.rest.listExecutions({ workflowId: ids.late as string });
				return running.find(({ status }) => status === 'running');
			},
			SHORT_TIMEOUT_S * 1000,
			50,
		).catch(() => undefined);
		await workers[0]?.kill();
		expect(await asked).toMatchObject({
			isError: true,
			content: [{ text: expect.stringContaining("didn't answer in time") as string }],
		});
		await workers[0]?.restart();
		expect(await ask('answered')).toMatchObject({ isError: false });
		expect(setup.n8n.logs).not.toMatch(/ERR_HTTP_HEADERS_SENT|Cannot set headers/);
	});
});
