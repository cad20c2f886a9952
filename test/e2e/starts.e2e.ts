/** In a real n8n: a start is never doubled, and a started session is never lost from sight. */
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../n8n/processes';
import type { WorkflowNode } from '../n8n/rest';
import type { Fault, RecordedRequest, Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import { n8nOptions, runByHand, VERSIONS } from './deliveries';
import type { Setup } from './setup';
import { chain, createCredential, itemNodes, n8nNode, ourCredential, ourNode, setUp } from './setup';

const START_PATH = /sessions\/start$/;
const NODE = 'Call';
/** More than any operation may send. */
const ALWAYS = 1_000;
const ITEM_COUNT = 100;

const START = {
	operation: 'start',
	deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
};

/** Each line of n8n has a request helper of its own. After each of these a POST may have been carried out. */
const FAULTS: Array<Omit<Fault, 'match'>> = [
	{ kind: 'hang' },
	{ kind: 'reset' },
	{ kind: 'truncate', body: { message: 'x'.repeat(100) } },
	{ kind: 'notJson' },
	{ kind: 'status', status: 503, headers: { 'retry-after': '0' } },
];

let setup: Setup;

/** Runs one of our operations, and yields the run. */
const runNode = async (parameters: object, extra: object = {}, before: WorkflowNode[] = []) =>
	await runByHand(setup.n8n, ...before, ourNode(setup, NODE, 'videoSdkAgentCloud', parameters, extra));

const requestsTo = (path: RegExp, simulator = setup.simulator): RecordedRequest[] =>
	simulator.requests.filter((request) => path.test(request.path));

/** The nodes that make many items, each with the id of a deployment. */
const items = (isOther: (index: number) => boolean, otherDeployment = 'ddv_unknown') =>
	itemNodes(
		Array.from({ length: ITEM_COUNT }, (_, index) => ({
			deployment: isOther(index) ? otherDeployment : 'ddv_support',
			tag: `item-${index}`,
		})),
	);

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

	test.each(FAULTS)('a start that meets "$kind" is sent once', async (fault) => {
		setup.simulator.addFault({ ...fault, match: { path: START_PATH, times: ALWAYS } });
		// A busy machine may take longer for the answers that there are.
		const options = fault.kind === 'hang' ? { timeout: 700 } : {};
		const execution = await runNode({ ...START, options });
		expect(requestsTo(START_PATH)).toHaveLength(1);
		expect(execution.status).toBe('error');
		expect(execution.data.resultData.error?.message).toContain('the session may have been started');
	});

	test('a credential by row: each session is started in the project of its item', async () => {
		const other = await startSimulator({ lifecycle: false, secret: 'the-secret-of-another-project' });
		try {
			// As many teams have it: a rule with an exception, which the first items do not meet.
			const byRow = (common: string, exception: string) =>
				`={{ $json.deployment === 'ddv_sales' ? '${exception}' : '${common}' }}`;
			const { id } = await createCredential(setup.n8n.rest, setup.simulator, {
				baseUrl: byRow(setup.simulator.url, other.url),
				secretKey: byRow(setup.simulator.secret, other.secret),
			});
			const isSales = (index: number) => index % 10 === 9;
			const credentials = ourCredential(id);
			const execution = await runNode(MANY_STARTS, { credentials }, items(isSales, 'ddv_sales'));
			expect(execution.status).toBe('success');
			const tagsOf = (simulator: Simulator) =>
				requestsTo(START_PATH, simulator).map(({ body }) => (body as { tag: string }).tag);
			const tags = Array.from({ length: ITEM_COUNT }, (_, index) => `item-${index}`);
			expect(tagsOf(other).sort()).toEqual(tags.filter((_, index) => isSales(index)).sort());
			expect(tagsOf(setup.simulator).sort()).toEqual(tags.filter((_, index) => !isSales(index)).sort());
		} finally {
			await other.close();
		}
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
		expect(line).toContain('The session for item 3 may have been started');
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
		},
	);

	test('calls on the error output say whether someone was called, beside what came in', async () => {
		setup.simulator.addFault({ kind: 'reset', match: { path: /\/call$/ } });
		const phones = ['12', '+15550003001', '+15550003002'];
		const parameters = {
			...{ resource: 'call', operation: 'make', to: '={{ $json.phone }}', callVia: 'gateway' },
			gatewayId: { __rl: true, mode: 'id', value: 'gw_out_01' },
			options: { maxConcurrency: 1 },
		};
		const execution = await runNode(
			parameters,
			{ onError: 'continueErrorOutput' },
			itemNodes(phones.map((phone) => ({ phone }))),
		);
		const [success, failure] = execution.data.resultData.runData[NODE]?.[0]?.data?.main ?? [];
		expect(success?.map(({ json }) => json.to)).toEqual([phones[2]]);
		expect(failure?.map(({ json }) => json)).toEqual([
			{ phone: '12', to: '12', outcome: 'notCalled', error: expect.stringContaining("isn't a phone number") },
			{
				phone: phones[1],
				to: phones[1],
				outcome: 'inDoubt',
				error: expect.stringContaining('may have been made'),
			},
		]);
	});
});
