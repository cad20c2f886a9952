/** In a real n8n that logs all it can: no secret and no token comes to light, and no token goes to another host. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, waitFor } from '../n8n/processes';
import { type Execution, outputOf } from '../n8n/rest';
import type { Fault, SimulatedSession, Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import { SIP_PASSWORD } from '../simulator/telephony';
import {
	LATEST_VERSION,
	n8nOptions,
	publishTrigger,
	runByHand,
	runEnded,
	searchList,
	untilWaiting,
} from './deliveries';
import type { Setup } from './setup';
import {
	chain,
	createCredential,
	CREDENTIAL_TYPE,
	itemNodes,
	n8nNode,
	ourCredential,
	ourNode,
	PATIENT,
	setUp,
} from './setup';

const NODE = 'Call';
const START = { operation: 'start', deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' } };

type Headers = Record<string, string>;

interface HandedTool {
	url: string;
	headers: Headers;
}

/** An API that repeats the token, in each kind of answer. */
const REPEATING_FAULTS: Fault[] = [
	{ kind: 'status', status: 401, body: (headers: Headers) => ({ message: `No: ${headers.authorization}` }) },
	{ kind: 'notJson', status: 502, body: (headers: Headers) => `<pre>${headers.authorization}</pre>` },
	{ kind: 'noData', body: (headers: Headers) => ({ message: 'ok', headers }) },
];

const FAULTS: Fault[] = [
	...[400, 401, 402, 403, 404, 409, 500, 503].map((status): Fault => ({ kind: 'status', status })),
	{ kind: 'status', status: 429, headers: { 'retry-after': '0' }, match: { times: 6 } },
	{ kind: 'reset' },
	{ kind: 'hang' },
	{ kind: 'truncate' },
	{ kind: 'notJson' },
	{ kind: 'empty' },
	{ kind: 'noData' },
	{ kind: 'redirect' },
	...REPEATING_FAULTS,
];

const id = (value: string) => ({ __rl: true, mode: 'id', value });

/** What concerns calls, rooms and what is kept of them. Each is run for a room and a call that exist. */
const operations = (roomId: string, callId: string, transcriptionId: string): object[] => [
	{
		resource: 'call',
		operation: 'make',
		to: '+15550003000',
		routingRuleId: id('rule_out_01'),
		from: { __rl: true, mode: 'number', value: '+15550102001' },
	},
	{ resource: 'call', operation: 'make', callVia: 'gateway', to: '+15550003000', gatewayId: id('gw_out_01') },
	{ resource: 'call', operation: 'get', callId: id(callId) },
	{ resource: 'call', operation: 'getAll', simplify: false },
	{ resource: 'call', operation: 'transfer', callId: id(callId), transferTo: '+15550003001' },
	{ resource: 'call', operation: 'hangUp', callId: id(callId) },
	{ resource: 'room', operation: 'create', recording: 'summarize' },
	{ resource: 'room', operation: 'get', roomId },
	{ resource: 'room', operation: 'getAll', simplify: false },
	...['room', 'participant', 'track', 'merged'].map((recordingType) => ({
		resource: 'recording',
		operation: 'getAll',
		recordingType,
		...(recordingType === 'merged' && { filters: { sessionId: 's' } }),
	})),
	{ resource: 'transcription', operation: 'get', getBy: 'room', roomId, waitUntilReady: false },
	{ resource: 'transcription', operation: 'get', getBy: 'id', transcriptionId, waitUntilReady: false },
	{ resource: 'transcription', operation: 'getAll' },
	{ resource: 'transcription', operation: 'startRealtime', roomId },
	{ resource: 'transcription', operation: 'stopRealtime', roomId },
	{ resource: 'agent', operation: 'dispatch', agentId: id('agent_01'), meetingId: roomId },
	{ resource: 'room', operation: 'endSession', roomId },
	{ resource: 'room', operation: 'deactivate', roomId },
];

/** All lists, with something that is in each. */
const LISTS: Record<string, string> = {
	searchAgents: 'agent_01',
	searchCalls: '+15550003000',
	searchDeployments: 'ddv_support',
	searchGateways: 'gw_out_01',
	searchPhoneNumbers: '+15550102001',
	searchRoutingRules: 'rule_out_01',
	searchSessions: 'ddv_support',
	searchTags: 'latest',
};

