/** In a real n8n that logs all it can: no secret and no token comes to light, and no token goes to another host. */
import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { freePorts } from '../n8n/processes';
import { outputOf } from '../n8n/rest';
import type { Fault, SimulatedSession, Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import { SIP_PASSWORD } from '../simulator/telephony';
import {
	during,
	eventBody,
	LATEST_VERSION,
	publishTrigger,
	runByHand,
	searchList,
	untilWaiting,
} from './deliveries';
import { Agents, post, question } from './questions';
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
const id = (value: string) => ({ __rl: true, mode: 'id', value });
const START = { operation: 'start', deploymentId: id('ddv_support') };

type Headers = Record<string, string>;

/** An API that repeats the token, in each kind of answer. */
const REPEATING_FAULTS: Fault[] = [
	{ kind: 'status', status: 401, body: (headers: Headers) => ({ message: `No: ${headers.authorization}` }) },
	{ kind: 'notJson', status: 502, body: (headers: Headers) => `<pre>${headers.authorization}</pre>` },
	{ kind: 'noData', body: (headers: Headers) => ({ message: 'ok', headers }) },
];
const FAULTS: Fault[] = [
	...[400, 404, 503].map((status): Fault => ({ kind: 'status', status })),
	...(['reset', 'hang', 'truncate', 'redirect'] as const).map((kind) => ({ kind })),
	...REPEATING_FAULTS,
];

let setup: Setup;
/** The host that must never see a token. */
let foreign: Simulator;
/** To webhooks and n8n's REST interface. */
const answers: string[] = [];

const run = async (parameters: object, extra: object = {}) =>
	await runByHand(setup.n8n, ourNode(setup, NODE, 'videoSdkAgentCloud', parameters, extra));

/** n8n's own HTTP Request node with our credential. */
const request = async (url: string, options: object = {}) =>
	await run(
		{ url, options, authentication: 'predefinedCredentialType', nodeCredentialType: CREDENTIAL_TYPE },
		{ type: 'n8n-nodes-base.httpRequest', typeVersion: 4.2 },
	);

const tokensSeen = (): string[] =>
	[...setup.simulator.requests, ...foreign.requests].flatMap(({ headers }) => headers.authorization ?? []);

/** By which agents hand in responses. */
const keysOfQuestions = (): string[] =>
	setup.simulator.requests.flatMap(({ body }) => JSON.stringify(body ?? {}).match(/n8ntool1_[\w-]+/g) ?? []);

/** The secret, the password of SIP trunks, and the signature of each token that any host received, without which a token is none. */
function whatMustStayIn(): string[] {
	const signatures = tokensSeen().map((token) => token.split('.')[2] ?? token);
	const { secret } = setup.simulator;
	const base64 = Buffer.from(secret).toString('base64');
	return [...new Set([secret, SIP_PASSWORD, base64, ...signatures, ...keysOfQuestions()])];
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
	const { logs, userFolder } = setup.n8n;
	const places: Array<[string, Buffer]> = [
		['the log', Buffer.from(logs)],
		['answers', Buffer.from(answers.join('\n'))],
		...filesOf(userFolder).map((file): [string, Buffer] => [relative(userFolder, file), contentOf(file)]),
	];
	return places.flatMap(([place, content]) =>
		texts.filter((text) => content.includes(text)).map((text) => `${place}: ${text.slice(0, 20)}…`),
	);
}

describe.each(LATEST_VERSION)('n8n %s', (version) => {
	beforeAll(async () => {
		setup = await setUp({
			n8n: { version, logLevel: 'debug' },
			simulator: {
				...{
					secret: `secret${randomBytes(24).toString('hex')}`,
					apiKey: `key${randomBytes(12).toString('hex')}`,
				},
				...{ lifecycle: false, callBehaviour: { talkMs: null }, ...PATIENT },
			},
		});
		foreign = await startSimulator();
	});
	afterAll(async () => {
		await setup.stop();
		await foreign.close();
	});
	afterEach(() => {
		setup.simulator.clearFaults();
		expect(foreign.requests).toEqual([]);
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
		const parameters = { ...START, metaData, options };
		const onError = { onError: 'continueErrorOutput' };
		const rows = FAULTS.map((_, index) => ({ fault: `fault-${index}` }));
		const node = ourNode(setup, NODE, 'videoSdkAgentCloud', parameters, onError);
		expect(outputOf(await runByHand(setup.n8n, ...itemNodes(rows), node), NODE, 1)).toMatchObject(rows);
		setup.simulator.clearFaults();
		for (const fault of REPEATING_FAULTS) {
			setup.simulator.addFault(fault);
			expect((await run({ ...START, options })).status).toBe('error');
		}
	});

	test('credentials that are wrong, unreachable or incomplete, and their tests', async () => {
		const [closedPort = 0] = await freePorts(1);
		expect((await setup.n8n.rest.testCredential(setup.credentialId)).status).toBe('OK');
		for (const data of [
			{ secretKey: `wrong${randomBytes(16).toString('hex')}` },
			{ baseUrl: `http://127.0.0.1:${closedPort}` },
			{ apiKey: ' ' },
		]) {
			const credential = await createCredential(setup.n8n.rest, setup.simulator, data);
			const tested = await setup.n8n.rest.testCredential(credential.id);
			answers.push(JSON.stringify(tested));
			expect(tested.status).toBe('Error');
			const failed = await run(START, { credentials: ourCredential(credential.id) });
			expect(failed.status).toBe('error');
		}
		setup.simulator.addFault({ kind: 'redirect', location: `${foreign.url}/x` });
		answers.push(JSON.stringify(await setup.n8n.rest.testCredential(setup.credentialId)));
	});

	test("n8n's HTTP Request node: signed to the API, refused to a foreign host", async () => {
		const url = `${setup.simulator.url}/ai/v1/ai-deployments`;
		expect((await request(url)).status).toBe('success');
		expect((await request(`${setup.simulator.url}/ai/v1/ai-deployment-sessions/none`)).status).toBe('error');
		const refused = await request(`${foreign.url}/ai/v1/ai-deployments`);
		expect(JSON.stringify(refused.data.resultData.error)).toContain('only works for requests to');
		setup.simulator.addFault({ kind: 'redirect', location: `${foreign.url}/x` });
		const redirect = { redirect: { followRedirects: true, maxRedirects: 5 } };
		expect((await request(url, { redirect })).status).toBe('error');
		// Not "truncate": n8n's node then waits for ever.
		for (const kind of ['reset', 'hang'] as const) {
			setup.simulator.clearFaults();
			setup.simulator.addFault({ kind });
			await request(url, { timeout: 500 });
		}
	});

	/** Delivers an event, and keeps the response. @returns the status */
	async function deliver(url: string, body: object, signature?: string | null): Promise<number | undefined> {
		const { status, responseText } = await setup.simulator.deliver(url, body, { signature });
		answers.push(responseText ?? '');
		return status;
	}

	test('deliveries to the trigger, good and bad', async () => {
		const parameters = { options: { sessionDetails: true, deploymentIds: 'ddv_support' } };
		const { workflowId, url } = await publishTrigger(setup, { webhookId: randomUUID(), parameters });
		const [sessionId = ''] = setup.simulator.sessions.keys();
		const untilRun = async (text: string) =>
			await setup.n8n.rest.waitForExecution(
				workflowId,
				({ status, data }) => status === 'success' && JSON.stringify(data).includes(text),
			);
		const event = eventBody(sessionId, 'started');
		expect(await deliver(url, event)).toBe(200);
		await untilRun(sessionId);
		for (const signature of [null, 'AAAA']) expect(await deliver(url, event, signature)).toBe(401);
		expect(await deliver(url, { no: 'event' })).toBe(400);
		// The session cannot be fetched.
		setup.simulator.addFault({ kind: 'reset', match: { path: /sessions\//, times: 10 } });
		expect(await deliver(url, eventBody('other', 'started'))).toBe(200);
		await untilRun('"other"');
	});

	async function startWaiting(parameters: object): Promise<string> {
		const node = ourNode(setup, NODE, 'videoSdkAgentCloud', parameters);
		const workflow = chain('Waiting', [n8nNode('Manual', 'manualTrigger'), node]);
		const executionId = await setup.n8n.rest.startWorkflow(
			(await setup.n8n.rest.createWorkflow(workflow)).id,
		);
		await untilWaiting(setup.n8n, executionId);
		return executionId;
	}
	const untilSucceeded = async (executionId: string) =>
		expect((await setup.n8n.rest.untilEnded(executionId, NODE)).status).toBe('success');

	test('a run that waits, and what is sent to it', async () => {
		const executionId = await startWaiting({ ...START, operation: 'startAndWait' });
		const session = [...setup.simulator.sessions.values()].at(-1) as SimulatedSession;
		const url = String(session.webhook?.endPoint);
		const event = eventBody(session.sessionId, 'stopped');
		for (const signature of [null, 'AAAA']) expect(await deliver(url, event, signature)).toBe(401);
		const headers = { 'x-agent-cloud-key': 'f'.repeat(64) };
		const ours = await setup.n8n.rest.triggerByWebhook(url, { isTimeUp: true }, { headers });
		answers.push(await ours.text());
		expect(ours.status).toBe(401);
		// Otherwise the event counts after a minute only.
		session.status = 'stopped';
		await deliver(url, event);
		await untilSucceeded(executionId);
	});

	test('questions that are refused, and one with a response', async () => {
		const ask = question({ to: '+15550003777' });
		// The simulated agent must not answer first.
		setup.simulator.setCallBehaviour({ ringForMs: null }, ask.to);
		for (const onError of ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput']) {
			setup.simulator.addFault({ kind: 'status', status: 400, match: { path: /sip\/call$/, times: 1 } });
			await run(ask, { onError });
		}
		const agents = new Agents(setup);
		const executionId = await startWaiting(ask);
		const asked = await agents.next();
		const key = asked.headers.Authorization;
		for (const [authorization, approved, status] of [
			[key.slice(0, -1), true, 401],
			[key, 'maybe', 200],
			[key, true, 200],
		] as const) {
			const answer = await post(asked, { approved }, { authorization });
			answers.push(await answer.text());
			expect(answer.status).toBe(status);
		}
		await untilSucceeded(executionId);
		expect(new Set(keysOfQuestions()).size).toBe(4);
	});

	test('neither the secret nor a token is found anywhere', async () => {
		const { rest } = setup.n8n;
		for (const execution of await rest.executions()) answers.push(JSON.stringify(execution));
		for (const path of ['', `/${setup.credentialId}`])
			answers.push(JSON.stringify(await rest.call('GET', `/credentials${path}?includeData=true`)));
		await during(1_000);
		const texts = whatMustStayIn();
		// Tokens of the same second are the same.
		expect(texts.length).toBeGreaterThanOrEqual(4);
		expect(tokensSeen().length).toBeGreaterThan(20);
		// The API knows the trunk's password.
		answers.push(JSON.stringify(await searchList(setup, 'searchGateways', { parameters: START })));
		// That the search would find something: n8n's own database and debug log are really read.
		expect(leaks(["VideoSDK didn't respond in time"]).join()).toContain('database.sqlite');
		expect(setup.n8n.logs).toContain('debug');
		expect(leaks(texts)).toEqual([]);
	});
});
