import { request as forward } from 'node:http';
import { signToken, tokenEnvelope } from '../../nodes/VideoSdkAgentCloud/tools/token';
import { publish } from '../e2e/deliveries';
import { type ScriptedModel, startScriptedModel } from '../e2e/scriptedModel';
import { actionNode, chain, ourNode } from '../e2e/nodes';
import { PATIENT, setUpAll } from '../e2e/setup';
import { handOver, publishTools } from '../e2e/toolWorkflows';
import { Loopback } from '../engine/delivery';
import { outputOf } from '../n8n/rest';
import type { HandedTool } from '../simulator/toolAgent';
import { PythonProgram, runClients } from './python';

/** examples/agent, run by VideoSDK's framework; only speech, the room, and the paid model are replaced. */
describe('The agent of examples/agent', () => {
	const setup = setUpAll({ simulator: { lifecycle: false, ...PATIENT } });
	let model: ScriptedModel;
	let ids: Record<string, string>;
	const handed: Record<string, HandedTool | undefined> = {};
	let agent: PythonProgram | undefined;

	beforeAll(async () => {
		model = await startScriptedModel();
		ids = await publishTools(setup, ['late', 'waiting']);
		const names = ['answered', 'failure', 'failing', 'waiting'];
		const urlOf = (name: string) => `${setup.n8n.url}/webhook/tool-${name}/mcp`;
		const timeoutOf = (name: string) => (name === 'waiting' ? '?timeout=3' : '');
		// One by one: an agent can't be given several of the same name.
		for (const name of names) [handed[name]] = await handOver(setup, [`${urlOf(name)}${timeoutOf(name)}`]);
	});
	afterEach(async () => await agent?.stop());
	afterAll(async () => await model?.close());

	async function start(metadata: object, env: Record<string, string> = {}): Promise<object[]> {
		agent = new PythonProgram('run_agent.py', {
			OPENAI_API_KEY: 'none',
			OPENAI_BASE_URL: model.url,
			VIDEOSDK_AUTH_TOKEN: 'none',
			N8N_TOOLS: '',
			...env,
		});
		return (await agent.ask<{ tools: object[] }>({ metadata })).tools;
	}

	/** The caller asks, the model uses the tool. @returns what the model then reads */
	async function askForOrder(): Promise<string> {
		model.script([{ tool: 'find_order', arguments: { order_number: 'A-17' } }, { text: 'Let me see.' }]);
		const { agent: said } = await agent!.ask<{ agent: string }>({ caller: 'Where is my order?' });
		expect(said).toBe('Let me see.');
		return String(model.requests.at(-1)?.messages.at(-1)?.content);
	}

	const executionsOf = async (name: string) =>
		await setup.n8n.rest.listExecutions({ workflowId: String(ids[name]) });

	it('offers a tool from the metadata to its model, uses it, and says who is calling', async () => {
		const before = (await executionsOf('answered')).length;
		const call = { callId: 'call-1', sipCallFrom: '+15550102001', sipCallTo: '+15550100000' };
		const tools = await start({ ...call, callType: 'inbound', n8nTools: [handed.answered] });
		expect(tools).toMatchObject([
			{
				name: 'find_order',
				description: 'Finds an order of the caller.',
				parameters: { required: ['order_number'] },
			},
		]);
		const { output } = JSON.parse(await askForOrder()) as { output: string };
		expect(JSON.parse(output)).toMatchObject({
			input: { order_number: 'A-17' },
			headers: {
				'x-call-id': 'call-1',
				'x-call-from': '+15550102001',
				'x-call-to': '+15550100000',
				'x-call-type': 'inbound',
			},
		});
		expect(await executionsOf('answered')).toHaveLength(before + 1);
	});

	it('takes its tools from N8N_TOOLS as well', async () => {
		expect(await start({}, { N8N_TOOLS: JSON.stringify([handed.answered]) })).toHaveLength(1);
	});

	it('asks what n8n wants to know, and saves that voicemail picked up', async () => {
		const asked = {
			...{ toolName: 'save_result', toolDescription: 'Saves the result.' },
			toolParameters: { parameters: [{ name: 'voicemail', type: 'boolean', required: false }] },
		};
		const extra = { webhookId: 'save-result' };
		const workflowId = await publish(
			setup.n8n,
			chain('Save', [
				ourNode(setup, 'Asked', 'videoSdkAgentCloudMcpTrigger', asked, extra),
				actionNode(setup, 'Answer', {
					...{ resource: 'tool', operation: 'answer', respondWith: 'text', answerText: 'Saved.' },
				}),
			]),
		);
		const url = `${setup.n8n.url}/webhook/save-result/mcp`;
		await setup.n8n.rest.waitForWebhook(url);
		const access = { url, expiresAtS: Date.now() / 1000 + 600, context: {} };
		const token = signToken(access, tokenEnvelope.keyOf(setup.simulator.secret));
		const tool = { url, headers: { Authorization: `Bearer ${token}` }, timeout: 20 };
		await start({ n8nTools: [tool], name: 'Ada', question: 'Does Monday suit you?' });
		model.script([{ text: 'Does Monday suit you?' }]);
		await agent!.ask({ caller: 'Hello?' });
		expect(JSON.stringify(model.requests.at(-1)?.messages)).toContain('question: Does Monday suit you?');
		await agent!.ask({});
		const [saved] = await setup.n8n.rest.listExecutions({ workflowId });
		expect(outputOf(await setup.n8n.rest.untilEnded(saved!.id), 'Asked')).toMatchObject([
			{ input: { voicemail: true } },
		]);
	});

	it.each([
		['answers with an error', 'failure', /There is no such order/],
		['fails', 'failing', /failed, or ended without/],
		['is too slow', 'waiting', /didn't answer in time/],
	])('lets its model read why, if the workflow %s', async (_, name, reason) => {
		await start({ n8nTools: [handed[name]] });
		const read = JSON.parse(await askForOrder()) as { error: string };
		expect(read.error).toMatch(reason);
	});

	it('starts without a tool whose access token is wrong, and without an n8n that is down', async () => {
		const wrong = { ...handed.failure, headers: { Authorization: 'Bearer expired' } };
		const down = { ...handed.failure, url: 'http://127.0.0.1:9/webhook/tool/mcp' };
		expect(await start({ n8nTools: [wrong, down, handed.answered] })).toHaveLength(1);
		expect(await askForOrder()).toContain('A-17');
		expect(await start({ n8nTools: [wrong] })).toEqual([]);
	});

	it("connects again if an execution doesn't wait yet, and has responded if it no longer does", async () => {
		const { url, ...tool } = handed.answered!;
		let requests = 0;
		let isOver = false;
		const waits = await new Loopback((request, response) => {
			if (requests++ < 2 || isOver) {
				response.writeHead(409).end();
				return;
			}
			const { method, headers } = request;
			request.on('data', (body) => (isOver ||= String(body).includes('tools/call')));
			request.pipe(
				forward(url, { method, headers }, (answer) => {
					response.writeHead(answer.statusCode ?? 500, answer.headers);
					answer.pipe(response);
				}),
			);
		}).listen();
		const waiting = { ...tool, url: `${waits.origin}/webhook-waiting/7/mcp` };
		expect(await start({ n8nTools: [waiting] })).toHaveLength(1);
		expect(await askForOrder()).toContain('A-17');
		await waits.close();
	});

	it('keeps running while n8n restarts', async () => {
		await start({ n8nTools: [handed.answered] });
		await setup.n8n.kill();
		expect(JSON.parse(await askForOrder())).toEqual({ error: expect.any(String) as string });
		await setup.n8n.restart();
		await setup.n8n.rest.waitForWebhook('tool-answered/mcp');
		expect(await askForOrder()).toContain('A-17');
	});

	it("is as easy with the framework's own MCP client, as long as nothing fails", async () => {
		agent = runClients(setup.simulator);
		const headers = { ...handed.answered?.headers, 'X-Call-From': '+15550102001' };
		const { tools, answer } = await agent.ask<{ tools: string[]; answer: { output: string } }>({
			mcp: { ...handed.answered, headers },
			call: { arguments: { order_number: 'A-17' } },
		});
		expect(tools).toEqual(['find_order']);
		expect(JSON.parse(answer.output)).toMatchObject({
			input: { order_number: 'A-17' },
			headers: { 'x-call-from': '+15550102001' },
		});
	});
});
