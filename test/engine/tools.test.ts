import { type IDataObject, type INode, type INodeParameters } from 'n8n-workflow';
import { byRule } from './callRig';
import { send } from './delivery';
import { ACTION, TRIGGER } from './engine';
import { PublishedTool, TOOL_PARAMETERS, TOOL_TRIGGER, type ToolEnding } from './publishedTool';
import { failureOf, jsonOf, passTime, startParameters, useRig } from './rig';

const PASS_ON: INodeParameters = { answerJson: '={{ $json }}' };
const CONTEXT = { entries: [{ key: 'customerId', value: 'C-4711' }] };

const rig = useRig();
const tools: PublishedTool[] = [];
afterEach(async () => {
	for (const tool of tools.splice(0)) {
		await tool.close();
		expect(tool.thrown).toEqual([]);
	}
});

async function publish(
	parameters: INodeParameters = {},
	ending: ToolEnding = { answer: PASS_ON },
	webhookId?: string,
) {
	const tool = new PublishedTool(rig.engine, parameters, ending, webhookId);
	tools.push(tool);
	await tool.open();
	await tool.hook('create');
	return tool;
}

const NONE = '={{ $json.none }}';
const LOCAL_TOOL = 'http://127.0.0.1:5678/webhook/a/mcp';
const byUrl = (value: string) => ({ __rl: true, mode: 'url', value });
const access = (url: string, more: INodeParameters = {}): INodeParameters => ({
	resource: 'tool',
	operation: 'createAccess',
	agentTools: { tools: [{ tool: byUrl(url) }] },
	context: CONTEXT,
	...more,
});

async function tokenFor(tool: PublishedTool, more: INodeParameters = {}): Promise<string> {
	const [json] = jsonOf(await rig.engine.run({ parameters: access(tool.url, more) }));
	const [{ headers }] = json?.tools as [{ headers: { Authorization: string } }];
	return headers.Authorization.replace('Bearer ', '');
}

async function ask(tool: PublishedTool, input: object = { number: 'A-17' }) {
	const client = await tool.connect(await tokenFor(tool));
	try {
		return await client.callTool({ name: 'find_order', arguments: input as Record<string, unknown> });
	} finally {
		await client.close();
	}
}

it("a tool with the name of Ask and Wait's own isn't handed over with it", async () => {
	const { url } = await publish({ toolName: 'submit_response' });
	const asking = { operation: 'sendAndWait', to: '+14155550123', message: 'Ask' };
	const parameters = byRule({ ...asking, agentTools: { tools: [{ tool: byUrl(url) }] } });
	const { message, description } = failureOf(await rig.engine.run({ parameters }));
	expect(message).toMatch(/^'submit_response' in 'Agent Tools' has the name/);
	expect(description).toMatch(/No one was called\.$/);
});

describe('The official client', () => {
	it('lists and calls a tool; what the token pins comes out whatever the arguments say', async () => {
		const tool = await publish();
		const headers = { 'X-Call-From': '+1555', 'X-Other': 'no' };
		const client = await tool.connect(await tokenFor(tool), headers);
		expect((await client.listTools()).tools).toEqual([
			{
				name: 'find_order',
				description: 'Finds an order of the caller.',
				inputSchema: {
					type: 'object',
					properties: { number: { type: 'string', description: 'On the invoice' } },
					required: ['number'],
				},
			},
		]);
		await client.ping();
		expect(tool.executions).toHaveLength(0);
		const input = { number: 'A-17', context: { customerId: 'C-1' }, customerId: 'C-1' };
		const { content } = await client.callTool({ name: 'find_order', arguments: input });
		const item = {
			tool: 'find_order',
			input,
			context: { customerId: 'C-4711' },
			headers: { 'x-call-from': '+1555' },
			requestId: expect.anything() as unknown,
			receivedAt: expect.any(String) as string,
		};
		expect(tool.items).toEqual([item]);
		expect(JSON.parse((content as [{ text: string }])[0].text)).toEqual(item);
		await client.close();
	});

	it('reads what is wrong with the arguments, without an execution', async () => {
		const tool = await publish();
		expect(await ask(tool, { number: 17 })).toMatchObject({
			isError: true,
			content: [{ text: expect.stringContaining("'number' must be of type string, not number.") as string }],
		});
		expect(tool.executions).toHaveLength(0);
	});
});

