/** Recipes of docs/how-to.md whose promise depends on how n8n's own nodes work together with ours. */
import type { WorkflowNode } from '../../n8n/rest';
import { CALL_NUMBERS } from '../../simulator';
import { n8nOptions, runToEnd, LATEST_VERSION } from '../deliveries';
import { chain, itemNodes, n8nNode, ourNode, PATIENT, type Setup, setUp, to } from '../setup';

const ADA = '+14155550123';
const RULE = { routingRuleId: 'rule_out_01', from: '+15550102001' };

const when = (leftValue: string) => ({
	conditions: {
		options: { caseSensitive: true, leftValue: '', typeValidation: 'strict', version: 2 },
		conditions: [
			{
				id: 'one',
				leftValue,
				rightValue: '',
				operator: { type: 'boolean', operation: 'true', singleValue: true },
			},
		],
		combinator: 'and',
	},
	options: {},
});

describe.each(LATEST_VERSION)('How to, in n8n %s', (version) => {
	let setup: Setup;

	beforeAll(async () => {
		setup = await setUp({
			n8n: n8nOptions(version),
			simulator: { ...PATIENT, callBehaviour: { ringForMs: 0, talkMs: 500 } },
		});
	});
	afterAll(async () => await setup?.stop());

	const call = (parameters: object): WorkflowNode =>
		ourNode(setup, 'Call', 'videoSdkAgentCloud', {
			resource: 'call',
			operation: 'makeAndWait',
			...RULE,
			...parameters,
		});
	const callsTo = (number: string) =>
		[...setup.simulator.calls.values()].filter((made) => made.to === number);

	it('calls again after a while: three times at most, and only who did not answer', async () => {
		const loop = chain('Again', [
			n8nNode('Manual', 'manualTrigger'),
			...itemNodes([{ phone: ADA }, { phone: CALL_NUMBERS.missed }]),
			call({ to: '={{ $json.phone ?? $json.to }}' }),
			n8nNode('If', 'if', when("={{ $json.outcome === 'noAnswer' && $runIndex < 2 }}"), 2.2),
		]);
		loop.nodes.push(n8nNode('Wait', 'wait', { amount: 1, unit: 'seconds' }, 1.1), n8nNode('Done', 'noOp'));
		loop.connections.If = { main: [to('Wait'), to('Done')] };
		loop.connections.Wait = { main: [to('Call')] };
		const { id } = await setup.n8n.rest.createWorkflow(loop);
		const execution = await runToEnd(setup.n8n, id, 300_000);
		expect(execution.status).toBe('success');
		expect(callsTo(ADA)).toHaveLength(1);
		expect(callsTo(CALL_NUMBERS.missed)).toHaveLength(3);
	});
});
