import type { Execution, WorkflowJson, WorkflowNode } from '../n8n/rest';
import { outputOf } from '../n8n/rest';
import { LATEST_VERSION, n8nOptions, runToEnd } from './deliveries';
import { servedNodeTypes } from './nodeTypes';
import type { ModelRequest, OfferedTool, ScriptedModel } from './scriptedModel';
import { addModelCredential, startScriptedModel } from './scriptedModel';
import type { Setup } from './setup';
import { chain, n8nNode, ourNode, PACKAGE, setUp } from './setup';

const AGENT = 'AI Agent';
const MODEL = 'OpenAI Chat Model';
/** Each is another implementation of n8n's agent. */
const AGENT_VERSIONS = [1.7, 2.2, 3];

const START_TOOL = 'Start a voice agent session';
const GET_TOOL = 'Look at a session';
/** How n8n's agent names the tools of nodes of these names. */
const START_FUNCTION = 'Start_a_voice_agent_session';
const GET_FUNCTION = 'Look_at_a_session';

const startParameters = {
	resource: 'session',
	operation: 'start',
	deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
	tag: 'latest',
	specifyEnv: 'keypair',
	env: {
		variables: [
			{
				name: 'CUSTOMER_NAME',
				value: "={{ $fromAI('customer_name', 'The name of the customer to talk to', 'string') }}",
			},
		],
	},
	metaData: {
		entries: [{ key: 'ticket', value: "={{ $fromAI('ticket', 'The number of the ticket', 'number') }}" }],
	},
	options: {},
};

const getParameters = {
	resource: 'session',
	operation: 'get',
	sessionId: "={{ $fromAI('session_id', 'The ID of the session to look at', 'string') }}",
	options: {},
};

/** The content of the messages in which an agent hands the results of tools to the model. */
function toolResults(request: ModelRequest | undefined): string[] {
	return (request?.messages ?? [])
		.filter(({ role }) => role === 'tool')
		.map(({ content }) => (typeof content === 'string' ? content : JSON.stringify(content)));
}

