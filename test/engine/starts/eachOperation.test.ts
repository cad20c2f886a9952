/**
 * What costs money or reaches a person is started once, whatever goes wrong, and the user learns of it. Rows, tries, and waits in all
 * combinations: see model. Here is each operation with each fault, and what no combination of rows shows.
 */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { RESOURCES } from '../../../nodes/VideoSdkAgentCloud/actions';
import { STARTS, type StartWords } from '../../../nodes/VideoSdkAgentCloud/api/startWords';
import type { Fault } from '../../simulator';
import { byRule, fromSip, made, TO } from '../rig/callRig';
import { NODE_NAME, type RunResult } from '../rig/engine';
import { goodFields } from '../rig/goodValues';
import {
	expectNoSecrets,
	failureOf,
	jsonOf,
	parametersOf,
	retryOnFail,
	startParameters,
	useRig,
	passTime,
} from '../rig/rig';
import { DOUBTFUL, question } from '../rig/starts';

const rig = useRig({ callBehaviour: false });

const REFUSED: Fault[] = [400, 401, 402, 404].map((status) => ({ kind: 'status', status }));
/** They end something: the second request finds that it is over. A new entry needs such a reason. */
const HARMLESS = [
	'call:hangUp',
	'room:deactivate',
	'room:endSession',
	'session:end',
	'transcription:stopRealtime',
];
/** They send no request to VideoSDK. */
const SILENT = ['tool:answer', 'tool:createAccess'];
const OPERATIONS = RESOURCES.flatMap(({ value: resource, operations }) =>
	operations.map(({ value: operation, starts, fields }) => ({
		name: `${resource}:${operation}`,
		starts,
		parameters: parametersOf(resource, operation, { ...goodFields(fields), waitUntilReady: false }),
	})),
);
const DISPATCH = parametersOf('agent', 'dispatch', { agentId: 'a', roomId: 'room' });
const posts = () => rig.requests.filter(({ method }) => method === 'POST');
/** Runs an operation, by itself, with a fault of each POST. */
async function run(parameters: INodeParameters, fault: Fault) {
	rig.simulator.requests.length = 0;
	rig.simulator.clearFaults();
	rig.simulator.addFault({ ...fault, match: { method: 'POST', times: 99 } });
	const url = rig.simulator.addFile({ content: 'x' });
	return await rig.run({ ...parameters, url }, { node: retryOnFail });
}

it.each(OPERATIONS)('$name says what it starts, if it sends a POST', async ({ name, starts, parameters }) => {
	await run(parameters, { kind: 'status', status: 500 });
	expect(rig.requests.length === 0).toBe(SILENT.includes(name));
	const isStart = posts().length > 0 && !HARMLESS.includes(name);
	expect([name, starts !== undefined]).toEqual([name, isStart]);
});

/** What VideoSDK lists is found by its key. */
const isFindable = (starts?: string) => starts === 'call' || starts === 'session';

