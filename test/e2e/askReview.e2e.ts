/** Ask and Wait for an AI agent in a real n8n: as the human review of a tool (n8n 2.x), and as a tool that asks a person. */
import { waitFor } from '../n8n/processes';
import { type Execution, outputOf, type WorkflowJson, type WorkflowNode } from '../n8n/rest';
import { LATEST_VERSION, n8nOptions, publish, runEnded, untilWaiting } from './deliveries';
import { connectMcp } from './mcpClient';
import {
	addModelCredential,
	type ModelAnswer,
	type ModelRequest,
	type ScriptedModel,
	startScriptedModel,
} from './scriptedModel';
import { chain, jsonNode, n8nNode, ourNode, PACKAGE, type Setup, setUp } from './setup';

const AGENT = 'AI Agent';
const MODEL = 'OpenAI Chat Model';
const REVIEW = 'Ask the boss';
const PAY = 'Send payment';
/** What the tool that is reviewed requests. The simulator knows no such path. */
const PAID_PATH = '/paid/';

/** An agent workflow around a tool. */
class AgentRig {
	readonly asked = new Set<string>();

	constructor(
		readonly setup: Setup,
		readonly model: ScriptedModel,
		private readonly modelCredentialId: string,
	) {}

	/** @param tools each with the node that it is connected to */
	workflow(
		version: number,
		first: WorkflowNode[],
		tools: Array<[tool: WorkflowNode, user: string]>,
	): WorkflowJson {
		const agent = {
			...n8nNode(AGENT, 'agent', { promptType: 'define', text: 'Please pay Ada.', options: {} }, version),
			type: '@n8n/n8n-nodes-langchain.agent',
		};
		const model = {
			...n8nNode(MODEL, 'model', { model: { __rl: true, mode: 'list', value: 'gpt-4o-mini' } }, 1.2),
			type: '@n8n/n8n-nodes-langchain.lmChatOpenAi',
			credentials: { openAiApi: { id: this.modelCredentialId, name: 'Scripted model' } },
		};
		const workflow = chain(`Agent ${version}`, [...first, agent]);
		const to = (node: string, type: string) => ({ [type]: [[{ node, type, index: 0 }]] });
		return {
			...workflow,
			nodes: [...workflow.nodes, model, ...tools.map(([tool]) => tool)],
			connections: {
				...workflow.connections,
				[MODEL]: to(AGENT, 'ai_languageModel'),
				...Object.fromEntries(tools.map(([{ name }, user]) => [name, to(user, 'ai_tool')])),
			},
		};
	}

	/** The next call, what its agent was given, and the execution that waits for it. */
	async nextQuestion() {
		const call = await waitFor(
			'a call',
			async () => [...this.setup.simulator.calls.values()].find(({ callId }) => !this.asked.has(callId)),
			60_000,
			20,
		);
		this.asked.add(call.callId);
		const [tool] = (call.metadata as { n8nTools: [{ url: string; headers: { Authorization: string } }] })
			.n8nTools;
		const [, executionId = ''] = /webhook-waiting\/(\d+)\/mcp/.exec(tool.url) ?? [];
		await untilWaiting(this.setup.n8n, executionId);
		const key = tool.headers.Authorization.replace('Bearer ', '');
		const client = await connectMcp(this.setup.n8n.runtime, tool.url, key);
		const [offered] = (await client.listTools()).tools as Array<{ description?: string }>;
		return {
			callId: call.callId,
			executionId,
			description: offered?.description ?? '',
			submit: async (input: object) => {
				expect(await client.callTool({ name: 'submit_response', arguments: input })).toMatchObject({
					isError: false,
				});
				await client.close();
			},
		};
	}

	paid(): string[] {
		return this.setup.simulator.requests
			.filter(({ path }) => path.startsWith(PAID_PATH))
			.map(({ path }) => path.slice(PAID_PATH.length));
	}

	/** What the model was told of its tools. */
	told(): string {
		const messages = this.model.requests.at(-1)?.messages ?? [];
		return JSON.stringify(messages.filter(({ role }: ModelRequest['messages'][number]) => role === 'tool'));
	}

	async stop(): Promise<void> {
		await this.setup.stop();
		await this.model.close();
	}
}

