import { signToken, toolKey } from '../../nodes/VideoSdkAgentCloud/tools/token';
import { residentMb } from '../bench/lib/processTree';
import { waitFor } from '../n8n/processes';
import { outputOf } from '../n8n/rest';
import { n8nOptions, runToEnd, VERSIONS } from './deliveries';
import { figure } from './figures';
import { type Client, connectMcp } from './mcpClient';
import { chain, n8nNode, ourNode, PACKAGE, PATIENT, type Setup, setUp } from './setup';
import { ANSWER, listen, NO_ANSWER, stopExecution, TIMEOUT_S, TOOL, toolWorkflows } from './toolWorkflows';

const CONTEXT = { entries: [{ key: 'customerId', value: 'C-4711' }] };
const fromUrl = (url: string) => ({ __rl: true, mode: 'url', value: url });

/** n8n 2.x takes some 60 ms of CPU for each: it prepares an expression isolate before the node can answer. FORGED=2000 asks for more. */
const FORGED = Number(process.env.FORGED ?? 200);

describe.each(VERSIONS)('Tools of an agent in n8n %s', (version) => {
	let setup: Setup;
	/** The workflows' IDs. */
	const ids: Record<string, string> = {};
	const urlOf = (name: string) =>
		`${setup.n8n.url.replace('127.0.0.1', 'localhost')}/webhook/tool-${name}/mcp`;

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version), simulator: { lifecycle: false, ...PATIENT } });
		for (const [name, workflow] of Object.entries(toolWorkflows(setup))) {
			const { id } = await setup.n8n.rest.createWorkflow(workflow);
			ids[name] = id;
			await setup.n8n.rest.activate(id);
			await setup.n8n.rest.waitForWebhook(urlOf(name), 60_000, { method: 'POST' });
		}
	});
	afterAll(async () => await setup?.stop());

	/** Runs a node of ours as from the editor. */
	async function runNode(parameters: object): Promise<Record<string, unknown>> {
		const workflow = chain('By hand', [
			n8nNode('Manual', 'manualTrigger'),
			ourNode(setup, 'Node', 'videoSdkAgentCloud', parameters),
		]);
		const { id } = await setup.n8n.rest.createWorkflow(workflow);
		const execution = await runToEnd(setup.n8n, id);
		const [json] = outputOf(execution, 'Node');
		return json ?? { error: execution.data.resultData.error };
	}

	async function tokenFor(...names: string[]): Promise<string> {
		const { tools } = await runNode({
			resource: 'agent',
			operation: 'createToolAccess',
			agentTools: { tools: names.map((name) => ({ tool: fromUrl(urlOf(name)) })) },
			context: CONTEXT,
			validFor: 1,
			validForUnit: 'hours',
		});
		const [tool] = tools as Array<{ url: string; headers: { Authorization: string } }>;
		expect(tool?.url).toBe(urlOf(names[0] as string));
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

	/** What "From List" of a tool shows. */
	async function list(): Promise<Array<{ name: string; value: string }>> {
		const { results } = await setup.n8n.rest.call<{ results: Array<{ name: string; value: string }> }>(
			'POST',
			'/dynamic-node-parameters/resource-locator-results',
			{
				nodeTypeAndVersion: { name: `${PACKAGE}.videoSdkAgentCloud`, version: 1 },
				path: 'parameters.agentTools.tools[0].tool',
				methodName: 'searchAgentTools',
				currentNodeParameters: {},
				credentials: { videoSdkAgentCloudApi: { id: setup.credentialId, name: 'VideoSDK' } },
			},
		);
		return results;
	}

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
			content: [{ text: expect.stringMatching(NO_ANSWER[name] as RegExp) as string }],
		});
	});

	it('answer when the user stops the execution', async () => {
		const asked = ask('stopped');
		await stopExecution(setup, ids.stopped as string);
		expect(await asked).toMatchObject({
			isError: true,
			content: [{ text: expect.stringMatching(/failed, or ended without/) as string }],
		});
	});

	it('answer once when their node is run again, and not when their execution is', async () => {
		const { content } = await ask('retried');
		expect(JSON.parse((content as [{ text: string }])[0].text)).toEqual({ error: 'sold out' });
		// The node that failed answers now.
		const [failed] = await executionsOf('failing');
		const { nodes } = await setup.n8n.rest.getWorkflow(ids.failing as string);
		const [, answering] = (await setup.n8n.rest.getWorkflow(ids.answered as string)).nodes;
		await setup.n8n.rest.updateWorkflow(ids.failing as string, {
			nodes: nodes.map((node) => (node.name === TOOL ? node : { ...answering!, name: node.name })),
		});
		await setup.n8n.rest.call('POST', `/executions/${failed?.id}/retry`, { loadWorkflow: true });
		expect(await executionsOf('failing')).toContainEqual(
			expect.objectContaining({ mode: 'retry', status: 'success' }),
		);
	});

	it('listen for a test call', async () => {
		await listen(setup, ids.answered as string);
		const testUrl = urlOf('answered').replace('/webhook/', '/webhook-test/');
		const { content, isError } = await ask('answered', { order_number: 'T-1' }, testUrl);
		expect(isError).toBe(false);
		expect((content as [{ text: string }])[0].text).toContain('T-1');
		const execution = await waitFor(
			'the execution',
			async () => (await executionsOf('answered')).find(({ mode }) => mode === 'manual'),
			60_000,
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
		expect(setup.n8n.logs).not.toMatch(/ERR_HTTP_HEADERS_SENT|Cannot set headers/);
	});

	it('start nothing without a token of their own', async () => {
		const before = await executionsOf('answered');
		const token = await tokenFor('answered');
		const foreign = await tokenFor('late');
		const body = JSON.stringify({
			jsonrpc: '2.0',
			id: 1,
			method: 'tools/call',
			params: { name: 'find_order', arguments: { order_number: 'A-17' } },
		});
		const post = async (authorization?: string, type = 'application/json') =>
			(
				await fetch(urlOf('answered'), {
					method: 'POST',
					headers: { 'content-type': type, ...(authorization && { authorization }) },
					body,
				})
			).status;
		expect(await post()).toBe(401);
		expect(await post('Bearer x')).toBe(401);
		expect(await post(`Bearer ${token.slice(0, -1)}`)).toBe(401);
		expect(await post(`Bearer ${foreign}`)).toBe(403);
		// n8n leaves it unread for a node above version 1.
		expect(await post(`Bearer ${token}`, 'application/octet-stream')).toBe(400);
		for (const method of ['GET', 'DELETE']) {
			expect((await fetch(urlOf('answered'), { method })).status).toBe(405);
		}
		expect(await executionsOf('answered')).toHaveLength(before.length);
		expect(await post(`Bearer ${token}`)).toBe(200);
	});

	it('start nothing for hundreds of tokens that are not theirs, and keep nothing of them', async () => {
		const before = await executionsOf('answered');
		const key = toolKey(setup.simulator.secret);
		const access = { url: urlOf('answered'), expiresAtS: Date.now() / 1000 + 600, context: {} };
		const tokens: Array<(number: number) => string> = [
			() => '',
			(n) => signToken({ ...access, context: { n } }, toolKey('a different secret')),
			(n) =>
				signToken({ ...access, context: { n } }, key).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
			(n) => signToken({ ...access, expiresAtS: n }, key),
			(n) => signToken({ ...access, url: urlOf('late'), context: { n } }, key),
		];
		const statuses: Record<number, number> = {};
		const send = async (number: number) => {
			const token = tokens[number % tokens.length]!(number);
			const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
			const body = { jsonrpc: '2.0', id: number, method: 'tools/call' };
			const { status } = await setup.n8n.rest.triggerByWebhook(urlOf('answered'), body, { headers });
			statuses[status] = (statuses[status] ?? 0) + 1;
		};
		const flood = async (count: number) => {
			for (let first = 0; first < count; first += 20) {
				await Promise.all(Array.from({ length: 20 }, async (_, index) => await send(first + index)));
			}
		};
		await flood(100);
		const memoryMb = residentMb(setup.n8n.pid);
		await flood(FORGED);
		const grownMb = Math.round(residentMb(setup.n8n.pid) - memoryMb);
		figure(`Memory after ${FORGED} rejected tokens (n8n ${version})`, `${grownMb} MB more`, 'less than 100');
		// After a few, n8n's own warm-up is more.
		if (FORGED >= 2_000) expect(grownMb).toBeLessThan(100);
		expect(statuses).toEqual({ 401: (FORGED + 100) * 0.8, 403: (FORGED + 100) * 0.2 });
		expect(await executionsOf('answered')).toHaveLength(before.length);
		expect(setup.n8n.logs.match(/rejected a request/g)?.length).toBeLessThan(20);
	});

	it('are offered in the list of the node that makes the call, and handed over with it', async () => {
		const results = await list();
		const url = results.find(({ name }) => name === 'find_order: answered')?.value;
		expect(url).toBe(`${urlOf('answered')}?timeout=${TIMEOUT_S}`);
		setup.simulator.requests.length = 0;
		const call = await runNode({
			resource: 'call',
			operation: 'make',
			to: '+14155550123',
			callVia: 'routingRule',
			routingRuleId: 'rule_out_01',
			from: '+15550102001',
			agentTools: { tools: [{ tool: { __rl: true, mode: 'list', value: url } }] },
			context: CONTEXT,
			metaData: { entries: [{ key: 'ticket', value: '17' }] },
			options: {},
		});
		const sent = setup.simulator.requests.find(({ path }) => path === '/v2/sip/call');
		expect(sent?.body).toMatchObject({
			metadata: {
				ticket: '17',
				n8nTools: [
					{
						url: urlOf('answered'),
						headers: { Authorization: expect.stringMatching(/^Bearer n8ntool1_/) as string },
						timeout: TIMEOUT_S,
					},
				],
			},
		});
		expect(call).toMatchObject({ callId: expect.any(String) as string, metadata: { ticket: '17' } });
		expect(JSON.stringify(call)).not.toMatch(/n8ntool1_|n8nTools/);
	});

	it('are in the list again when n8n was started again', async () => {
		await setup.n8n.restart();
		await setup.n8n.rest.waitForWebhook(urlOf('answered'), 60_000, { method: 'POST' });
		const entry = await waitFor(
			'the tool in the list',
			async () => (await list()).find(({ name }) => name === 'find_order: answered'),
			60_000,
		);
		expect(entry.value).toContain(urlOf('answered'));
		expect(await ask('answered')).toMatchObject({ isError: false });
	});

	it('are handed over by nobody when the answer is run by hand', async () => {
		const workflow = chain('Answer by hand', [
			n8nNode('Manual', 'manualTrigger'),
			ourNode(setup, ANSWER, 'videoSdkAgentCloud', { resource: 'agent', operation: 'answerTool' }),
		]);
		const { id } = await setup.n8n.rest.createWorkflow(workflow);
		const { status, data } = await runToEnd(setup.n8n, id);
		expect(status).toBe('success');
		expect(JSON.stringify(data)).toContain('No agent is waiting for this answer');
	});
});