it.each(OPERATIONS.filter(({ starts }) => starts))(
	'$name is not sent again, not even by Retry On Fail, once it may have had an effect',
	async ({ starts, parameters }) => {
		const { one, started, check }: StartWords = STARTS[starts!];
		const { calls, sessions } = rig.simulator;
		// A room that no one asked for is no reason not to call.
		const sent = () => posts().filter(({ path }) => starts === 'room' || path !== '/v2/rooms');
		for (const fault of DOUBTFUL) {
			calls.clear();
			sessions.clear();
			const result = await run(parameters, fault);
			expect([fault, sent().length]).toEqual([fault, 1]);
			expectNoSecrets(rig, result.error, result.thrown, result.run);
			const made = [...calls.values(), ...sessions.values()];
			if (isFindable(starts) && made.length > 0) {
				expect(result.error).toBeUndefined();
				const text = JSON.stringify(result.run.data);
				expect(text).toContain(String((made[0] as unknown as IDataObject)[STARTS[starts].idField]));
				expect(text).not.toMatch(/alreadyStarted|n8nKey/);
				continue;
			}
			const { message, description } = failureOf(result);
			const doubt = expect.stringMatching(`the ${one}( to \\S+)? may have been ${started}`) as string;
			expect([fault, message]).toEqual([fault, doubt]);
			expect(message).toMatch(/^[^[]* \[item 0\]$/);
			expect(description).toContain(check);
		}
		for (const fault of REFUSED) {
			expect(failureOf(await run(parameters, fault)).message).not.toContain('may have been');
			expect(sent()).toHaveLength(3);
		}
	},
);

it.each([
	['a call', fromSip(), { message: 'Call initiated successfully' }],
	['a call', fromSip(), { data: { status: 'initiated' } }],
	['a session', startParameters(), { data: {} }],
	['a dispatch', DISPATCH, { data: {} }],
	['a dispatch', DISPATCH, { success: 'true', data: {} }],
])('The answer to %s without what was started leaves it in doubt', async (_what, parameters, body) => {
	rig.simulator.setListing({ hasMetadata: false });
	rig.simulator.addFault({ kind: 'noData', body });
	const { message } = await rig.failure(parameters, { node: retryOnFail });
	expect(message).toContain('may have been');
	expect(posts()).toHaveLength(1);
});

describe('Retry On Fail', () => {
	/** Rows that are told apart by what comes in. */
	const NAMED = [{ item: 'item-0' }, { item: 'item-1' }];
	const metaData = { entries: [{ key: 'item', value: '={{ $json.item }}' }] };

	it('starts nothing with the items of a wait, though n8n runs the node again', async () => {
		// n8n takes an empty 'error' for a failure, too, and runs the node until its last try.
		const ada = { message: 'ok', data: { sessionId: 'ada', status: 'queued', error: '' } };
		rig.simulator.addFault({ kind: 'noData', body: ada, match: { method: 'POST', body: /item-0/ } });
		rig.simulator.addFault({ kind: 'status', status: 400, match: { method: 'POST', body: /item-1/ } });
		const options = { items: NAMED, onError: 'continueRegularOutput' as const, node: retryOnFail };
		const { result } = await rig.engine.startAndWait(2_000, { metaData }, options);
		expect(result.run.status).toBe('waiting');
		const started = posts().map(({ body }) => (body as { metaData: { item: string } }).metaData.item);
		expect(started).toEqual(['item-0', 'item-1', 'item-1']);
	});

	it.each(Object.entries({ 0: 3, 1: 2, 4: 4, 9: 5 }))('waits in the last try of %s', async (max, tries) => {
		const refused: Fault = { kind: 'status', status: 402 };
		rig.simulator.addFault({ ...refused, match: { method: 'POST', body: /item-0/, times: Infinity } });
		const node = { ...retryOnFail, maxTries: Number(max) };
		const options = { items: NAMED, onError: 'continueRegularOutput' as const, node };
		const { result } = await rig.engine.startAndWait(2_000, { metaData }, options);
		expect(result.run.status).toBe('waiting');
		expect([posts().length, rig.simulator.sessions.size]).toEqual([tries + 1, 1]);
	});

	it('asks again for what costs nothing, and tells runs of a node apart', async () => {
		rig.simulator.addFault({ kind: 'status', status: 400 });
		const parameters = { resource: 'session', operation: 'getAll' };
		expect((await rig.run(parameters, { node: retryOnFail })).error).toBeUndefined();
		expect(rig.requests).toHaveLength(2);
		const node = { ...retryOnFail, id: 'node' };
		const again = async () => await rig.run(startParameters(), { node });
		await again();
		await again();
		expect(rig.simulator.sessions.size).toBe(2);
	});

	it('counts the number that an earlier try has called', async () => {
		// The second item fails, and by the next try its row has the number of the first.
		rig.simulator.addFault({ kind: 'delay' });
		rig.simulator.addFault({ kind: 'status', status: 400 });
		const to = `={{ $itemIndex === 0 || $execution.customData.get('callId') ? '${TO}' : '+15550009' }}`;
		const parameters = fromSip({ to, options: { maxConcurrency: 1 } });
		const result = await rig.run(parameters, { items: [{}, {}], node: retryOnFail });
		expect(made(rig).filter(({ body }) => (body as { sipCallTo: string }).sipCallTo === TO)).toHaveLength(1);
		expect(failureOf(result).message).toMatch(/^'To' is the same in items 0 and 1: .*\[item 1\]$/);
		expect(failureOf(result).description).toContain('One call was made before this');
	});
});

describe.each([
	['call', byRule()],
	['session', startParameters()],
	['dispatch', DISPATCH],
] as const)('Someone retries an execution that failed: each %s', (starts, parameters) => {
	const run = async (node = {}, ...faults: Fault[]) => {
		for (const fault of faults) rig.simulator.addFault({ ...fault, match: { method: 'POST' } });
		const to = '=+1555000310{{ $itemIndex }}';
		const given = { ...parameters, ...(starts === 'call' && { to }), options: { maxConcurrency: 1 } };
		return await rig.run(given, { items: [{}, {}, {}], node });
	};
	const OK: Fault = { kind: 'delay' };
	const NO: Fault = { kind: 'status', status: 402 };

	it('that was started is not started again, and the others are', async () => {
		const first = await run({}, OK, NO, OK, NO);
		expect(failureOf(first).message).toMatch(/\[item 1\]$/);
		const second = await rig.engine.retry(first);
		expect([failureOf(second).message, posts().length]).toEqual([expect.stringMatching(/\[item 2\]$/), 4]);
		const third = await rig.engine.retry(second);
		expect(third.output[0]?.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 2].map((item) => ({ item })));
		expect(posts()).toHaveLength(5);
		expect(jsonOf(third).map(({ alreadyStarted }) => alreadyStarted)).toEqual([true, true, undefined]);
		// Whoever retries the first one once more gets what the others have started.
		for (let clicks = 0; clicks < 2; clicks++) {
			const again = jsonOf(await rig.engine.retry(first));
			expect(again.map(({ alreadyStarted }) => alreadyStarted)).toEqual([true, true, true]);
		}
		expect(posts()).toHaveLength(5);
		// In a loop, the next round has its own items.
		await rig.engine.useAgain(third, { ...parameters }, 'nextRound');
		expect(posts()).toHaveLength(6);
	});

	it('that was started is not started again by another process, though no list shows what was started', async () => {
		rig.simulator.setListing({ lagMs: Infinity, hasMetadata: false });
		const first = await run({}, OK, NO);
		const other = await rig.addEngine({ credentialId: rig.engine.credentialId });
		// Not even what was started can be looked at.
		const { calls, sessions } = rig.simulator;
		const path = new RegExp([...calls.keys(), ...sessions.keys()][0] ?? 'none');
		rig.simulator.addFault({ kind: 'status', status: 403, match: { method: 'GET', path } });
		const output = jsonOf(await other.retry(first));
		expect(output.map(({ alreadyStarted }) => alreadyStarted)).toEqual([true, undefined, undefined]);
		// Items 0 and 1, then 1 and 2.
		expect(posts()).toHaveLength(4);
	});

	it('that n8n runs twice at a time is started once, and comes out of both', async () => {
		const first = await run();
		const second = await rig.engine.useAgain(
			first,
			first.workflow.getNode(NODE_NAME)!.parameters,
			'secondRun',
		);
		const { idField } = STARTS[starts];
		const [one] = jsonOf(first);
		expect(jsonOf(second)).toMatchObject([{ [idField]: one?.[idField] }]);
		expect(JSON.stringify(second.run.data)).not.toContain('alreadyStarted');
		expect(posts()).toHaveLength(3);
	});

	it('that n8n runs again hours later is looked up, because only its ID is still known', async () => {
		const first = await run();
		passTime(2 * 3_600_000);
		await run();
		const parameters = first.workflow.getNode(NODE_NAME)!.parameters;
		const sent = rig.requests.length;
		const second = await rig.engine.useAgain(first, parameters, 'secondRun');
		const [one] = jsonOf(first);
		expect(jsonOf(second)).toMatchObject([{ [STARTS[starts].idField]: one?.[STARTS[starts].idField] }]);
		const methods = rig.requests.slice(sent).map(({ method }) => method);
		expect(methods).toEqual(starts === 'call' || starts === 'session' ? ['GET'] : []);
	});

	it.each(['the same', 'another'])(
		'that is in doubt stays so in %s process, and nothing is sent',
		async (which) => {
			const begunAtMs = Date.now();
			const first = await run({}, OK, { kind: 'status', status: 500 });
			if (which === 'another') rig.engine = await rig.addEngine({ credentialId: rig.engine.credentialId });
			const second = await rig.engine.retry(first);
			const { message, description } = failureOf(second);
			const { check }: StartWords = STARTS[starts];
			expect(message).toBe(failureOf(first).message);
			expect(description).toContain(`One ${STARTS[starts].one} was ${STARTS[starts].started} before this`);
			expect(description.split(check)).toHaveLength(2);
			expect(posts()).toHaveLength(2);
			// Whoever retries that one has the calls searched that were made since the start, and no others.
			await rig.engine.retry(second);
			for (const { query } of rig.requests.filter(({ query }) => query.startDate !== undefined))
				expect(Number(query.startDate)).toBeGreaterThan(begunAtMs - 5 * 60_000);
		},
	);

	it('is forgotten once the node has succeeded', async () => {
		const done = await run(retryOnFail, OK, NO);
		const id = jsonOf(done)[0]?.[STARTS[starts].idField];
		expect(id).toBeDefined();
		expect(JSON.stringify(done.run.data.executionData)).not.toContain(id);
	});
});

