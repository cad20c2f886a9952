/**
 * What n8n's own waits and limits could do to ours: the timer of an approval before a call, and a limit for production executions that is
 * reached when a wait ends. Each person is called once, and has the whole time to answer.
 */
import { waitFor } from '../../n8n/processes';
import { outputOf, type WorkflowNode } from '../../n8n/rest';
import { during, publishWebhook, untilWaiting } from '../deliveries';
import { Agents, question } from '../questions';
import { post } from '../mcpClient';
import { actionNode, BY_RULE, jsonNode, n8nNode, pause } from '../nodes';
import { PATIENT, type Setup, setUpAll } from '../setup';

const FIRST = '+15550003001';
const MANAGER = '+15550009001';
const PAYEE = '+15550009002';
const APPROVED = '+15550009003';
/** n8n looks each minute for deadlines in the next 70 s. */
const LIMIT_S = 68;
const APPROVED_AFTER_MS = 61_000;
/** Longer than our request and VideoSDK's MCP client wait for an answer. */
const BUSY_MINUTES = 2;

const call = (operation: string, number: string) => ({ ...BY_RULE, operation, to: number });
const callsTo = ({ simulator }: Setup, number: string) =>
	[...simulator.calls.values()].filter(({ to }) => to === number);

async function publishAll(setup: Setup, workflows: Record<string, ReturnType<typeof n8nNode>[]>) {
	for (const [path, nodes] of Object.entries(workflows))
		await publishWebhook(setup, path, [...nodes, n8nNode('After', 'noOp')]);
}

/** An approval, and before it its address. @param limit of its wait */
const approval = (webhookId: string, limit: object = {}): WorkflowNode[] => {
	const settings = { ...limit, resume: 'webhook', httpMethod: 'POST', options: {} };
	return [
		jsonNode('Link', '={{ { url: $execution.resumeUrl } }}'),
		{ ...n8nNode('Wait for approval', 'wait', settings, 1.1), webhookId },
	];
};
const LIMIT = {
	limitWaitTime: true,
	limitType: 'afterTimeInterval',
	resumeUnit: 'seconds',
	resumeAmount: LIMIT_S,
};

/** Starts an execution. @returns approves it */
async function untilApproval({ n8n, webhooksUrl }: Setup, path: string) {
	const waiting = async () =>
		(await n8n.rest.listExecutions({ status: ['waiting'] })).map((execution) => execution.id);
	const others = await waiting();
	const startedAtMs = Date.now();
	await n8n.rest.triggerByWebhook(`${webhooksUrl}/webhook/${path}`);
	const id = await waitFor('the execution', async () =>
		(await waiting()).find((one) => !others.includes(one)),
	);
	const { url } = outputOf(await untilWaiting(n8n, id), 'Link')[0] as { url: string };
	const approve = async () => await n8n.rest.triggerByWebhook(url.replace('localhost', '127.0.0.1'));
	return { id, startedAtMs, approve };
}

async function approveLate(setup: Setup, path: string): Promise<string> {
	const { id, startedAtMs, approve } = await untilApproval(setup, path);
	await during(APPROVED_AFTER_MS - (Date.now() - startedAtMs));
	await approve();
	return id;
}

describe('An approval that comes shortly before its limit', () => {
	const setup = setUpAll({ simulator: { callBehaviour: false, ...PATIENT } });

	it('calls once what a slow step comes before, and cuts no question short', async () => {
		const ask = actionNode(setup, 'Ask by phone', question());
		const make = actionNode(setup, 'Make call', call('make', FIRST));
		await publishAll(setup, {
			ask: [...approval('approval-1', LIMIT), ask],
			make: [...approval('approval-2', LIMIT), pause(20), make],
		});
		const agents = new Agents(setup);
		const id = await approveLate(setup, 'ask');
		await waitFor('the question', async () => setup.simulator.calls.size > 0, 120_000);
		const asked = await agents.next();
		await setup.simulator.moveCall(asked.callId, 'answered');
		await during(30_000);
		expect((await post(asked, { approved: true })).status).toBe(200);
		await during(3_000);
		const execution = await setup.n8n.rest.getExecution(id);
		expect(outputOf(execution!, 'After')).toMatchObject([{ responded: true, data: { approved: true } }]);

		await approveLate(setup, 'make');
		await during(60_000);
		expect(callsTo(setup, FIRST)).toHaveLength(1);
	});
});

describe('n8n with one slot for production executions, which is taken', () => {
	const env = { N8N_CONCURRENCY_PRODUCTION_LIMIT: '1' };
	const setup = setUpAll({ n8n: { env }, simulator: { callBehaviour: false, ...PATIENT } });

	it('continues once what waits, also if it then waits again', async () => {
		const { n8n, simulator } = setup;
		const wait = (name: string, number: string) => actionNode(setup, name, call('makeAndWait', number));
		await publishAll(setup, {
			call: [wait('Make call and wait', FIRST), wait('Call the manager and wait', MANAGER)],
			ask: [actionNode(setup, 'Ask by phone', question()), wait('Call the payee', PAYEE)],
			clicked: [
				...approval('approval-4'),
				{ ...wait('Call who is approved', APPROVED), onError: 'continueErrorOutput' },
			],
			busy: Array.from({ length: BUSY_MINUTES }, (_, index) => pause(60, `Pause ${index}`)),
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
		const { id, approve } = await untilApproval(setup, 'clicked');
		// n8n answers once it has begun.
		void n8n.rest.triggerByWebhook('busy').catch(() => undefined);
		await waitFor('the slot to be taken', async () => {
			return (await n8n.rest.listExecutions({ status: ['running'] })).length === 1;
		});
		const busySinceMs = Date.now();
		const end = async (callId: string) => {
			for (const status of ['answered', 'ended'] as const) await simulator.moveCall(callId, status);
		};
		await end(made.callId);
		// Someone who sees no answer clicks again.
		const clicks = [approve()];
		await during(5_000);
		clicks.push(approve());
		// As VideoSDK's client gives up.
		await post(asked, { approved: true }, { giveUpAfterMs: 20_000 }).catch(() => undefined);
		await during(BUSY_MINUTES * 60_000 - (Date.now() - busySinceMs));
		const numbers = [MANAGER, PAYEE, APPROVED];
		for (const number of numbers)
			await waitFor(`a call to ${number}`, async () => callsTo(setup, number)[0], 120_000);
		await Promise.allSettled(clicks);
		await during(30_000);
		expect(numbers.map((number) => callsTo(setup, number).length)).toEqual([1, 1, 1]);
		await end(callsTo(setup, APPROVED)[0]!.callId);
		const after = async () => outputOf((await n8n.rest.getExecution(id))!, 'After')[0];
		expect(await waitFor('the outcome', after, 60_000)).toMatchObject({ outcome: 'answered' });
	});
});