describe('The agent reads', () => {
	it.each<[INodeParameters, string, boolean]>([
		[{ respondWith: 'text', answerText: 'No such order', isError: true }, 'No such order', true],
		[{ respondWith: 'text', answerText: '={{ $json.input }}' }, '{"number":"A-17"}', false],
		[{ answerJson: '={{ "It left " + "this morning." }}' }, 'It left this morning.', false],
	])('of %j: %s', async (answer, text, isError) => {
		const result = await ask(await publish({}, { answer }));
		expect(result).toEqual({ content: [{ type: 'text', text }], isError });
	});

	it.each<[string, ToolEnding, RegExp]>([
		...[NONE, '', '={{ null }}', ' \n', '={{ NaN }}'].flatMap(
			(value): Array<[string, ToolEnding, RegExp]> => [
				[`answers the text ${value}`, { answer: { respondWith: 'text', answerText: value } }, /failed, or/],
				[`answers the JSON ${value}`, { answer: { answerJson: value } }, /failed, or/],
			],
		),
		['answers the JSON null', { answer: { answerJson: 'null' } }, /failed, or/],
		['answers the JSON ""', { answer: { answerJson: '"  "' } }, /failed, or/],
		['ends without an answer', {}, /failed, or ended without/],
		['fails', { answer: { answerJson: '{' } }, /failed, or ended without/],
		[
			"fails at the answer, which 'On Error' lets pass",
			{ answer: { answerJson: '{' }, node: { onError: 'continueRegularOutput' } },
			/'Answer' isn't valid JSON/,
		],
		[
			"fails at the answer in each try, which 'On Error' lets pass",
			{
				answer: { answerJson: '{' },
				node: { onError: 'continueRegularOutput', retryOnFail: true, waitBetweenTries: 1 },
			},
			/'Answer' isn't valid JSON/,
		],
	])('a tool error if the workflow %s', async (_what, ending, words) => {
		const { isError, content } = await ask(await publish({}, ending));
		expect(isError).toBe(true);
		expect((content as [{ text: string }])[0].text).toMatch(words);
	});

	it('what a node behind the error output answers in place of the one that failed', async () => {
		const ending: ToolEnding = {
			answer: { answerJson: NONE },
			node: { onError: 'continueErrorOutput' },
			fallback: { respondWith: 'text', answerText: 'Call back tomorrow' },
		};
		const answered = { content: [{ type: 'text', text: 'Call back tomorrow' }], isError: false };
		expect(await ask(await publish({}, ending))).toEqual(answered);
	});

	it('a tool error at the timeout; a late answer is dropped', async () => {
		let answerLate = () => {};
		const late = new Promise<void>((resolve) => (answerLate = resolve));
		const ending = { answer: PASS_ON, beforeAnswer: async () => await late };
		const tool = await publish({ options: { timeout: 1 } }, ending);
		const { isError, content } = await ask(tool);
		expect({ isError, content }).toMatchObject({
			isError: true,
			content: [{ text: expect.stringContaining("didn't answer in time") as string }],
		});
		answerLate();
		await new Promise(setImmediate);
	});
});

