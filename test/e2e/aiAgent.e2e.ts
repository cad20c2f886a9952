/** With n8n's AI Agent: as its tool, as a tool that asks a person, and as the human review of another tool. */
import { type Execution, outputOf, type WorkflowNode } from '../n8n/rest';
import { publish, startNew } from './deliveries';
import type { CallStatus } from '../simulator';
import { withMcp } from './mcpClient';
import { Agents, question, type Question, submit } from './questions';
import {
	addModelCredential,
	type ModelRequest,
	type ScriptedModel,
	startScriptedModel,
} from './scriptedModel';
import {
	actionNode,
	BY_RULE,
	chain,
	inMode,
	itemNodes,
	jsonNode,
	LANGCHAIN,
	MANUAL,
	n8nNode,
	ourCredential,
	PACKAGE,
	SESSION,
} from './nodes';
import { createCredential, setUpAll } from './setup';

const AGENT = 'AI Agent';
const MODEL = 'OpenAI Chat Model';
/** Each is another implementation of n8n's agent. */
const AGENT_VERSIONS = [1.7, 2.2, 3];
const CALL = 'Call someone';
const START = 'Start a voice agent session';
const GET = 'Look at a session';
const ASK = 'Ask a person';
const REVIEW = 'Ask the boss';
const PAY = 'Send payment';
/** What the tool that is reviewed requests. The simulator knows no such path. */
const PAID_PATH = '/paid/';

/** As n8n's agent names the tool of a node. */
const functionOf = (name: string) => name.replace(/ /g, '_');
const fromAI = (key: string, description: string, type = 'string') =>
	`={{ $fromAI('${key}', '${description}', '${type}') }}`;
const pay = (amount: number) => ({
	tool: functionOf(PAY),
	arguments: { toolParameters: { amount }, hitlParameters: {} },
});

