import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, waitFor } from '../n8n/processes';
import type { StoredWorkflow, WorkflowJson, WorkflowNode } from '../n8n/rest';
import { outputOf } from '../n8n/rest';
import type { SimulatedSession } from '../simulator';
import { n8nOptions, runEnded, runToEnd, VERSIONS } from './deliveries';
import { figure } from './figures';
import type { ServedNodeType } from './nodeTypes';
import { servedNodeTypes } from './nodeTypes';
import type { ScriptedModel } from './scriptedModel';
import { addModelCredential, startScriptedModel } from './scriptedModel';
import type { Setup } from './setup';
import { CREDENTIAL_TYPE, PACKAGE, setUp } from './setup';

const folder = join(repositoryRoot, 'examples');
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
const textOf = (file: string) => readFileSync(join(folder, file), 'utf8');
const read = (file: string) => JSON.parse(textOf(file)) as WorkflowJson;

const isOurs = ({ type }: WorkflowNode) => type.startsWith(`${PACKAGE}.`);
/** Our own nodes, and those of n8n that sign with our credential. */
const usesCredential = (node: WorkflowNode) =>
	isOurs(node) || node.parameters.nodeCredentialType === CREDENTIAL_TYPE;

describe.each(VERSIONS)('The examples in n8n %s', (version) => {
	let setup: Setup;
	let types: ServedNodeType[];
	let model: ScriptedModel;
	let modelCredentialId: string;

	beforeAll(async () => {
		model = await startScriptedModel();
		setup = await setUp({
			n8n: n8nOptions(version),
			simulator: { lifecycle: false },
		});
		types = await servedNodeTypes(setup.n8n);
		modelCredentialId = await addModelCredential(setup.n8n.rest, model);
	});

	afterAll(async () => {
		await setup?.stop();
		await model?.close();
	});

	const typeOf = ({ type, typeVersion }: WorkflowNode) =>
		types.find(({ name, version: versions }) => name === type && [versions].flat().includes(typeVersion));

	/** Imports an example as a user does, who then chooses the credentials, and fills in what the sticky note says. */
	async function importExample(
		file: string,
		parameters: Record<string, object> = {},
	): Promise<StoredWorkflow> {
		const imported = await setup.n8n.rest.createWorkflow(read(file));
		const nodes = imported.nodes.map((node) => ({
			...node,
			parameters: { ...node.parameters, ...parameters[node.name] },
			// The editor gives one on import.
			...(/trigger$/i.test(node.type) && { webhookId: randomUUID() }),
			credentials: {
				...(usesCredential(node) && { [CREDENTIAL_TYPE]: { id: setup.credentialId, name: 'VideoSDK' } }),
				...(node.type.endsWith('.lmChatOpenAi') && {
					openAiApi: { id: modelCredentialId, name: 'Scripted model' },
				}),
			},
		}));
		return await setup.n8n.rest.updateWorkflow(imported.id, { nodes });
	}

	const sessions = () => [...setup.simulator.sessions.values()];

	/** Waits until so many sessions were started since, and yields them. */
	async function startedSince(known: Set<string>, count: number): Promise<SimulatedSession[]> {
		return await waitFor(
			`${count} sessions`,
			async () => {
				const started = sessions().filter(({ sessionId }) => !known.has(sessionId));
				return started.length >= count ? started : undefined;
			},
			60_000,
			20,
		);
	}

	const knownSessions = () => new Set(sessions().map(({ sessionId }) => sessionId));

	async function untilStatus(executionId: string, status: string): Promise<void> {
		await waitFor(
			`run ${executionId} to be ${status}`,
			async () => ((await setup.n8n.rest.getExecution(executionId))?.status === status ? true : undefined),
			30_000,
			50,
		);
	}

	describe.each(files)('%s', (file) => {
		it('holds nodes that there are, with parameters that they have', () => {
			const workflow = read(file);
			expect(workflow.name).toBeTruthy();
			for (const node of workflow.nodes) {
				const type = typeOf(node);
				expect({ node: node.name, isKnown: type !== undefined }).toEqual({ node: node.name, isKnown: true });
				const names = new Set(type?.properties.map(({ name }) => name));
				expect({
					node: node.name,
					unknown: Object.keys(node.parameters).filter((key) => !names.has(key)),
				}).toEqual({ node: node.name, unknown: [] });
			}
			expect(new Set(workflow.nodes.map(({ id }) => id)).size).toBe(workflow.nodes.length);
			const names = workflow.nodes.map(({ name }) => name);
			const connections = workflow.connections as Record<
				string,
				Record<string, Array<Array<{ node: string }>>>
			>;
			const targets = Object.values(connections).flatMap((outputs) => Object.values(outputs).flat(2));
			for (const name of [...Object.keys(connections), ...targets.map(({ node }) => node)]) {
				expect(names).toContain(name);
			}
		});

		it('is told about in a note', () => {
			const notes = read(file).nodes.filter(({ type }) => type.endsWith('.stickyNote'));
			expect(notes.map(({ parameters }) => String(parameters.content)).join()).toMatch(/credential/);
		});

		it('holds no webhook address: n8n gives a new one to each copy', () => {
			for (const node of read(file).nodes) expect(node).not.toHaveProperty('webhookId');
			expect(textOf(file)).not.toMatch(/\/webhook\//);
		});

		it('holds no secret and nothing of the machine that it was made on', () => {
			const workflow = read(file);
			for (const node of workflow.nodes) expect(node).not.toHaveProperty('credentials');
			for (const key of ['pinData', 'meta', 'versionId', 'staticData', 'shared']) {
				expect(workflow).not.toHaveProperty(key);
			}
			expect(textOf(file)).not.toMatch(/secretKey|apiKey|Bearer |eyJ[\w-]{10}|BEGIN [A-Z ]*KEY|sk-\w{8}/);
			const hosts = [...textOf(file).matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host]) => host);
			for (const host of hosts) expect(['localhost', 'api.videosdk.live']).toContain(host);
		});

		it('is the same after it was stored, and takes a credential', async () => {
			const workflow = read(file);
			const { id } = await setup.n8n.rest.createWorkflow(workflow);
			const stored = await setup.n8n.rest.getWorkflow(id);
			// n8n gives a webhookId to each node that could have a webhook.
			for (const [index, node] of workflow.nodes.entries()) {
				expect(stored.nodes[index]).toMatchObject(node);
				expect(stored.nodes[index]?.parameters).toEqual(node.parameters);
			}
			expect(stored.nodes).toHaveLength(workflow.nodes.length);
			expect(stored.connections).toEqual(workflow.connections);

			const withCredential = await setup.n8n.rest.getWorkflow((await importExample(file)).id);
			const nodes = withCredential.nodes.filter(usesCredential);
			expect(nodes.length).toBeGreaterThan(0);
			for (const node of nodes) {
				expect(node.credentials?.[CREDENTIAL_TYPE]?.id).toBe(setup.credentialId);
				if (isOurs(node))
					expect(typeOf(node)?.credentials?.map(({ name }) => name)).toEqual([CREDENTIAL_TYPE]);
			}
			expect(withCredential.nodes.map(({ parameters }) => parameters)).toEqual(
				workflow.nodes.map(({ parameters }) => parameters),
			);
		});
	});

	async function startAndReact(): Promise<void> {
		const react = await importExample('react-to-session-events.json');
		await setup.n8n.rest.activate(react.id);
		const trigger = react.nodes.find(({ type }) => type.endsWith('Trigger'));
		const path = `${trigger?.webhookId}/webhook`;
		await setup.n8n.rest.waitForWebhook(path);
		const start = await importExample('start-a-support-agent-session.json', {
			'Start a session': { webhookUrl: `${setup.n8n.url}/webhook/${path}` },
		});
		const execution = await runToEnd(setup.n8n, start.id);
		expect(execution.status).toBe('success');
		const [session] = outputOf(execution, 'Start a session');
		const sessionId = String(session?.sessionId);
		expect(setup.simulator.sessions.get(sessionId)).toMatchObject({
			env: { CUSTOMER_NAME: 'Ada Lovelace', LANGUAGE: 'en' },
			metaData: { ticket: '1042' },
		});
		for (const event of ['starting', 'started', 'stopping', 'stopped'] as const) {
			const delivery = await setup.simulator.emit(sessionId, event);
			const isWanted = event === 'started' || event === 'stopped';
			expect(delivery?.status).toBe(isWanted ? 200 : undefined);
		}
		const messages = await waitFor(
			'both events',
			async () => {
				const runs = await setup.n8n.rest.executions({ workflowId: react.id });
				const told = runs.flatMap((run) => outputOf(run, 'Write a message').map(({ message }) => message));
				return told.length >= 2 ? told : undefined;
			},
			30_000,
		);
		expect(messages.sort()).toEqual([`Session ${sessionId} has started`, `Session ${sessionId} has stopped`]);
	}

	/** The workflow's three ends. */
	async function startWaitAndBranch(): Promise<void> {
		const file = 'start-wait-and-branch.json';
		const ends = [
			{ event: 'stopped', node: 'Carry on', message: /^Session .* took \d+ seconds$/ },
			{ event: 'failed', node: 'Tell somebody', message: /^Session .* failed$/ },
		] as const;
		for (const { event, node, message } of ends) {
			const known = knownSessions();
			const executionId = await setup.n8n.rest.startWorkflow((await importExample(file)).id);
			const [session] = await startedSince(known, 1);
			await untilStatus(executionId, 'waiting');
			const delivery = await setup.simulator.emit(String(session?.sessionId), event);
			expect(delivery?.status).toBe(200);
			const execution = await runEnded(setup.n8n, executionId, node);
			expect(execution.status).toBe('success');
			expect(outputOf(execution, node)).toEqual([{ message: expect.stringMatching(message) }]);
		}
		const known = knownSessions();
		const { id } = await importExample(file, { 'Start and wait': { maxWait: 0.05, maxWaitUnit: 'minutes' } });
		const executionId = await setup.n8n.rest.startWorkflow(id);
		const [session] = await startedSince(known, 1);
		const execution = await runEnded(setup.n8n, executionId, 'End it');
		expect(execution.status).toBe('success');
		expect(outputOf(execution, 'End it')).toEqual([
			expect.objectContaining({ sessionId: session?.sessionId, status: 'completed' }),
		]);
		expect(outputOf(execution, 'Carry on')).toEqual([]);
	}

	async function manySessions(): Promise<void> {
		// One of the three rows cannot be started.
		setup.simulator.addFault({
			match: { path: /start$/ },
			kind: 'status',
			status: 403,
			body: { message: 'No more sessions in your plan' },
		});
		const known = knownSessions();
		const { id } = await importExample('many-sessions-from-a-table.json', {
			'Wait until all have ended': { pollInterval: 1 },
		});
		const executionId = await setup.n8n.rest.startWorkflow(id);
		const started = await startedSince(known, 2);
		for (const { sessionId } of started) await setup.simulator.emit(sessionId, 'stopped');
		const execution = await runEnded(setup.n8n, executionId, 'Wait until all have ended');
		expect(execution.status).toBe('success');
		expect(outputOf(execution, 'Rows that did not start')).toEqual([
			{
				customer: expect.stringMatching(/\w/),
				reason: expect.stringContaining('No more sessions in your plan'),
			},
		]);
		const [failed] = outputOf(execution, 'Rows that did not start');
		expect(started.map(({ metaData }) => metaData?.customer)).not.toContain(failed?.customer);
		const ended = outputOf(execution, 'Wait until all have ended');
		expect(ended.map(({ sessionId }) => sessionId).sort()).toEqual(
			started.map(({ sessionId }) => sessionId).sort(),
		);
		expect(ended.map(({ status }) => status)).toEqual(['stopped', 'stopped']);
		for (const { env, metaData } of started) {
			expect(env?.VIDEOSDK_ROOM_ID).toMatch(/^room-100\d$/);
			expect(metaData?.customer).toBe(env?.CUSTOMER_NAME);
		}
	}

	async function agentStartsSessions(): Promise<void> {
		model.script([
			{ tool: 'Start_a_voice_agent_session', arguments: { customer_name: 'Ada Lovelace' } },
			{ text: 'The call is on its way.' },
		]);
		const known = knownSessions();
		const workflow = await importExample('ai-agent-starts-sessions.json');
		const message = { sessionId: 'chat-1', action: 'sendMessage', chatInput: 'Please call Ada Lovelace.' };
		// What the editor's chat sends.
		const { executionId } = await setup.n8n.rest.call<{ executionId: string }>(
			'POST',
			`/workflows/${workflow.id}/run`,
			{
				workflowData: await setup.n8n.rest.getWorkflow(workflow.id),
				triggerToStartFrom: {
					name: 'When a chat message arrives',
					data: {
						startTime: Date.now(),
						executionTime: 0,
						executionIndex: 0,
						executionStatus: 'success',
						source: [null],
						data: { main: [[{ json: message }]] },
					},
				},
			},
		);
		const execution = await runEnded(setup.n8n, executionId, 'AI Agent');
		expect(execution.status).toBe('success');
		expect(outputOf(execution, 'AI Agent')).toEqual([{ output: 'The call is on its way.' }]);
		const started = await startedSince(known, 1);
		expect(started).toHaveLength(1);
		expect(started[0]?.env).toEqual({ CUSTOMER_NAME: 'Ada Lovelace' });
		expect(JSON.stringify(model.requests[0]?.messages)).toContain('Please call Ada Lovelace.');
		expect(JSON.stringify(model.requests[1]?.messages)).toContain(started[0]?.sessionId);
	}

	async function httpRequest(): Promise<void> {
		const known = knownSessions();
		const { id } = await importExample('http-request-with-our-credential.json', {
			'Create a room': { url: `${setup.simulator.url}/v2/rooms` },
		});
		const execution = await runToEnd(setup.n8n, id);
		expect(execution.status).toBe('success');
		const [room] = outputOf(execution, 'Create a room');
		expect(room?.roomId).toMatch(/^\w{4}-\w{4}-\w{4}$/);
		const [session] = await startedSince(known, 1);
		expect(session?.env).toEqual({ VIDEOSDK_ROOM_ID: room?.roomId });
		expect(setup.simulator.requests.at(-2)).toMatchObject({
			method: 'POST',
			path: '/v2/rooms',
			claims: { apikey: setup.simulator.apiKey },
			status: 200,
		});

		// As it comes, with the address of the real API: the credential of the simulator does not sign for that.
		const untouched = await runToEnd(
			setup.n8n,
			(await importExample('http-request-with-our-credential.json')).id,
		);
		expect(untouched.status).toBe('error');
		expect(JSON.stringify(untouched.data.resultData.error)).toContain('signs requests to');
	}

	/** Which file is run by what. */
	const runs: Record<string, () => Promise<void>> = {
		'start-a-support-agent-session.json': startAndReact,
		'react-to-session-events.json': startAndReact,
		'start-wait-and-branch.json': startWaitAndBranch,
		'many-sessions-from-a-table.json': manySessions,
		'ai-agent-starts-sessions.json': agentStartsSessions,
		'http-request-with-our-credential.json': httpRequest,
	};

	describe('run for real', () => {
		const names = [...new Set(Object.values(runs))].map((run) => ({
			example: Object.keys(runs)
				.filter((file) => runs[file] === run)
				.join(' with '),
			run,
		}));

		it.each(names)('$example', async ({ run }) => {
			await run();
		});

		it('no example is left out', () => {
			expect(Object.keys(runs).sort()).toEqual([...files].sort());
			figure(`Example workflows that ran against the simulator (n8n ${version})`, files.length);
		});
	});
});
