import { type N8nProcess, startWorker } from '../n8n/instance';
import { waitFor } from '../n8n/processes';
import { startQueueServices } from '../n8n/queueMode';
import { outputOf } from '../n8n/rest';
import { LATEST_VERSION, n8nOptions, runByHand, searchList } from './deliveries';
import { type Client, connectMcp } from './mcpClient';
import { ourNode, PATIENT, type Setup, setUp } from './setup';
import {
	listen,
	NO_ANSWER,
	publishTools,
	SHORT_TIMEOUT_S,
	stopExecution,
	TIMEOUT_S,
	TOOL,
} from './toolWorkflows';

const CONTEXT = { entries: [{ key: 'customerId', value: 'C-4711' }] };

const MODES = LATEST_VERSION.flatMap((version) => [
	{ version, mode: 'regular' },
	{ version, mode: 'queue' },
]);

describe.each(MODES)('Tools of an agent in n8n $version, $mode mode', ({ version, mode }) => {
	const isQueue = mode === 'queue';
	const undo: Array<() => Promise<void>> = [];
	let setup: Setup;
	let worker: N8nProcess | undefined;
	/** The workflows' IDs. */
	let ids: Record<string, string>;
	const urlOf = (name: string) =>
		`${setup.n8n.url.replace('127.0.0.1', 'localhost')}/webhook/tool-${name}/mcp`;

	beforeAll(async () => {
		// As n8n 3 does it.
		const env = { OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true' };
		const services = isQueue ? await startQueueServices(version, env) : undefined;
		if (services) undo.push(services.stop);
		const n8n = services?.options ?? n8nOptions(version);
		setup = await setUp({ n8n, simulator: { lifecycle: false, ...PATIENT } });
		undo.push(async () => await setup.stop());
		if (services) worker = await startWorker(services.options);
		undo.push(async () => await worker?.stop());
		// n8n may not tell that an execution of a worker ended without an answer.
		ids = await publishTools(setup, isQueue ? Object.keys(NO_ANSWER) : ['late', 'waiting']);
	});
	afterAll(async () => {
		for (const step of undo.splice(0).reverse()) await step();
	});

	async function tokenFor(name: string): Promise<string> {
		const access = ourNode(setup, 'Access', 'videoSdkAgentCloud', {
			resource: 'tool',
			operation: 'createAccess',
			agentTools: { tools: [{ tool: { __rl: true, mode: 'url', value: urlOf(name) } }] },
			context: CONTEXT,
			validFor: 1,
			validForUnit: 'hours',
		});
		const [json] = outputOf(await runByHand(setup.n8n, access), 'Access');
		const [tool] = json?.tools as Array<{ url: string; headers: { Authorization: string } }>;
		expect(tool?.url).toBe(urlOf(name));
		return String(tool?.headers.Authorization).replace('Bearer ', '');
	}

	async function withClient<T>(
		name: string,
		use: (client: Client) => Promise<T>,
		url = urlOf(name),
	): Promise<T> {
		const client = await connectMcp(setup.n8n.runtime, url, await tokenFor(name), {
			'x-call-from': '+15550102001',
			'x-other': 'stays out',
		});
		try {
			return await use(client);
		} finally {
			await client.close();
		}
	}

	const ask = async (name: string, input: object = { order_number: 'A-17' }, url = urlOf(name)) =>
		await withClient(
			name,
			async (client) => await client.callTool({ name: 'find_order', arguments: input }),
			url,
		);

	const executionsOf = async (name: string) =>
		await setup.n8n.rest.listExecutions({ workflowId: ids[name] as string });

	/** Where n8n does not tell at all, the agent reads that it took too long. */
	const noAnswer = (told = /failed, or ended without/): RegExp =>
		isQueue ? /failed, or ended without|didn't answer in time/ : told;

	/** What "From List" shows of a tool. */
	const inList = async (name: string) =>
		(await searchList(setup, 'searchTools', { path: 'parameters.agentTools.tools[0].tool' })).find(
			(entry) => entry.name === `find_order: ${name}`,
		);

	it('are listed and called by the official client, with what the token pins', async () => {
		const before = await executionsOf('answered');
		const [listed, wrong, answer] = await withClient('answered', async (client) => [
			await client.listTools(),
			await client.callTool({ name: 'find_order', arguments: { order_number: 1 } }),
			await client.callTool({
				name: 'find_order',
				arguments: { order_number: 'A-17', context: { customerId: 'C-1' }, customerId: 'C-1' },
			}),
		]);
		expect(listed.tools).toMatchObject([
			{
				name: 'find_order',
				description: 'Finds an order of the caller.',
				inputSchema: { required: ['order_number'] },
			},
		]);
		expect(wrong).toMatchObject({
			isError: true,
			content: [
				{ text: expect.stringContaining("'order_number' must be of type string, not number") as string },
			],
		});
		const [{ text }] = answer.content as [{ text: string }];
		expect(JSON.parse(text)).toMatchObject({
			tool: 'find_order',
			input: { order_number: 'A-17' },
			context: { customerId: 'C-4711' },
			headers: { 'x-call-from': '+15550102001' },
		});
		expect(Object.keys((JSON.parse(text) as { headers: object }).headers)).toEqual(['x-call-from']);
		expect(await executionsOf('answered')).toHaveLength(before.length + 1);
	});

	it('answer with what went wrong, and with several items', async () => {
		expect(await ask('failure')).toMatchObject({
			isError: true,
			content: [{ type: 'text', text: 'There is no such order' }],
		});
		const { content } = await ask('several', { order_number: 'A-17', list: [{ n: 1 }, { n: 2 }] });
		expect(JSON.parse((content as [{ text: string }])[0].text)).toEqual([{ n: 1 }, { n: 2 }]);
	});

	it.each(Object.keys(NO_ANSWER))('answer when the workflow does not: %s', async (name) => {
		expect(await ask(name)).toMatchObject({
			isError: true,
			content: [{ text: expect.stringMatching(noAnswer(NO_ANSWER[name])) as string }],
		});
	});

	it('answer when the user stops the execution', async () => {
		const asked = ask('stopped');
		await stopExecution(setup, ids.stopped as string);
		expect(await asked).toMatchObject({
			isError: true,
			content: [{ text: expect.stringMatching(noAnswer()) as string }],
		});
	});

	it('answer once when their node is run again', async () => {
		const { content } = await ask('retried');
		expect(JSON.parse((content as [{ text: string }])[0].text)).toEqual({ error: 'sold out' });
	});

	it('do not answer when their execution is run again', async () => {
		// The node that failed answers now.
		const [failed] = await executionsOf('failing');
		const { nodes } = await setup.n8n.rest.getWorkflow(ids.failing as string);
		const [, answering] = (await setup.n8n.rest.getWorkflow(ids.answered as string)).nodes;
		await setup.n8n.rest.updateWorkflow(ids.failing as string, {
			nodes: nodes.map((node) => (node.name === TOOL ? node : { ...answering!, name: node.name })),
		});
		await setup.n8n.rest.call('POST', `/executions/${failed?.id}/retry`, { loadWorkflow: true });
		await waitFor(
			'the execution that was run again',
			async () =>
				(await executionsOf('failing')).find(({ mode, status }) => mode === 'retry' && status === 'success'),
			60_000,
		);
	});

	it('listen for a test call', async () => {
		await listen(setup, ids.answered as string);
		const testUrl = urlOf('answered').replace('/webhook/', '/webhook-test/');
		const { content, isError } = await ask('answered', { order_number: 'T-1' }, testUrl);
		expect(isError).toBe(false);
		expect((content as [{ text: string }])[0].text).toContain('T-1');
		const execution = await setup.n8n.rest.waitForExecution(
			({ mode, finished }) => mode === 'manual' && finished,
			60_000,
			{ workflowId: ids.answered as string },
		);
		expect(JSON.stringify(execution)).not.toContain('No agent is waiting');
	});

	it('drop an answer that comes late, without an error', async () => {
		const execution = await setup.n8n.rest.waitForExecution(
			({ finished, status }) => finished || status === 'error',
			60_000,
			{ workflowId: ids.late as string },
		);
		expect(execution.status).toBe('success');
	});

	it('start nothing without a token of their own', async () => {
		const before = await executionsOf('answered');
		const token = await tokenFor('answered');
		const body = {
			jsonrpc: '2.0',
			id: 1,
			method: 'tools/call',
			params: { name: 'find_order', arguments: { order_number: 'A-17' } },
		};
		const post = async (authorization?: string, type = 'application/json') => {
			const headers = { 'content-type': type, ...(authorization && { authorization }) };
			return (await setup.n8n.rest.triggerByWebhook(urlOf('answered'), body, { headers })).status;
		};
		expect(await post()).toBe(401);
		expect(await post(`Bearer ${token.slice(0, -1)}`)).toBe(401);
		expect(await post(`Bearer ${await tokenFor('late')}`)).toBe(403);
		// n8n leaves it unread for a node above version 1.
		expect(await post(`Bearer ${token}`, 'application/octet-stream')).toBe(400);
		expect((await fetch(urlOf('answered'))).status).toBe(405);
		expect(await executionsOf('answered')).toHaveLength(before.length);
		expect(await post(`Bearer ${token}`)).toBe(200);
	});

	it('are in the list, also when n8n was started again', async () => {
		expect(await inList('answered')).toBeDefined();
		await setup.n8n.restart();
		await setup.n8n.rest.waitForWebhook(urlOf('answered'), 60_000, { method: 'POST' });
		const entry = await waitFor('the tool in the list', async () => await inList('answered'), 60_000);
		expect(entry.value).toBe(`${urlOf('answered')}?timeout=${TIMEOUT_S}`);
		expect(await ask('answered')).toMatchObject({ isError: false });
	});

	(isQueue ? it : it.skip)('answer in time when their worker dies', async () => {
		const asked = ask('late');
		const isRunning = async () =>
			(await executionsOf('late')).some(({ status }) => status === 'running') || undefined;
		// The answer may come before it is seen.
		await waitFor('the execution', isRunning, SHORT_TIMEOUT_S * 1000, 50).catch(() => undefined);
		await worker?.kill();
		expect(await asked).toMatchObject({
			isError: true,
			content: [{ text: expect.stringContaining("didn't answer in time") as string }],
		});
		await worker?.restart();
		expect(await ask('answered')).toMatchObject({ isError: false });
	});

	it('never answered twice', () => {
		expect(setup.n8n.logs).not.toMatch(/ERR_HTTP_HEADERS_SENT|Cannot set headers/);
	});
});
