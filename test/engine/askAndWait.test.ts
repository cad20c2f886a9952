/** Call: Ask and Wait, with the official MCP client in the place of the voice agent. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import fc from 'fast-check';
import { ExecuteContext } from 'n8n-core';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { byRule, callParameters, made, TO } from './callRig';
import { REVIEW, TOOL } from './engine';
import { byId, failureOf, jsonOf, passTime, useRig } from './rig';
import type { WaitingRun } from './waitingRun';

/** An execution that is left waiting would keep the test. */
afterEach(async () => {
	const open = [...rig.simulator.calls.values()].filter(({ end }) => end === null);
	await Promise.all(open.map(async (call) => await rig.simulator.moveCall(call.callId, 'ended')));
});
const rig = useRig({ callBehaviour: false });
const MAX_WAIT_MS = 600_000;
const FIELDS = [
	{ name: 'amount', type: 'number', description: 'In dollars' },
	{ name: 'agreed', type: 'boolean' },
	{ name: 'size', type: 'options', options: 'small, large' },
	{ name: 'note', type: 'string', required: false },
];
const asFields = (fields: IDataObject[] = FIELDS): IDataObject => ({
	responseType: 'fields',
	responseFields: { fields },
});
const ask = (more: IDataObject = {}): INodeParameters =>
	byRule({ operation: 'sendAndWait', to: TO, message: 'Ask whether Thursday works', ...more });

interface HandedTool {
	url: string;
	headers: { Authorization: string };
	timeout: number;
}

/** What the agents of the calls were given, in the order of the calls. */
const handedTools = (): HandedTool[][] =>
	made(rig).map(({ body }) => (body as { metadata: { n8nTools: HandedTool[] } }).metadata.n8nTools);
const lastTool = () => handedTools().at(-1)![0]!;

async function connect({ url, headers }: HandedTool = lastTool()): Promise<Client> {
	const client = new Client({ name: 'voice-agent', version: '1.0.0' });
	await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
	return client;
}

/** Asks, and connects as the call's agent. */
async function asked(
	more: IDataObject = {},
	options: object = {},
): Promise<{ waiting: WaitingRun; agent: Client }> {
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, ask(more), options);
	expect(waiting.result.run.status).toBe('waiting');
	return { waiting, agent: await connect() };
}

async function submit(agent: Client, input: IDataObject) {
	const { isError, content } = await agent.callTool({ name: 'submit_response', arguments: input });
	return { isError, text: (content as Array<{ text: string }>)[0]?.text };
}

const post = async (
	{ url }: Pick<HandedTool, 'url'>,
	headers: Record<string, string>,
	method = 'POST',
	input: unknown = { approved: true },
) =>
	await fetch(url, {
		method,
		headers: { 'content-type': 'application/json', ...headers },
		...(method === 'POST' && {
			body: JSON.stringify({
				jsonrpc: '2.0',
				id: 1,
				method: 'tools/call',
				params: { name: 'submit_response', arguments: input },
			}),
		}),
	});

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string;
const callId = () => [...rig.simulator.calls.keys()].at(-1);