async function startRig(version: string): Promise<AgentRig> {
	const model = await startScriptedModel();
	const setup = await setUp({ n8n: n8nOptions(version), simulator: { callBehaviour: false } });
	return new AgentRig(setup, model, await addModelCredential(setup.n8n.rest, model));
}

const call = (more: object) => ({
	resource: 'call',
	operation: 'sendAndWait',
	to: '+15550003000',
	callVia: 'gateway',
	gatewayId: { __rl: true, mode: 'id', value: 'gw_out_01' },
	options: {},
	...more,
});

describe('The human review of a tool in n8n 2.41.1', () => {
	let rig: AgentRig;
	beforeAll(async () => (rig = await startRig('2.41.1')));
	afterAll(async () => await rig?.stop());
	beforeEach(() => {
		rig.setup.simulator.requests.length = 0;
		rig.setup.simulator.clearFaults();
	});

	const MANUAL = n8nNode('Manual', 'manualTrigger');
	const YES = jsonNode('Yes', '{ "approved": true, "data": { "approved": true }, "chatInput": "Pay Ada" }');
	const pay = (amount: number) => ({
		tool: 'Send_payment',
		arguments: { toolParameters: { amount }, hitlParameters: {} },
	});

	function reviewed(more: object = {}, first: WorkflowNode[] = [MANUAL, YES]): WorkflowJson {
		const url = `=${rig.setup.simulator.url}${PAID_PATH}{{ $fromAI('amount', 'How much', 'number') }}`;
		const tool = {
			...n8nNode(PAY, 'httpRequestTool', { url, options: {} }, 4.2),
			onError: 'continueRegularOutput',
		};
		// As n8n fills them in, the message included.
		const parameters = call({
			message: '=The agent wants to run this tool: {{ $tool.name }}\n\nInput:\n{{ $tool.parameters }}',
			responseType: 'approval',
			...more,
		});
		const review = {
			...ourNode(rig.setup, REVIEW, 'videoSdkAgentCloud', parameters),
			type: `${PACKAGE}.videoSdkAgentCloudHitlTool`,
		};
		return rig.workflow(3.1, first, [
			[tool, REVIEW],
			[review, AGENT],
		]);
	}

	async function begin(answers: ModelAnswer[], more: object = {}): Promise<string> {
		rig.model.script([...answers, { text: 'Done.' }]);
		const { id } = await rig.setup.n8n.rest.createWorkflow(reviewed(more));
		return await rig.setup.n8n.rest.startWorkflow(id);
	}

	async function ended(executionId: string): Promise<Execution> {
		const execution = await runEnded(rig.setup.n8n, executionId);
		expect([execution.status, outputOf(execution, AGENT)]).toEqual(['success', [{ output: 'Done.' }]]);
		return execution;
	}

	it('asks in words that a person can hear; yes runs the tool once', async () => {
		const executionId = await begin([pay(12)]);
		const { description, submit } = await rig.nextQuestion();
		expect(description).toContain(
			'An AI agent wants to use the tool "Send payment" with this input: amount: 12.',
		);
		await submit({ approved: true, comment: 'Fine' });
		await ended(executionId);
		expect(rig.paid()).toEqual(['12']);
	});

	it.each<[string, object, RegExp]>([
		['no', { approved: false }, /User rejected the tool call/],
		['no with a reason', { approved: false, comment: 'Too much' }, /provided feedback: .*Too much/],
	])('does not run the tool: %s', async (_what, input, told) => {
		const executionId = await begin([pay(13)]);
		await (await rig.nextQuestion()).submit(input);
		await ended(executionId);
		expect(rig.told()).toMatch(told);
		expect(rig.paid()).toEqual([]);
	});

	it('does not run the tool if no one answers, whatever the item of the agent says', async () => {
		const executionId = await begin([pay(14)]);
		const { callId } = await rig.nextQuestion();
		await rig.setup.simulator.moveCall(callId, 'missed');
		await ended(executionId);
		expect(rig.told()).toContain('No one answered the phone.');
		expect(rig.paid()).toEqual([]);
	});

	it('does not run the tool at the deadline, and hangs up', async () => {
		const executionId = await begin([pay(15)], { maxWait: 0.1, maxWaitUnit: 'minutes' });
		const { callId } = await rig.nextQuestion();
		await rig.setup.simulator.moveCall(callId, 'answered');
		await ended(executionId);
		expect(rig.told()).toContain('There was no response in time.');
		expect(rig.paid()).toEqual([]);
		expect(rig.setup.simulator.calls.get(callId)?.status).toBe('ended');
	});

	it.each([
		['was refused', 400, "The call couldn't be made."],
		['may have been made', 500, 'The call may have been made'],
	])('does not run the tool if the call %s, and says so', async (_what, status, told) => {
		rig.setup.simulator.addFault({ match: { path: /sip\/call$/, times: 1 }, kind: 'status', status });
		await ended(await begin([pay(16)]));
		expect(rig.told()).toContain(told);
		expect(rig.told()).not.toContain('STOP');
		expect(rig.paid()).toEqual([]);
	});

	it('asks for each of two uses in one turn', async () => {
		const executionId = await begin([{ calls: [pay(21), pay(22)] }]);
		const first = await rig.nextQuestion();
		await first.submit({ approved: false });
		const second = await rig.nextQuestion();
		await second.submit({ approved: true });
		await ended(executionId);
		expect([first, second].map(({ description }) => /amount: (\d+)/.exec(description)?.[1])).toEqual([
			'21',
			'22',
		]);
		expect(rig.paid()).toEqual(['22']);
	});

	it('asks in a published chat', async () => {
		const chat = {
			...n8nNode('Chat', 'chatTrigger', { public: true, options: {} }, 1.1),
			type: '@n8n/n8n-nodes-langchain.chatTrigger',
			webhookId: 'review-chat',
		};
		rig.model.script([pay(31), { text: 'Done.' }]);
		await publish(rig.setup.n8n, reviewed({}, [chat]));
		void rig.setup.n8n.rest
			.triggerByWebhook('review-chat/chat', { action: 'sendMessage', sessionId: 's', chatInput: 'Pay Ada' })
			.catch(() => undefined);
		const { executionId, submit } = await rig.nextQuestion();
		await submit({ approved: true });
		await ended(executionId);
		expect(rig.paid()).toEqual(['31']);
	});
});

