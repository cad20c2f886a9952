/** Recipes of docs/how-to.md whose promise depends on how n8n's own nodes work together with ours. */
import { signToken, toolKey } from '../../nodes/VideoSdkAgentCloud/tools/token';
import { createDataTable } from '../n8n/dataTables';
import { waitFor } from '../n8n/processes';
import { outputOf, type WorkflowNode } from '../n8n/rest';
import { CALL_NUMBERS } from '../simulator';
import { n8nOptions, publish, runToEnd, LATEST_VERSION } from './deliveries';
import { connectMcp } from './mcpClient';
import { chain, itemNodes, n8nNode, ourNode, PATIENT, type Setup, setUp, to } from './setup';

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

	it('keeps a do-not-call list', async () => {
		const table = await createDataTable(setup.n8n.rest, 'Do not call', { phone: 'string' }, [
			{ phone: '+14155550199' },
		]);
		const check = n8nNode(
			'Not on the list',
			'dataTable',
			{
				operation: 'rowNotExists',
				dataTableId: { __rl: true, mode: 'id', value: table.id },
				filters: { conditions: [{ keyName: 'phone', condition: 'eq', keyValue: '={{ $json.phone }}' }] },
			},
			1,
		);
		const { id } = await setup.n8n.rest.createWorkflow(
			chain('List', [
				n8nNode('Manual', 'manualTrigger'),
				...itemNodes([{ phone: '+14155550199' }, { phone: '+14155550124' }]),
				check,
			]),
		);
		const passed = outputOf(await runToEnd(setup.n8n, id), 'Not on the list');
		expect(passed).toMatchObject([{ phone: '+14155550124' }]);
	});

	it('hands over to a colleague: the agent is answered, and the call is transferred', async () => {
		const { id } = await setup.n8n.rest.createWorkflow(
			chain('Talks', [
				n8nNode('Manual', 'manualTrigger'),
				{ ...call({ operation: 'make', to: '+14155550125' }), name: 'Make' },
			]),
		);
		setup.simulator.setCallBehaviour({ ringForMs: 0, talkMs: 60_000 });
		const [made] = outputOf(await runToEnd(setup.n8n, id), 'Make');
		const trigger = { toolName: 'hand_over', toolDescription: 'Use it when the caller asks for a person.' };
		await publish(
			setup.n8n,
			chain('Hand over', [
				ourNode(setup, 'When agent asks', 'videoSdkAgentCloudMcpTrigger', trigger, {
					webhookId: 'hand-over',
				}),
				ourNode(setup, 'Answer', 'videoSdkAgentCloud', {
					...{ resource: 'tool', operation: 'answer', respondWith: 'text' },
					answerText: "Tell the caller that you're putting them through.",
				}),
				ourNode(setup, 'Transfer', 'videoSdkAgentCloud', {
					...{ resource: 'call', operation: 'transfer', transferTo: '+14155550126' },
					callId: {
						__rl: true,
						mode: 'id',
						value: "={{ $('When agent asks').item.json.headers['x-call-id'] }}",
					},
				}),
			]),
		);
		const url = `${setup.n8n.url.replace('127.0.0.1', 'localhost')}/webhook/hand-over/mcp`;
		await setup.n8n.rest.waitForWebhook(url);
		const access = { url, expiresAtS: Date.now() / 1000 + 600, context: {} };
		const client = await connectMcp(
			setup.n8n.runtime,
			url,
			signToken(access, toolKey(setup.simulator.secret)),
			{
				'x-call-id': String(made?.callId),
			},
		);
		expect(JSON.stringify(await client.callTool({ name: 'hand_over', arguments: {} }))).toContain(
			'putting them through',
		);
		await client.close();
		await waitFor(
			'the transfer',
			async () => setup.simulator.requests.find(({ path }) => path.endsWith('/call/transfer')),
			30_000,
		);
	});
});
