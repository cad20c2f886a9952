/** In a real n8n: a start is never doubled, and a started session is never lost from sight. */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, waitFor } from '../n8n/processes';
import type { Execution, WorkflowNode } from '../n8n/rest';
import { outputOf } from '../n8n/rest';
import type { Fault, RecordedRequest, Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import { n8nOptions, VERSIONS } from './deliveries';
import { figure } from './figures';
import type { Setup } from './setup';
import { chain, CREDENTIAL_TYPE, n8nNode, ourNode, setUp } from './setup';

const START_PATH = /sessions\/start$/;
const NODE = 'Call';
const RUN_TIMEOUT_MS = 120_000;
/** More than any operation may send. */
const ALWAYS = 1_000;
const ITEM_COUNT = 100;

const START = {
	operation: 'start',
	deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
};

/** After each of these a POST may have been carried out, or will not be: whether the message says that it may. */
const FAULTS: Record<string, { fault: Omit<Fault, 'match'>; mayRun: boolean }> = {
	'time-out': { fault: { kind: 'hang' }, mayRun: true },
	reset: { fault: { kind: 'reset' }, mayRun: true },
	'answer cut off': { fault: { kind: 'truncate', body: { message: 'x'.repeat(100) } }, mayRun: true },
	'answer not JSON': { fault: { kind: 'notJson' }, mayRun: true },
	'400': { fault: { kind: 'status', status: 400 }, mayRun: false },
	'401': { fault: { kind: 'status', status: 401 }, mayRun: false },
	'500': { fault: { kind: 'status', status: 500 }, mayRun: true },
	'503 with Retry-After': {
		fault: { kind: 'status', status: 503, headers: { 'retry-after': '0' } },
		mayRun: true,
	},
};

/** A busy machine may take longer for the answers that there are. */
const optionsFor = (fault: string) => (fault === 'time-out' ? { timeout: 700 } : {});

let setup: Setup;

/** Runs one of our operations behind a Manual Trigger, and yields the run. */
async function runNode(
	parameters: object,
	extra: object = {},
	before: WorkflowNode[] = [],
): Promise<Execution> {
	const { rest } = setup.n8n;
	const workflow = await rest.createWorkflow(
		chain('Starts', [
			n8nNode('Manual', 'manualTrigger'),
			...before,
			ourNode(setup, NODE, 'videoSdkAgentCloud', parameters, extra),
		]),
	);
	return await rest.runWorkflow(workflow.id, RUN_TIMEOUT_MS);
}

const errorOf = ({ data }: Execution) => ({
	message: data.resultData.error?.message ?? '',
	description: String(data.resultData.error?.description ?? ''),
});

const requestsTo = (path: RegExp, simulator = setup.simulator): RecordedRequest[] =>
	simulator.requests.filter((request) => path.test(request.path));

/** A further credential; yields what a node names it by. */
async function credentialFor(data: object): Promise<{ credentials: object }> {
	const { apiKey, secret, url } = setup.simulator;
	const { id } = await setup.n8n.rest.createCredential({
		name: 'Other',
		type: CREDENTIAL_TYPE,
		data: { apiKey, secretKey: secret, baseUrl: url, webhookPublicKey: '', ...data },
	});
	return { credentials: { [CREDENTIAL_TYPE]: { id, name: 'Other' } } };
}

/** The nodes that make many items, each with the id of a deployment: an unknown one is answered 404. */
function items(isBad: (index: number) => boolean, otherDeployment = 'ddv_unknown'): WorkflowNode[] {
	const list = Array.from({ length: ITEM_COUNT }, (_, index) => ({
		deployment: isBad(index) ? otherDeployment : 'ddv_support',
		tag: `item-${index}`,
	}));
	return [
		n8nNode('List', 'set', { mode: 'raw', jsonOutput: JSON.stringify({ list }), options: {} }, 3.4),
		n8nNode('Items', 'splitOut', { fieldToSplitOut: 'list', options: {} }),
	];
}

const MANY_STARTS = {
	operation: 'start',
	deploymentId: { __rl: true, mode: 'id', value: '={{ $json.deployment }}' },
	tag: '={{ $json.tag }}',
};

beforeEach(() => {
	setup?.simulator.clearFaults();
	setup?.simulator.requests.splice(0);
	setup?.simulator.sessions.clear();
});

describe.each(VERSIONS)('n8n %s', (version) => {
	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version), simulator: { lifecycle: false, latencyMs: 20 } });
	});

	afterAll(async () => {
		await setup.stop();
	});

	test.each(Object.entries(FAULTS))('a start that meets %s is sent once', async (name, { fault, mayRun }) => {
		setup.simulator.addFault({ ...fault, match: { path: START_PATH, times: ALWAYS } });
		const execution = await runNode({ ...START, options: optionsFor(name) });
		expect(requestsTo(START_PATH)).toHaveLength(1);
		expect(execution.status).toBe('error');
		const wanted = expect.stringContaining('the session may have been started');
		expect(errorOf(execution).message).toEqual(
			mayRun ? wanted : expect.not.stringContaining('may have been'),
		);
	});

	test('a credential that is not accepted: one request', async () => {
		const execution = await runNode(START, await credentialFor({ secretKey: 'not-the-secret' }));
		expect(requestsTo(START_PATH)).toHaveLength(1);
		expect(errorOf(execution).message).toContain("didn't accept the API key and secret (status 401)");
	});

	test('a credential by row: each session is started in the project of its item', async () => {
		const other = await startSimulator({ lifecycle: false, secret: 'the-secret-of-another-project' });
		try {
			// As many teams have it: a rule with an exception, which the first items do not meet.
			const byRow = (common: string, exception: string) =>
				`={{ $json.deployment === 'ddv_sales' ? '${exception}' : '${common}' }}`;
			const credential = await credentialFor({
				baseUrl: byRow(setup.simulator.url, other.url),
				secretKey: byRow(setup.simulator.secret, other.secret),
			});
			const isSales = (index: number) => index % 10 === 9;
			const execution = await runNode(MANY_STARTS, credential, items(isSales, 'ddv_sales'));
			expect(errorOf(execution).message).toBe('');
			const tagsOf = (simulator: Simulator) =>
				requestsTo(START_PATH, simulator).map(({ body }) => (body as { tag: string }).tag);
			const tags = Array.from({ length: ITEM_COUNT }, (_, index) => `item-${index}`);
			expect(tagsOf(other).sort()).toEqual(tags.filter((_, index) => isSales(index)).sort());
			expect(tagsOf(setup.simulator).sort()).toEqual(tags.filter((_, index) => !isSales(index)).sort());
		} finally {
			await other.close();
		}
	});

	test('many items, stop on error: every started session is named, none is begun after the failure', async () => {
		const posts = () => requestsTo(START_PATH);
		const hasFailed = () => posts().some(({ status }) => status === 404);
		// The first ones are in flight when the failure comes, and so long that others could begin.
		setup.simulator.addFault({
			kind: 'delay',
			until: hasFailed,
			delayMs: 1_000,
			match: { path: START_PATH, times: 10 },
		});
		const execution = await runNode(
			// Two places are left for the others.
			{ ...MANY_STARTS, options: { maxConcurrency: 12 } },
			{},
			items((index) => index === 37),
		);
		expect(execution.status).toBe('error');
		const { message, description } = errorOf(execution);
		expect(message).toContain('[item 37]');
		const started = [...setup.simulator.sessions.keys()];
		expect(started.length).toBeGreaterThanOrEqual(37);
		expect(started.filter((id) => !description.includes(id))).toEqual([]);
		expect(description).toContain(`${started.length} sessions were started before`);
		// By far not all: those are on their way that were begun before the answer to the failed one (20 ms).
		const failedAt = posts().findIndex(({ status }) => status === 404);
		const later = posts().length - failedAt - 1;
		expect(later).toBeLessThan(5);
		// Those in flight are awaited.
		const othersAnsweredAtMs = (posts()[failedAt]?.receivedAtMs ?? Infinity) + 1_000;
		expect(Date.parse(execution.stoppedAt ?? '')).toBeGreaterThanOrEqual(othersAnsweredAtMs - 50);
		figure(`n8n ${version}: sessions started before item 37 of 100 failed, all named`, started.length);
		figure(`n8n ${version}: starts that came after the one that failed`, later, 'below 5, of 62 left');
	});

	test('an execution that is stopped: the log names what was started, and what may have been', async () => {
		const { rest } = setup.n8n;
		setup.simulator.addFault({ kind: 'delay', match: { path: START_PATH, times: 3 } });
		setup.simulator.addFault({ kind: 'hang', match: { path: START_PATH } });
		const node = ourNode(setup, NODE, 'videoSdkAgentCloud', {
			...MANY_STARTS,
			options: { maxConcurrency: 1 },
		});
		const { id } = await rest.createWorkflow(
			chain('Stopped', [n8nNode('Manual', 'manualTrigger'), ...items(() => false), node]),
		);
		const executionId = await rest.startWorkflow(id);
		await waitFor(
			'the fourth start',
			async () => (requestsTo(START_PATH).length === 4 ? true : undefined),
			60_000,
			50,
		);
		const [first, second, third] = [...setup.simulator.sessions.keys()];
		await rest.call('POST', `/executions/${executionId}/stop`, {});
		const line = await waitFor(
			'the line in the log',
			async () => /The execution was stopped\. .*/.exec(setup.n8n.logs)?.[0],
			60_000,
			100,
		);
		expect(line).toContain(`3 sessions were started before this: ${first}, ${second}, ${third}.`);
		expect(line).toContain('The session for item 3 may also have been started');
		await sleep(1_000);
		expect(requestsTo(START_PATH)).toHaveLength(4);
	});

	test.each(['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'])(
		'Retry On Fail, %s: nothing is started again that was started, or may have been',
		async (onError) => {
			// n8n tries the node again if the first item failed, and then runs it for all items.
			setup.simulator.addFault({ kind: 'reset', match: { path: START_PATH } });
			const retry = { onError, retryOnFail: true, maxTries: 3, waitBetweenTries: 100 };
			await runNode(
				{ ...MANY_STARTS, options: { maxConcurrency: 1 } },
				retry,
				items((index) => index === 5),
			);
			const sent = requestsTo(START_PATH).map(({ body }) => String((body as { tag: string }).tag));
			const sentAgain = sent.filter((tag, index) => tag !== 'item-5' && sent.indexOf(tag) !== index);
			expect(sentAgain).toEqual([]);
			expect(sent).toHaveLength(onError === 'stopWorkflow' ? 1 : ITEM_COUNT + 2);
			figure(`n8n ${version}: started again by Retry On Fail, ${onError}`, sentAgain.length, '0');
		},
	);

	test('many items, error output: every item has its own outcome', async () => {
		const isBad = (index: number) => index % 7 === 3;
		const execution = await runNode(MANY_STARTS, { onError: 'continueErrorOutput' }, items(isBad));
		const [good, bad] = [outputOf(execution, NODE, 0), outputOf(execution, NODE, 1)];
		const indexes = Array.from({ length: ITEM_COUNT }, (_, index) => index);
		expect(bad).toHaveLength(indexes.filter(isBad).length);
		for (const { error } of bad)
			expect(String(error)).toContain("VideoSDK couldn't find anything with this ID");
		expect(good.map(({ sessionId }) => sessionId).sort()).toEqual(
			[...setup.simulator.sessions.keys()].sort(),
		);
		// In the order of the input: each session runs the tag of its item.
		const wanted = indexes.filter((index) => !isBad(index));
		expect(good.map(({ tag }) => tag)).toEqual(wanted.map((index) => `item-${index}`));
	});

	test('a redirect is not followed: nothing arrives at the other host', async () => {
		const foreign = await startSimulator();
		try {
			for (const status of [302, 307]) {
				for (const parameters of [START, { operation: 'get', sessionId: 'some' }]) {
					setup.simulator.requests.splice(0);
					setup.simulator.addFault({
						kind: 'redirect',
						status,
						location: `${foreign.url}/ai/v1/elsewhere`,
					});
					const execution = await runNode({ ...parameters });
					expect(setup.simulator.requests).toHaveLength(1);
					expect(errorOf(execution).message).toContain(
						`redirect, which this node doesn't follow (status ${status})`,
					);
				}
			}
			expect(foreign.requests).toEqual([]);
			figure(
				`n8n ${version}: requests that reached another host by a redirect`,
				foreign.requests.length,
				'0',
			);
		} finally {
			await foreign.close();
		}
	});

	test('a host that cannot be reached is told in words', async () => {
		const [port = 0] = await freePorts(1);
		const credential = await credentialFor({ baseUrl: `http://127.0.0.1:${port}` });
		const { message, description } = errorOf(await runNode(START, credential));
		expect(message).toContain(`n8n can't reach 127.0.0.1:${port}`);
		expect(description).toContain('Nothing was sent');
		expect(setup.simulator.requests).toEqual([]);
	});
});