/** What is stored of a wait, as far as the record of what was started doesn't tell it. */
const waitOf = ({ run }: RunResult) => {
	const text = run.data.executionData?.contextData[`node:${NODE_NAME}`]?.agentCloudWait as string;
	const { question, awaited } = JSON.parse(text) as IDataObject & { awaited: IDataObject[] };
	return {
		question,
		awaited: awaited.map(({ ids, limitMs, ownRoomId }) => ({ ids, limitMs, ownRoomId })),
	};
};

it('What waits is waited for by a second run of the execution, with the same limit and question', async () => {
	const { result } = await rig.engine.startAndWait(
		60_000,
		byRule({ operation: 'sendAndWait', message: 'Ready?', options: { ownRoom: false } }),
	);
	const { parameters } = result.workflow.getNode(NODE_NAME)!;
	const again = await rig.engine.useAgain(result, parameters, 'secondRun');
	expect(again.run.waitTill).toBeDefined();
	expect(waitOf(again)).toEqual(waitOf(result));
	expect(posts()).toHaveLength(1);
});

it('What was made before a failure is waited for by a Retry in another process, with the limit and room of its call', async () => {
	rig.simulator.addFault({ kind: 'status', status: 402, match: { method: 'POST', body: /3001/ } });
	const parameters = byRule({ operation: 'makeAndWait', options: { maxConcurrency: 1, ownRoom: true } });
	const failed = await rig.engine.startAndWait(60_000, parameters, { items: [{}, {}] });
	const [first] = rig.simulator.calls.values();
	const other = await rig.addEngine({ credentialId: rig.engine.credentialId });
	const retried = await other.retry(failed.result);
	const [, second] = rig.simulator.calls.values();
	expect(waitOf(retried).awaited).toEqual(
		[first, second].map((call) => ({
			ids: [call?.callId],
			limitMs: 60_000,
			ownRoomId: call?.roomId,
		})),
	);
});

