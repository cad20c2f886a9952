/**
 * What n8n's own waits and limits could do to ours: the timer of an approval before a call, and a limit for production executions that is
 * reached when a wait ends. Each person is called once, and has the whole time to answer.
 */
import { waitFor } from '../../n8n/processes';
import { outputOf } from '../../n8n/rest';
import { ANY_VERSIONS, during, publishWebhook, untilWaiting } from '../deliveries';
import { Agents, question } from '../questions';
import { post } from '../mcpClient';
import { BY_GATEWAY, jsonNode, n8nNode, ourNode } from '../nodes';
import { PATIENT, type Setup, setUpAll } from '../setup';

const FIRST = '+15550003001';
const MANAGER = '+15550009001';
const PAYEE = '+15550009002';
/** n8n looks each minute for deadlines in the next 70 s. */
const LIMIT_S = 68;
const APPROVED_AFTER_MS = 61_000;
/** Longer than our request and VideoSDK's MCP client wait for an answer. */
const BUSY_MINUTES = 2;

const call = (operation: string, number: string) => ({ ...BY_GATEWAY, operation, to: number });
const pause = (name: string, seconds: number) =>
	n8nNode(name, 'wait', { amount: seconds, unit: 'seconds' }, 1.1);
const callsTo = ({ simulator }: Setup, number: string) =>
	[...simulator.calls.values()].filter(({ to }) => to === number);

async function publishAll(setup: Setup, workflows: Record<string, ReturnType<typeof n8nNode>[]>) {
	for (const [path, nodes] of Object.entries(workflows))
		await publishWebhook(setup, path, [...nodes, n8nNode('After', 'noOp')]);
}

describe.each(ANY_VERSIONS)('n8n %s: an approval that comes shortly before its limit', (version) => {
	const setup = setUpAll({ n8n: { version }, simulator: { callBehaviour: false, ...PATIENT } });
	const limit = { limitWaitTime: true, limitType: 'afterTimeInterval', resumeUnit: 'seconds' };
	const approval = (id: string) => [
		jsonNode('Link', '={{ { url: $execution.resumeUrl } }}'),
		{
			...n8nNode(
				'Wait for approval',
				'wait',
				{ ...limit, resume: 'webhook', httpMethod: 'POST', resumeAmount: LIMIT_S, options: {} },
				1.1,
			),
			webhookId: id,
		},
	];

	async function approve(path: string) {
		const { rest } = setup.n8n;
		const startedAtMs = Date.now();
		await rest.triggerByWebhook(path);
		const id = await waitFor('the execution', async () => {
			const [newest] = await rest.listExecutions({ status: ['waiting'] });
			return newest?.id;
		});
		const { url } = outputOf(await untilWaiting(setup.n8n, id), 'Link')[0] as { url: string };
		await during(APPROVED_AFTER_MS - (Date.now() - startedAtMs));
		await fetch(url.replace('localhost', '127.0.0.1'), { method: 'POST' });
		return id;
	}

	it('calls once what a slow step comes before, and cuts no question short', async () => {
		const ask = ourNode(setup, 'Ask by phone', 'videoSdkAgentCloud', question());
		const make = ourNode(setup, 'Make call', 'videoSdkAgentCloud', call('make', FIRST));
		await publishAll(setup, {
			ask: [...approval('approval-1'), ask],
			make: [...approval('approval-2'), pause('As an AI agent', 20), make],
		});
		const agents = new Agents(setup);
		const id = await approve('ask');
		await waitFor('the question', async () => setup.simulator.calls.size > 0, 120_000);
		const asked = await agents.next();
		await setup.simulator.moveCall(asked.callId, 'answered');
		await during(30_000);
		expect((await post(asked, { approved: true })).status).toBe(200);
		await during(3_000);
		const execution = await setup.n8n.rest.getExecution(id);
		expect(outputOf(execution!, 'After')).toMatchObject([{ responded: true, data: { approved: true } }]);

		await approve('make');
		await during(60_000);
		expect(callsTo(setup, FIRST)).toHaveLength(1);
	});
});

describe.each(ANY_VERSIONS)('n8n %s with one slot for production executions, which is taken', (version) => {
	const env = { N8N_CONCURRENCY_PRODUCTION_LIMIT: '1' };
	const setup = setUpAll({ n8n: { version, env }, simulator: { callBehaviour: false, ...PATIENT } });

	it('continues once what waits, also if it then waits again', async () => {
		const { n8n, simulator } = setup;
		const wait = (name: string, number: string) =>
			ourNode(setup, name, 'videoSdkAgentCloud', call('makeAndWait', number));
		await publishAll(setup, {
			call: [wait('Make call and wait', FIRST), wait('Call the manager and wait', MANAGER)],
			ask: [ourNode(setup, 'Ask by phone', 'videoSdkAgentCloud', question()), wait('Call the payee', PAYEE)],
			busy: Array.from({ length: BUSY_MINUTES }, (_, index) => pause(`Pause ${index}`, 60)),
		});
		const agents = new Agents(setup);
		await n8n.rest.triggerByWebhook('ask');
		const asked = await agents.next();
		await n8n.rest.triggerByWebhook('call');
		const made = await waitFor('the call', async () => callsTo(setup, FIRST)[0]);
		const waiting = await waitFor('both to wait', async () => {
			const executions = await n8n.rest.listExecutions({ status: ['waiting'] });
			return executions.length === 2 ? executions : undefined;
		});
		for (const { id } of waiting) await untilWaiting(n8n, id);
		// n8n 2.x answers once it has begun.
		void n8n.rest.triggerByWebhook('busy').catch(() => undefined);
		await waitFor('the slot to be taken', async () => {
			return (await n8n.rest.listExecutions({ status: ['running'] })).length === 1;
		});
		const busySinceMs = Date.now();
		for (const status of ['answered', 'ended'] as const) await simulator.moveCall(made.callId, status);
		// As VideoSDK's client gives up.
		await post(asked, { approved: true }, { giveUpAfterMs: 20_000 }).catch(() => undefined);
		await during(BUSY_MINUTES * 60_000 - (Date.now() - busySinceMs));
		for (const number of [MANAGER, PAYEE]) {
			await waitFor(`a call to ${number}`, async () => callsTo(setup, number)[0], 120_000);
		}
		await during(30_000);
		expect([MANAGER, PAYEE].map((number) => callsTo(setup, number).length)).toEqual([1, 1]);
	});
});