describe.each(LATEST_VERSION)('As a tool of an AI agent in n8n %s', (version) => {
	let setup: Setup;
	let model: ScriptedModel;
	let modelCredentialId: string;

	function toolNode(name: string, parameters: object): WorkflowNode {
		const type = `${PACKAGE}.videoSdkAgentCloudTool`;
		return { ...ourNode(setup, name, 'videoSdkAgentCloud', parameters), type };
	}

	/** Manual trigger and agent, with the model and the tools at the agent. */
	function agentWorkflow(agentVersion: number, tools: WorkflowNode[]): WorkflowJson {
		const agent = {
			...n8nNode(AGENT, 'agent', { promptType: 'define', text: 'Please call Ada Lovelace.', options: {} }),
			type: '@n8n/n8n-nodes-langchain.agent',
			typeVersion: agentVersion,
		};
		const modelNode = {
			...n8nNode(MODEL, 'model', {
				model: { __rl: true, mode: 'list', value: 'gpt-4o-mini' },
				options: {},
			}),
			type: '@n8n/n8n-nodes-langchain.lmChatOpenAi',
			typeVersion: 1.2,
			credentials: { openAiApi: { id: modelCredentialId, name: 'Scripted model' } },
		};
		const workflow = chain(`Agent ${agentVersion}`, [n8nNode('Manual', 'manualTrigger'), agent]);
		const at = (type: string) => ({ [type]: [[{ node: AGENT, type, index: 0 }]] });
		return {
			...workflow,
			nodes: [...workflow.nodes, modelNode, ...tools],
			connections: {
				...workflow.connections,
				[MODEL]: at('ai_languageModel'),
				...Object.fromEntries(tools.map(({ name }) => [name, at('ai_tool')])),
			},
		};
	}

	async function run(agentVersion: number, tools: WorkflowNode[]): Promise<Execution> {
		const { id } = await setup.n8n.rest.createWorkflow(agentWorkflow(agentVersion, tools));
		return await runToEnd(setup.n8n, id, 120_000);
	}

	const offered = (name: string): OfferedTool | undefined =>
		model.requests[0]?.tools?.map((tool) => tool.function).find((tool) => tool.name === name);

	beforeAll(async () => {
		model = await startScriptedModel();
		setup = await setUp({
			n8n: n8nOptions(version),
			simulator: { lifecycle: false },
		});
		modelCredentialId = await addModelCredential(setup.n8n.rest, model);
	});

	afterAll(async () => {
		await setup?.stop();
		await model?.close();
	});

	describe.each(AGENT_VERSIONS)('with agent %d', (agentVersion) => {
		it('the model is told what the tools do, starts a session once, and continues with what it learns', async () => {
			model.script([
				{ tool: START_FUNCTION, arguments: { customer_name: 'Ada Lovelace', ticket: 1042 } },
				(request) => {
					const [sessionId = ''] = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(
						toolResults(request).join(),
					) ?? [''];
					return { tool: GET_FUNCTION, arguments: { session_id: sessionId } };
				},
				{ text: 'It is queued.' },
			]);
			const known = new Set(setup.simulator.sessions.keys());
			const execution = await run(agentVersion, [
				toolNode(START_TOOL, startParameters),
				toolNode(GET_TOOL, getParameters),
			]);
			expect(execution.status).toBe('success');
			expect(outputOf(execution, AGENT)).toEqual([{ output: 'It is queued.' }]);

			const started = [...setup.simulator.sessions.values()].filter(({ sessionId }) => !known.has(sessionId));
			expect(started).toMatchObject([
				{ deploymentId: 'ddv_support', tag: 'latest', env: { CUSTOMER_NAME: 'Ada Lovelace' } },
			]);
			expect(String(started[0]?.metaData?.ticket)).toBe('1042');
			expect(model.requests).toHaveLength(3);
			expect(toolResults(model.requests[2])).toHaveLength(2);
			expect(toolResults(model.requests[2])[1]).toContain('"status":"queued"');

			expect(offered(START_FUNCTION)?.description).toMatch(/Start an agent session.*costs money/);
			const start = offered(START_FUNCTION)?.parameters;
			expect(start?.properties).toMatchObject({
				customer_name: { type: 'string', description: 'The name of the customer to talk to' },
				ticket: { type: 'number', description: 'The number of the ticket' },
			});
			expect([...(start?.required ?? [])].sort()).toEqual(['customer_name', 'ticket']);
			expect(offered(GET_FUNCTION)?.description).toMatch(/Retrieve a session/);
		});

		it('the model is told that a start may have gone through: else it starts another one', async () => {
			model.script([
				{ tool: START_FUNCTION, arguments: { customer_name: 'Ada Lovelace', ticket: 1042 } },
				{ text: 'I could not start it.' },
			]);
			const body = { message: 'Bad gateway' };
			setup.simulator.addFault({ match: { path: /start$/ }, kind: 'status', status: 502, body });
			const requests = setup.simulator.requests.length;
			const execution = await run(agentVersion, [toolNode(START_TOOL, startParameters)]);
			expect(setup.simulator.requests).toHaveLength(requests + 1);
			// The execution's data is no proof: it holds the message for a person, not for the model.
			const [told] = toolResults(model.requests[1]);
			expect(told).toContain('the session may have been started');
			expect(told).toContain('Bad gateway');
			expect(execution.status).toBe('success');
			expect(outputOf(execution, AGENT)).toEqual([{ output: 'I could not start it.' }]);
		});
	});

	describe('the tool in the editor', () => {
		it('does not offer what an agent cannot wait for', async () => {
			const types = await servedNodeTypes(setup.n8n);
			const tool = types.find(({ name }) => name === `${PACKAGE}.videoSdkAgentCloudTool`);
			expect(tool?.displayName).toBe('VideoSDK Agent Cloud Tool');
			expect(tool?.description).toContain('cost money');
			const operations = tool?.properties
				.filter(({ name }) => name === 'operation')
				.flatMap(({ options = [] }) => options);
			const hidden = operations
				?.filter(({ displayOptions }) => displayOptions?.hide?.['@tool']?.includes(true))
				.map(({ value }) => value);
			expect(hidden?.sort()).toEqual([
				'answer',
				'createAccess',
				'makeAndWait',
				'startAndWait',
				'waitForStatus',
			]);
		});

		it('the trigger is no tool', async () => {
			const names = (await servedNodeTypes(setup.n8n))
				.map(({ name }) => name)
				.filter((name) => name.startsWith(PACKAGE));
			expect([...new Set(names)].sort().filter((name) => !name.endsWith('HitlTool'))).toEqual([
				`${PACKAGE}.videoSdkAgentCloud`,
				`${PACKAGE}.videoSdkAgentCloudMcpTrigger`,
				`${PACKAGE}.videoSdkAgentCloudTool`,
				`${PACKAGE}.videoSdkAgentCloudTrigger`,
			]);
		});
	});
});