it('Who was called by a wrong number is called by the right one after a Retry', async () => {
	rig.simulator.addFault({ kind: 'delay', match: { method: 'POST' } });
	rig.simulator.addFault({ kind: 'status', status: 402, match: { method: 'POST' } });
	const wrong = byRule({ to: '=+1555000310{{ $itemIndex }}', options: { maxConcurrency: 1 } });
	const failed = await rig.run(wrong, { items: [{}, {}] });
	failed.workflow.getNode(NODE_NAME)!.parameters.to = '=+1555000320{{ $itemIndex }}';
	const calls = jsonOf(await rig.engine.retry(failed)).map(({ to, alreadyStarted }) => [to, alreadyStarted]);
	expect(calls).toEqual([
		['+15550003200', undefined],
		['+15550003201', undefined],
	]);
	expect([...rig.simulator.calls.values()].map(({ to }) => to)).toEqual([
		'+15550003100',
		'+15550003200',
		'+15550003201',
	]);
});

it('Who was called is not called again in a later round of a Retry that has waited, of which n8n no longer says what it retries', async () => {
	const to = '={{ $json.to }}';
	const [first, second] = ['+15550003100', '+15550003101'];
	const killed = await rig.run(byRule({ to }), { items: [{ to: first }, { to: second }] });
	// The rows come one by one this time, and n8n has stored the Retry meanwhile.
	const retried = await rig.engine.retry(rig.engine.beforeNode(killed, [{ to: first }]));
	const [again] = jsonOf(await rig.engine.useAgain(retried, byRule({ to: second }), 'nextRound'));
	expect([again?.to, again?.alreadyStarted]).toEqual([second, true]);
	expect(posts()).toHaveLength(2);
});