describe('No execution', () => {
	const body = JSON.stringify({
		jsonrpc: '2.0',
		id: 1,
		method: 'tools/call',
		params: { name: 'find_order', arguments: { number: 'A-17' } },
	});
	const post = async (tool: PublishedTool, authorization?: string, text = body) =>
		await send(tool.url, {
			headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
			body: text,
		});

	it('without a token, with a forged, altered, expired one, or that of a different tool', async () => {
		const tool = await publish();
		const other = await publish({}, { answer: PASS_ON }, 'other');
		const token = await tokenFor(tool);
		const foreign = await tokenFor(other);
		const statuses = [];
		for (const authorization of [undefined, '', 'Bearer x', token.slice(0, -1), `Bearer ${token}A`]) {
			statuses.push((await post(tool, authorization)).status);
		}
		expect(new Set(statuses)).toEqual(new Set([401]));
		expect(await post(tool, `Bearer ${foreign}`)).toMatchObject({ status: 403 });
		expect(tool.log).toHaveLength(1);
		expect(tool.log.join()).not.toContain('n8ntool1_');
		passTime(31 * 24 * 3_600_000);
		expect(await post(tool, `Bearer ${token}`)).toMatchObject({ status: 401 });
		expect([tool.executions, tool.items]).toEqual([[], []]);
	});

	it('for five hundred forged tokens in a row, and one line in the log', async () => {
		const tool = await publish();
		const token = await tokenFor(tool);
		const forged = (seed: number) =>
			`Bearer ${token.slice(0, 9)}${String(seed).padStart(22, 'A')}${token.slice(31)}`;
		for (let round = 0; round < 25; round++) {
			const answers = await Promise.all(
				Array.from({ length: 20 }, async (_, n) => await post(tool, forged(20 * round + n))),
			);
			expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
		}
		expect([tool.items, tool.log.length]).toEqual([[], 1]);
	});

	it('for a web page, unless it is on the host of the tool itself', async () => {
		const tool = await publish();
		const authorization = `Bearer ${await tokenFor(tool)}`;
		const from = async (origin: string) =>
			await send(tool.url, {
				headers: { 'content-type': 'application/json', authorization, origin },
				body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
			});
		expect(await from('http://rebound.example')).toMatchObject({ status: 403 });
		expect(await from('null')).toMatchObject({ status: 403 });
		expect(await from(tool.origin)).toMatchObject({ status: 200 });
	});

	it('for a body of a type that n8n does not read by itself', async () => {
		const tool = await publish();
		const authorization = `Bearer ${await tokenFor(tool)}`;
		expect(
			await send(tool.url, { headers: { 'content-type': 'application/octet-stream', authorization }, body }),
		).toMatchObject({ status: 400 });
		expect([tool.items, tool.log]).toEqual([[], []]);
	});

	it('for GET and DELETE, for what is too large or nested too deep', async () => {
		const tool = await publish();
		const authorization = `Bearer ${await tokenFor(tool)}`;
		for (const method of ['GET', 'DELETE'])
			expect(await send(tool.url, { method })).toMatchObject({ status: 405 });
		expect(await post(tool, authorization, `"${'x'.repeat(100_001)}"`)).toMatchObject({ status: 413 });
		const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
		expect(await post(tool, authorization, deep)).toMatchObject({ status: 400 });
		expect(tool.executions).toEqual([]);
	});
});

describe('A tool is published', () => {
	it.each<[INodeParameters, string]>([
		[{ toolName: 'find.order' }, "'Tool Name' is 'find.order'"],
		[{ toolDescription: ' ' }, "'Tool Description' is empty"],
		[{ options: { timeout: 0 } }, "'Timeout' must be"],
		[{ toolParameters: { parameters: [{ name: 'a b' }] } }, "has the name 'a b'"],
		[{ toolParameters: { parameters: [{ name: '__proto__' }] } }, "has the name '__proto__'"],
		[
			{ specifyParameters: 'json', jsonSchema: '{"type":"object","required":"a"}' },
			"'JSON Schema' can't be used",
		],
		[{ specifyParameters: 'json', jsonSchema: '{' }, "'JSON Schema' can't be used"],
	])('not with %j', async (parameters, message) => {
		await expect(publish(parameters)).rejects.toThrow(message);
		// At its own start n8n would take it off the air.
		await expect(tools.at(-1)?.hook('create', 'init')).resolves.toBe(true);
	});

	it('not without a secret that its tokens could be signed with', async () => {
		rig.engine.setCredentials(rig.credentials({ secretKey: ' ' }));
		await expect(publish()).rejects.toThrow("'Secret Key'");
	});

	it('and listed, until it is unpublished', async () => {
		const tool = await publish({ toolName: ' find order ' });
		const names = async () =>
			(await rig.engine.listSearch('searchAgentTools')).results.map(({ name }) => name);
		expect((await names()).at(0)).toBe('find_order: Orders');
		await tool.hook('delete');
		expect((await names()).at(0)).toBe('find_order: Orders (not published)');
	});
});