describe('What the agent is given', () => {
	it("is one tool, at the waiting execution's own URL, whose last path segment is mcp", async () => {
		await asked({ metaData: { entries: [{ key: 'ticket', value: 7 }] } });
		const { url, headers, timeout } = lastTool();
		expect(new URL(url).pathname).toMatch(/\/webhook-waiting\/[\w-]+\/mcp$/);
		expect(url).toMatch(/[?&]end=mcp$/);
		expect(headers.Authorization).toMatch(/^Bearer n8ntool1_[\w-]{43}$/);
		expect(timeout).toBe(20);
		expect(made(rig)[0]?.body).toMatchObject({ metadata: { ticket: 7 }, maxCallDuration: 600 });
	});

	it.each<[string, IDataObject, object]>([
		[
			'approval',
			{},
			{ properties: { approved: { type: 'boolean' }, comment: { type: 'string' } }, required: ['approved'] },
		],
		[
			'free text',
			{ responseType: 'freeText' },
			{ properties: { text: { type: 'string' } }, required: ['text'] },
		],
		[
			'fields',
			asFields(),
			{
				properties: {
					amount: { type: 'number' },
					agreed: { type: 'boolean' },
					size: { type: 'string', enum: ['small', 'large'] },
					note: { type: 'string' },
				},
				required: ['amount', 'agreed', 'size'],
			},
		],
	])('says the question wherever a model may read it: %s', async (_what, more, schema) => {
		const { agent } = await asked(more);
		const [tool] = (await agent.listTools()).tools;
		expect(tool).toMatchObject({ name: 'submit_response', inputSchema: schema });
		const [first] = Object.values(tool!.inputSchema.properties as Record<string, { description: string }>);
		for (const text of [tool!.description, tool!.inputSchema.description, first?.description]) {
			expect(text).toContain('Ask whether Thursday works');
		}
	});

	it('comes out nowhere: no output, no stored execution, no list of calls', async () => {
		const { agent, waiting } = await asked();
		const key = lastTool().headers.Authorization.slice('Bearer '.length);
		expect(JSON.stringify(waiting.result.run)).not.toContain(key);
		await submit(agent, { approved: true });
		await waiting.resumedWithin();
		expect(JSON.stringify(waiting.resumed)).not.toContain(key);
		const calls = jsonOf(
			await rig.engine.run({ parameters: callParameters('getAll', { returnAll: true, simplify: false }) }),
		);
		expect(calls).toHaveLength(1);
		expect(JSON.stringify(calls)).not.toMatch(/n8ntool1_|n8nTools/);
	});
});