describe('With an AI agent in n8n', () => {
	const setup = setUpAll({ simulator: { lifecycle: false, callBehaviour: false } });
	let model: ScriptedModel;
	let modelCredentialId: string;
	const agents = new Agents(setup);

	beforeAll(async () => {
		model = await startScriptedModel();
		modelCredentialId = await addModelCredential(setup.n8n.rest, model);
	});
	afterAll(async () => await model?.close());
	beforeEach(() => {
		setup.simulator.requests.length = 0;
		setup.simulator.clearFaults();
	});

	const tool = (name: string, parameters: object, kind = 'Tool'): WorkflowNode =>
		actionNode(setup, name, parameters, { type: `${PACKAGE}.videoSdkAgentCloud${kind}` });

	/** An agent with its model and, by what uses them, tools: the agent, or another one. */
	function agentWorkflow(
		typeVersion: number,
		tools: Record<string, WorkflowNode[]>,
		first = [MANUAL],
		{ text = 'Please.', ...settings }: { text?: string; retryOnFail?: boolean; onError?: string } = {},
	) {
		const asked = { promptType: 'define', text, options: {} };
		const agent = { ...n8nNode(AGENT, `${LANGCHAIN}.agent`, asked, typeVersion), ...settings };
		const chosen = { model: inMode('list', 'gpt-4o-mini'), options: { maxRetries: 0 } };
		const modelNode = {
			...n8nNode(MODEL, `${LANGCHAIN}.lmChatOpenAi`, chosen, 1.2),
			credentials: { openAiApi: { id: modelCredentialId, name: 'Scripted model' } },
		};
		const workflow = chain(`Agent ${typeVersion}`, [...first, agent]);
		workflow.nodes.push(modelNode, ...Object.values(tools).flat());
		workflow.connections[MODEL] = {
			ai_languageModel: [[{ node: AGENT, type: 'ai_languageModel', index: 0 }]],
		};
		for (const [user, nodes] of Object.entries(tools))
			for (const { name } of nodes)
				workflow.connections[name] = { ai_tool: [[{ node: user, type: 'ai_tool', index: 0 }]] };
		return workflow;
	}

	const start = async (...parameters: Parameters<typeof agentWorkflow>): Promise<string> =>
		await startNew(setup.n8n, agentWorkflow(...parameters));

	async function ended(executionId: string, output = 'Done.'): Promise<Execution> {
		const execution = await setup.n8n.rest.untilEnded(executionId);
		expect([execution.status, outputOf(execution, AGENT)]).toEqual(['success', [{ output }]]);
		return execution;
	}

	/** What a model was told of its tools. */
	const toldIn = (request = model.requests.at(-1)) =>
		(request?.messages ?? [])
			.filter(({ role }) => role === 'tool')
			.map(({ content }) => (typeof content === 'string' ? content : JSON.stringify(content)));
	const told = () => toldIn().join('\n');

	it.each(AGENT_VERSIONS)(
		'the model of agent %d is told what the tools do, starts a session once, and continues with what it learns',
		async (agentVersion) => {
			const starting = tool(START, {
				...SESSION,
				operation: 'start',
				tag: 'latest',
				env: { variables: [{ name: 'CUSTOMER_NAME', value: fromAI('customer_name', 'Whom to talk to') }] },
				metaData: { entries: [{ key: 'ticket', value: fromAI('ticket', 'The ticket', 'number') }] },
			});
			const sessionId = fromAI('session_id', 'Its ID');
			const getting = tool(GET, { resource: 'session', operation: 'get', sessionId });
			const known = setup.simulator.sessions.size;
			model.script([
				{ tool: functionOf(START), arguments: { customer_name: 'Ada Lovelace', ticket: 1042 } },
				(request) => ({
					tool: functionOf(GET),
					arguments: { session_id: /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(toldIn(request).join())?.[0] ?? '' },
				}),
				{ text: 'It is queued.' },
			]);
			await ended(await start(agentVersion, { [AGENT]: [starting, getting] }), 'It is queued.');
			const started = [...setup.simulator.sessions.values()].slice(known);
			expect(started).toMatchObject([
				{ deploymentId: 'ddv_support', tag: 'latest', env: { CUSTOMER_NAME: 'Ada Lovelace' } },
			]);
			expect(String(started[0]?.metaData?.ticket)).toBe('1042');
			expect(toldIn()).toEqual([expect.anything(), expect.stringContaining('"status":"queued"')]);
			const offered = model.requests[0]!.tools!.map((each) => [each.function.name, each.function]);
			expect(Object.fromEntries(offered)).toMatchObject({
				[functionOf(START)]: {
					description: expect.stringMatching(/Start an agent session.*costs money/) as string,
					parameters: {
						properties: {
							customer_name: { type: 'string', description: 'Whom to talk to' },
							ticket: { type: 'number', description: 'The ticket' },
						},
						required: expect.arrayContaining(['customer_name', 'ticket']) as string[],
					},
				},
				[functionOf(GET)]: { description: expect.stringContaining('Retrieve a session') as string },
			});
		},
	);

	describe('a tool that asks a person', () => {
		const askFor = async (agentVersion: number) => {
			const input = { whom: '+15550003009', what: 'How many boxes?' };
			model.script([{ tool: functionOf(ASK), arguments: input }, { text: 'Done.' }]);
			const parameters = question({
				to: fromAI('whom', 'The number to call'),
				message: fromAI('what', 'What to ask'),
				responseType: 'fields',
				responseFields: { fields: [{ name: 'boxes', type: 'number' }] },
			});
			return await start(agentVersion, { [AGENT]: [tool(ASK, parameters)] });
		};

		it('gives the agent typed values', async () => {
			const executionId = await askFor(3);
			const asked = await agents.next();
			expect(asked.to).toBe('+15550003009');
			await submit(asked, { boxes: 3 });
			await ended(executionId);
			expect(told()).toMatch(/"boxes\\?":3/);
		});

		it('calls no one for an agent that cannot wait', async () => {
			const calls = setup.simulator.calls.size;
			await ended(await askFor(2.2));
			expect(told()).toContain("this AI agent can't wait");
			expect(setup.simulator.calls.size).toBe(calls);
		});
	});

	describe('the human review of a tool', () => {
		const YES = jsonNode('Yes', '{ "approved": true, "data": { "approved": true }, "chatInput": "Pay Ada" }');

		const reviewed = (more: object = {}) => {
			const url = `=${setup.simulator.url}${PAID_PATH}{{ $fromAI('amount', 'How much', 'number') }}`;
			const payment = n8nNode(PAY, 'httpRequestTool', { url, options: {} }, 4.2);
			// As n8n fills it in.
			const message = '=The agent wants to run this tool: {{ $tool.name }}\n\nInput:\n{{ $tool.parameters }}';
			return {
				[REVIEW]: [{ ...payment, onError: 'continueRegularOutput' }],
				[AGENT]: [tool(REVIEW, question({ message, ...more }), 'HitlTool')],
			};
		};
		const paid = () =>
			setup.simulator.requests.flatMap(({ path }) =>
				path.startsWith(PAID_PATH) ? [path.slice(PAID_PATH.length)] : [],
			);
		/** What the person on the phone hears. */
		const heard = async (asked: Question) =>
			(await withMcp(asked, async (client) => await client.listTools())).tools[0]?.description;
		const move =
			(status: CallStatus) =>
			async ({ callId }: Question) =>
				void (await setup.simulator.moveCall(callId, status));

		it.each<[string, (asked: Question) => Promise<void>, RegExp]>([
			[
				'no',
				async (asked) => void (await submit(asked, { approved: false })),
				/feedback: .{1,2}Declined by phone/,
			],
			['no one answers, whatever the item says', move('missed'), /No answer: no one picked up the phone\./],
			['no response by the deadline', move('answered'), /No answer in time\./],
		])('does not run the tool: %s', async (what, react, reason) => {
			const isLate = what.endsWith('deadline');
			model.script([pay(13), { text: 'Done.' }]);
			const more = isLate ? { maxWait: 0.1, maxWaitUnit: 'minutes' } : {};
			const executionId = await start(3.1, reviewed(more), [MANUAL, YES]);
			const asked = await agents.next();
			await react(asked);
			await ended(executionId);
			expect(told()).toMatch(reason);
			expect(paid()).toEqual([]);
			if (isLate) expect(setup.simulator.calls.get(asked.callId)?.status).toBe('ended');
		});

		it('asks no one for an agent with several items, for each of which n8n would run what is approved', async () => {
			const calls = setup.simulator.calls.size;
			model.script([pay(31), pay(32), { text: 'Done.' }, { text: 'Done.' }]);
			const executionId = await start(3.1, reviewed(), [MANUAL, ...itemNodes([{ row: 0 }, { row: 1 }])]);
			await setup.n8n.rest.untilEnded(executionId);
			expect(told()).toContain('Put Loop Over Items');
			expect([paid(), setup.simulator.calls.size]).toEqual([[], calls]);
		});

		it('asks for each of two uses in one turn, in a published chat, and runs the tool once', async () => {
			const chat = {
				...n8nNode('Chat', `${LANGCHAIN}.chatTrigger`, { public: true, options: {} }, 1.1),
				webhookId: 'review-chat',
			};
			model.script([{ calls: [pay(21), pay(22)] }, { text: 'Done.' }]);
			await publish(setup.n8n, agentWorkflow(3.1, reviewed(), [chat]));
			const message = { action: 'sendMessage', sessionId: 's', chatInput: 'Pay Ada' };
			void setup.n8n.rest.triggerByWebhook('review-chat/chat', message).catch(() => undefined);
			let executionId = '';
			for (const amount of [21, 22]) {
				const asked = await agents.next();
				({ executionId } = asked);
				expect(await heard(asked)).toContain(
					`An AI agent wants to use the tool "Send payment" with this input: amount: ${amount}.`,
				);
				const approved = amount === 22;
				const first = await submit(asked, { approved, comment: 'Fine' });
				if (!approved) continue;
				expect(JSON.stringify(first)).toContain("If that's a condition");
				await submit(asked, { approved, comment: 'Fine' });
			}
			await ended(executionId);
			expect(paid()).toEqual(['22']);
		});
	});

	// At the end: those who answer the phone for questions take any call for theirs.
	describe('a tool that starts something', () => {
		// Without the option no number is called again for any reason.
		const make = { ...BY_RULE, operation: 'make' };
		const calling = () => tool(CALL, { ...make, to: fromAI('whom', 'The number to call') });
		const call = (whom: string) => ({ tool: functionOf(CALL), arguments: { whom } });
		const used = ({ messages }: ModelRequest) =>
			messages.flatMap(({ tool_calls: uses = [] }) => uses.map((use) => use.function));
		const starting = () =>
			tool(CALL, {
				...SESSION,
				operation: 'start',
				tag: 'latest',
				env: { variables: [{ name: 'PHONE', value: fromAI('whom', 'Whom to call') }] },
			});
		let [before, sessionsBefore] = [0, 0];
		beforeEach(() => {
			[before, sessionsBefore] = [setup.simulator.calls.size, setup.simulator.sessions.size];
		});
		const started = () =>
			[...setup.simulator.sessions.values()].slice(sessionsBefore).map(({ env }) => env?.PHONE);
		const called = () => [...setup.simulator.calls.values()].slice(before).map(({ to }) => to);

		const AGAIN = { retryOnFail: true, maxTries: 3, waitBetweenTries: 100 };
		/** As a model does: it calls the person unless it knows of a call. */
		const sensible = (request: ModelRequest) =>
			used(request).length > 0 ? { text: 'Done.' } : call('+15550003009');
		const FAILS_AFTER = [sensible, null, sensible, sensible, sensible];
		const FAILS_TWICE = [null, sensible, null, sensible, sensible];
		const PUTS_OUT = { ...AGAIN, onError: 'continueRegularOutput' };

		it.each([
			['tried again, and puts its failure out', 3, PUTS_OUT, 0, FAILS_AFTER],
			['tried again', 3, AGAIN, 0, FAILS_AFTER],
			['tried again', 2.2, AGAIN, 0, FAILS_AFTER],
			['retried by a user', 3, {}, 1, FAILS_AFTER],
			['retried by a user', 2.2, {}, 1, FAILS_AFTER],
			['retried by a user twice', 3, {}, 2, FAILS_TWICE],
			['retried by a user twice', 2.2, {}, 2, FAILS_TWICE],
			['retried by a user, when it had started a session', 2.2, {}, 1, FAILS_AFTER],
		])(
			'starts what it should once, though the agent fails and is %s (agent %d)',
			async (how, agentVersion, settings, retries, script) => {
				model.script(script);
				const { rest } = setup.n8n;
				const used = how.endsWith('session') ? starting() : calling();
				const { id } = await rest.untilEnded(
					await start(agentVersion, { [AGENT]: [used] }, [MANUAL], settings),
				);
				for (let clicks = 0; clicks < retries; clicks++) {
					const retry = await rest.call<{ id: string }>('POST', `/executions/${id}/retry`, {});
					await rest.untilEnded(retry.id);
				}
				expect([...called(), ...started()]).toEqual(['+15550003009']);
			},
		);

		it.each([2.2, 3])(
			"never calls a number that the model chose and the credential doesn't list, and says so (agent %d)",
			async (agentVersion) => {
				const [listed, other] = ['+15550003001', '+15550003009'];
				const { id: credentialId } = await createCredential(setup.n8n.rest, setup.simulator, {
					onlyCall: listed,
				});
				const restricted = { ...calling(), credentials: ourCredential(credentialId) };
				model.script([call(other), call(listed), { text: 'Done.' }]);
				await ended(await start(agentVersion, { [AGENT]: [restricted] }));
				expect(called()).toEqual([listed]);
				// Not even a request that only reads is about the other one.
				expect(JSON.stringify(setup.simulator.requests)).not.toContain(other.slice(1));
				expect(toldIn()).toEqual([
					expect.stringContaining("The credential's 'Only Call These Numbers' doesn't list this number"),
					expect.stringContaining(listed),
				]);
			},
		);

		it.each(['call', 'session'])(
			'starts no second %s, though an agent with several items forgets what it did for all but the first',
			async (starts) => {
				const people = ['+15550003001', '+15550003002', '+15550003003'];
				const looking = tool('Look at calls', { resource: 'call', operation: 'getAll', limit: 1 });
				// It calls, then looks at the call, and goes by what n8n tells it of that.
				const thorough = (request: ModelRequest) => {
					const [whom = ''] = /\+1555\d+/.exec(JSON.stringify(request.messages)) ?? [];
					const uses = used(request);
					if (!uses.some((use) => use.arguments.includes(whom))) return call(whom);
					const hasLooked = uses.some(({ name }) => name === functionOf('Look at calls'));
					return hasLooked ? { text: 'Done.' } : { tool: functionOf('Look at calls'), arguments: {} };
				};
				model.script(Array.from({ length: 30 }, () => thorough));
				const tools = { [AGENT]: [starts === 'call' ? calling() : starting(), looking] };
				const items = [MANUAL, ...itemNodes(people.map((phone) => ({ phone })))];
				const executionId = await start(3, tools, items, { text: '=Call {{ $json.phone }}' });
				await setup.n8n.rest.untilEnded(executionId);
				expect(called().sort()).toEqual(starts === 'call' ? people : []);
				expect(started()).toEqual([]);
				if (starts === 'session') expect(told()).toContain('Put Loop Over Items');
			},
		);
	});
});