describe('Tools are handed over', () => {
	const list = (value: string) => ({ __rl: true, mode: 'list', value });
	const withTools = (tool: object) => ({
		agentTools: { tools: [{ tool }] },
		options: { context: CONTEXT },
	});
	const call = (more: object) => byRule({ to: '+14155550123', ...more });

	it('with a call, and taken out of what comes back', async () => {
		const tool = await publish({ options: { timeout: 7 } });
		const parameters = call({
			...withTools(list(tool.url)),
			metaData: { entries: [{ key: 'ticket', value: 17 }] },
		});
		const [json] = jsonOf(await rig.engine.run({ parameters }));
		const body = rig.requests.at(-1)?.body;
		expect(body).toMatchObject({
			metadata: { ticket: 17, n8nTools: [{ url: tool.url, timeout: 7 }] },
		});
		expect(json).toMatchObject({ metadata: { ticket: 17 } });
		expect(JSON.stringify(json)).not.toMatch(/n8nTools|n8ntool1_/);
		const [{ headers }] = (body as { metadata: { n8nTools: [{ headers: { Authorization: string } }] } })
			.metadata.n8nTools;
		const client = await tool.connect(headers.Authorization.replace('Bearer ', ''));
		await client.callTool({ name: 'find_order', arguments: { number: 'A-17' } });
		// The agent of the call may have asked as well.
		expect(tool.items[0]).toMatchObject({ context: { customerId: 'C-4711' } });
		await client.close();
	});

	describe('for as long as is said, and no longer:', () => {
		/** @returns the token of the tool that a request hands over */
		const handed = async (parameters: INodeParameters): Promise<string> => {
			await rig.engine.run({ parameters });
			const { metadata, env } = rig.requests.at(-1)?.body as { metadata?: IDataObject; env?: IDataObject };
			const tools = metadata?.n8nTools ?? JSON.parse(String(env?.N8N_TOOLS));
			return (tools as [{ headers: { Authorization: string } }])[0].headers.Authorization;
		};
		const created = (more: INodeParameters) => async (tool: PublishedTool) =>
			`Bearer ${await tokenFor(tool, more)}`;
		const made =
			(options: object) =>
			async ({ url }: PublishedTool) =>
				await handed(call({ ...withTools(list(url)), options }));
		const started =
			(options: object) =>
			async ({ url }: PublishedTool) =>
				await handed(startParameters({ ...withTools(list(url)), options } as IDataObject));

		it.each<[string, (tool: PublishedTool) => Promise<string>, number]>([
			['Create Access', created({}), 30 * 24],
			['Create Access for days', created({ validFor: 3 }), 3 * 24],
			['Create Access for hours', created({ validFor: 2, validForUnit: 'hours' }), 2],
			['a call', made({}), 24],
			['a call with Tools Valid For', made({ toolsValidFor: 3 }), 3],
			['a session with Tools Valid For', started({ toolsValidFor: 100 }), 100],
		])('%s', async (_what, give, hours) => {
			const tool = await publish();
			const authorization = await give(tool);
			const ping = async () =>
				await send(tool.url, {
					headers: { 'content-type': 'application/json', authorization },
					body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
				});
			passTime(hours * 3_600_000 - 60_000);
			expect(await ping()).toMatchObject({ status: 200 });
			passTime(120_000);
			expect(await ping()).toMatchObject({ status: 401 });
		});
	});

	it('and used in the middle of the call: the answer is in its transcript', async () => {
		const tool = await publish();
		const room = await rig.engine.run({
			parameters: { resource: 'room', operation: 'create', recording: 'transcribe', options: {} },
		});
		const roomId = String(jsonOf(room)[0]?.roomId);
		rig.simulator.setCallBehaviour({ ringAfterMs: 1, ringForMs: 1, talkMs: 1 });
		jsonOf(
			await rig.engine.run({
				parameters: call({ ...withTools(byUrl(tool.url)), options: { context: CONTEXT, roomId } }),
			}),
		);
		const { transcriptions, toolUses } = rig.simulator;
		while (![...transcriptions.values()].some(({ status }) => status === 'completed')) {
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
		expect(tool.items).toMatchObject([{ headers: { 'x-call-to': '+14155550123' } }]);
		expect(toolUses).toMatchObject([{ tool: 'find_order', isError: false }]);
		expect([...transcriptions.values()][0]?.lines.at(-2)?.text).toContain('C-4711');
	});

	it('with the timeout that its trigger had when it was selected, where that is not known', async () => {
		const url = 'https://n8n.example.com/webhook/elsewhere/mcp';
		const { tools: known } = jsonOf(await rig.engine.run({ parameters: access(`${url}?timeout=60`) }))[0] as {
			tools: object[];
		};
		expect(known).toMatchObject([{ url, timeout: 60 }]);
		const tool = await publish({ options: { timeout: 60 } });
		// By another name of n8n's host.
		const elsewhere = access(tool.url.replace('127.0.0.1', 'localhost'));
		expect(jsonOf(await rig.engine.run({ parameters: elsewhere }))).toMatchObject([
			{ tools: [{ timeout: 60 }] },
		]);
		const [entry] = (await rig.engine.listSearch('searchAgentTools')).results;
		expect(entry?.value).toBe(`${tool.url}?timeout=60`);
	});

	it('with a session, as text of an environment variable, and with a dispatch', async () => {
		const tool = await publish();
		const tools = withTools(byUrl(tool.url));
		const env = { variables: [{ name: 'CUSTOMER', value: 'Ada' }] };
		jsonOf(await rig.engine.run({ parameters: startParameters({ ...tools, env }) }));
		const dispatch = { resource: 'agent', operation: 'dispatch', agentId: 'ag_1', meetingId: 'room' };
		jsonOf(await rig.engine.run({ parameters: { ...dispatch, ...tools } as INodeParameters }));
		const [start, dispatched] = rig.requests.map(({ body }) => body);
		const sent = (start as { env: Record<string, string> }).env;
		expect(sent.CUSTOMER).toBe('Ada');
		expect(JSON.parse(String(sent.N8N_TOOLS))).toMatchObject([{ url: tool.url, timeout: 20 }]);
		expect(dispatched).toMatchObject({ metadata: { n8nTools: [{ url: tool.url }] } });
	});

	it.each<[string, IDataObject, string]>([
		['a list entry that says where to look', withTools(list('not-listed')), 'must be a URL'],
		['an empty entry', withTools(list('')), 'is empty'],
		['no URL', withTools(byUrl('mcp')), 'must be a URL that starts with https:// or http://'],
		[
			'the URL of an event trigger',
			withTools(byUrl('https://n8n.example.com/webhook/a/webhook')),
			"doesn't end with /mcp",
		],
		[
			"the user's own data of that name",
			{
				...withTools(byUrl('https://n8n.example.com/webhook/a/mcp')),
				specifyMetaData: 'json',
				jsonMetaData: '{"n8nTools":[]}',
			},
			"'Metadata' contains 'n8nTools'",
		],
		[
			'a context that fits into no header',
			{
				...withTools(byUrl('https://n8n.example.com/webhook/a/mcp')),
				options: { context: { entries: [{ key: 'a', value: 'x'.repeat(3_000) }] } },
			},
			"'Context' is too long",
		],
	])('not with %s', async (_what, fields, message) => {
		const result = await rig.engine.run({ parameters: call(fields) });
		expect(failureOf(result).message).toContain(message);
		expect(rig.requests).toEqual([]);
	});

	it.each<[string, string, RegExp]>([
		['is too long, whatever came before it', '={{ $json.long }}', /'Context' is too long/],
		['has no value for what it is to pin', NONE, /'phone' in 'Context' has no value/],
		['has a blank for what it is to pin', '={{ " " }}', /'phone' in 'Context' has no value/],
		['has null for what it is to pin', '={{ null }}', /'phone' in 'Context' has no value/],
	])('to nobody if the context of the last item %s', async (_what, value, words) => {
		const context = { entries: [{ key: 'phone', value }] };
		const parameters = byRule({ agentTools: { tools: [{ tool: byUrl(LOCAL_TOOL) }] } });
		const options = { context, batching: { batch: { batchSize: 1, batchInterval: 1 } } };
		const items = [{ long: 'short', none: 'a' }, { long: 'x'.repeat(4_000) }];
		const result = await rig.engine.run({ parameters: { ...parameters, options }, items });
		expect(failureOf(result).message).toMatch(words);
		expect(rig.requests).toEqual([]);
	});

	it('not if the tool was unpublished since, whose name is told', async () => {
		const tool = await publish();
		await tool.hook('delete');
		const result = await rig.engine.run({ parameters: call(withTools(list(tool.url))) });
		expect(failureOf(result).message).toBe("'find_order' in 'Agent Tools' is no longer published [item 0]");
		expect(rig.requests).toEqual([]);
	});

	it('not if only this machine can reach them, and the API is elsewhere', async () => {
		rig.engine.setCredentials(rig.credentials({ baseUrl: 'https://api.videosdk.live' }));
		const parameters = access('http://localhost:5678/webhook/a/mcp');
		expect(failureOf(await rig.engine.run({ parameters })).message).toContain(
			"can't reach Tool 1 in 'Agent Tools' at http://localhost:5678",
		);
	});
});

it.each(['call-hangup', 'call-summary'])('tools are taken out of the event %s', async (event) => {
	const { simulator } = rig;
	const trigger = await rig.engine.publish({ events: [event] });
	const authorization = 'Bearer n8ntool1_AbCd-_';
	const n8nTools = [
		{ url: 'https://n8n.example.com/webhook/a/mcp', headers: { Authorization: authorization } },
	];
	const metadata = {
		ticket: 17,
		n8nTools,
		'n8nTools[0].headers.Authorization': authorization,
		n8nTools_0_url: 'https://n8n.example.com/webhook/a/mcp',
		'n8nTools[].url': 'https://n8n.example.com/webhook/a/mcp',
		asText: JSON.stringify({ n8nTools }),
		n8nTools_note: 'mine',
	};
	if (event === 'call-summary') await simulator.sendCallSummary(trigger.url, { fields: { a: 1 }, metadata });
	else await simulator.sendCallEvent(trigger.url, event, { callId: 'call-1', metaData: metadata });
	const received = JSON.stringify(await trigger.received());
	expect(received).toContain('17');
	expect(received).toContain('"n8nTools_note":"mine"');
	expect(received).not.toContain('n8ntool1_');
	expect(received).not.toMatch(/"n8nTools(\[|"|_0)/);
});