describe('A response', () => {
	it.each<[string, IDataObject, IDataObject, IDataObject]>([
		['yes', {}, { approved: true, comment: ' ' }, { approved: true }],
		[
			'no, with a comment',
			{},
			{ approved: false, comment: 'Too dear' },
			{ approved: false, comment: 'Too dear' },
		],
		['free text', { responseType: 'freeText' }, { text: 'Thursday' }, { text: 'Thursday' }],
		[
			'fields, without those that are not wanted',
			asFields(),
			{ size: 'large', amount: 12.5, agreed: false, mood: 'good' },
			{ amount: 12.5, agreed: false, size: 'large' },
		],
	])('continues the execution at once: %s', async (_what, more, input, data) => {
		const { agent, waiting } = await asked(more);
		expect(await submit(agent, input)).toEqual({ isError: false, text: expect.stringContaining('received') });
		expect(await waiting.jsonWithin()).toEqual([
			{
				outcome: 'answered',
				responded: true,
				data: { ...data, respondedAt: TIME },
				to: TO,
				callId: callId(),
			},
		]);
		expect(waiting.output?.[0]?.pairedItem).toEqual({ item: 0 });
	});

	const optional = FIELDS.map((field) => ({ ...field, required: "={{ 'false' }}" }));
	const AGAIN = 'Correct it and call submit_response again.';
	const NO_ANSWER = 'There is no answer in it. Fill in at least one argument and call submit_response again.';
	const GOOD = { amount: 1, agreed: true, size: 'large' };
	it.each<[string, IDataObject, IDataObject[], string, IDataObject]>([
		['no size', asFields(), [{ amount: 1, agreed: true }], "'size' is missing", GOOD],
		['a text', asFields(), [{ ...GOOD, amount: '12' }], "'amount' must be of type number", GOOD],
		['no option', asFields(), [{ ...GOOD, size: 'huge' }], '\'size\' must be one of "small", "large"', GOOD],
		['a blank', { responseType: 'freeText' }, [{ text: ' ' }], `'text' is empty. ${AGAIN}`, { text: 'Yes' }],
		['nothing', asFields(optional), [{}, { note: ' ' }, { mood: 'good' }], NO_ANSWER, { agreed: false }],
	])(
		'that does not fit is told to the agent, and another may follow: %s',
		async (_what, more, inputs, words, good) => {
			const { agent, waiting } = await asked(more);
			for (const input of inputs) {
				expect(await submit(agent, input)).toEqual({ isError: true, text: expect.stringContaining(words) });
			}
			expect(waiting.output).toBeUndefined();
			await submit(agent, good);
			expect(await waiting.jsonWithin()).toMatchObject([{ responded: true, data: good }]);
		},
	);

	it('counts once, of five at the same time', async () => {
		const { agent, waiting } = await asked();
		const answers = await Promise.all(
			[1, 2, 3, 4, 5].map(async () => await submit(agent, { approved: true }).catch(() => undefined)),
		);
		expect(answers.filter((answer) => answer?.isError === false)).toHaveLength(1);
		await waiting.resumedWithin();
		expect(waiting.resumptions).toBe(1);
	});

	it.each(['the same process', 'another process'])(
		'is kept if n8n fails to continue, though the call ends then, and %s continues',
		async (where) => {
			const { agent, waiting } = await asked();
			waiting.failures = 1;
			await expect(submit(agent, { approved: true })).rejects.toThrow();
			if (where === 'another process') waiting.receiver = await rig.addEngine();
			await rig.simulator.moveCall(String(callId()), 'missed');
			expect(await waiting.jsonWithin()).toMatchObject([{ responded: true, data: { approved: true } }]);
			expect(waiting.resumptions).toBe(1);
		},
	);

	it('is taken by a process that has just started', async () => {
		const { agent, waiting } = await asked();
		waiting.receiver = await rig.addEngine();
		await submit(agent, { approved: true });
		expect(await waiting.jsonWithin()).toMatchObject([
			{ to: TO, callId: callId(), data: { approved: true } },
		]);
	});

	const RIGHT = 'the right key';
	it.each([
		['no key', 'POST', undefined, 401],
		['a wrong key', 'POST', `Bearer n8ntool1_${'A'.repeat(43)}`, 401],
		['an empty key', 'POST', 'Bearer ', 401],
		['GET', 'GET', RIGHT, 405],
		['DELETE', 'DELETE', RIGHT, 405],
	])('by %s is rejected', async (_what, method, key, status) => {
		const { waiting } = await asked();
		const authorization = key === RIGHT ? lastTool().headers.Authorization : key;
		const answer = await post(lastTool(), { ...(authorization && { authorization }) }, method);
		expect([answer.status, answer.headers.get('allow')]).toEqual([status, status === 405 ? 'POST' : null]);
		expect(waiting.resumptions).toBe(0);
	});

	it('with the key of an earlier question is rejected, and so is one to another wait of this node', async () => {
		await asked();
		const earlier = lastTool();
		const { waiting } = await asked();
		expect((await post(lastTool(), earlier.headers as never)).status).toBe(401);
		const other = await rig.engine.startAndWait(MAX_WAIT_MS, byRule({ operation: 'makeAndWait', to: TO }));
		expect(
			(await post({ url: `${other.webhookWaitingBaseUrl}/1/mcp` }, earlier.headers as never)).status,
		).toBe(401);
		expect([waiting.resumptions, other.resumptions]).toEqual([0, 0]);
	});

	it('of any form is answered without an exception, and resumes only if it fits', async () => {
		const { waiting } = await asked(asFields());
		const value = fc.oneof(fc.jsonValue(), fc.constantFrom(12, true, 'small', 'large'));
		await fc.assert(
			fc.asyncProperty(
				fc.record({ amount: value, agreed: value, size: value, note: value }, { requiredKeys: [] }),
				async (input) => {
					const { amount, agreed, size, note } = input;
					const fits =
						typeof amount === 'number' &&
						typeof agreed === 'boolean' &&
						['small', 'large'].includes(size as string);
					fc.pre(!(fits && (note === undefined || typeof note === 'string')));
					const answer = await post(lastTool(), lastTool().headers as never, 'POST', input);
					expect(answer.status).toBeLessThan(500);
					expect(waiting.resumptions).toBe(0);
				},
			),
			{ numRuns: 100 },
		);
	});
});

