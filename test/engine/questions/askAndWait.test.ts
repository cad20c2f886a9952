/** Call: Ask and Wait, with the official MCP client in the place of the voice agent. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import fc from 'fast-check';
import { ExecuteContext } from 'n8n-core';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { callTool, connectMcp, post } from '../../e2e/mcpClient';
import type { CallStatus } from '../../simulator';
import type { HandedTool } from '../../simulator/toolAgent';
import { checkAsync } from '../../unit/support';
import { byRule, callParameters, made, TO } from '../rig/callRig';
import { ACTION, REVIEW, TOOL } from '../rig/engine';
import { failureOf, jsonOf, passTime, later, useRig } from '../rig/rig';

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
	{ name: 'score', type: 'number', min: 0, max: '10', required: false },
	{ name: 'day', type: 'date', required: false },
	{ name: 'callback', type: 'phone', required: false },
];
const REMINDER = [
	{ name: 'decision', type: 'options', options: 'confirm, move' },
	{ name: 'newTime', type: 'dateTime', requiredIf: { field: 'decision', value: 'move' } },
	{ name: 'hurry', type: 'boolean', required: false },
	{ name: 'why', type: 'string', required: true, requiredIf: { field: 'hurry', value: ' True ' } },
	{ name: 'guests', type: 'number', required: false },
	{ name: 'names', type: 'string', required: false, requiredIf: { field: 'guests', value: '3.0' } },
	{ name: 'note', type: 'string', required: false, requiredIf: {} },
];
const asFields = (fields: IDataObject[] = FIELDS): IDataObject => ({
	responseType: 'fields',
	responseFields: { fields },
});
const ask = (more: IDataObject = {}): INodeParameters =>
	byRule({ operation: 'sendAndWait', to: TO, message: 'Ask whether Thursday works', ...more });

/** What the agent of the last call was given. */
const lastTool = () =>
	(made(rig).at(-1)?.body as { metadata: { n8nTools: [HandedTool] } }).metadata.n8nTools[0];

/** Asks, and connects as the call's agent. */
async function asked(more: IDataObject = {}, options: object = {}) {
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, ask(more), options);
	expect(waiting.result.run.status).toBe('waiting');
	return { waiting, agent: await connectMcp(lastTool()) };
}

const submit = async (agent: Client, input: IDataObject) => await callTool(agent, 'submit_response', input);

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string;
const callId = () => [...rig.simulator.calls.keys()].at(-1);
/** What each output of the last call has. */
const ofCall = () => ({
	to: TO,
	callId: callId(),
	roomId: rig.simulator.calls.get(String(callId()))?.roomId,
});

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

	it('comes out nowhere: no output, no stored execution, no list of calls', async () => {
		const { agent, waiting } = await asked();
		const key = lastTool().headers.Authorization.slice('Bearer '.length);
		expect(JSON.stringify(waiting.result.run)).not.toContain(key);
		await submit(agent, { approved: true });
		await waiting.resumedWithin();
		expect(JSON.stringify(waiting.resumed?.run)).not.toContain(key);
		const calls = await rig.json(callParameters('getAll', { returnAll: true, simplify: false }));
		expect(calls).toHaveLength(1);
		expect(JSON.stringify(calls)).not.toMatch(/n8ntool1_|n8nTools/);
	});
});

