/** Ask and Wait in a real n8n, with the official MCP client in the place of the voice agent: the execution goes on once, with the answer. */
import { startWorker } from '../n8n/instance';
import { freePorts, waitFor } from '../n8n/processes';
import { startQueueServices } from '../n8n/queueMode';
import { type Execution, outputOf } from '../n8n/rest';
import { LATEST_VERSION, n8nOptions, publish, runEnded, untilPublished, untilWaiting } from './deliveries';
import { type Client, connectMcp } from './mcpClient';
import { chain, n8nNode, ourNode, PATIENT, type Setup, setUp, webhookNode } from './setup';

const ASK = 'Ask';
/** What the last node calls, so that it is known how often the execution went on. The simulator knows no such path. */
const COUNTED_PATH = '/went-on/';

interface HandedTool {
	url: string;
	headers: { Authorization: string };
}

interface Question extends HandedTool {
	executionId: string;
	callId: string;
}

const question = (more: object = {}) => ({
	resource: 'call',
	operation: 'sendAndWait',
	to: '+15550003000',
	callVia: 'gateway',
	gatewayId: { __rl: true, mode: 'id', value: 'gw_out_01' },
	message: 'May we come on Thursday?',
	...more,
});
const OWN_ROOM = { options: { ownRoom: true } };
const WORKFLOWS: Record<string, object[]> = {
	approval: [question()],
	'free-text': [question({ responseType: 'freeText' })],
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
	room: [question(OWN_ROOM)],
	deadline: [question({ maxWait: 0.1, maxWaitUnit: 'minutes' })],
};