describe.each(LATEST_VERSION)('A tool that asks a person in n8n %s', (version) => {
	let rig: AgentRig;
	beforeAll(async () => (rig = await startRig(version)));
	afterAll(async () => await rig?.stop());

	const ASK = 'Ask a person';
	const answer = { tool: 'Ask_a_person', arguments: { whom: '+15550003009', what: 'How many boxes?' } };

	async function begin(agentVersion: number): Promise<string> {
		rig.model.script([answer, { text: 'Done.' }]);
		const parameters = call({
			to: "={{ $fromAI('whom', 'The number to call', 'string') }}",
			message: "={{ $fromAI('what', 'What to ask', 'string') }}",
			responseType: 'fields',
			responseFields: { fields: [{ name: 'boxes', type: 'number' }] },
		});
		const tool = {
			...ourNode(rig.setup, ASK, 'videoSdkAgentCloud', parameters),
			type: `${PACKAGE}.videoSdkAgentCloudTool`,
		};
		const workflow = rig.workflow(agentVersion, [n8nNode('Manual', 'manualTrigger')], [[tool, AGENT]]);
		const { id } = await rig.setup.n8n.rest.createWorkflow(workflow);
		return await rig.setup.n8n.rest.startWorkflow(id);
	}

	it('gives the agent typed values', async () => {
		const executionId = await begin(3);
		const { callId, description, submit } = await rig.nextQuestion();
		expect(rig.setup.simulator.calls.get(callId)?.to).toBe('+15550003009');
		expect(description).toContain('How many boxes?');
		await submit({ boxes: 3 });
		expect((await runEnded(rig.setup.n8n, executionId)).status).toBe('success');
		expect(rig.told()).toMatch(/\\"boxes\\":3/);
	});

	it('calls no one for an agent that cannot wait', async () => {
		const calls = rig.setup.simulator.calls.size;
		expect((await runEnded(rig.setup.n8n, await begin(2.2))).status).toBe('success');
		expect(rig.told()).toContain("this AI agent can't wait");
		expect(rig.setup.simulator.calls.size).toBe(calls);
	});
});