/** What the agent hands in: with what is wrong about it, or what comes out. */
type Response = [input: IDataObject, problem?: string, data?: IDataObject];
const AGAIN = 'call submit_response again.';
const optional = FIELDS.map((field) => ({ ...field, required: "={{ 'false' }}" }));
const GOOD = { amount: 12.5, agreed: false, size: 'large' };
const RESPONSES: Record<string, [fields: IDataObject, ...responses: Response[]]> = {
	approval: [
		{},
		[{ approved: true, comment: ' ' }, undefined, { approved: true }],
		[{ approved: false, comment: 'Too dear' }],
		[{ approved: false, quote: 'No way' }],
		[{ approved: true, comment: 'Fine', quote: ' ' }, undefined, { approved: true, comment: 'Fine' }],
		[{ approved: false, condition: 'Only 50' }],
		[{ comment: 'Yes' }, "'approved' is missing"],
	],
	'free text': [
		{ responseType: 'freeText' },
		[{ text: 'Thursday', quote: 'Well, Thursday' }],
		[{ text: ' ' }, `'text' is empty. Correct it and ${AGAIN}`],
	],
	fields: [
		asFields(),
		[{ ...GOOD, mood: 'good' }, undefined, GOOD],
		[{ amount: 1, agreed: true }, "'size' is missing"],
		[{ ...GOOD, amount: '12' }, "'amount' must be of type number"],
		[{ ...GOOD, size: 'huge' }, '\'size\' must be one of "small", "large"'],
		[{ ...GOOD, score: 42 }, "'score' must be from 0 to 10"],
		[{ ...GOOD, day: '2026-02-30' }, "'day' must be a date of the calendar"],
		[{ ...GOOD, callback: '0171 1234567' }, "'callback' must be one phone number with a plus sign"],
		[
			{ ...GOOD, score: 10, day: '2028-02-29', callback: '+1 (415) 555-0102', quote: 'Ten!' },
			undefined,
			{ ...GOOD, score: 10, day: '2028-02-29', callback: '+14155550102', quote: 'Ten!' },
		],
	],
	'fields that others require': [
		asFields(REMINDER),
		[{ decision: 'confirm' }],
		[{ decision: 'move' }, "'newTime' is missing"],
		[{ decision: 'move', newTime: '' }, "'newTime' is missing"],
		[{ decision: 'move', newTime: null }, "'newTime' is missing"],
		[{ decision: 'confirm', hurry: true }, "'why' is missing"],
		[{ decision: 'confirm', hurry: true, why: ' ' }, "'why' is empty"],
		[{ decision: 'confirm', hurry: false, guests: 3 }, "'names' is missing"],
		[{ decision: 'move', newTime: '2099-06-01T15:00:00-04:00', hurry: true, why: 'Ill', guests: 2 }],
	],
	'optional fields': [
		asFields(optional),
		[{ agreed: false }],
		...[{}, { note: ' ' }, { mood: 'good' }, { quote: 'Hm' }, { day: '' }].map((input): Response => [
			input,
			`no answer in it. Fill in at least one argument and ${AGAIN}`,
		]),
	],
};
/** How a call ends without a response, as what, and what a model is told of it. */
const ENDS: Record<string, [statuses: CallStatus[], outcome: string, reason: string]> = {
	missed: [['missed'], 'noAnswer', 'No answer: no one picked up the phone.'],
	rejected: [['rejected'], 'rejected', 'No answer: the call was rejected.'],
	failed: [['failed'], 'failed', "The call couldn't be made: it failed."],
	ended: [['answered', 'ended'], 'answered', 'No answer: the call ended without a response.'],
	"n8n's deadline": [[], 'running', 'No answer in time.'],
};
/** Keys of requests that are rejected, and the methods of such with the right key. */
const STRANGERS = ['none', 'wrong', 'empty', 'earlier', 'GET', 'DELETE'] as const;
const questions = fc.record({
	kind: fc.constantFrom(...Object.keys(RESPONSES)),
	runsAs: fc.constantFrom(ACTION, ACTION, TOOL, REVIEW),
	responses: fc.array(fc.nat(9), { maxLength: 3 }),
	/** The agent hands in the same several times at once. */
	times: fc.constantFrom(1, 1, 3, 5),
	stranger: fc.constantFrom(undefined, ...STRANGERS),
	hops: fc.boolean(),
	/** n8n fails to continue. */
	fails: fc.constantFrom(false, false, true),
	end: fc.constantFrom(...Object.keys(ENDS)),
	/** The response comes within 5 s after the end of the call. */
	isLate: fc.boolean(),
});