let setup: Setup;
/** The host that must never see a token. */
let foreign: Simulator;
const webhookAnswers: string[] = [];
const restAnswers: string[] = [];

const run = async (parameters: object, extra: object = {}) =>
	await runByHand(setup.n8n, ourNode(setup, NODE, 'videoSdkAgentCloud', parameters, extra));

/** The text of the run's failure, as the user reads it. */
const failureOf = ({ data: { resultData } }: Execution) =>
	[resultData.error?.message, resultData.error?.description].join(' ');

/** n8n's own HTTP Request node with our credential. */
async function runHttpRequest(url: string, extra: object = {}): Promise<Execution> {
	const authentication = { authentication: 'predefinedCredentialType', nodeCredentialType: CREDENTIAL_TYPE };
	const parameters = { url, ...authentication, options: {}, ...extra };
	const type = { type: 'n8n-nodes-base.httpRequest', typeVersion: 4.2 };
	return await run(parameters, type);
}

/** The tokens of all requests, to any host. */
const tokensSeen = (): string[] =>
	[...setup.simulator.requests, ...foreign.requests]
		.map(({ headers }) => headers.authorization)
		.filter((token) => token !== undefined);

/** The secret, the password of SIP trunks, and the signature of each token that any host received, without which a token is none. */
function whatMustStayIn(): string[] {
	const signatures = tokensSeen().map((token) => token.split('.')[2] ?? token);
	const { secret } = setup.simulator;
	const base64 = Buffer.from(secret).toString('base64');
	return [...new Set([secret, SIP_PASSWORD, base64, ...signatures, ...keysOfQuestions()])];
}

/** By which agents hand in responses. */
const keysOfQuestions = (): string[] =>
	setup.simulator.requests.flatMap(({ body }) => JSON.stringify(body ?? {}).match(/n8ntool1_[\w-]+/g) ?? []);

/** All files that n8n wrote: database with its write-ahead log, event log, configuration. */
function filesOf(folder: string): string[] {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesOf(path);
		return entry.isFile() ? [path] : [];
	});
}

