import { signAccess, tokenEnvelope } from '../../nodes/VideoSdkAgentCloud/agentTools/accessToken';
import { publish, startNew } from '../e2e/deliveries';
import { type ModelRequest, type ScriptedModel, startScriptedModel } from '../e2e/scriptedModel';
import { FarN8n } from '../e2e/farN8n';
import { actionNode, chain, MANUAL, ourCredential, ourNode } from '../e2e/nodes';
import { Agents, question } from '../e2e/questions';
import { PATIENT, setUpAll } from '../e2e/setup';
import { handOver, publishTools } from '../e2e/toolWorkflows';
import { createDataTable } from '../n8n/dataTables';
import { outputOf } from '../n8n/rest';
import type { HandedTool } from '../simulator/toolAgent';
import { isOurs, pathsOf, readExample, TOOL_EXAMPLE } from '../start/examples';
import { TABLES } from '../start/tables';
import { Conversations, textOf } from './conversation';
import { runClients } from './python';

/** agent/, run by VideoSDK's framework; only speech, the room, and the paid model are replaced. */
describe('The agent of this package', () => {
	const setup = setUpAll({ simulator: { lifecycle: false, callBehaviour: false, ...PATIENT } });
	let model: ScriptedModel;
	let ids: Record<string, string>;
	const handed: Record<string, HandedTool | undefined> = {};
	const agent = new Conversations(() => model);
	/** Whom Ask and Wait calls. */
	const people = new Agents(setup);

	beforeAll(async () => {
		model = await startScriptedModel();
		ids = await publishTools(setup, ['late', 'waiting']);
		const names = ['answered', 'failure', 'failing', 'waiting'];
		const urlOf = (name: string) => `${setup.n8n.url}/webhook/tool-${name}/mcp`;
		const timeoutOf = (name: string) => (name === 'waiting' ? '?timeout=3' : '');
		// One by one: an agent can't be given several of the same name.
		for (const name of names) [handed[name]] = await handOver(setup, [`${urlOf(name)}${timeoutOf(name)}`]);
	});
	afterEach(async () => await agent.stop());
	afterAll(async () => await model?.close());

	const start = async (metadata: object, env?: Record<string, string>) => await agent.start(metadata, env);
	const { tell } = agent;
	const toldTo = (request: ModelRequest | undefined) => JSON.stringify(request?.messages);

	/** The person asks, the model uses the tool. @returns what the model then reads, and the turn */
	async function askForOrder(tool = 'find_order') {
		const times: number[] = [];
		const now = <T>(answer: T) => (times.push(performance.now()), answer);
		model.script([
			() => now({ tool, arguments: { order_number: 'A-17' } }),
			() => now({ text: 'Let me tell you.' }),
		]);
		const turn = await tell('Where is my order?');
		expect(textOf(turn)).toMatch(/Let me tell you\.$/);
		const read = JSON.parse(String(model.requests.at(-1)?.messages.at(-1)?.content)) as {
			output?: string;
			error?: string;
		};
		return { read, turn, toolMs: times[1]! - times[0]! };
	}

	const executionsOf = async (name: string) =>
		await setup.n8n.rest.listExecutions({ workflowId: String(ids[name]) });

	it('says the first message as written, and does in each call what that call says', async () => {
		const calls = [
			{ firstMessage: 'Good day, this is the bakery.', instructions: 'Ask how many rolls are wanted.' },
			{
				firstMessage: 'Guten Tag, hier ist die KI der Praxis.',
				instructions: 'Say when it opens.',
				language: 'de',
			},
		];
		for (const n8nAgent of calls) {
			expect(textOf(await start({ n8nAgent }))).toBe(n8nAgent.firstMessage);
			model.script([{ text: 'Gladly.' }]);
			expect(textOf(await tell('Hello?'))).toBe('Gladly.');
			const [system] = model.requests[0]!.messages;
			expect(system?.content).toContain(`Your task:\n${n8nAgent.instructions}`);
			expect(system?.content).toContain(`Speak the language ${n8nAgent.language ? 'de-DE' : 'en-US'}.`);
			expect(toldTo(model.requests[0])).toContain(n8nAgent.firstMessage);
			await agent.stop();
		}
	});

	it('opens by itself without a first message, and is told to say what it is', async () => {
		model.script([{ text: 'Hello, I am an AI assistant.' }]);
		expect(textOf(await start({ n8nAgent: undefined }))).toBe('Hello, I am an AI assistant.');
		expect(model.requests[0]?.model).toBe('gemini-2.5-flash');
		expect(toldTo(model.requests[0])).toMatch(
			/told what this conversation is about.*say that you are an AI/s,
		);
	});

	it('takes tools and settings of a session from its environment', async () => {
		const N8N_AGENT = JSON.stringify({ firstMessage: 'Good morning.', model: 'gemini-2.5-pro' });
		const turn = await start({}, { N8N_TOOLS: JSON.stringify([handed.answered]), N8N_AGENT });
		expect(textOf(turn)).toBe('Good morning.');
		expect(turn.tools.sort()).toEqual(['current_time', 'end_call', 'find_order']);
		model.script([{ text: 'Yes?' }]);
		await tell('Hello?');
		expect(model.requests[0]?.model).toBe('gemini-2.5-pro');
	});

	it('starts without what can not be read in its environment', async () => {
		model.script([{ text: 'Hello.' }]);
		const turn = await start({}, { N8N_TOOLS: '[{"url"', N8N_AGENT: '{"firstMessage"' });
		expect(turn).toMatchObject({ tools: ['current_time', 'end_call'], ended: false });
	});

	it('uses a tool with one request on a connection that it keeps, and says who is calling', async () => {
		const before = (await executionsOf('answered')).length;
		const far = await new FarN8n(setup.n8n.url, 0).listen();
		const call = { callId: 'call-1', sipCallFrom: '+15550102001', sipCallTo: '+15550100000' };
		await start({ ...call, n8nTools: [far.reach(handed.answered!)] });
		await askForOrder();
		far.bodies.length = 0;
		const { read, turn } = await askForOrder();
		expect(model.requests[0]?.tools).toMatchObject([
			{ function: { name: 'find_order', description: 'Finds an order of the caller.' } },
			{ function: { name: 'current_time' } },
			{ function: { name: 'end_call' } },
		]);
		expect(JSON.parse(String(read.output))).toMatchObject({
			input: { order_number: 'A-17' },
			headers: {
				'x-call-id': 'call-1',
				'x-call-from': '+15550102001',
				'x-call-to': '+15550100000',
				'x-call-type': 'inbound',
			},
		});
		expect(far.bodies).toEqual([expect.stringContaining('"tools/call"')]);
		expect(far.sockets.size).toBe(1);
		expect(textOf(turn)).toBe('Let me tell you.');
		expect(await executionsOf('answered')).toHaveLength(before + 2);
		// Neither who may use the tool nor where it is.
		expect(JSON.stringify(model.requests)).not.toMatch(/Bearer|\/mcp/);
		await far.close();
	});

	it('looks into a table of an n8n that is 100 ms away with one request, in 250 ms besides its own time', async () => {
		const { columns, rows } = TABLES.Orders!;
		await createDataTable(setup.n8n.rest, 'Orders', columns, rows);
		const example = readExample(TOOL_EXAMPLE);
		const nodes = example.nodes.map((node) => ({
			...node,
			...(/trigger$/i.test(node.type) && { webhookId: 'orders' }),
			credentials: isOurs(node) ? ourCredential(setup.credentialId) : undefined,
		}));
		const workflow = { ...example, nodes };
		await publish(setup.n8n, workflow);
		const [path] = pathsOf(workflow);
		await setup.n8n.rest.waitForWebhook(String(path));
		const [tool] = await handOver(setup, [`${setup.n8n.url}/webhook/${path}`]);
		const far = await new FarN8n(setup.n8n.url, 100).listen();
		await start({ sipCallFrom: '+14155550124', n8nTools: [far.reach(tool!)] });
		await askForOrder('find_orders');
		far.bodies.length = 0;
		const { read, toolMs } = await askForOrder('find_orders');
		expect(read.output).toMatch(/"order":\s*"G-1"/);
		expect(far.bodies).toEqual([expect.stringContaining('"tools/call"')]);
		const besidesMs = Math.round(toolMs - far.n8nMs);
		process.stdout.write(`A look into a table: ${besidesMs} ms, and n8n's ${Math.round(far.n8nMs)} ms\n`);
		expect(besidesMs).toBeLessThan(250);
		await far.close();
	});

	it('says something after 1.5 s, and its words afterwards, if a tool is slow', async () => {
		let askedAt = 0;
		const far = await new FarN8n(setup.n8n.url, 2_500, (body) => {
			if (body.includes('tools/call')) askedAt = Date.now();
			return false;
		}).listen();
		await start({ n8nTools: [far.reach(handed.answered!)] });
		const { read, turn } = await askForOrder();
		expect(read.output).toContain('A-17');
		expect(textOf(turn)).toBe('One moment, please. Let me tell you.');
		const [filler, answer] = turn.said.map(({ at }) => at - askedAt);
		expect(filler).toBeGreaterThan(1_400);
		expect(filler).toBeLessThan(1_900);
		const sounds = turn.sounds.map((at) => at - askedAt);
		expect(sounds.some((at) => at > filler! + 500 && at < answer!)).toBe(true);
		expect(sounds.filter((at) => at > answer! + 500)).toEqual([]);
		await far.close();
	});

	it('goes on if the person speaks while a tool is at work, and does nothing twice', async () => {
		const far = await new FarN8n(setup.n8n.url, 2_500).listen();
		await start({ n8nTools: [far.reach(handed.answered!)] });
		far.bodies.length = 0;
		const use = { tool: 'find_order', arguments: { order_number: 'A-17' } };
		model.script([use, use, { text: 'Here it is.' }]);
		const turn = await tell('Where is my order?', 'Are you there?');
		expect(textOf(turn)).toMatch(/Here it is\.$/);
		const roles = model.requests[1]!.messages.map(({ role, tool_calls }) => (tool_calls ? 'use' : role));
		expect(roles.slice(2)).toEqual(['user', 'use', 'tool', 'user']);
		expect(String(model.requests[2]!.messages.at(-1)?.content)).toContain('A-17');
		expect(far.bodies).toHaveLength(1);
		await far.close();
	});

	it.each([
		['answers with an error', 'failure', /There is no such order/],
		['fails', 'failing', /failed, or ended without/],
		['is too slow', 'waiting', /didn't answer in time/],
	])('lets its model read why, if the workflow %s', async (_, name, reason) => {
		await start({ n8nTools: [handed[name]] });
		expect((await askForOrder()).read.error).toMatch(reason);
	});

	it('starts without a tool whose access token is wrong, and without an n8n that is down', async () => {
		const wrong = { ...handed.failure, headers: { Authorization: 'Bearer expired' } };
		const down = { ...handed.failure, url: 'http://127.0.0.1:9/webhook/tool/mcp' };
		const { tools } = await start({ n8nTools: [wrong, down, handed.answered] });
		expect(tools).toEqual(['find_order', 'current_time', 'end_call']);
		expect((await askForOrder()).read.output).toContain('A-17');
	});

	it("tells the person that it isn't possible while n8n is down, and goes on when n8n is back", async () => {
		await start({ n8nTools: [handed.answered] });
		await setup.n8n.kill();
		const tellsWhatItReads = ({ messages }: ModelRequest) => ({
			text: (JSON.parse(String(messages.at(-1)?.content)) as { error: string }).error,
		});
		model.script([{ tool: 'find_order', arguments: { order_number: 'A-17' } }, tellsWhatItReads]);
		expect(textOf(await tell('Where is my order?'))).toBe("This isn't possible right now.");
		await setup.n8n.restart();
		await setup.n8n.rest.waitForWebhook('tool-answered/mcp');
		expect((await askForOrder()).read.output).toContain('A-17');
	});

	it('hands in the answer to a question by phone, in its types', async () => {
		const asks = question({
			responseType: 'fields',
			responseFields: {
				fields: [
					{ name: 'guests', type: 'number' },
					{ name: 'coming', type: 'boolean' },
				],
			},
		});
		const ask = actionNode(setup, 'Ask', asks);
		const executionId = await startNew(setup.n8n, chain('Ask', [MANUAL, ask]));
		const { callId } = await people.next();
		const { metadata } = setup.simulator.calls.get(callId)!;
		await start({ ...metadata, callType: 'outbound' });
		model.script([
			{ tool: 'submit_response', arguments: { guests: 3, coming: true } },
			{ tool: 'end_call', arguments: { last_words: 'Thank you, goodbye.' } },
		]);
		expect(await tell('Three of us will come.')).toMatchObject({
			said: [{ text: 'Thank you, goodbye.' }],
			ended: expect.any(Boolean) as boolean,
		});
		expect(JSON.stringify(model.requests[0]?.tools)).toContain('May we come on Thursday?');
		expect(JSON.stringify(model.requests)).not.toContain(metadata.n8nKey);
		expect(outputOf(await setup.n8n.rest.untilEnded(executionId), 'Ask')).toMatchObject([
			{ outcome: 'answered', responded: true, data: { guests: 3, coming: true } },
		]);
	});

	it.each([
		['insists on it', 'No, then I would rather not.', false, 'up to 50'],
		['agrees without it', 'Yes, whatever it costs.', true, undefined],
	])('asks back when a yes has a condition, and the person %s', async (_what, says, approved, condition) => {
		const ask = actionNode(setup, 'Ask', question({}));
		const executionId = await startNew(setup.n8n, chain('Ask', [MANUAL, ask]));
		const { callId } = await people.next();
		const { metadata } = setup.simulator.calls.get(callId)!;
		await start({ ...metadata, callType: 'outbound' });
		const conditional = {
			tool: 'submit_response',
			arguments: { approved: true, condition: 'up to 50' },
		};
		model.script([conditional, { text: 'And without that?' }]);
		expect(textOf(await tell('Yes, up to 50.'))).toMatch(/And without that\?$/);
		expect(await setup.n8n.rest.getExecution(executionId)).toMatchObject({ status: 'waiting' });
		model.script([
			approved ? { tool: 'submit_response', arguments: { approved } } : conditional,
			{ tool: 'end_call', arguments: { last_words: 'Thank you, goodbye.' } },
		]);
		await tell(says);
		const [output] = outputOf(await setup.n8n.rest.untilEnded(executionId), 'Ask');
		expect(output).toMatchObject({ responded: true, data: { approved } });
		expect((output?.data as { condition?: string }).condition).toBe(condition);
	});

	describe('without an answer to a question by phone, says why', () => {
		const MAILBOX = 'Please leave a message after the tone.';
		const end = { tool: 'end_call', arguments: { last_words: 'Goodbye.' } };
		const vague = { tool: 'submit_response', arguments: { quote: 'Hm.' } };
		/** What the person does, and what becomes of it. */
		type Case = [
			reasonCode: string,
			what: string,
			settings: object,
			talk: () => Promise<unknown>,
			// Jest hands a function that takes more than its row has a callback, and waits for that.
			hangsUpAfter: number | undefined,
		];
		const CASES: Case[] = [
			[
				'voicemail',
				'voicemail picks up',
				{},
				async () => {
					const literal = (request: ModelRequest) => ({ text: request.tools ? 'Does it suit you?' : 'Yes' });
					model.script([literal, literal]);
					await tell(MAILBOX);
					await agent.listen();
				},
				undefined,
			],
			[
				'notAsked',
				'the person hangs up during the first words',
				{ firstMessage: 'I am an AI. '.repeat(40) },
				async () => undefined,
				3,
			],
			[
				'hungUp',
				'the person hangs up after them',
				{},
				async () => {
					await agent.listen(4);
				},
				undefined,
			],
			[
				'noFit',
				'nothing fits, and the agent ends the call',
				{},
				async () => {
					model.script([vague, end]);
					await tell('Hm.');
					await agent.listen();
				},
				undefined,
			],
			[
				'noFit',
				'nobody says anything',
				{ endOnSilence: 1 },
				async () => {
					model.script([{ text: 'Are you there?' }, { text: 'Goodbye.' }]);
					await agent.listen(25);
				},
				undefined,
			],
		];
		it.each(CASES)('%s: %s', async (reasonCode, _what, settings, talk, hangsUpAfter) => {
			const executionId = await startNew(
				setup.n8n,
				chain('Ask', [MANUAL, actionNode(setup, 'Ask', question({}))]),
			);
			const { callId } = await people.next();
			const { metadata } = setup.simulator.calls.get(callId)!;
			await setup.simulator.moveCall(callId, 'answered');
			const n8nAgent = { firstMessage: 'Hello, I am an AI.', ...settings };
			await agent.start({ ...metadata, n8nAgent, callType: 'outbound' }, {}, hangsUpAfter);
			await talk();
			// The person's line is closed.
			await agent.stop();
			await setup.simulator.moveCall(callId, 'ended');
			expect(outputOf(await setup.n8n.rest.untilEnded(executionId), 'Ask')).toMatchObject([
				{ outcome: 'answered', responded: false, reasonCode },
			]);
			// No model was offered these reasons.
			expect(JSON.stringify(model.requests)).not.toMatch(/noResponse|notAsked/);
		});
	});

	it("connects again if an execution doesn't wait yet", async () => {
		let requests = 0;
		const far = await new FarN8n(setup.n8n.url, 0, () => requests++ < 2).listen();
		const waiting = { ...handed.answered, url: `${far.origin}/webhook-waiting/7/tool-answered/mcp` };
		expect((await start({ n8nTools: [waiting] })).tools).toContain('find_order');
		await far.close();
	});

	it('says its last words, and hangs up', async () => {
		await start({});
		model.script([{ tool: 'end_call', arguments: { last_words: 'Goodbye and take care.' } }]);
		const turn = await tell('That was all.');
		expect(textOf(turn)).toBe('Goodbye and take care.');
		expect(turn.ended || (await agent.listen()).ended).toBe(true);
	});

	it('saves that voicemail picked up, and hangs up', async () => {
		const asked = {
			toolName: 'save_result',
			toolDescription: 'Saves the result.',
			toolParameters: { parameters: [{ name: 'voicemail', type: 'boolean', required: false }] },
		};
		const extra = { webhookId: 'save-result' };
		const workflowId = await publish(
			setup.n8n,
			chain('Save', [
				ourNode(setup, 'Asked', 'videoSdkAgentCloudMcpTrigger', asked, extra),
				actionNode(setup, 'Answer', {
					resource: 'tool',
					operation: 'answer',
					respondWith: 'text',
					answerText: 'Saved.',
				}),
			]),
		);
		const url = `${setup.n8n.url}/webhook/save-result/mcp`;
		await setup.n8n.rest.waitForWebhook(url);
		const access = { url, expiresAtS: Date.now() / 1000 + 600, context: {} };
		const token = signAccess(access, tokenEnvelope.keyOf(setup.simulator.secret));
		const tool = { url, headers: { Authorization: `Bearer ${token}` }, timeout: 20 };
		await start({ callType: undefined, n8nConversation: 'call', n8nTools: [tool] });
		const answers = (request: ModelRequest) => ({ text: request.tools ? 'Does Monday suit you?' : 'Yes' });
		model.script([answers, answers]);
		await tell('Please leave a message after the tone.');
		expect(await agent.listen()).toMatchObject({ ended: true });
		const [saved] = await setup.n8n.rest.listExecutions({ workflowId });
		expect(outputOf(await setup.n8n.rest.untilEnded(saved!.id), 'Asked')).toMatchObject([
			{ input: { voicemail: true } },
		]);
	});

	it("is as easy with the framework's own MCP client, as long as nothing fails", async () => {
		const client = runClients(setup.simulator);
		const headers = { ...handed.answered?.headers, 'X-Call-From': '+15550102001' };
		const { tools, answer } = await client.ask<{ tools: string[]; answer: { output: string } }>({
			mcp: { ...handed.answered, headers },
			call: { arguments: { order_number: 'A-17' } },
		});
		expect(tools).toEqual(['find_order']);
		expect(JSON.parse(answer.output)).toMatchObject({
			input: { order_number: 'A-17' },
			headers: { 'x-call-from': '+15550102001' },
		});
		await client.stop();
	});
});