it('A question is answered once, by what fits, and by the agent that was asked, or counts as declined', async () => {
	const other = await rig.addEngine();
	let earlier = {};
	const run = async (question: typeof questions extends fc.Arbitrary<infer T> ? T : never) => {
		const { runsAs, times, stranger, fails, end, isLate } = question;
		const isReview = runsAs === REVIEW;
		const kind = isReview ? 'approval' : question.kind;
		const [fields, ...all] = RESPONSES[kind]!;
		// What the input says of an approval counts for nothing.
		const items = [{ approved: true, data: { approved: true } }];
		// Without its own room, the event of a room tells of no end.
		const options = { ownRoom: true };
		const { waiting, agent } = await asked({ ...fields, options }, { nodeType: runsAs, items });
		if (question.hops) waiting.receiver = other;
		const [tool] = (await agent.listTools()).tools;
		expect(tool?.name).toBe('submit_response');
		// Wherever a model may read it.
		const { description, properties = {} } = tool!.inputSchema;
		const [first] = Object.values(properties) as Array<{ description: string }>;
		for (const text of [tool?.description, description, first?.description])
			expect(text).toContain('Ask whether Thursday works');
		const id = String(callId());
		const { url, headers } = lastTool();
		if (stranger !== undefined) {
			const isMethod = stranger === 'GET' || stranger === 'DELETE';
			const keys: Record<string, object> = {
				none: {},
				earlier,
				empty: { authorization: 'Bearer ' },
				wrong: { authorization: `Bearer n8ntool1_${'A'.repeat(43)}` },
			};
			const answer = await post({ url, headers: (keys[stranger] ?? headers) as never }, undefined, {
				method: isMethod ? stranger : 'POST',
			});
			const rejected = isMethod ? [405, 'POST'] : [401, null];
			expect([answer.status, answer.headers.get('allow')]).toEqual(rejected);
		}
		earlier = headers;
		const responses = question.responses.map((index) => all[index % all.length]!);
		const last = responses.findIndex(([, problem]) => problem === undefined);
		for (const [input, problem = ''] of responses.slice(0, last === -1 ? 3 : last))
			expect(await submit(agent, input)).toEqual({ isError: true, text: expect.stringContaining(problem) });
		expect(waiting.resumptions).toBe(0);
		const [statuses, outcome, reason] = ENDS[end]!;
		const endCall = async () => {
			for (const status of statuses) await rig.simulator.moveCall(id, status);
		};
		let json: IDataObject | undefined;
		const data: IDataObject = {};
		if (last === -1) {
			await endCall();
			if (statuses.length === 0) await waiting.reachDeadline();
			[json] = (await waiting.jsonWithin()) ?? [];
			if (kind === 'approval') data.approved = false;
			if (isReview) data.chatInput = reason;
		} else {
			if (isLate) await endCall();
			const [input, , output = input] = responses[last]!;
			if (output.approved === true && output.comment !== undefined) {
				const asksBack = expect.stringMatching(/^If that's a condition,/) as string;
				expect(await submit(agent, input)).toEqual({ isError: true, text: asksBack });
				expect(waiting.resumptions).toBe(0);
			}
			if (fails) waiting.failures = 1;
			const same = Array.from({ length: fails ? 1 : times }, async () => await submit(agent, input));
			const answers = await Promise.all(same.map(async (one) => await one.catch(() => undefined)));
			expect(answers.filter((answer) => answer?.isError === false)).toHaveLength(fails ? 0 : 1);
			if (fails && !isLate) await rig.simulator.moveCall(id, 'missed');
			[json] = (await waiting.jsonWithin()) ?? [];
			Object.assign(data, output, { respondedAt: TIME });
			const why = output.condition ?? output.comment ?? output.quote;
			if (isReview && output.approved === false)
				data.chatInput = `Declined by phone${why === undefined ? '' : `: ${why as string}`}`;
		}
		expect(json).toEqual({
			outcome: last === -1 ? outcome : 'answered',
			responded: last !== -1,
			data,
			...ofCall(),
			...(last === -1 && ['answered', 'running'].includes(outcome) && { reasonCode: 'noResponse' }),
			...(last === -1 && statuses.length === 0 && { timedOut: true }),
		});
		expect(waiting.resumptions).toBe(1);
		expect(waiting.output?.[0]?.pairedItem).toEqual({ item: 0 });
		if (statuses.length === 0 || !isLate) await rig.simulator.moveCall(id, 'ended');
		await agent.close();
		// The end of the question's own room is told to the one who waits for it.
		expect(rig.simulator.deliveries.map(({ status }) => status)).not.toContain(401);
		rig.simulator.requests.length = 0;
	};
	await checkAsync(fc.asyncProperty(questions, run), 60);
});

describe('A yes with a condition', () => {
	const CONDITION = 'Not more than 50';
	const QUOTE = 'Yes, but not more than 50';
	const BOTH = asFields([
		{ name: 'agreed', type: 'boolean' },
		{ name: 'urgent', type: 'boolean' },
		{ name: 'late', type: 'boolean' },
		{ name: 'amount', type: 'number' },
	]);
	const YES = { agreed: true, urgent: true, late: false, amount: 2400 };

	it.each([
		['an approval', {}, { approved: true }, { approved: false }],
		['each Boolean field', BOTH, YES, { ...YES, agreed: false, urgent: false }],
	])('is asked back once, and then a no, in %s', async (_what, fields, yes, no) => {
		const { waiting, agent } = await asked(fields);
		const conditional = { ...yes, condition: CONDITION, quote: QUOTE };
		const asksBack = expect.stringMatching(
			/^A yes with a condition is no yes\..* without 'condition'/,
		) as string;
		expect(await submit(agent, conditional)).toEqual({ isError: true, text: asksBack });
		expect(waiting.resumptions).toBe(0);
		expect(await submit(agent, conditional)).toMatchObject({ isError: false });
		const data = { ...no, condition: CONDITION, quote: QUOTE, respondedAt: TIME };
		expect(await waiting.jsonWithin()).toMatchObject([{ responded: true, data }]);
	});

	it('is a yes if the person drops it, but not if the model calls it a comment', async () => {
		const { waiting, agent } = await asked();
		expect((await submit(agent, { approved: true, condition: CONDITION })).isError).toBe(true);
		expect((await submit(agent, { approved: true, comment: CONDITION })).text).toMatch(
			/^If that's a condition,/,
		);
		expect((await submit(agent, { approved: true })).isError).toBe(false);
		expect((await waiting.jsonWithin())?.[0]?.data).toEqual({ approved: true, respondedAt: TIME });
	});

	it('tells an AI agent whose tool is reviewed what it depends on', async () => {
		const { waiting, agent } = await asked({}, { nodeType: REVIEW });
		for (let times = 2; times > 0; times--) await submit(agent, { approved: true, condition: CONDITION });
		expect((await waiting.jsonWithin())?.[0]?.data).toMatchObject({
			approved: false,
			chatInput: `Declined by phone: ${CONDITION}`,
		});
	});

	it.each([
		[{ responseType: 'freeText' }, false],
		[asFields([{ name: 'size', type: 'options', options: 'S, L' }]), false],
		[BOTH, true],
		[{}, true],
	])('can be handed in where there is a yes: %j', async (fields, isOffered) => {
		const { agent } = await asked(fields);
		const [tool] = (await agent.listTools()).tools;
		expect('condition' in (tool?.inputSchema.properties ?? {})).toBe(isOffered);
	});
});

it('A response that n8n fails to take is handed over again within ten seconds, while the call goes on', async () => {
	const { waiting, agent } = await asked();
	waiting.failures = 1;
	await expect(submit(agent, { approved: true })).rejects.toThrow();
	expect(await waiting.jsonWithin(10_000)).toMatchObject([{ responded: true, data: { approved: true } }]);
	expect(waiting.resumptions).toBe(1);
	await agent.close();
});

it('A response is taken by no wait that has not asked', async () => {
	const parameters = byRule({ operation: 'makeAndWait', to: TO });
	await asked();
	const { headers } = lastTool();
	const other = await rig.engine.startAndWait(MAX_WAIT_MS, parameters);
	const url = `${other.webhookWaitingBaseUrl}/1/mcp`;
	expect([(await post({ url, headers })).status, other.resumptions]).toEqual([401, 0]);
});

describe('A recording', () => {
	const ARRANGED = { recording: 'summarize', summaryPrompt: 'In a sentence' };
	const INCLUDE = ['summary', 'transcript', 'recording'];

	it('is made in a room of its own, and the execution continues at the answer', async () => {
		const { waiting, agent } = await asked(ARRANGED);
		const [room] = rig.requests.filter(({ path }) => path === '/v2/rooms');
		const summary = { enabled: true, prompt: 'In a sentence' };
		const recording = { transcription: { enabled: true, summary } };
		expect(room?.body).toMatchObject({ autoStartConfig: { recording } });
		const id = String(callId());
		const { roomId } = rig.simulator.calls.get(id)!;
		expect(made(rig)[0]?.body).toMatchObject({ destinationRoomId: roomId });
		await rig.simulator.moveCall(id, 'answered');
		await submit(agent, { approved: true });
		const data = { approved: true, respondedAt: TIME };
		expect(await waiting.jsonWithin(5_000)).toEqual([
			{ outcome: 'answered', responded: true, data, ...ofCall() },
		]);
		// The call goes on. What was said comes by the next node.
		const get = callParameters('get', { callId: id, include: INCLUDE });
		const getting = await rig.engine.startAndWait(3_600_000, get);
		await later(60_000);
		expect(getting.output).toBeUndefined();
		await rig.simulator.moveCall(id, 'ended');
		const [call] = (await getting.jsonWithin()) ?? [];
		const text = expect.any(String) as string;
		expect(call).toMatchObject({ outcome: 'answered', transcript: text, summary: text, recordingUrl: text });
		expect(call).not.toHaveProperty('missing');
	});

	it('comes too late for someone who does not answer', async () => {
		const { waiting } = await asked(ARRANGED);
		await rig.simulator.moveCall(String(callId()), 'missed');
		const data = { approved: false };
		expect(await waiting.jsonWithin(30_000)).toEqual([
			{ outcome: 'noAnswer', responded: false, data, ...ofCall() },
		]);
	});
});

it('A field that another one requires is described as such, in a schema that all models accept', async () => {
	const { agent } = await asked(asFields(REMINDER));
	const [tool] = (await agent.listTools()).tools;
	expect(tool?.inputSchema.required).toEqual(['decision']);
	const { newTime, why } = tool?.inputSchema.properties as Record<string, object>;
	expect(newTime).toEqual({
		type: 'string',
		description: expect.stringMatching(/UTC, .*\. Required if decision is move$/) as string,
	});
	expect(why).toEqual({ type: 'string', description: 'Required if hurry is true' });
});

it.each([
	['=move', { decision: 'move' }, true],
	['=confirm', { decision: 'move' }, false],
])('The value that requires a field may be an expression: %s', async (value, input, isError) => {
	const [decision] = REMINDER;
	const newTime = { name: 'newTime', requiredIf: { field: '=decision', value } };
	const { agent } = await asked(asFields([decision!, newTime]));
	expect((await submit(agent, input)).isError).toBe(isError);
});

describe("The agent's own code says why there is no response", () => {
	const end = async () => {
		for (const status of ['answered', 'ended'] as const)
			await rig.simulator.moveCall(String(callId()), status);
	};

	it.each([
		[{ voicemail: true }, 'voicemail'],
		[{ noResponse: 'notAsked' }, 'notAsked'],
		[{ noResponse: 'hungUp' }, 'hungUp'],
		[{ noResponse: 'noFit' }, 'noFit'],
	])('%j, whatever the question, and no model is offered it', async (said, reasonCode) => {
		for (const fields of [{}, { responseType: 'freeText' }, asFields()]) {
			const { waiting, agent } = await asked(fields);
			const [tool] = (await agent.listTools()).tools;
			expect(JSON.stringify(tool)).not.toMatch(/voicemail|noResponse/);
			expect(await submit(agent, said)).toMatchObject({ isError: false });
			expect(waiting.resumptions).toBe(0);
			await end();
			const data = 'responseType' in fields ? {} : { approved: false };
			expect(await waiting.jsonWithin(30_000)).toEqual([
				{ outcome: 'answered', responded: false, data, ...ofCall(), reasonCode },
			]);
		}
	});

	it('and another process that is told continues with it', async () => {
		const { waiting, agent } = await asked();
		waiting.receiver = await rig.addEngine();
		await submit(agent, { noResponse: 'hungUp' });
		await end();
		expect(await waiting.jsonWithin(60_000)).toMatchObject([{ reasonCode: 'hungUp' }]);
	});

	it.each([
		[{ voicemail: false }, "'approved' is missing"],
		[{ noResponse: 'bored' }, "'approved' is missing"],
		[{ approved: true, voicemail: true }, "with 'voicemail' alone"],
	])('but not as %j', async (said, problem) => {
		const { waiting, agent } = await asked();
		expect(await submit(agent, said)).toEqual({ isError: true, text: expect.stringContaining(problem) });
		await end();
		expect(await waiting.jsonWithin(30_000)).toMatchObject([{ responded: false, reasonCode: 'noResponse' }]);
	});

	it('and a response that comes all the same counts', async () => {
		const { waiting, agent } = await asked();
		await submit(agent, { voicemail: true });
		await submit(agent, { approved: true });
		expect(await waiting.jsonWithin()).toMatchObject([{ responded: true, data: { approved: true } }]);
		expect(waiting.output?.[0]?.json).not.toHaveProperty('reasonCode');
	});

	it('which counts for nothing if no one picked up, and is a limit if n8n hung up', async () => {
		const missed = await asked();
		await submit(missed.agent, { noResponse: 'notAsked' });
		await rig.simulator.moveCall(String(callId()), 'missed');
		const [item] = (await missed.waiting.jsonWithin(30_000)) ?? [];
		expect(item).toMatchObject({ outcome: 'noAnswer' });
		expect(item).not.toHaveProperty('reasonCode');
		const waiting = await rig.engine.startAndWait(20_000, ask());
		await rig.simulator.moveCall(String(callId()), 'answered');
		const agent = await connectMcp(lastTool());
		await submit(agent, { noResponse: 'hungUp' });
		expect(await waiting.jsonWithin()).toMatchObject([{ hungUpAtTimeout: true, reasonCode: 'noFit' }]);
	});
});

describe('A call without a response', () => {
	it('is watched by a process that an agent has asked for its tool, if the first one is gone', async () => {
		const { agent, waiting } = await asked();
		waiting.receiver = await rig.addEngine({ credentialId: rig.engine.credentialId });
		// Without its credential the first process learns nothing.
		rig.engine.deleteCredentials();
		await agent.listTools();
		await rig.simulator.moveCall(String(callId()), 'missed');
		expect(await waiting.jsonWithin()).toMatchObject([{ outcome: 'noAnswer', responded: false }]);
	});

	it('may take fifteen minutes if Max Wait is empty, longer than Max Call Duration', async () => {
		const parameters = { ...ask(), maxWait: '', maxWaitUnit: 'minutes' };
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, parameters);
		expect(made(rig)[0]?.body).toMatchObject({ maxCallDuration: 600 });
		await later(14 * 60_000);
		expect(waiting.output).toBeUndefined();
		expect(await waiting.jsonWithin(120_000)).toMatchObject([{ timedOut: true }]);
	});

	it('is hung up at Max Wait, by VideoSDK too', async () => {
		const waiting = await rig.engine.startAndWait(20_000, ask());
		await rig.simulator.moveCall(String(callId()), 'answered');
		expect(made(rig)[0]?.body).toMatchObject({ maxCallDuration: 20 });
		expect(await waiting.jsonWithin()).toEqual([
			{
				outcome: 'answered',
				responded: false,
				data: { approved: false },
				...ofCall(),
				reasonCode: 'noResponse',
				timedOut: true,
				hungUpAtTimeout: true,
			},
		]);
		expect(rig.simulator.calls.get(String(callId()))?.status).toBe('ended');
	});
});

