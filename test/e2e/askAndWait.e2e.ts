/**
 * Ask and Wait in a real n8n, with the official MCP client in the place of the voice agent: the execution goes on once, with the
 * answer.
 */
import { type Execution, outputOf } from '../n8n/rest';
import { waitFor } from '../n8n/processes';
import { MODES, publishWebhook, startNew, untilPublished, untilWaiting } from './deliveries';
import { callTool, post, withMcp } from './mcpClient';
import { Agents, type Question, question, submit } from './questions';
import {
	actionNode,
	BY_RULE,
	chain,
	countingNode,
	inMode,
	itemNodes,
	loop,
	MANUAL,
	n8nNode,
	ourCredential,
	timesContinued,
} from './nodes';
import { createCredential, PATIENT, setUpAll } from './setup';

const ASK = 'Ask';

const WORKFLOWS: Record<string, object[]> = {
	approval: [question()],
	fields: [
		question({
			responseType: 'fields',
			responseFields: {
				fields: [
					{ name: 'amount', type: 'number' },
					{ name: 'agreed', type: 'boolean' },
					{ name: 'size', type: 'options', options: 'small, large' },
					{ name: 'note', required: false },
				],
			},
		}),
	],
	twice: [question(), question({ message: 'And on Friday?' })],
	call: [{ ...BY_RULE, operation: 'makeAndWait', to: '+15550003000' }],
};