describe('A call without a response', () => {
	it.each<[string, (agent: Client) => Promise<unknown>]>([
		['a look at the tool', async (agent) => await agent.listTools()],
		['a response that does not fit', async (agent) => await submit(agent, {})],
	])('is watched by a process that heard of it by %s, if the first one is gone', async (_what, send) => {
		const { agent, waiting } = await asked();
		waiting.receiver = await rig.addEngine({ credentialId: rig.engine.credentialId });
		// Without its credential the first process learns nothing.
		rig.engine.deleteCredentials();
		await send(agent);
		await rig.simulator.moveCall(String(callId()), 'missed');
		expect(await waiting.jsonWithin()).toMatchObject([{ outcome: 'noAnswer', responded: false }]);
	});

	it.each([
		[['missed'], {}, 'noAnswer', { approved: false }],
		[['rejected'], {}, 'rejected', { approved: false }],
		[['failed'], {}, 'failed', { approved: false }],
		[['answered', 'ended'], { responseType: 'freeText' }, 'answered', {}],
	] as const)('continues when it is over: %j %j', async (statuses, more, outcome, data) => {
		const { waiting } = await asked(more);
		for (const status of statuses) await rig.simulator.moveCall(String(callId()), status);
		expect(await waiting.jsonWithin()).toEqual([
			{ outcome, responded: false, data, to: TO, callId: callId() },
		]);
	});

	it('still waits 5 seconds for a response after the end', async () => {
		const { agent, waiting } = await asked({ options: { ownRoom: true } });
		for (const status of ['answered', 'ended'] as const)
			await rig.simulator.moveCall(String(callId()), status);
		expect(waiting.output).toBeUndefined();
		expect((await submit(agent, { approved: true })).isError).toBe(false);
		expect(await waiting.jsonWithin()).toMatchObject([{ outcome: 'answered', responded: true }]);
	});

	it('is hung up at Max Wait, by VideoSDK too', async () => {
		const waiting = await rig.engine.startAndWait(20_000, ask());
		await rig.simulator.moveCall(String(callId()), 'answered');
		expect(made(rig)[0]?.body).toMatchObject({ maxCallDuration: 20 });
		expect(await waiting.jsonWithin()).toEqual([
			{
				...{ outcome: 'answered', responded: false, data: { approved: false }, to: TO, callId: callId() },
				...{ timedOut: true, hungUpAtTimeout: true },
			},
		]);
		expect(rig.simulator.calls.get(String(callId()))?.status).toBe('ended');
	});

	it("comes out as not approved at n8n's own deadline, whatever the input said", async () => {
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, ask(), {
			items: [{ approved: true, data: { approved: true } }],
		});
		const { output } = await waiting.reachDeadline();
		expect(output[0]?.map(({ json }) => json)).toEqual([
			{
				outcome: 'running',
				responded: false,
				data: { approved: false },
				to: TO,
				callId: callId(),
				timedOut: true,
			},
		]);
	});
});