describe('Nothing is asked', () => {
	const NO_ONE = /No one was called in this run of the node\.$/;
	const NOT_CALLED = { outcome: 'notCalled', responded: false, data: { approved: false }, to: TO };

	const CASES: Record<string, [fields: IDataObject, words: string]> = {
		'without a message': [{ message: ' ' }, "'Message' is empty"],
		'without fields': [{ responseType: 'fields' }, "'Response Fields' is empty"],
		'with a field without a name': [asFields([{ name: ' ' }]), "Field 1 in 'Response Fields' has no 'Name'"],
		'with a name twice': [asFields([{ name: 'a' }, { name: 'a' }]), "'a' appears twice in 'Response Fields'"],
		'without options': [asFields([{ name: 'a', type: 'options' }]), "'Response Fields' has no 'Options'"],
		'with a name of n8n': [asFields([{ name: 'respondedAt' }]), "'respondedAt' in 'Response Fields'"],
		'with the name of the own words': [asFields([{ name: 'quote' }]), "'quote' in 'Response Fields'"],
		'with the name of what agents report': [
			asFields([{ name: 'voicemail', type: 'boolean' }]),
			"'voicemail' in 'Response Fields' is the name of what the agent says if voicemail picks up",
		],
		'with the name of a condition': [
			asFields([{ name: 'condition' }]),
			"'condition' in 'Response Fields' is the name of the condition of a yes",
		],
		'with a range that nothing fits': [
			asFields([{ name: 'a', type: 'number', min: 10, max: 0 }]),
			"'Min' of Field 1 in 'Response Fields' is 10, which is above its 'Max', 0",
		],
		'with a limit that lacks the equals sign of an expression': [
			asFields([{ name: 'a', type: 'number', max: '{{ $json.max }}' }]),
			"Field 1 in 'Response Fields' contains an expression",
		],
		'with a required that is neither': [
			asFields([{ name: 'a', required: 'sometimes' }]),
			"'Required' of Field 1 in 'Response Fields' is 'sometimes'",
		],
		'with a field that another one requires, which is none': [
			asFields([{ name: 'time', requiredIf: { field: 'time', value: 'x' } }]),
			"'Required If' of Field 1 in 'Response Fields' has the field 'time', which isn't a different one",
		],
		'with a value that the other field never has': [
			asFields([
				...REMINDER.slice(0, 1),
				{ name: 'time', requiredIf: { field: 'decision', value: 'moves' } },
			]),
			"'Required If' of Field 2 in 'Response Fields' has the value 'moves', which 'decision' can't have",
		],
		'with a value that is missing': [
			asFields([...REMINDER.slice(0, 1), { name: 'time', requiredIf: { field: 'decision' } }]),
			"has the value '', which 'decision' can't have",
		],
		'with a condition that lacks the equals sign of an expression': [
			asFields([
				...REMINDER.slice(0, 1),
				{ name: 'a', requiredIf: { field: 'decision', value: '{{ $json.v }}' } },
			]),
			"Field 2 in 'Response Fields' contains an expression",
		],
		'in a room and with a recording': [
			{ recording: 'record', options: { roomId: 'abcd' } },
			"'Room ID' can't be combined with 'Recording'",
		],
		'in a room and in its own': [
			{ options: { roomId: 'abcd', ownRoom: true } },
			"'Room ID' can't be combined with 'Own Room'",
		],
		'with options that lack the equals sign of an expression': [
			asFields([{ name: 'time', type: 'options', options: '{{ $json.slots }}' }]),
			"Field 1 in 'Response Fields' contains an expression",
		],
		'with a description that lacks it': [
			asFields([{ name: 'amount', type: 'number', description: 'Of invoice {{ $json.invoice }}' }]),
			"Field 1 in 'Response Fields' contains an expression",
		],
	};
	it.each(Object.entries(CASES))('%s', async (_what, [more, words]) => {
		const { message, description } = await rig.failure(ask(more));
		expect(message).toContain(words);
		expect(description).toMatch(NO_ONE);
		expect(made(rig)).toHaveLength(0);
	});

	it('of several people at once', async () => {
		const result = await rig.run(ask(), { items: [{}, {}] });
		expect(failureOf(result).message).toContain('one person at a time');
		expect(failureOf(result).description).toMatch(
			/Execute Sub-workflow.*Loop Over Items.*No one was called in this run of the node\.$/,
		);
		const each = { parameters: ask({ to: '={{ $json.to }}' }), items: [{ to: TO }, { to: '+14155550143' }] };
		await rig.engine.run({ ...each, onError: 'continueRegularOutput' });
		expect(made(rig)).toHaveLength(0);
	});

	it("if VideoSDK's agents could not reach n8n", async () => {
		rig.use({ baseUrl: 'https://api.videosdk.live' });
		const { message, description } = await rig.failure(ask());
		expect(message).toMatch(/VideoSDK's agents can't reach this execution at http:\/\/localhost:5678/);
		expect(description).toContain("'Public URL' in the docs");
	});

	it('outside calling hours', async () => {
		passTime(Date.parse('2026-11-28T12:00:00Z') - Date.now());
		const options = { callingHours: { hours: { days: [1], from: '09:00', to: '18:00', timeZone: 'UTC' } } };
		const [item] = await rig.json(ask({ options }));
		const reason = expect.stringContaining('Saturday, 12:00 in UTC') as string;
		const callableFrom = '2026-11-30T09:00:00.000Z';
		expect(item).toEqual({ ...NOT_CALLED, reason, reasonCode: 'hours', callableFrom });
		expect(made(rig)).toHaveLength(0);
	});

	it('if the call is refused: the item says so, on either output', async () => {
		for (const onError of ['continueRegularOutput', 'continueErrorOutput'] as const) {
			rig.simulator.addFault({ match: { path: /sip\/call$/, times: 1 }, kind: 'status', status: 400 });
			const { routed } = await rig.run(ask(), { onError });
			const items = onError === 'continueErrorOutput' ? routed.failure : routed.success;
			expect(items.map(({ json }) => json)).toMatchObject([{ ...NOT_CALLED, error: expect.any(String) }]);
		}
	});
});

