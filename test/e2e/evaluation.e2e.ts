/** n8n's Evaluations of workflows that call people: no one is called, and with Dry Run metrics arrive. */
import { createDataTable } from '../n8n/dataTables';
import { waitFor } from '../n8n/processes';
import { type Execution, type WorkflowNode } from '../n8n/rest';
import { actionNode, BY_RULE, chain, inMode, n8nNode } from './nodes';
import { setUpAll } from './setup';

const PEOPLE = ['+15550003001', '+15550003002'];
const ADVICE = 'Turn on Dry Run, or put Evaluation: Check if Evaluating before this node';
const REFUSALS = {
	make: `In an evaluation, no call is made. No one was called. ${ADVICE}`,
	makeAndWait: `An evaluation can't wait for a call: n8n ends the case. No one was called. ${ADVICE}`,
};

/** One row of the table, as an evaluation has tried it. */
interface Case {
	status: string;
	executionId: string;
	metrics: Record<string, number>;
}

const setup = setUpAll({ n8n: {}, simulator: { callBehaviour: false } });
let tableId: string;

const call = (operation: string, options: object) =>
	actionNode(setup, 'Call', { ...BY_RULE, operation, to: '={{ $json.phone }}', options });

/** n8n's node that hands the evaluation a number: of people who would have been called. */
const setMetrics = (): WorkflowNode => {
	const value = "={{ $json.reasonCode === 'dryRun' && $json.request.body.sipCallTo === $json.to ? 1 : 0 }}";
	const metrics = { assignments: [{ id: 'one', name: 'wouldCall', type: 'number', value }] };
	return n8nNode('Metrics', 'evaluation', { operation: 'setMetrics', metric: 'customMetrics', metrics }, 4.8);
};

/** Evaluates a workflow whose middle part is given. @returns how its run ended, and its cases with their executions */
async function evaluate(...nodes: WorkflowNode[]) {
	const { rest } = setup.n8n;
	const source = { source: 'dataTable', dataTableId: inMode('id', tableId) };
	const trigger = n8nNode('Cases', 'evaluationTrigger', source, 4.7);
	const { id } = await rest.createWorkflow(chain('Evaluated', [trigger, ...nodes, setMetrics()]));
	setup.simulator.requests.length = 0;
	await rest.call('POST', `/workflows/${id}/test-runs/new`, {});
	const ended = async () => {
		const [run] = await rest.call<Array<{ id: string; status: string }>>('GET', `/workflows/${id}/test-runs`);
		return run && ['completed', 'error', 'cancelled'].includes(run.status) ? run : undefined;
	};
	const run = await waitFor('the end of the evaluation', ended, 120_000);
	const cases = await rest.call<Case[]>('GET', `/workflows/${id}/test-runs/${run.id}/test-cases`);
	const executions = await Promise.all(
		cases.map(async ({ executionId }) => (await rest.getExecution(executionId)) as Execution),
	);
	return { cases, executions };
}

/** Makes a workflow with the node, and the node that runs it. */
async function inSubWorkflow(node: WorkflowNode): Promise<WorkflowNode> {
	const { rest } = setup.n8n;
	const called = n8nNode('Called', 'executeWorkflowTrigger', { inputSource: 'passthrough' }, 1.1);
	const { id } = await rest.createWorkflow(chain('Child', [called, node]));
	await rest.activate(id);
	return n8nNode('Run', 'executeWorkflow', { workflowId: inMode('id', id), options: {} }, 1.2);
}

beforeAll(async () => {
	const rows = PEOPLE.map((phone) => ({ phone }));
	({ id: tableId } = await createDataTable(setup.n8n.rest, 'Cases', { phone: 'string' }, rows));
});

describe.each([
	['', async (node: WorkflowNode) => node],
	[' in a sub-workflow', inSubWorkflow],
])('An evaluation over a table%s', (_where, wrap) => {
	test.each(Object.entries(REFUSALS))(
		'fails in words before anything is sent: %s',
		async (operation, words) => {
			const { cases, executions } = await evaluate(await wrap(call(operation, {})));
			expect(cases.map(({ status, metrics }) => [status, metrics])).toEqual(PEOPLE.map(() => ['error', {}]));
			for (const { data } of executions) expect(data.resultData.error?.message).toContain(words);
			expect(setup.simulator.requests).toEqual([]);
		},
	);

	test.each(Object.keys(REFUSALS))(
		'comes to its metrics with Dry Run, and calls no one: %s',
		async (operation) => {
			const { cases } = await evaluate(await wrap(call(operation, { dryRun: '={{ !!$evaluation }}' })));
			expect(cases.map(({ status, metrics }) => [status, metrics.wouldCall])).toEqual(
				PEOPLE.map(() => ['success', 1]),
			);
			expect(setup.simulator.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
		},
	);
});