describe.each(
	LATEST_VERSION.flatMap((version) => [[version, 'regular'] as const, [version, 'queue'] as const]),
)('Ask and Wait in n8n %s, %s mode', (version, mode) => {
	let setup: Setup;
	const undo: Array<() => Promise<unknown>> = [];

	beforeAll(async () => {
		const [port = 0] = await freePorts(1);
		// Without it a worker hands out the address of an n8n of its own.
		const name = version.startsWith('2.') ? 'N8N_WEBHOOK_URL' : 'WEBHOOK_URL';
		const env = { [name]: `http://127.0.0.1:${port}/` };
		const services = mode === 'queue' ? await startQueueServices(version, env) : undefined;
		if (services) undo.push(services.stop);
		const options = { ...(services?.options ?? n8nOptions(version, env)), port };
		setup = await setUp({ n8n: options, simulator: { callBehaviour: false, ...PATIENT } });
		undo.push(async () => await setup.stop());
		if (services) {
			const worker = await startWorker(services.options);
			undo.push(async () => await worker.stop());
		}
		for (const [path, asks] of Object.entries(WORKFLOWS)) {
			const nodes = asks.map((parameters, index) =>
				ourNode(setup, index === 0 ? ASK : `${ASK} ${index}`, 'videoSdkAgentCloud', parameters),
			);
			const url = `=${setup.simulator.url}${COUNTED_PATH}{{ $execution.id }}`;
			const count = {
				...n8nNode('Count', 'httpRequest', { url, options: {} }, 4.2),
				onError: 'continueRegularOutput',
			};
			await publish(setup.n8n, chain(path, [webhookNode(path), ...nodes, count, n8nNode('After', 'noOp')]));
			await untilPublished(setup.n8n.url, path);
		}
	});
	afterAll(async () => {
		for (const step of undo.splice(0).reverse()) await step();
	});

	/** The newest call, and what its agent was given. */
	async function newest(known: Set<string>): Promise<Omit<Question, 'executionId'>> {
		const call = await waitFor(
			'a call',
			async () => [...setup.simulator.calls.values()].find(({ callId }) => !known.has(callId)),
			60_000,
			20,
		);
		const [tool] = (call.metadata as { n8nTools: HandedTool[] }).n8nTools;
		return { ...tool!, callId: call.callId };
	}

	async function ask(path: string): Promise<Question> {
		const known = new Set(setup.simulator.calls.keys());
		await setup.n8n.rest.triggerByWebhook(path);
		const asked = await newest(known);
		const [, executionId = ''] = /webhook-waiting\/(\d+)\/mcp/.exec(asked.url) ?? [];
		await untilWaiting(setup.n8n, executionId);
		return { ...asked, executionId };
	}

	const connect = async ({ url, headers }: HandedTool): Promise<Client> =>
		await connectMcp(setup.n8n.runtime, url, headers.Authorization.replace('Bearer ', ''));

	async function submit(asked: HandedTool, input: object) {
		const client = await connect(asked);
		try {
			return await client.callTool({ name: 'submit_response', arguments: input });
		} finally {
			await client.close();
		}
	}

	/** The tool call alone, without the protocol's other requests. */
	const post = async (
		{ url }: HandedTool,
		headers: object,
		input: object = { approved: true },
		method = 'POST',
	) =>
		await fetch(url, {
			method,
			headers: { 'content-type': 'application/json', ...headers },
			...(method === 'POST' && {
				body: JSON.stringify({
					...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
					params: { name: 'submit_response', arguments: input },
				}),
			}),
		});

	async function goneOn({
		executionId,
	}: Question): Promise<{ execution: Execution; item: object; times: number }> {
		const execution = await runEnded(setup.n8n, executionId, 'After');
		const times = setup.simulator.requests.filter(
			({ path }) => path === `${COUNTED_PATH}${executionId}`,
		).length;
		return { execution, times, item: outputOf(execution, ASK)[0]! };
	}

	const respondedAt = expect.any(String) as string;

	it.each<[string, object, object]>([
		[
			'approval',
			{ approved: false, comment: 'On Friday' },
			{ approved: false, comment: 'On Friday', respondedAt },
		],
		['free-text', { text: 'On Friday' }, { text: 'On Friday', respondedAt }],
		[
			'fields',
			{ size: 'large', amount: 12.5, agreed: true },
			{ amount: 12.5, agreed: true, size: 'large', respondedAt },
		],
	])('goes on once with the answer: %s', async (path, input, data) => {
		const asked = await ask(path);
		const client = await connect(asked);
		const [tool] = (await client.listTools()).tools;
		expect(tool?.name).toBe('submit_response');
		expect((await setup.n8n.rest.getExecution(asked.executionId))?.status).toBe('waiting');
		expect((await client.callTool({ name: 'submit_response', arguments: input })).isError).toBe(false);
		await client.close();
		const { execution, item, times } = await goneOn(asked);
		expect(execution.status).toBe('success');
		expect(item).toEqual({
			outcome: 'answered',
			responded: true,
			data,
			to: '+15550003000',
			callId: asked.callId,
		});
		expect(times).toBe(1);
		// Too late, and n8n itself says so.
		expect((await post(asked, asked.headers)).status).toBe(409);
	});

	it('takes no answer that does not fit, and five that fit only once', async () => {
		const asked = await ask('fields');
		const fits = { amount: 1, agreed: true, size: 'small' };
		for (const input of [
			{},
			{ ...fits, amount: '1' },
			{ ...fits, size: 'huge' },
			{ amount: 1, agreed: true },
		]) {
			expect(await submit(asked, input)).toMatchObject({ isError: true });
		}
		expect((await setup.n8n.rest.getExecution(asked.executionId))?.status).toBe('waiting');
		const answers = await Promise.all(
			[1, 2, 3, 4, 5].map(async (amount) => await post(asked, asked.headers, { ...fits, amount })),
		);
		const texts = await Promise.all(answers.map(async (answer) => await answer.text()));
		const taken = texts.flatMap((text, index) => (text.includes('"isError":false') ? [index + 1] : []));
		expect(taken).toHaveLength(1);
		const { item, times } = await goneOn(asked);
		expect(item).toMatchObject({ data: { amount: taken[0] } });
		expect(times).toBe(1);
	});

	it('goes on by nothing forged, nor by the key of an earlier question of the same execution', async () => {
		const first = await ask('twice');
		const known = new Set(setup.simulator.calls.keys());
		await submit(first, { approved: true });
		const second = { ...(await newest(known)), executionId: first.executionId };
		expect(second.url).toBe(first.url);
		await untilWaiting(setup.n8n, first.executionId);
		for (const headers of [
			first.headers,
			{},
			{ authorization: 'Bearer n8ntool1_AAAA' },
			{ authorization: 'Bearer' },
		]) {
			expect((await post(second, headers)).status).toBe(401);
		}
		for (const method of ['GET', 'DELETE'])
			expect((await post(second, second.headers, {}, method)).status).toBe(405);
		if (version.startsWith('2.')) {
			const url = second.url.replace(/signature=[^&]+/, 'signature=0');
			expect((await post({ ...second, url }, second.headers)).status).toBe(401);
		}
		expect((await setup.n8n.rest.getExecution(first.executionId))?.status).toBe('waiting');
		await submit(second, { approved: false });
		const { execution, times } = await goneOn(second);
		expect(outputOf(execution, `${ASK} 1`)).toMatchObject([
			{ data: { approved: false }, callId: second.callId },
		]);
		expect(times).toBe(1);
	});

	it('takes the answer at the same URL after n8n was killed', async () => {
		const asked = await ask('approval');
		await setup.n8n.kill();
		await setup.n8n.restart();
		await setup.n8n.rest.login();
		expect(await submit(asked, { approved: true })).toMatchObject({ isError: false });
		const { item, times } = await goneOn(asked);
		expect(item).toMatchObject({ data: { approved: true }, to: '+15550003000', callId: asked.callId });
		expect(times).toBe(1);
	});

	it.each([
		['approval', 'missed', 'noAnswer'],
		['room', 'ended', 'answered'],
	] as const)('goes on without an answer when the call is over: %s, %s', async (path, status, outcome) => {
		const asked = await ask(path);
		if (status === 'ended') await setup.simulator.moveCall(asked.callId, 'answered');
		const endedAtMs = Date.now();
		await setup.simulator.moveCall(asked.callId, status);
		const { item, times } = await goneOn(asked);
		process.stdout.write(
			`${version} ${mode} ${path}: ${Date.now() - endedAtMs} ms from the end to the end of the execution\n`,
		);
		expect(item).toEqual({
			outcome,
			responded: false,
			data: { approved: false },
			to: '+15550003000',
			callId: asked.callId,
		});
		expect(times).toBe(1);
	});

	it('hangs up at Max Wait', async () => {
		const asked = await ask('deadline');
		await setup.simulator.moveCall(asked.callId, 'answered');
		const { item } = await goneOn(asked);
		expect(item).toMatchObject({
			responded: false,
			data: { approved: false },
			timedOut: true,
			hungUpAtTimeout: true,
		});
		expect(setup.simulator.calls.get(asked.callId)?.status).toBe('ended');
	});

	it('takes nothing after the user stopped the execution', async () => {
		const asked = await ask('approval');
		await setup.n8n.rest.call('POST', `/executions/${asked.executionId}/stop`, {});
		expect((await post(asked, asked.headers)).status).toBe(409);
		expect((await setup.n8n.rest.getExecution(asked.executionId))?.status).toBe('canceled');
	});
});