it('Who was called before n8n was killed is not called again by the Retry of a Retry that has failed', async () => {
	const parameters = byRule({ to: '=+1555000310{{ $itemIndex }}', options: { maxConcurrency: 1 } });
	const killed = await rig.run(parameters, { items: [{}, {}] });
	const other = await rig.addEngine({ credentialId: rig.engine.credentialId });
	passTime(600_000);
	// Now the first row's number is another one, which can't be called.
	rig.simulator.addFault({ kind: 'status', status: 402, match: { method: 'POST' } });
	killed.workflow.getNode(NODE_NAME)!.parameters.to =
		"={{ $itemIndex === 0 ? '+15550003109' : '+15550003101' }}";
	const failed = await other.retry(other.beforeNode(killed));
	expect(failureOf(failed).message).toMatch(/\[item 0\]$/);
	const output = jsonOf(await other.retry(failed));
	expect(output.map(({ alreadyStarted }) => alreadyStarted)).toEqual([undefined, true]);
	expect([...rig.simulator.calls.values()].map(({ to }) => to)).toEqual([
		'+15550003100',
		'+15550003101',
		'+15550003109',
	]);
});

it('A question is asked once, though someone retries the execution that asks, in its process or another', async () => {
	const { result } = await rig.engine.startAndWait(60_000, question({ options: { ownRoom: false } }));
	const killed = rig.engine.beforeNode(result);
	const [callId] = rig.simulator.calls.keys();
	const other = await rig.addEngine({ credentialId: rig.engine.credentialId });
	for (const engine of [rig.engine, other])
		expect(jsonOf(await engine.retry(killed))).toMatchObject([
			{ outcome: 'notCalled', responded: false, reasonCode: 'alreadyAsked', callId },
		]);
	expect(posts()).toHaveLength(1);
});

it('An execution with a sub-workflow is refused where n8n may run it twice', async () => {
	const { run, workflow } = await rig.run(byRule());
	for (const more of [{ parentExecution: { executionId: '1', workflowId: 'w' } }, {}]) {
		const data = structuredClone(run.data);
		delete (data as { resumeToken?: string }).resumeToken;
		const [input] = data.resultData.runData.Input!;
		if (!('parentExecution' in more)) input!.metadata = { subExecutionsCount: 1 };
		const node = workflow.getNode(NODE_NAME)!;
		data.executionData!.nodeExecutionStack = [{ node, data: { main: [[{ json: {} }]] }, source: null }];
		const result = await rig.engine.execute(workflow, 'trigger', Object.assign(data, more));
		expect(failureOf(result).message).toBe(
			'This version of n8n may run this execution twice, because a sub-workflow is part of it. Update n8n to 2.14 or newer, or make the call in the main workflow. Nothing was sent. [item 0]',
		);
	}
	expect(posts()).toHaveLength(1);
});

it('What was started before a failure is named by what its operation calls it', async () => {
	rig.simulator.addFault({ kind: 'delay' });
	rig.simulator.addFault({ kind: 'status', status: 400 });
	const parameters = { ...DISPATCH, options: { maxConcurrency: 1 } };
	const { description } = await rig.failure(parameters, { items: [{}, {}, {}] });
	expect(description).toContain('One agent was dispatched before this: room.');
	// What was only looked at is none of it.
	const sessionId = await rig.existingSession();
	const look = { resource: 'session', operation: 'get', sessionId: '={{ $json.id }}' };
	const items = [{ id: sessionId }, { id: 'x' }];
	const looked = await rig.run({ ...look, options: { maxConcurrency: 1 } }, { items });
	expect(failureOf(looked).description).not.toContain(sessionId);
});

it('What waits for its turn after "too many requests" is not sent once another has failed', async () => {
	rig.simulator.addFault({ kind: 'status', status: 429, headers: { 'retry-after': '30' } });
	rig.simulator.addFault({ kind: 'status', status: 400, delayMs: 100 });
	expect((await rig.run(startParameters(), { items: [{}, {}] })).error).toBeDefined();
	expect(rig.requests).toHaveLength(2);
	expect(rig.simulator.sessions.size).toBe(0);
});

it.each(['connect ETIMEDOUT 10.0.0.3:8080', 'read ECONNRESET', 'preexisting session'])(
	'An error of the API keeps our message, though n8n knows its words: %s',
	async (text) => {
		rig.simulator.addFault({ kind: 'status', status: 502, body: { message: text } });
		const { message, description } = await rig.failure(startParameters());
		expect(message).toContain('(status 502); the session may have been started');
		expect(description).toContain(text);
	},
);