describe('As the human review of a tool', () => {
	const N8N_MESSAGE = '=The agent wants to run this tool: {{ $tool.name }}\n\nInput:\n{{ $tool.parameters }}';
	const items = [
		{
			tool: 'Send_payment',
			toolParameters: { amount: 12, to_whom: 'Ada', list: [1] },
			toolCallId: 'c1',
			chatInput: 'Pay Ada',
			approved: true,
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

	const NO_NUMBER = /^The call couldn't be made\. 'To' is empty/;
	it.each<[string, IDataObject, number | undefined, RegExp]>([
		['was refused', {}, 400, /^The call couldn't be made\. .+/],
		['may have been made', {}, 500, /^No answer: the call may have been made, but there was no response\. /],
		['has no number', { to: '={{ $json.none }}' }, undefined, NO_NUMBER],
	])('a call that %s is a no, with the reason', async (_what, more, status, reason) => {
		if (status) rig.simulator.addFault({ match: { path: /sip\/call$/ }, kind: 'status', status });
		const parameters = ask({ message: N8N_MESSAGE, ...more });
		const { result } = await rig.engine.startAndWait(MAX_WAIT_MS, parameters, { nodeType: REVIEW, items });
		expect(made(rig)).toHaveLength(status ? 1 : 0);
		expect(jsonOf(result)[0]?.data).toEqual({ approved: false, chatInput: expect.stringMatching(reason) });
	});

	it('a call that no execution can wait for is a no, with the reason', async () => {
		jest.spyOn(ExecuteContext.prototype, 'putExecutionToWait').mockRejectedValue(new Error('No database'));
		const parameters = ask({ message: N8N_MESSAGE });
		const { result } = await rig.engine.startAndWait(MAX_WAIT_MS, parameters, { nodeType: REVIEW, items });
		const chatInput = expect.stringMatching(/couldn't wait.* No database$/) as string;
		const data = { approved: false, chatInput };
		expect(jsonOf(result)).toEqual([
			{
				outcome: 'running',
				responded: false,
				data,
				...ofCall(),
				reasonCode: 'noResponse',
				error: 'No database',
			},
		]);
	});

	it('leaves the node of the workflow alone, which n8n disables after the wait', async () => {
		const { result } = (await review()).waiting;
		const [stack] = result.run.data.executionData?.nodeExecutionStack ?? [];
		expect(stack?.node).not.toHaveProperty('disabled', true);
	});
});