describe.each(MODES)('Ask and Wait in n8n, %s mode', (mode) => {
	const setup = setUpAll({
		queue: mode === 'queue' ? { webhooks: 2, workers: 1 } : undefined,
		simulator: { callBehaviour: false, ...PATIENT },
	});
	const agents = new Agents(setup);

	beforeAll(async () => {
		for (const [path, asks] of Object.entries(WORKFLOWS)) {
			const nodes = asks.map((parameters, index) =>
				actionNode(setup, index === 0 ? ASK : `${ASK} ${index}`, parameters),
			);
			await publishWebhook(setup, path, [...nodes, countingNode(setup, 'Count'), n8nNode('After', 'noOp')]);
		}
	});

	async function ask(path: string): Promise<Question> {
		await setup.n8n.rest.triggerByWebhook(`${setup.webhooksUrl}/webhook/${path}`);
		return await agents.next();
	}

	const statusOf = async ({ executionId }: Question) =>
		(await setup.n8n.rest.getExecution(executionId))?.status;

	/** Checks that the execution went on once. @returns it, and the item of the node */
	async function goneOn({ executionId }: Question): Promise<{ execution: Execution; item: object }> {
		const execution = await setup.n8n.rest.untilEnded(executionId, 'After');
		expect(execution.status).toBe('success');
		expect(timesContinued(setup, executionId)).toBe(1);
		return { execution, item: outputOf(execution, ASK)[0]! };
	}

	it('goes on once, with one of five answers that come at once, and with none that does not fit', async () => {
		const asked = await ask('fields');
		const fits = { agreed: true, size: 'large' };
		const [{ tools }, misfit] = await withMcp(asked, async (client) => [
			await client.listTools(),
			await callTool(client, 'submit_response', { ...fits, amount: '1' }),
		]);
		expect(tools).toMatchObject([{ name: 'submit_response' }]);
		expect(misfit.isError).toBe(true);
		expect(await statusOf(asked)).toBe('waiting');
		const answers = await Promise.all(
			[1, 2, 3, 4, 5.5].map(async (amount) => {
				const text = await (await post(asked, { ...fits, amount })).text();
				return text.includes('"isError":false') ? [{ ...fits, amount }] : [];
			}),
		);
		const [taken, ...more] = answers.flat();
		expect(more).toEqual([]);
		expect((await goneOn(asked)).item).toEqual({
			outcome: 'answered',
			responded: true,
			data: { ...taken, respondedAt: expect.any(String) as string },
			to: '+15550003000',
			callId: asked.callId,
			roomId: expect.any(String) as string,
		});
		// Too late, and n8n itself says so.
		expect((await post(asked)).status).toBe(409);
	});

	it('goes on by nothing forged, nor by the key of an earlier question of the same execution', async () => {
		const first = await ask('twice');
		await submit(first, { approved: true });
		const second = await agents.next();
		expect(second).toMatchObject({ url: first.url, executionId: first.executionId });
		for (const headers of [first.headers, { Authorization: '' }])
			expect((await post({ ...second, headers })).status).toBe(401);
		expect((await post(second, undefined, { method: 'DELETE' })).status).toBe(405);
		const url = second.url.replace(/signature=[^&]+/, 'signature=0');
		expect((await post({ ...second, url })).status).toBe(401);
		expect(await statusOf(first)).toBe('waiting');
		await submit(second, { approved: false });
		expect(outputOf((await goneOn(second)).execution, `${ASK} 1`)).toMatchObject([
			{ data: { approved: false }, callId: second.callId },
		]);
	});

	it('takes the answer at the same URL after n8n was killed', async () => {
		const asked = await ask('approval');
		for (const process of [setup.n8n, ...setup.webhooks]) {
			await process.kill();
			await process.restart();
		}
		await untilPublished(setup.webhooksUrl, 'approval');
		await untilWaiting(setup.n8n, asked.executionId);
		expect(await submit(asked, { approved: true })).toMatchObject({ isError: false });
		const { item } = await goneOn(asked);
		expect(item).toMatchObject({ data: { approved: true }, to: '+15550003000', callId: asked.callId });
	});

	it('takes nothing after the user stopped the execution', async () => {
		const asked = await ask('approval');
		await setup.n8n.rest.call('POST', `/executions/${asked.executionId}/stop`, {});
		expect((await post(asked)).status).toBe(409);
		expect(await statusOf(asked)).toBe('canceled');
	});

	it('in a sub-workflow with Loop Over Items: each with the keys of its item and its own response', async () => {
		const { apiKey, secret } = setup.simulator;
		const keys = { apiKey: '={{ $json.apiKey }}', secretKey: '={{ $json.secret }}' };
		const { id } = await createCredential(setup.n8n.rest, setup.simulator, keys);
		const numbers = ['+15550003001', '+15550003002'];
		const asking = actionNode(setup, ASK, question({ to: '={{ $json.phone }}' }), {
			credentials: ourCredential(id),
		});
		const called = n8nNode('Called', 'executeWorkflowTrigger', { inputSource: 'passthrough' }, 1.1);
		const { id: childId } = await setup.n8n.rest.createWorkflow(loop('Child', [called], asking));
		await setup.n8n.rest.activate(childId);
		const parent = chain('Parent', [
			MANUAL,
			...itemNodes(numbers.map((phone) => ({ phone, apiKey, secret }))),
			n8nNode('Run', 'executeWorkflow', { workflowId: inMode('id', childId), options: {} }, 1.2),
			n8nNode('After', 'noOp'),
		]);
		const executionId = await startNew(setup.n8n, parent);
		let asked!: Question;
		for (const [index, number] of numbers.entries()) {
			asked = await agents.next();
			expect(asked.to).toBe(number);
			const answer = await post(asked, { approved: index > 0 });
			expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
		}
		const responses = numbers.map((number, index) => ({ to: number, data: { approved: index > 0 } }));
		const { rest } = setup.n8n;
		expect(outputOf(await rest.untilEnded(asked.executionId, 'After'), 'After')).toMatchObject(responses);
		const after = outputOf(await rest.untilEnded(executionId, 'After'), 'After');
		expect(after).toMatchObject(responses);
	});

	// In queue mode, n8n tells no worker that an execution which a webhook process began was stopped (docs/dev/compatibility.md).
	if (mode === 'queue') return;

	/** Stops an execution before its call is made, and retries it. @returns the ID of the execution that waits */
	async function stopAndRetry(path: string): Promise<string> {
		const { n8n, simulator } = setup;
		const before = new Set((await n8n.rest.listExecutions()).map(({ id }) => id));
		const rooms = () => simulator.requests.filter((one) => one.path === '/v2/rooms' && one.method === 'POST');
		const { length } = rooms();
		simulator.addFault({ match: { method: 'POST', path: /^\/v2\/rooms/ }, kind: 'hang' });
		await n8n.rest.triggerByWebhook(`${setup.webhooksUrl}/webhook/${path}`);
		await waitFor('the request for a room', async () => rooms().length > length);
		const stopped = (await n8n.rest.listExecutions()).find(({ id }) => !before.has(id))!;
		await n8n.rest.call('POST', `/executions/${stopped.id}/stop`, {});
		await waitFor('the stop', async () => (await n8n.rest.getExecution(stopped.id))?.status === 'canceled');
		const body = { loadWorkflow: true };
		const { id } = await n8n.rest.call<{ id: string }>('POST', `/executions/${stopped.id}/retry`, body);
		await untilWaiting(n8n, String(id));
		return String(id);
	}

	it('takes the answer in the Retry of an execution that was stopped before it called', async () => {
		const executionId = await stopAndRetry('approval');
		const asked = await agents.next();
		expect(asked.executionId).toBe(executionId);
		expect(await submit(asked, { approved: true })).toMatchObject({ isError: false });
		expect((await goneOn(asked)).item).toMatchObject({ data: { approved: true }, callId: asked.callId });
	});

	it('Make and Wait hears of the end in such a Retry', async () => {
		const executionId = await stopAndRetry('call');
		const { callId } = [...setup.simulator.calls.values()].at(-1)!;
		await setup.simulator.moveCall(callId, 'ended');
		const ended = await setup.n8n.rest.untilEnded(executionId, 'After');
		expect(ended.status).toBe('success');
		expect(outputOf(ended, ASK)).toMatchObject([{ callId, outcome: expect.not.stringMatching('running') }]);
		expect(outputOf(ended, ASK)[0]).not.toHaveProperty('timedOut');
	});
});