describe('Nothing is asked', () => {
	const NO_ONE = /No one was called\.$/;

	it.each<[string, IDataObject, string]>([
		['without a message', { message: ' ' }, "'Message' is empty"],
		['if its expression gives nothing', { message: '={{ $json.nothing }}' }, "'Message' is empty"],
		['without fields', { responseType: 'fields' }, "'Response Fields' is empty"],
		['with a field without a name', asFields([{ name: ' ' }]), "Field 1 in 'Response Fields' has no 'Name'"],
		['with a name twice', asFields([{ name: 'a' }, { name: 'a' }]), "'a' appears twice in 'Response Fields'"],
		[
			'with options without options',
			asFields([{ name: 'a', type: 'options' }]),
			"Field 1 in 'Response Fields' has no 'Options'",
		],
		[
			'with a field that n8n names so',
			asFields([{ name: 'respondedAt' }]),
			"'respondedAt' in 'Response Fields'",
		],
		[
			'with a required that is neither',
			asFields([{ name: 'a', required: 'sometimes' }]),
			"'Required' of Field 1 in 'Response Fields' is 'sometimes'",
		],
		[
			'in a room and in its own',
			{ options: { roomId: 'abcd', ownRoom: true } },
			"'Room ID' can't be combined with 'Own Room'",
		],
		[
			'beside own tools in the metadata',
			{ metaData: { entries: [{ key: 'n8nTools', value: 'x' }] } },
			"'Metadata' contains 'n8nTools'",
		],
	])('%s', async (_what, more, words) => {
		const { message, description } = failureOf(await rig.engine.run({ parameters: ask(more) }));
		expect(message).toContain(words);
		expect(description).toMatch(NO_ONE);
		expect(made(rig)).toHaveLength(0);
	});

	it('of several people at once', async () => {
		const result = await rig.engine.run({ parameters: ask(), items: [{}, {}] });
		expect(failureOf(result).message).toContain('one person at a time');
		expect(failureOf(result).description).toMatch(
			/Execute Sub-workflow.*Loop Over Items.*No one was called\.$/,
		);
		expect(made(rig)).toHaveLength(0);
	});

	it("if VideoSDK's agents could not reach n8n", async () => {
		rig.engine.setCredentials(rig.credentials({ baseUrl: 'https://api.videosdk.live' }));
		const via = { callVia: 'gateway', gatewayId: byId('gw') };
		const { message, description } = failureOf(await rig.engine.run({ parameters: ask(via) }));
		expect(message).toMatch(/VideoSDK's agents can't reach this execution at http:\/\/localhost:5678/);
		expect(description).toContain('N8N_WEBHOOK_URL');
	});

	it('outside calling hours', async () => {
		passTime(Date.parse('2026-11-28T12:00:00Z') - Date.now());
		const options = { callingHours: { hours: { days: [1], timeZone: 'UTC' } } };
		const [item] = jsonOf(await rig.engine.run({ parameters: ask({ options }) }));
		expect(item).toEqual({
			...{ outcome: 'notCalled', responded: false, data: { approved: false }, to: TO },
			reason: expect.stringContaining('Saturday, 12:00 in UTC'),
		});
		expect(made(rig)).toHaveLength(0);
	});

	it('if the call is refused: the item says so, on either output', async () => {
		for (const onError of ['continueRegularOutput', 'continueErrorOutput'] as const) {
			rig.simulator.addFault({ match: { path: /sip\/call$/, times: 1 }, kind: 'status', status: 400 });
			const { routed } = await rig.engine.run({ parameters: ask(), onError });
			const items = onError === 'continueErrorOutput' ? routed.failure : routed.success;
			expect(items.map(({ json }) => json)).toMatchObject([
				{
					outcome: 'notCalled',
					responded: false,
					data: { approved: false },
					to: TO,
					error: expect.any(String),
				},
			]);
		}
	});
});

it('As a tool of an AI agent, its result is the response', async () => {
	const { agent, waiting } = await asked(asFields(), { nodeType: TOOL });
	await submit(agent, { amount: 3, agreed: true, size: 'small' });
	expect(await waiting.jsonWithin()).toMatchObject([{ responded: true, data: { amount: 3 } }]);
});