describe('Agent Tool: Answer', () => {
	const parameters = { resource: 'tool', operation: 'answer', answerJson: '={{ $json.a }}' };
	const items = [{ a: 1 }, { b: 2 }];

	it('says that no one waits, and passes its items on', async () => {
		const result = await rig.engine.run({ parameters, items, onError: 'continueRegularOutput' });
		expect(jsonOf(result)).toEqual([
			{ a: 1 },
			{ error: expect.stringContaining("'Answer' is empty") as string },
		]);
		expect(JSON.stringify(result.run.data.resultData.runData)).toContain('No agent is waiting');
	});

	it('sends nothing if one of its items is to go to the error output', async () => {
		const { routed } = await rig.engine.run({ parameters, items, onError: 'continueErrorOutput' });
		expect(routed.success).toEqual([]);
		expect(routed.failure).toMatchObject([
			{ json: { error: "The answer wasn't sent because item 1 failed" } },
			{ json: { error: expect.stringContaining("'Answer' is empty") as string } },
		]);
	});

	it('sends nothing to the caller of a different trigger of its workflow', async () => {
		const { engine } = rig;
		const asked = engine.node(TOOL_TRIGGER, TOOL_PARAMETERS, {
			name: 'Asked',
			webhookId: 'a',
			typeVersion: 1.1,
		});
		const event = engine.node(TRIGGER, {}, { name: 'Event', webhookId: 'b', typeVersion: 1.1 });
		const answer = engine.node(ACTION, parameters, { name: 'Answer' });
		const main = [[{ node: 'Answer', type: 'main' as const, index: 0 }]];
		const connections = { Asked: { main }, Event: { main } };
		const workflow = engine.load({ id: 'two', nodes: [asked, event, answer], connections });
		const json = { a: 1, receivedAt: new Date().toISOString() };
		const hintsAfter = async (trigger: string) => {
			const node = workflow.getNode(trigger) as INode;
			const { run } = await engine.runFrom(workflow, node, [[{ json }]], 'webhook');
			return JSON.stringify(run.data.resultData.runData.Answer);
		};
		expect(await hintsAfter('Asked')).not.toContain('No agent is waiting');
		expect(await hintsAfter('Event')).toContain('No agent is waiting');
	});
});

it('the nodes share one copy of their code', async () => {
	const tool = await publish();
	const [entry] = (await rig.engine.listSearch('searchAgentTools')).results;
	expect(entry?.value).toBe(tool.url);
});
