/**
 * In a real n8n: a start is never doubled, and what was started is named. Each line of n8n has a request helper of its own. The rule
 * itself is tested in test/engine/model and startedOnce.
 */
import { waitFor } from '../../n8n/processes';
import type { WorkflowNode } from '../../n8n/rest';
import { type Fault, type Simulator, startSimulator } from '../../simulator';
import { during, n8nOptions, runByHand, VERSIONS } from '../deliveries';
import {
	chain,
	createCredential,
	itemNodes,
	n8nNode,
	ourCredential,
	ourNode,
	type Setup,
	setUp,
} from '../setup';

const START_PATH = /sessions\/start$/;
const NODE = 'Start';
/** More than any operation may send. */
const ALWAYS = 1_000;
const ITEM_COUNT = 100;
const START = { operation: 'start', deploymentId: '={{ $json.deployment }}', tag: '={{ $json.tag }}' };
/** After each of these a POST may have been carried out. */
const FAULTS: Array<Omit<Fault, 'match'>> = [
	{ kind: 'hang' },
	{ kind: 'reset' },
	{ kind: 'truncate', body: { message: 'x'.repeat(100) } },
	{ kind: 'notJson' },
	{ kind: 'status', status: 503, headers: { 'retry-after': '0' } },
];

describe.each(VERSIONS)('n8n %s', (version) => {
	let setup: Setup;

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version), simulator: { lifecycle: false, latencyMs: 20 } });
	});
	beforeEach(() => {
		setup.simulator.clearFaults();
		setup.simulator.requests.splice(0);
		setup.simulator.sessions.clear();
	});
	afterAll(async () => await setup?.stop());

	/** Nodes that make many items, each with the ID of a deployment and a tag of its own. */
	const items = (other: (index: number) => string | undefined = () => undefined, count = ITEM_COUNT) =>
		itemNodes(
			Array.from({ length: count }, (_, index) => ({
				deployment: other(index) ?? 'ddv_support',
				tag: `item-${index}`,
			})),
		);
	const startNode = (options: object = {}, extra: object = {}): WorkflowNode =>
		ourNode(setup, NODE, 'videoSdkAgentCloud', { ...START, options }, extra);
	/** The tags of all starts that were sent. */
	const sent = ({ requests }: Simulator = setup.simulator): string[] =>
		requests.filter(({ path }) => START_PATH.test(path)).map(({ body }) => (body as { tag: string }).tag);

	test.each(FAULTS)('a start that meets "$kind" is sent once', async (fault) => {
		setup.simulator.addFault({ ...fault, match: { path: START_PATH, times: ALWAYS } });
		// A busy machine may take longer for the responses that there are.
		const node = startNode(fault.kind === 'hang' ? { timeout: 700 } : {});
		const execution = await runByHand(setup.n8n, ...items(undefined, 1), node);
		expect(sent()).toHaveLength(1);
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
			const rows = items((index) => (isSales(index) ? 'ddv_sales' : undefined));
			const execution = await runByHand(
				setup.n8n,
				...rows,
				startNode({}, { credentials: ourCredential(id) }),
			);
			expect(execution.status).toBe('success');
			const tags = Array.from({ length: ITEM_COUNT }, (_, index) => `item-${index}`);
			expect(sent(other).sort()).toEqual(tags.filter((_, index) => isSales(index)).sort());
			expect(sent().sort()).toEqual(tags.filter((_, index) => !isSales(index)).sort());
		} finally {
			await other.close();
		}
	});

	test('an execution that is stopped: the log names what was started, and what may have been', async () => {
		const { rest } = setup.n8n;
		setup.simulator.addFault({ kind: 'delay', match: { path: START_PATH, times: 3 } });
		setup.simulator.addFault({ kind: 'hang', match: { path: START_PATH } });
		const nodes = [n8nNode('Manual', 'manualTrigger'), ...items(), startNode({ maxConcurrency: 1 })];
		const executionId = await rest.startWorkflow((await rest.createWorkflow(chain('Stopped', nodes))).id);
		await waitFor('the fourth start', async () => sent().length === 4 || undefined, 60_000, 50);
		const ids = [...setup.simulator.sessions.keys()].slice(0, 3);
		await rest.call('POST', `/executions/${executionId}/stop`, {});
		const inLog = async () => /The execution was stopped\. .*/.exec(setup.n8n.logs)?.[0];
		const line = await waitFor('the line in the log', inLog, 60_000, 100);
		expect(line).toContain(`3 sessions were started before this: ${ids.join(', ')}.`);
		expect(line).toContain('The session for item 3 may have been started');
		await during(1_000);
		expect(sent()).toHaveLength(4);
	});

	test('Retry On Fail: nothing is started again that was started, or may have been', async () => {
		// n8n tries the node again if the first item failed, and then runs it for all items.
		setup.simulator.addFault({ kind: 'reset', match: { path: START_PATH } });
		const retry = { retryOnFail: true, maxTries: 3, waitBetweenTries: 100, onError: 'continueErrorOutput' };
		const rows = items((index) => (index === 5 ? 'ddv_unknown' : undefined));
		await runByHand(setup.n8n, ...rows, startNode({ maxConcurrency: 1 }, retry));
		const tags = sent();
		expect(tags.filter((tag, index) => tag !== 'item-5' && tags.indexOf(tag) !== index)).toEqual([]);
		expect(tags).toHaveLength(ITEM_COUNT + 2);
	});
});