/** The database has a journal that comes and goes. */
function contentOf(path: string): Buffer {
	try {
		return readFileSync(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
		throw error;
	}
}

/** The places in which any of the texts occurs. */
function leaks(texts: string[]): string[] {
	const places = new Map<string, Buffer>([
		['the log', Buffer.from(setup.n8n.logs)],
		['webhook answers', Buffer.from(webhookAnswers.join('\n'))],
		['REST answers', Buffer.from(restAnswers.join('\n'))],
	]);
	for (const file of filesOf(setup.n8n.userFolder))
		places.set(relative(setup.n8n.userFolder, file), contentOf(file));
	return [...places].flatMap(([place, content]) =>
		texts.filter((text) => content.includes(text)).map((text) => `${place}: ${text.slice(0, 20)}…`),
	);
}

describe.each(LATEST_VERSION)('n8n %s', (version) => {
	beforeAll(async () => {
		setup = await setUp({
			n8n: { ...n8nOptions(version), logLevel: 'debug' },
			simulator: {
				secret: `secret${randomBytes(24).toString('hex')}`,
				apiKey: `key${randomBytes(12).toString('hex')}`,
				lifecycle: false,
				callBehaviour: { talkMs: null },
				transcriptionReadyMs: 0,
				...PATIENT,
			},
		});
		foreign = await startSimulator();
	});

	afterAll(async () => {
		await setup.stop();
		await foreign.close();
	});

	test('runs that succeed, and that fail in each way', async () => {
		expect((await run(START)).status).toBe('success');
		expect((await run({ operation: 'getAll' })).status).toBe('success');
		const options = { timeout: 500 };
		// One item for each fault.
		for (const [index, fault] of FAULTS.entries()) {
			const match = { ...fault.match, body: new RegExp(`"fault-${index}"`) };
			setup.simulator.addFault({ location: `${foreign.url}/x`, ...fault, match });
		}
		const metaData = { entries: [{ key: 'fault', value: '={{ $json.fault }}' }] };
		const node = ourNode(
			setup,
			NODE,
			'videoSdkAgentCloud',
			{ ...START, metaData, options },
			{ onError: 'continueErrorOutput' },
		);
		const rows = FAULTS.map((_, index) => ({ fault: `fault-${index}` }));
		const failures = outputOf(await runByHand(setup.n8n, ...itemNodes(rows), node), NODE, 1);
		expect(failures.map(({ fault }) => fault)).toEqual(rows.map(({ fault }) => fault));
		setup.simulator.clearFaults();
		for (const fault of REPEATING_FAULTS) {
			setup.simulator.addFault(fault);
			expect((await run({ ...START, options })).status).toBe('error');
		}
		expect(foreign.requests).toEqual([]);
	});

	test('credentials that are wrong, unreachable or incomplete, and their tests', async () => {
		const [closedPort = 0] = await freePorts(1);
		const right = await setup.n8n.rest.testCredential(setup.credentialId);
		expect(right.status).toBe('OK');
		for (const data of [
			{ secretKey: `wrong${randomBytes(16).toString('hex')}` },
			{ baseUrl: `http://127.0.0.1:${closedPort}` },
			{ baseUrl: 'http://no-such-host.invalid' },
			{ apiKey: ' ' },
		]) {
			const { id } = await createCredential(setup.n8n.rest, setup.simulator, data);
			const tested = await setup.n8n.rest.testCredential(id);
			restAnswers.push(JSON.stringify(tested));
			expect(tested.status).toBe('Error');
			expect((await run(START, { credentials: ourCredential(id) })).status).toBe('error');
		}
		setup.simulator.addFault({ kind: 'redirect', location: `${foreign.url}/x` });
		const redirected = await setup.n8n.rest.testCredential(setup.credentialId);
		restAnswers.push(JSON.stringify(redirected));
		setup.simulator.clearFaults();
		expect(foreign.requests).toEqual([]);
	});

	test("n8n's HTTP Request node: signed to the API, refused to a foreign host", async () => {
		const { url } = setup.simulator;
		expect((await runHttpRequest(`${url}/ai/v1/ai-deployments?page=1`)).status).toBe('success');
		expect((await runHttpRequest(`${url}/ai/v1/ai-deployment-sessions/none`)).status).toBe('error');
		const refused = await runHttpRequest(`${foreign.url}/ai/v1/ai-deployments`);
		expect(refused.status).toBe('error');
		expect(failureOf(refused)).toContain('only works for requests to');
		setup.simulator.addFault({ kind: 'redirect', location: `${foreign.url}/x` });
		const redirected = await runHttpRequest(`${url}/ai/v1/ai-deployments`, {
			options: { redirect: { redirect: { followRedirects: true, maxRedirects: 5 } } },
		});
		expect(redirected.status).toBe('error');
		expect(foreign.requests).toEqual([]);
		setup.simulator.clearFaults();
		// Not "truncate": n8n's node then waits for ever.
		for (const kind of ['reset', 'hang'] as const) {
			setup.simulator.addFault({ kind });
			await runHttpRequest(`${url}/ai/v1/ai-deployments`, { options: { timeout: 500 } });
		}
		setup.simulator.clearFaults();
	});

	test('calls, rooms, recordings and transcripts: successes and failures', async () => {
		const { simulator } = setup;
		/** A room with someone in it, a call that continues, and a transcription. */
		const target = async (): Promise<[string, string, string]> => {
			const [room] = [...simulator.rooms.values()].filter(({ disabled }) => !disabled).slice(-1);
			const call = [...simulator.calls.values()].at(-1);
			const [roomId, callId] = [String(room?.roomId), String(call?.callId)];
			await simulator.moveCall(callId, 'answered');
			simulator.joinRoom(roomId);
			return [roomId, callId, simulator.addTranscription({ roomId }).id];
		};
		expect((await run({ resource: 'room', operation: 'create' })).status).toBe('success');
		expect((await run(operations('', '', '')[0] as object)).status).toBe('success');
		for (const kind of ['room', 'participant', 'track', 'merge'] as const)
			simulator.addRecording({ kind, roomId: 'r', sessionId: 's', readyAfterMs: 0 });
		/** Runs all in one execution. */
		const runAll = async (extra: object = {}) => {
			const nodes = operations(...(await target())).map((parameters, index) =>
				ourNode(
					setup,
					`Operation ${index}`,
					'videoSdkAgentCloud',
					{ ...parameters, options: { timeout: 500 } },
					{ executeOnce: true, alwaysOutputData: true, ...extra },
				),
			);
			const execution = await runByHand(setup.n8n, ...nodes);
			return { execution, outputs: nodes.map(({ name }) => outputOf(execution, name)[0]) };
		};
		for (const fault of REPEATING_FAULTS) {
			simulator.addFault({ ...fault, match: { times: 1_000 } });
			const { outputs } = await runAll({ onError: 'continueRegularOutput' });
			for (const [index, output] of outputs.entries())
				expect([index, output]).toEqual([index, expect.objectContaining({ error: expect.any(String) })]);
			simulator.clearFaults();
		}
		const { execution, outputs } = await runAll();
		expect([failureOf(execution), execution.status]).toEqual([' ', 'success']);
		expect(outputs).not.toContain(undefined);
		expect(foreign.requests).toEqual([]);
	});

	test('the lists to pick from', async () => {
		const { rest } = setup.n8n;
		const { id: wrong } = await createCredential(rest, setup.simulator, { secretKey: 'wrong' });
		for (const [methodName, entry] of Object.entries(LISTS)) {
			const list = async (credentialId: string) => {
				const answer = await searchList(setup, methodName, { parameters: START, credentialId }).then(
					(entries) => JSON.stringify(entries),
					String,
				);
				restAnswers.push(answer);
				return answer;
			};
			expect([methodName, await list(setup.credentialId)]).toEqual([
				methodName,
				expect.stringContaining(entry),
			]);
			expect([methodName, await list(wrong)]).toEqual([
				methodName,
				expect.stringContaining('API key and secret'),
			]);
			// Failed answers that hold what the API knows of the trunk.
			const body = { message: 'No', data: [{ auth: { password: SIP_PASSWORD } }] };
			for (const fault of [
				{ status: 400, body },
				{ status: 200, body: SIP_PASSWORD },
			]) {
				setup.simulator.addFault({ kind: 'status', ...fault, match: { times: 10 } });
				if (/Gateways|PhoneNumbers|RoutingRules/.test(methodName)) await list(setup.credentialId);
				setup.simulator.clearFaults();
			}
		}
	});

	test('deliveries to the trigger, good and bad', async () => {
		const { rest } = setup.n8n;
		const { workflowId, url } = await publishTrigger(setup, {
			webhookId: 'a1c5e7f0-secrets',
			parameters: { options: { sessionDetails: true, deploymentIds: 'ddv_support' } },
		});
		const deliver = async (body: object, options?: Parameters<Simulator['deliver']>[2]) => {
			const { status, responseText } = await setup.simulator.deliver(url, body, options);
			webhookAnswers.push(responseText ?? '');
			return status;
		};
		const [sessionId] = setup.simulator.sessions.keys();
		const event = { webhookType: 'ai-deployment-session-started', data: { sessionId } };
		expect(await deliver(event)).toBe(200);
		await rest.waitForExecution(({ status }) => status === 'success', 60_000, { workflowId });
		expect(await deliver(event)).toBe(200);
		expect(await deliver(event, { signature: null })).toBe(401);
		expect(await deliver(event, { signature: 'AAAA' })).toBe(401);
		expect(await deliver({ no: 'event' })).toBe(400);
		// The session cannot be fetched.
		setup.simulator.addFault({ kind: 'reset', match: { path: /sessions\//, times: 10 } });
		expect(await deliver({ ...event, data: { sessionId: 'other' } })).toBe(200);
		await rest.waitForExecution(
			({ status, data }) => status === 'success' && JSON.stringify(data).includes('"other"'),
			60_000,
			{ workflowId },
		);
		setup.simulator.clearFaults();
	});

	test('a run that waits, and what is sent to it', async () => {
		const { rest } = setup.n8n;
		const node = ourNode(setup, NODE, 'videoSdkAgentCloud', { ...START, operation: 'startAndWait' });
		const { id } = await rest.createWorkflow(chain('Waiting', [n8nNode('Manual', 'manualTrigger'), node]));
		const executionId = await rest.startWorkflow(id);
		await untilWaiting(setup.n8n, executionId);
		const session = [...setup.simulator.sessions.values()].at(-1) as SimulatedSession;
		const { sessionId, webhook } = session;
		const resumeUrl = String(webhook?.endPoint);
		const resume = async (signature?: string | null) => {
			const event = { webhookType: 'ai-deployment-session-stopped', data: { sessionId } };
			const { status, responseText } = await setup.simulator.deliver(resumeUrl, event, { signature });
			webhookAnswers.push(responseText ?? '');
			return status;
		};
		expect(await resume(null)).toBe(401);
		expect(await resume('AAAA')).toBe(401);
		const poll = await rest.triggerByWebhook(
			resumeUrl,
			{ sessionId, isTimeUp: true },
			{ headers: { 'x-agent-cloud-key': 'f'.repeat(64) } },
		);
		webhookAnswers.push(await poll.text());
		expect(poll.status).toBe(401);
		const asked = setup.simulator.requests.length;
		const isAsked = async () =>
			setup.simulator.requests.slice(asked).some(({ path }) => path.includes('-sessions')) || undefined;
		await waitFor('a request of our own', isAsked, 60_000);
		// Otherwise the event counts after a minute only.
		session.status = 'stopped';
		expect(await resume()).toBe(200);
		expect((await runEnded(setup.n8n, executionId, NODE)).status).toBe('success');
	});

	test('questions that are refused, and one with a response', async () => {
		const [call] = operations('', '', '');
		const ask = { ...call, operation: 'sendAndWait', message: 'May we?', to: '+15550003777' };
		// The simulated agent must not answer first.
		setup.simulator.setCallBehaviour({ ringForMs: null }, ask.to);
		for (const onError of ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput']) {
			setup.simulator.addFault({ kind: 'status', status: 400, match: { path: /sip\/call$/, times: 1 } });
			await run(ask, { onError });
		}
		const { rest } = setup.n8n;
		const node = ourNode(setup, NODE, 'videoSdkAgentCloud', ask);
		const { id } = await rest.createWorkflow(chain('Asking', [n8nNode('Manual', 'manualTrigger'), node]));
		const executionId = await rest.startWorkflow(id);
		await untilWaiting(setup.n8n, executionId);
		const [tool] = [...setup.simulator.calls.values()].at(-1)?.metadata?.n8nTools as HandedTool[];
		const respond = async (authorization: string, approved: unknown) => {
			const params = { name: 'submit_response', arguments: { approved } };
			const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
			const headers = { 'content-type': 'application/json', authorization };
			const answer = await fetch(String(tool?.url), { method: 'POST', headers, body });
			webhookAnswers.push(await answer.text());
			return answer.status;
		};
		const { Authorization: key = '' } = tool?.headers ?? {};
		expect(await respond(key.slice(0, -1), true)).toBe(401);
		expect(await respond(key, 'maybe')).toBe(200);
		expect(await respond(key, true)).toBe(200);
		expect((await runEnded(setup.n8n, executionId, NODE)).status).toBe('success');
		expect(new Set(keysOfQuestions()).size).toBe(4);
	});

	test('neither the secret nor a token is found anywhere', async () => {
		const { rest } = setup.n8n;
		const executions = await rest.executions();
		for (const execution of executions) restAnswers.push(JSON.stringify(execution));
		restAnswers.push(JSON.stringify(await rest.call('GET', '/credentials?includeData=true')));
		restAnswers.push(
			JSON.stringify(await rest.call('GET', `/credentials/${setup.credentialId}?includeData=true`)),
		);
		await sleep(1_000);
		const texts = whatMustStayIn();
		// Tokens of the same second are the same.
		expect(texts.length).toBeGreaterThanOrEqual(4);
		expect(tokensSeen().length).toBeGreaterThan(40);
		// That the search would find something: n8n's own database and debug log are really read.
		expect(leaks(["VideoSDK didn't respond in time"]).join()).toContain('database.sqlite');
		expect(setup.n8n.logs).toContain('debug');
		expect(leaks(texts)).toEqual([]);
		expect(foreign.requests).toEqual([]);
	});
});
