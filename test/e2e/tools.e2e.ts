import { waitFor } from '../n8n/processes';
import { MODES, searchList } from './deliveries';
import { callTool, withMcp } from './mcpClient';
import { PATIENT, setUpAll } from './setup';
import { handOver, publishTools, SHORT_TIMEOUT_S, TIMEOUT_S, TOOL } from './toolWorkflows';

type Client = Parameters<typeof callTool>[0];

/** What the agent reads in place of an answer that the workflow behind the tool did not give. */
const NO_ANSWER: Record<string, RegExp> = {
	unanswered: /failed, or ended without/,
	failing: /failed, or ended without/,
	late: /didn't answer in time/,
	waiting: /didn't answer in time/,
};
const ORDER = { order_number: 'A-17' };
const FROM = '+15550102001';

describe.each(MODES)('Tools of an agent in n8n, %s mode', (mode) => {
	const isQueue = mode === 'queue';
	const setup = setUpAll({
		// As n8n 3 does it.
		n8n: { env: { OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true' } },
		queue: isQueue ? { webhooks: 0, workers: 1 } : undefined,
		simulator: { lifecycle: false, ...PATIENT },
	});
	let ids: Record<string, string>;
	const urlOf = (name: string) => `${setup.webhooksUrl}/webhook/tool-${name}/mcp`;

	beforeAll(async () => {
		// n8n may not tell that an execution of a worker ended without an answer.
		ids = await publishTools(setup, isQueue ? Object.keys(NO_ANSWER) : ['late', 'waiting']);
	});

	async function withClient<T>(name: string, use: (client: Client) => Promise<T>, url = urlOf(name)) {
		const context = { entries: [{ key: 'customerId', value: 'C-4711' }] };
		const tools = await handOver(setup, [urlOf(name)], context);
		expect(tools).toMatchObject([{ url: urlOf(name) }]);
		const headers = { ...tools[0]!.headers, 'x-call-from': FROM, 'x-other': 'stays out' };
		return await withMcp({ url, headers }, use);
	}
	const call = async (client: Client, input: object) => await callTool(client, 'find_order', input);
	const ask = async (name: string, input: object = ORDER, url?: string) =>
		await withClient(name, async (client) => await call(client, input), url);

	const executionsOf = async (name: string) =>
		await setup.n8n.rest.listExecutions({ workflowId: ids[name]! });

	/** Where n8n does not tell at all, the agent reads that it took too long. */
	const noAnswer = (told = /failed, or ended without/) => ({
		isError: true,
		text: expect.stringMatching(isQueue ? /failed, or ended without|didn't answer in time/ : told) as string,
	});

	/** What "From List" shows of the tool that answers. */
	const inList = async () =>
		(await searchList(setup, 'searchTools', { path: 'parameters.agentTools.tools[0].tool' })).find(
			({ name }) => name === 'find_order: answered',
		);

	it('are listed and called by the official client, with what the token pins', async () => {
		const before = await executionsOf('answered');
		const [listed, wrong, answer] = await withClient('answered', async (client) => [
			await client.listTools(),
			await call(client, { order_number: 1 }),
			await call(client, { ...ORDER, context: { customerId: 'C-1' }, customerId: 'C-1' }),
		]);
		expect(listed.tools).toMatchObject([
			{
				name: 'find_order',
				description: 'Finds an order of the caller.',
				inputSchema: { required: ['order_number'] },
			},
		]);
		expect(wrong.text).toContain("'order_number' must be of type string, not number");
		const { headers, ...told } = JSON.parse(answer.text) as { headers: object };
		expect(headers).toEqual({ 'x-call-from': FROM });
		expect(told).toMatchObject({ tool: 'find_order', input: ORDER, context: { customerId: 'C-4711' } });
		expect(await executionsOf('answered')).toHaveLength(before.length + 1);
		expect(await ask('failure')).toEqual({ isError: true, text: 'There is no such order' });
	});

	it.each(Object.keys(NO_ANSWER))('answer when the workflow does not: %s', async (name) => {
		expect(await ask(name)).toEqual(noAnswer(NO_ANSWER[name]));
	});

	it('answer when the user stops the execution', async () => {
		const asked = ask('stopped');
		const running = async () => (await executionsOf('stopped')).find(({ status }) => status === 'running');
		const { id } = await waitFor('an execution to stop', running);
		await setup.n8n.rest.call('POST', `/executions/${id}/stop`);
		expect(await asked).toEqual(noAnswer());
	});

	it('answer once when their node is run again', async () => {
		expect(JSON.parse((await ask('retried')).text)).toEqual({ error: 'sold out' });
	});

	it('do not answer when their execution is run again', async () => {
		// The node that failed answers now.
		const [failed] = await executionsOf('failing');
		const { rest } = setup.n8n;
		const { nodes } = await rest.getWorkflow(ids.failing!);
		const [, answering] = (await rest.getWorkflow(ids.answered!)).nodes;
		await rest.updateWorkflow(ids.failing!, {
			nodes: nodes.map((node) => (node.name === TOOL ? node : { ...answering!, name: node.name })),
		});
		await rest.call('POST', `/executions/${failed?.id}/retry`, { loadWorkflow: true });
		const isRetry = ({ mode, status }: { mode: string; status: string }) =>
			mode === 'retry' && status === 'success';
		const retried = async () => (await executionsOf('failing')).find(isRetry);
		await waitFor('the execution that was run again', retried);
	});

	it('listen for a test call', async () => {
		const { rest } = setup.n8n;
		const workflowData = await rest.getWorkflow(ids.answered!);
		await rest.call('POST', `/workflows/${ids.answered}/run`, {
			workflowData,
			triggerToStartFrom: { name: TOOL },
		});
		const testUrl = urlOf('answered').replace('/webhook/', '/webhook-test/');
		const { isError, text } = await ask('answered', { order_number: 'T-1' }, testUrl);
		expect(isError).toBe(false);
		expect(text).toContain('T-1');
		const isTest = ({ mode, finished }: { mode: string; finished: boolean }) => mode === 'manual' && finished;
		const execution = await rest.waitForExecution(ids.answered!, isTest);
		expect(JSON.stringify(execution)).not.toContain('No agent is waiting');
	});

	it('drop an answer that comes late, without an error', async () => {
		const [late] = await executionsOf('late');
		expect((await setup.n8n.rest.untilEnded(late!.id)).status).toBe('success');
	});

	it('are in the list, also when n8n was started again', async () => {
		expect(await inList()).toBeDefined();
		await setup.n8n.restart();
		await setup.n8n.rest.waitForWebhook(urlOf('answered'));
		const entry = await waitFor('the tool in the list', inList);
		expect(entry.value).toBe(`${urlOf('answered')}?timeout=${TIMEOUT_S}`);
		expect(await ask('answered')).toMatchObject({ isError: false });
	});

	(isQueue ? it : it.skip)('answer in time when their worker dies', async () => {
		const asked = ask('late');
		const isRunning = async () => (await executionsOf('late')).some(({ status }) => status === 'running');
		// The answer may come before it is seen.
		await waitFor('the execution', isRunning, SHORT_TIMEOUT_S * 1000, 50).catch(() => undefined);
		await setup.workers[0]!.kill();
		const text = expect.stringContaining("didn't answer in time") as string;
		expect(await asked).toEqual({ isError: true, text });
		await setup.workers[0]!.restart();
		expect(await ask('answered')).toMatchObject({ isError: false });
	});

	it('never answered twice', () => {
		expect(setup.n8n.logs).not.toMatch(/ERR_HTTP_HEADERS_SENT|Cannot set headers/);
	});
});
