import type { Execution, WorkflowJson, WorkflowNode } from '../n8n/rest';
import { outputOf } from '../n8n/rest';
import { n8nOptions, runToEnd, VERSIONS } from './deliveries';
import { figure } from './figures';
import { servedNodeTypes } from './nodeTypes';
import type { ModelRequest, OfferedTool, ScriptedModel } from './scriptedModel';
import { addModelCredential, startScriptedModel } from './scriptedModel';
import type { Setup } from './setup';
import { chain, CREDENTIAL_TYPE, n8nNode, PACKAGE, setUp } from './setup';

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

describe.each(VERSIONS)('As a tool of an AI agent in n8n %s', (version) => {
	let setup: Setup;
	let model: ScriptedModel;
	let modelCredentialId: string;

	function toolNode(name: string, parameters: object): WorkflowNode {
		return {
			id: `id-${name}`,
			name,
			type: `${PACKAGE}.videoSdkAgentCloudTool`,
			typeVersion: 1,
			position: [0, 200],
			parameters,
			credentials: { [CREDENTIAL_TYPE]: { id: setup.credentialId, name: 'VideoSDK' } },
		} as WorkflowNode;
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
		it('a session is started once, and the model learns of it', async () => {
			model.script([
				{ tool: START_FUNCTION, arguments: { customer_name: 'Ada Lovelace', ticket: 1042 } },
				{ text: 'The session is started.' },
			]);
			const known = new Set(setup.simulator.sessions.keys());
			const execution = await run(agentVersion, [toolNode(START_TOOL, startParameters)]);
			expect(execution.status).toBe('success');
			expect(outputOf(execution, AGENT)).toEqual([{ output: 'The session is started.' }]);

			const started = [...setup.simulator.sessions.values()].filter(({ sessionId }) => !known.has(sessionId));
			expect(started).toHaveLength(1);
			expect(started[0]).toMatchObject({
				deploymentId: 'ddv_support',
				tag: 'latest',
				env: { CUSTOMER_NAME: 'Ada Lovelace' },
			});
			expect(String(started[0]?.metaData?.ticket)).toBe('1042');
			expect(model.requests).toHaveLength(2);
			expect(toolResults(model.requests[1]).join()).toContain(started[0]?.sessionId);
			figure(
				`Sessions that agent ${agentVersion} started by one tool call (n8n ${version})`,
				started.length,
				'1',
			);
		});

		it('the model is told what the tool does, and what its fields mean', async () => {
			model.script([{ text: 'Nothing to do.' }]);
			await run(agentVersion, [toolNode(START_TOOL, startParameters), toolNode(GET_TOOL, getParameters)]);
			expect(offered(START_FUNCTION)?.description).toMatch(/Start an agent session.*costs money/);
			const start = offered(START_FUNCTION)?.parameters;
			expect(start?.properties).toMatchObject({
				customer_name: { type: 'string', description: 'The name of the customer to talk to' },
				ticket: { type: 'number', description: 'The number of the ticket' },
			});
			expect([...(start?.required ?? [])].sort()).toEqual(['customer_name', 'ticket']);
			expect(offered(GET_FUNCTION)?.description).toMatch(/Retrieve a session/);
			expect(offered(GET_FUNCTION)?.parameters.properties).toMatchObject({
				session_id: { type: 'string', description: 'The ID of the session to look at' },
			});
		});

		it('one tool goes on from what another one found', async () => {
			model.script([
				{ tool: START_FUNCTION, arguments: { customer_name: 'Grace Hopper', ticket: 1 } },
				(request) => {
					const [sessionId = ''] = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(
						toolResults(request).join(),
					) ?? [''];
					return { tool: GET_FUNCTION, arguments: { session_id: sessionId } };
				},
				{ text: 'It is queued.' },
			]);
			const execution = await run(agentVersion, [
				toolNode(START_TOOL, startParameters),
				toolNode(GET_TOOL, getParameters),
			]);
			expect(execution.status).toBe('success');
			expect(outputOf(execution, AGENT)).toEqual([{ output: 'It is queued.' }]);
			expect(toolResults(model.requests[2])).toHaveLength(2);
			expect(toolResults(model.requests[2])[1]).toContain('"status":"queued"');
		});

		/** Lets the model call the tool once, and yields the tool's result as the model got it. */
		async function failingStart(
			parameters: object,
		): Promise<{ told: string | undefined; execution: Execution }> {
			model.script([
				{ tool: START_FUNCTION, arguments: { customer_name: 'Ada Lovelace', ticket: 1042 } },
				{ text: 'I could not start it.' },
			]);
			const execution = await run(agentVersion, [toolNode(START_TOOL, parameters)]);
			// The execution's data is no proof: it holds the message for a person, not for the model.
			return { told: toolResults(model.requests[1])[0], execution };
		}

		it.each([
			{
				status: 403,
				apiMessage: 'Agent Cloud is not in your plan',
				ours: "VideoSDK doesn't allow this",
			},
			{
				status: 502,
				apiMessage: 'Bad gateway',
				// Without this the model starts another one.
				ours: 'the session may have been started',
			},
		])('the model is told why a start failed ($status)', async ({ status, apiMessage, ours }) => {
			setup.simulator.addFault({
				match: { path: /start$/ },
				kind: 'status',
				status,
				body: { message: apiMessage },
			});
			const requests = setup.simulator.requests.length;
			const { told, execution } = await failingStart(startParameters);
			expect(setup.simulator.requests).toHaveLength(requests + 1);
			expect(told).toContain(ours);
			expect(told).toContain(apiMessage);
			expect(execution.status).toBe('success');
			expect(outputOf(execution, AGENT)).toEqual([{ output: 'I could not start it.' }]);
		});

		it('the model is told that Start and Wait cannot be used', async () => {
			const requests = setup.simulator.requests.length;
			const { told, execution } = await failingStart({
				...startParameters,
				operation: 'startAndWait',
				limitWaitTime: true,
				maxWait: 1,
				maxWaitUnit: 'hours',
			});
			expect(setup.simulator.requests).toHaveLength(requests);
			expect(told).toContain("Start and Wait can't be used as a tool");
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
				'answerTool',
				'createToolAccess',
				'makeAndWait',
				'startAndWait',
				'waitForStatus',
			]);
			// n8n adds "Custom API Call" of its own.
			const shown = operations
				?.map(({ value }) => value)
				.filter((value) => !hidden?.includes(value) && value !== '__CUSTOM_API_CALL__');
			expect(shown?.sort()).toEqual(
				[
					...['dispatch'],
					...['get', 'getAll', 'hangUp', 'make', 'transfer'],
					...['create', 'get', 'getAll'],
					...['download', 'getAll'],
					...['create', 'deactivate', 'endSession', 'get', 'getAll'],
					...['checkSetup', 'end', 'get', 'getAll', 'start'],
					...['get', 'getAll', 'startRealtime', 'stopRealtime'],
				].sort(),
			);
		});

		it('the trigger is no tool', async () => {
			const names = (await servedNodeTypes(setup.n8n))
				.map(({ name }) => name)
				.filter((name) => name.startsWith(PACKAGE));
			expect([...new Set(names)].sort().filter((name) => !name.endsWith('HitlTool'))).toEqual([
				`${PACKAGE}.videoSdkAgentCloud`,
				`${PACKAGE}.videoSdkAgentCloudTool`,
				`${PACKAGE}.videoSdkAgentCloudToolTrigger`,
				`${PACKAGE}.videoSdkAgentCloudTrigger`,
			]);
		});
	});
});
