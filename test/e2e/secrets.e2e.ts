/** In a real n8n that logs all it can: no secret and no token comes to light, and no token goes to another host. */
import { randomBytes } from 'node:crypto';
import { freePorts } from '../n8n/processes';
import { outputOf } from '../n8n/rest';
import type { Fault, Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import { during, runByHand, searchList } from './deliveries';
import { leaks, signaturesOf, tokensSeen } from './leaks';
import { question } from './questions';
import { actionNode, CREDENTIAL_TYPE, inMode, itemNodes, ourCredential, SESSION } from './nodes';
import { createCredential, PATIENT, setUpAll } from './setup';

const NODE = 'Call';
const START = { ...SESSION, operation: 'start' };

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

describe('In a real n8n', () => {
	const setup = setUpAll({
		n8n: { logLevel: 'debug' },
		simulator: {
			secret: `secret${randomBytes(24).toString('hex')}`,
			apiKey: `key${randomBytes(12).toString('hex')}`,
			lifecycle: false,
			callBehaviour: { talkMs: null },
			...PATIENT,
		},
	});
	/** The host that must never see a token. */
	let foreign: Simulator;
	/** To webhooks and n8n's REST interface. */
	const answers: string[] = [];

	const run = async (parameters: object, extra: object = {}) =>
		await runByHand(setup.n8n, actionNode(setup, NODE, parameters, extra));

	/** n8n's own HTTP Request node with our credential. */
	const request = async (url: string, options: object = {}) =>
		await run(
			{ url, options, authentication: 'predefinedCredentialType', nodeCredentialType: CREDENTIAL_TYPE },
			{ type: 'n8n-nodes-base.httpRequest', typeVersion: 4.2 },
		);

	/** By which deployed agents get their tokens. */
	const bodiesOfAgents = (): string[] =>
		setup.simulator.requests
			.map(({ rawBody }) => rawBody.toString())
			.filter((body) => body.includes('VIDEOSDK_AUTH_TOKEN'));

	/** By which agents hand in responses. */
	const keysOfQuestions = (): string[] =>
		setup.simulator.requests.flatMap(
			({ body }) => JSON.stringify(body ?? {}).match(/n8ntool1_[\w-]+/g) ?? [],
		);

	/** What is found of any of the texts in what n8n wrote and answered. */
	const found = (texts: string[]) => [
		...leaks(setup, texts),
		...texts.filter((text) => answers.join().includes(text)),
	];

	beforeAll(async () => void (foreign = await startSimulator()));
	afterAll(async () => await foreign.close());
	afterEach(() => {
		setup.simulator.clearFaults();
		expect(foreign.requests).toEqual([]);
	});

	test('runs that succeed, and that fail in each way', async () => {
		expect((await run(START)).status).toBe('success');
		expect((await run({ operation: 'getAll' })).status).toBe('success');
		const options = { timeout: 500 };
		// One item for each fault. What was started all the same isn't found.
		setup.simulator.setListing({ hasMetadata: false });
		for (const [index, fault] of FAULTS.entries()) {
			const match = { ...fault.match, body: new RegExp(`"fault-${index}"`) };
			setup.simulator.addFault({ location: `${foreign.url}/x`, ...fault, match });
		}
		const metaData = { entries: [{ key: 'fault', value: '={{ $json.fault }}' }] };
		const parameters = { ...START, metaData, options };
		const onError = { onError: 'continueErrorOutput' };
		const rows = FAULTS.map((_, index) => ({ fault: `fault-${index}` }));
		const node = actionNode(setup, NODE, parameters, onError);
		expect(outputOf(await runByHand(setup.n8n, ...itemNodes(rows), node), NODE, 1)).toMatchObject(rows);
		setup.simulator.clearFaults();
		for (const fault of REPEATING_FAULTS) {
			setup.simulator.addFault(fault);
			expect((await run({ ...START, options })).status).toBe('error');
		}
		setup.simulator.setListing({ hasMetadata: true });
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

	test('questions that are refused', async () => {
		for (const onError of ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput']) {
			setup.simulator.addFault({ kind: 'status', status: 400, match: { path: /sip\/call$/, times: 1 } });
			await run(question(), { onError });
		}
		expect(new Set(keysOfQuestions()).size).toBe(3);
	});

	test('an agent that is deployed, and one that is not, and a rule that gets it', async () => {
		const deploy = { resource: 'agent', operation: 'deploy', agentName: 'n8n agent' };
		const [agent] = outputOf(await run(deploy), NODE);
		const { agentId } = agent as { agentId: string };
		const rule = {
			resource: 'routingRule',
			operation: 'setAgent',
			routingRuleId: inMode('id', 'rule_in_01'),
		};
		const set = await run({ ...rule, agentId: inMode('id', agentId), instructions: 'Be kind.' });
		answers.push(JSON.stringify([agent, outputOf(set, NODE)]));
		// VideoSDK repeats the token: in place of the secret's ID, and as what a build has printed.
		const body = () => ({ message: 'ok', keys: bodiesOfAgents().at(-1) });
		setup.simulator.addFault({ kind: 'noData', body, match: { method: 'POST', path: /secrets$/ } });
		expect((await run(deploy)).status).toBe('error');
		setup.simulator.setBuilds({ failureReason: 'out of memory', log: bodiesOfAgents() });
		expect((await run(deploy)).status).toBe('error');
	});

	test('neither the secret nor a token is found anywhere', async () => {
		const { rest } = setup.n8n;
		for (const execution of await rest.executions()) answers.push(JSON.stringify(execution));
		for (const path of ['', `/${setup.credentialId}`])
			answers.push(JSON.stringify(await rest.call('GET', `/credentials${path}?includeData=true`)));
		await during(1_000);
		const { secret } = setup.simulator;
		const signatures = [setup.simulator, foreign].flatMap(signaturesOf);
		// Tokens of the same second are the same.
		expect(new Set(signatures).size).toBeGreaterThanOrEqual(4);
		expect(tokensSeen(setup.simulator).length).toBeGreaterThan(20);
		expect(bodiesOfAgents()).toHaveLength(2);
		// The API knows the trunk's password.
		answers.push(JSON.stringify(await searchList(setup, 'searchPhoneNumbers', { parameters: START })));
		// That the search would find something: n8n's own database and debug log are really read.
		expect(found(["VideoSDK didn't respond in time"]).join()).toContain('database.sqlite');
		expect(setup.n8n.logs).toContain('debug');
		const base64 = Buffer.from(secret).toString('base64');
		expect(found([secret, base64, ...signatures, ...keysOfQuestions()])).toEqual([]);
	});
});