describe('As the human review of a tool', () => {
	const N8N_MESSAGE = '=The agent wants to run this tool: {{ $tool.name }}\n\nInput:\n{{ $tool.parameters }}';
	const items = [
		{
			...{
				tool: 'Send_payment',
				toolParameters: { amount: 12, to_whom: 'Ada', list: [1] },
				toolCallId: 'c1',
			},
			...{ chatInput: 'Pay Ada', approved: true },
		},
	];
	const IN_WORDS =
		/An AI agent wants to use the tool "Send payment" with this input: amount: 12; to whom: Ada; list: \[1\]\./;
	const review = async (more: IDataObject = {}) =>
		await asked({ message: N8N_MESSAGE, ...more }, { nodeType: REVIEW, items });

	it.each([
		['n8n has written', N8N_MESSAGE, IN_WORDS],
		['reads [object Object]', 'Input: [object Object]', IN_WORDS],
		['the user has written', 'May we pay?', /^May we pay\?/],
	])('asks in words that a person can hear, if the message is what %s', async (_what, message, words) => {
		const { agent } = await review({ message });
		expect((await agent.listTools()).tools[0]?.description).toMatch(words);
	});

	it.each<[IDataObject, IDataObject]>([
		[
			{ approved: true, comment: 'Fine' },
			{ approved: true, comment: 'Fine' },
		],
		[{ approved: false }, { approved: false }],
		[
			{ approved: false, comment: 'Too much' },
			{ approved: false, comment: 'Too much', chatInput: 'Too much' },
		],
	])('a response %j comes out as n8n reads it', async (input, data) => {
		const { agent, waiting } = await review();
		await submit(agent, input);
		expect((await waiting.jsonWithin())?.[0]?.data).toEqual({ ...data, respondedAt: TIME });
	});

	it('no response is a no, with the reason for the model', async () => {
		const { waiting } = await review();
		await rig.simulator.moveCall(String(callId()), 'missed');
		expect((await waiting.jsonWithin())?.[0]?.data).toEqual({
			approved: false,
			chatInput: 'No one answered the phone.',
		});
	});

	it("n8n's own deadline is a no, although the agent's item says yes", async () => {
		const { waiting } = await review();
		const { output } = await waiting.reachDeadline();
		const [json] = output[0]!.map((item) => item.json);
		expect(json).not.toHaveProperty('approved');
		expect(json).not.toHaveProperty('chatInput');
		expect(json?.data).toEqual({ approved: false, chatInput: 'There was no response in time.' });
	});

	it.each<[string, IDataObject, number | undefined, RegExp, object]>([
		["isn't made because of 'Retry On Fail'", {}, undefined, /Retry On Fail/, { retryOnFail: true }],
		['was refused', {}, 400, /^The call couldn't be made\. .+/, {}],
		['may have been made', {}, 500, /^The call may have been made, but there was no response\. /, {}],
		[
			'has no number',
			{ to: '={{ $json.none }}' },
			undefined,
			/^The call couldn't be made\. 'To' is empty/,
			{},
		],
	])('a call that %s is a no, with the reason', async (_what, more, status, reason, node) => {
		if (status) rig.simulator.addFault({ match: { path: /sip\/call$/ }, kind: 'status', status });
		const { result } = await rig.engine.startAndWait(MAX_WAIT_MS, ask({ message: N8N_MESSAGE, ...more }), {
			...{ nodeType: REVIEW, items, node },
		});
		expect(made(rig)).toHaveLength(status ? 1 : 0);
		expect(jsonOf(result)[0]?.data).toEqual({ approved: false, chatInput: expect.stringMatching(reason) });
	});

	it('a call that no execution can wait for is a no, with the reason', async () => {
		jest.spyOn(ExecuteContext.prototype, 'putExecutionToWait').mockRejectedValue(new Error('No database'));
		const { result } = await rig.engine.startAndWait(MAX_WAIT_MS, ask({ message: N8N_MESSAGE }), {
			...{ nodeType: REVIEW, items },
		});
		const data = {
			approved: false,
			chatInput: expect.stringMatching(/couldn't wait.* No database$/) as string,
		};
		expect(jsonOf(result)).toEqual([
			{ outcome: 'running', responded: false, data, to: TO, callId: callId(), error: 'No database' },
		]);
	});

	it('leaves the node of the workflow alone, which n8n disables after the wait', async () => {
		const { result } = (await review()).waiting;
		const [stack] = result.run.data.executionData?.nodeExecutionStack ?? [];
		expect(stack?.node).not.toHaveProperty('disabled', true);
	});
});
