/** In a real n8n that logs all it can: no secret and no token comes to light, and no token goes to another host. */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, waitFor } from '../n8n/processes';
import type { Execution } from '../n8n/rest';
import { outputOf } from '../n8n/rest';
import type { Fault, Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import { SIP_PASSWORD } from '../simulator/state/telephony';
import { isWaiting, n8nOptions, runEnded, LATEST_VERSION } from './deliveries';
import { figure } from './figures';
import type { Setup } from './setup';
import { chain, CREDENTIAL_TYPE, n8nNode, ourNode, PACKAGE, PATIENT, setUp } from './setup';

const NODE = 'Call';
const RUN_TIMEOUT_MS = 120_000;
const START = { operation: 'start', deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' } };
const WEBHOOK_ID = 'a1c5e7f0-secrets';

type Headers = Record<string, string>;

const FAULTS: Fault[] = [
	{ kind: 'status', status: 400 },
	{ kind: 'status', status: 401 },
	{ kind: 'status', status: 402 },
	{ kind: 'status', status: 403 },
	{ kind: 'status', status: 404 },
	{ kind: 'status', status: 409 },
	{ kind: 'status', status: 429, headers: { 'retry-after': '0' }, match: { times: 6 } },
	{ kind: 'status', status: 500 },
	{ kind: 'status', status: 503 },
	{ kind: 'reset' },
	{ kind: 'hang' },
	{ kind: 'truncate' },
	{ kind: 'notJson' },
	{ kind: 'empty' },
	{ kind: 'noData' },
	{ kind: 'redirect' },
	// An API that repeats the token, in each kind of answer.
	{ kind: 'status', status: 401, body: (headers: Headers) => ({ message: `No: ${headers.authorization}` }) },
	{ kind: 'notJson', status: 502, body: (headers: Headers) => `<pre>${headers.authorization}</pre>` },
	{ kind: 'noData', body: (headers: Headers) => ({ message: 'ok', headers }) },
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
	{ resource: 'transcription', operation: 'get', getBy: 'room', roomId },
	{ resource: 'transcription', operation: 'get', getBy: 'id', transcriptionId },
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

async function run(parameters: object, extra: object = {}, type = ''): Promise<Execution> {
	const { rest } = setup.n8n;
	const node = ourNode(setup, NODE, 'videoSdkAgentCloud', parameters, extra);
	if (type !== '') Object.assign(node, { type, typeVersion: 4.2 });
	const workflow = await rest.createWorkflow(chain('Secrets', [n8nNode('Manual', 'manualTrigger'), node]));
	return await rest.runWorkflow(workflow.id, RUN_TIMEOUT_MS);
}

/** The text of the run's failure, as the user reads it. */
const failureOf = ({ data: { resultData } }: Execution) =>
	[resultData.error?.message, resultData.error?.description].join(' ');

/** n8n's own HTTP Request node with our credential. */
async function runHttpRequest(url: string, extra: object = {}): Promise<Execution> {
	return await run(
		{
			url,
			authentication: 'predefinedCredentialType',
			nodeCredentialType: CREDENTIAL_TYPE,
			options: {},
			...extra,
		},
		{},
		'n8n-nodes-base.httpRequest',
	);
}

async function credentialFor(data: object) {
	const { apiKey, secret, url } = setup.simulator;
	const { id } = await setup.n8n.rest.createCredential({
		name: 'Other',
		type: CREDENTIAL_TYPE,
		data: { apiKey, secretKey: secret, baseUrl: url, webhookPublicKey: '', ...data },
	});
	return { id, extra: { credentials: { [CREDENTIAL_TYPE]: { id, name: 'Other' } } } };
}

/** The tokens of all requests, to any host. */
const tokensSeen = (): string[] =>
	[...setup.simulator.requests, ...foreign.requests]
		.map(({ headers }) => headers.authorization)
		.filter((token) => token !== undefined);

/** The secret, the password of SIP trunks, each token that any host received, and each token's signature alone. */
function whatMustStayIn(): string[] {
	const tokens = tokensSeen();
	const signatures = tokens.map((token) => token.split('.')[2] ?? token);
	const { secret } = setup.simulator;
	return [
		...new Set([secret, SIP_PASSWORD, Buffer.from(secret).toString('base64'), ...tokens, ...signatures]),
	];
}

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

async function deliver(body: object | Buffer, options?: Parameters<Simulator['deliver']>[2]) {
	const delivery = await setup.simulator.deliver(
		`${setup.n8n.url}/webhook/${WEBHOOK_ID}/webhook`,
		body,
		options,
	);
	webhookAnswers.push(delivery.responseText ?? '');
	return delivery.status;
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
		for (const fault of FAULTS) {
			for (const onError of ['stopWorkflow', 'continueErrorOutput']) {
				setup.simulator.clearFaults();
				setup.simulator.addFault({ location: `${foreign.url}/x`, ...fault });
				const expected = onError === 'stopWorkflow' ? 'error' : 'success';
				const { status } = await run({ ...START, options: { timeout: 500 } }, { onError });
				expect([fault.kind, fault.status, status]).toEqual([fault.kind, fault.status, expected]);
			}
		}
		setup.simulator.clearFaults();
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
			const { id, extra } = await credentialFor(data);
			const tested = await setup.n8n.rest.testCredential(id);
			restAnswers.push(JSON.stringify(tested));
			expect(tested.status).toBe('Error');
			expect((await run(START, extra)).status).toBe('error');
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
		const foreignUrls = [
			`${foreign.url}/ai/v1/ai-deployments`,
			`http://127.0.0.1:${setup.simulator.port}@${new URL(foreign.url).host}/x`,
			`${foreign.url.replace('127.0.0.1', 'localhost')}/x`,
		];
		for (const foreignUrl of foreignUrls) {
			const execution = await runHttpRequest(foreignUrl);
			expect(execution.status).toBe('error');
			expect(failureOf(execution)).toContain('only works for requests to');
		}
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
		const failing: Fault[] = FAULTS.filter(({ body }) => body !== undefined);
		let count = 0;
		/** A room in which somebody is, a call that goes on, and a transcription. */
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
		for (const parameters of operations(...(await target()))) {
			for (const fault of failing) {
				// An end is repeated, and looked up in between.
				simulator.addFault({ ...fault, match: { times: 30 } });
				const { status } = await run({ ...parameters, options: { timeout: 500 } });
				expect([parameters, status]).toEqual([parameters, 'error']);
				simulator.clearFaults();
				count++;
			}
		}
		// Some of the above were carried out, since what failed was the answer.
		const [roomId, callId, transcriptionId] = await target();
		for (const parameters of operations(roomId, callId, transcriptionId)) {
			// A transfer ends it.
			await simulator.moveCall(callId, 'answered');
			const execution = await run(parameters);
			expect([parameters, failureOf(execution), execution.status]).toEqual([parameters, ' ', 'success']);
			count++;
		}
		figure(`n8n ${version}: executions of operations of calls, rooms, recordings, transcripts`, count);
		expect(foreign.requests).toEqual([]);
	});

	test('a recording of another host: its file comes whole, and that host sees no token', async () => {
		const content = randomBytes(3_000_000);
		const url = foreign.addFile({ name: 'talk.mp4', content, contentType: 'video/mp4' });
		const workflow = await setup.n8n.rest.createWorkflow(
			chain('Download', [
				n8nNode('Manual', 'manualTrigger'),
				ourNode(setup, NODE, 'videoSdkAgentCloud', { resource: 'recording', operation: 'download', url }),
				n8nNode('Hash', 'crypto', {
					action: 'hash',
					type: 'SHA256',
					binaryData: true,
					binaryPropertyName: 'data',
					dataPropertyName: 'hash',
					encoding: 'hex',
				}),
			]),
		);
		const execution = await setup.n8n.rest.runWorkflow(workflow.id, RUN_TIMEOUT_MS);
		expect(outputOf(execution, NODE)).toEqual([
			expect.objectContaining({ fileName: 'talk.mp4', mimeType: 'video/mp4', fileSize: content.length }),
		]);
		expect(outputOf(execution, 'Hash')[0]?.hash).toBe(createHash('sha256').update(content).digest('hex'));
		expect(foreign.requests.splice(0).map(({ path, headers }) => [path, headers.authorization])).toEqual([
			['/files/talk.mp4', undefined],
		]);
	});

	test('the lists to pick from', async () => {
		const wrong = (await credentialFor({ secretKey: 'wrong' })).id;
		for (const [methodName, entry] of Object.entries(LISTS)) {
			const list = async (credentialId: string) => {
				const answer = await setup.n8n.rest
					.call('POST', '/dynamic-node-parameters/resource-locator-results', {
						nodeTypeAndVersion: { name: `${PACKAGE}.videoSdkAgentCloud`, version: 1 },
						methodName,
						path: 'parameters.deploymentId',
						currentNodeParameters: START,
						credentials: { [CREDENTIAL_TYPE]: { id: credentialId, name: 'VideoSDK' } },
					})
					.then(JSON.stringify, String);
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
		const workflow = await rest.createWorkflow(
			chain('Trigger', [
				ourNode(
					setup,
					'Trigger',
					'videoSdkAgentCloudTrigger',
					{ options: { sessionDetails: true, deploymentIds: 'ddv_support' } },
					{ typeVersion: 1, webhookId: WEBHOOK_ID },
				),
				n8nNode('After', 'noOp'),
			]),
		);
		await rest.activate(workflow.id);
		await rest.waitForWebhook(`${WEBHOOK_ID}/webhook`);
		const [sessionId] = setup.simulator.sessions.keys();
		const event = { webhookType: 'ai-deployment-session-started', data: { sessionId } };
		expect(await deliver(event)).toBe(200);
		await rest.waitForExecution(({ status }) => status === 'success', 60_000, { workflowId: workflow.id });
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
			{ workflowId: workflow.id },
		);
		setup.simulator.clearFaults();
	});

	test('a run that waits, and what is sent to it', async () => {
		const { rest } = setup.n8n;
		const known = new Set(setup.simulator.sessions.keys());
		const node = ourNode(setup, NODE, 'videoSdkAgentCloud', { ...START, operation: 'startAndWait' });
		const { id } = await rest.createWorkflow(chain('Waiting', [n8nNode('Manual', 'manualTrigger'), node]));
		const executionId = await rest.startWorkflow(id);
		const session = await waitFor(
			'the run to wait',
			async () => {
				const started = [...setup.simulator.sessions.values()].find(({ sessionId }) => !known.has(sessionId));
				return isWaiting(await rest.getExecution(executionId)) ? started : undefined;
			},
			60_000,
		);
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
			{ headers: { 'x-agent-cloud-poll-key': 'f'.repeat(64) } },
		);
		webhookAnswers.push(await poll.text());
		expect(poll.status).toBe(401);
		// It is logged and answered like any request to n8n.
		await waitFor(
			'a poll of our own',
			async () =>
				setup.simulator.requests.some(({ path }) => path.endsWith(`sessions/${sessionId}`)) || undefined,
			60_000,
		);
		expect(await resume()).toBe(200);
		expect((await runEnded(setup.n8n, executionId, NODE)).status).toBe('success');
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
		// The secret in two spellings, and at least a token with its signature. Tokens of the same second are the same.
		expect(texts.length).toBeGreaterThanOrEqual(4);
		expect(tokensSeen().length).toBeGreaterThan(40);
		// That the search would find something: n8n's own database and debug log are really read.
		expect(leaks(["VideoSDK didn't respond in time"]).join()).toContain('database.sqlite');
		expect(setup.n8n.logs).toContain('debug');
		expect(leaks(texts)).toEqual([]);
		expect(foreign.requests).toEqual([]);
		figure(
			`n8n ${version}: secret and tokens found in database, logs, runs and answers`,
			0,
			`0 of ${texts.length}, in ${executions.length} runs and ${setup.n8n.logs.length} characters of log`,
		);
		figure(`n8n ${version}: requests to a foreign host`, foreign.requests.length, '0');
	});
});
