/**
 * What costs money or reaches a person is started once, whatever goes wrong, and the user learns of it. Rows, tries, and waits in all
 * combinations: see model. Here is each operation with each fault, and what no combination of rows shows.
 */
import type { INodeParameters } from 'n8n-workflow';
import { RESOURCES } from '../../nodes/VideoSdkAgentCloud/actions';
import { STARTS, type StartWords } from '../../nodes/VideoSdkAgentCloud/api/starts';
import type { Fault } from '../simulator';
import { byRule, CALL, fromSip, made, TO } from './callRig';
import { overwriteDeduplication } from './deduplication';
import { NODE_NAME } from './engine';
import { goodFields } from './goodValues';
import {
	expectNoSecrets,
	failureOf,
	jsonOf,
	onEachRun,
	parametersOf,
	retryOnFail,
	startParameters,
	useRig,
} from './rig';
import { rows } from './waitingRun';

const rig = useRig({ callBehaviour: false });

/** The API may have done what was asked; whether it did differs. */
const DOUBTFUL: Fault[] = [
	{ kind: 'status', status: 500 },
	{ kind: 'status', status: 408 },
	{ kind: 'status', status: 503, headers: { 'retry-after': '0' } },
	{ kind: 'notJson', status: 502 },
	{ kind: 'empty', status: 504 },
	// A proxy may have passed the request on.
	{ kind: 'redirect', status: 302 },
	{ kind: 'redirect', status: 307 },
	{ kind: 'reset', status: 500 },
	{ kind: 'reset' },
	{ kind: 'hang', status: 500 },
	{ kind: 'hang' },
	{ kind: 'truncate' },
	{ kind: 'notJson' },
	{ kind: 'empty' },
];
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

it.each(OPERATIONS.filter(({ starts }) => starts))(
	'$name is not sent again, not even by Retry On Fail, once it may have had an effect',
	async ({ starts, parameters }) => {
		const { one, started, check }: StartWords = STARTS[starts!];
		for (const fault of DOUBTFUL) {
			const result = await run(parameters, fault);
			const { message, description } = failureOf(result);
			const doubt = expect.stringContaining(`the ${one} may have been ${started}`) as string;
			expect([fault, message]).toEqual([fault, doubt]);
			expect(message).toMatch(/^[^[]* \[item 0\]$/);
			expect(description).toContain(check);
			expect([fault, posts().length]).toEqual([fault, 1]);
			expectNoSecrets(rig, result.error, result.thrown, result.run);
		}
		for (const fault of REFUSED) {
			expect(failureOf(await run(parameters, fault)).message).not.toContain('may have been');
			expect(posts()).toHaveLength(3);
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
	rig.simulator.addFault({ kind: 'noData', body });
	const { message } = await rig.failure(parameters, { node: retryOnFail });
	expect(message).toContain('may have been');
	expect(rig.requests).toHaveLength(1);
});

describe('Retry On Fail', () => {
	it('starts nothing with the items of a wait, though n8n runs the node again', async () => {
		// n8n takes an empty 'error' for a failure, too.
		const ada = { message: 'ok', data: { sessionId: 'ada', status: 'queued', error: '' } };
		rig.simulator.addFault({ kind: 'noData', body: ada, match: { method: 'POST', body: /item-0/ } });
		rig.simulator.addFault({ kind: 'status', status: 400, match: { method: 'POST', body: /item-1/ } });
		const metaData = { entries: [{ key: 'item', value: '=item-{{ $itemIndex }}' }] };
		const options = { items: [{}, {}], onError: 'continueRegularOutput' as const, node: retryOnFail };
		const { result } = await rig.engine.startAndWait(2_000, { metaData }, options);
		expect(result.run.status).toBe('waiting');
		expect(posts()).toHaveLength(2);
	});

	it.each(Object.entries({ 0: 3, 1: 2, 4: 4, 9: 5 }))('waits in the last try of %s', async (max, tries) => {
		const refused: Fault = { kind: 'status', status: 402 };
		rig.simulator.addFault({ ...refused, match: { method: 'POST', body: /item-0/, times: Infinity } });
		const metaData = { entries: [{ key: 'item', value: '=item-{{ $itemIndex }}' }] };
		const node = { ...retryOnFail, maxTries: Number(max) };
		const options = { items: [{}, {}], onError: 'continueRegularOutput' as const, node };
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

describe('An execution that waits', () => {
	it('comes out as it was, if n8n stopped after the wait, and someone retries with the saved workflow', async () => {
		const { result } = await rig.engine.startAndWait(2_000, {}, { items: rows(2) });
		delete result.run.data.waitTill;
		const again = await rig.engine.retry(result);
		expect(jsonOf(again).map(({ sessionId }) => sessionId)).toEqual(
			[...rig.simulator.sessions.keys()].slice(-2),
		);
		expect(posts()).toHaveLength(2);
	});

	it('keeps its items if n8n runs it twice, and has an error output', async () => {
		const { result } = await rig.engine.startAndWait(2_000, {}, { onError: 'continueErrorOutput' as const });
		const { parameters } = result.workflow.getNode(NODE_NAME)!;
		const again = await rig.engine.useAgain(result, parameters, 'secondRun');
		expect(again.run.data.executionData?.nodeExecutionStack[0]?.data.main).toMatchObject([[{ json: {} }]]);
	});

	it('is not what a second run gets that is a round of a loop ahead, at other items', async () => {
		const { result } = await rig.engine.startAndWait(
			2_000,
			{},
			{ onError: 'continueRegularOutput' as const },
		);
		const { parameters } = result.workflow.getNode(NODE_NAME)!;
		const runs = result.run.data.resultData.runData[NODE_NAME]!;
		runs.push(runs[0]!);
		const again = await rig.engine.useAgain(result, parameters, 'secondRun');
		const [, last] = again.run.data.resultData.runData[NODE_NAME]!;
		expect(last?.data?.main).toMatchObject([[{ json: { error: expect.stringContaining('a second time') } }]]);
	});
});

describe.each([
	['call', fromSip()],
	['session', startParameters()],
	['dispatch', DISPATCH],
] as const)('Someone retries an execution that failed: each %s', (starts, parameters) => {
	const run = async (node = {}, ...faults: Fault[]) => {
		for (const fault of faults) rig.simulator.addFault({ ...fault, match: { method: 'POST' } });
		return await rig.run({ ...parameters, options: { maxConcurrency: 1 } }, { items: [{}, {}, {}], node });
	};
	const OK: Fault = { kind: 'delay' };
	const NO: Fault = { kind: 'status', status: 402 };

	it('that was started is not started again, and the others are', async () => {
		const first = await run({}, OK, NO, OK, NO);
		expect(failureOf(first).message).toMatch(/\[item 1\]$/);
		const second = await rig.engine.retry(first);
		expect([failureOf(second).message, posts().length]).toEqual([expect.stringMatching(/\[item 2\]$/), 4]);
		const third = await rig.engine.retry(second);
		const { output } = third;
		let again = second;
		for (let clicks = 0; clicks < 2; clicks++) {
			again = await rig.engine.retry(again);
			expect(failureOf(again).message).toMatch(/already been retried/);
			overwriteDeduplication(first.workflow.id ?? '');
		}
		expect(output[0]?.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 2].map((item) => ({ item })));
		expect(posts()).toHaveLength(5);
		// In a loop, the next round has its own items.
		await rig.engine.useAgain(third, parameters, 'nextRound');
		expect(posts()).toHaveLength(6);
	});

	it.each([undefined, 'continueRegularOutput'] as const)(
		'that n8n runs twice at a time is not started again (On Error: %s)',
		async (onError) => {
			const first = await run({ onError });
			const second = await rig.engine.useAgain(first, parameters, 'secondRun');
			expect(posts()).toHaveLength(3);
			const error = onError ? jsonOf(second)[0]?.error : failureOf(second).message;
			expect(error).toContain('n8n is running this execution a second time');
			if (onError && starts === 'call') expect(jsonOf(second)).toMatchObject([{ outcome: 'inDoubt' }]);
		},
	);

	it('is not started by a second retry, though the failed execution had not come to it', async () => {
		const first = await run({}, NO);
		Object.assign(first.run.data.executionData ?? {}, { contextData: {} });
		expect((await rig.engine.retry(first)).error).toBeUndefined();
		expect(failureOf(await rig.engine.retry(first)).message).toMatch(/already been retried/);
		// Someone has set On Error to Continue, and retries with the workflow as it is now.
		Object.assign(first.workflow.getNode(NODE_NAME) ?? {}, { onError: 'continueRegularOutput' });
		const items = jsonOf(await rig.engine.retry(first));
		expect(items.map(({ error }) => error)).toEqual(Array(3).fill(expect.stringMatching(/already been/)));
		expect(posts()).toHaveLength(4);
	});

	it('that is in doubt stays so, and nothing is sent', async () => {
		const first = failureOf(await run({}, OK, { kind: 'status', status: 500 }));
		const second = failureOf(await rig.engine.retry(await run({}, OK, { kind: 'status', status: 500 })));
		const { check }: StartWords = STARTS[starts];
		expect(second.message).toBe(first.message);
		expect(second.description).toContain(
			`One ${STARTS[starts].one} was ${STARTS[starts].started} before this`,
		);
		expect(second.description?.split(check)).toHaveLength(2);
		expect(posts()).toHaveLength(4);
	});

	it('is forgotten once the node has succeeded', async () => {
		const done = await run(retryOnFail, OK, NO);
		const id = jsonOf(done)[0]?.[STARTS[starts].idField];
		expect(id).toBeDefined();
		expect(JSON.stringify(done.run.data.executionData)).not.toContain(id);
	});
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

it('The room of a call that was not made is closed although the user has stopped the execution', async () => {
	onEachRun((run) => {
		const until = () => setTimeout(() => run.cancel(), 500);
		// The user stops while the call waits to be sent again.
		const headers = { 'retry-after': '30' };
		rig.simulator.addFault({ kind: 'status', status: 429, headers, until, match: { path: /call$/ } });
	});
	await rig.run(fromSip({ recording: 'record' }));
	const [room] = rig.simulator.rooms.values();
	while (!room?.disabled) await new Promise((resolve) => setTimeout(resolve, 20));
	expect(rig.simulator.calls.size).toBe(0);
});

it.each(['connect ETIMEDOUT 10.0.0.3:8080', 'read ECONNRESET', 'preexisting session'])(
	"The API's words don't make n8n put its own title in the place of ours: %s",
	async (text) => {
		rig.simulator.addFault({ kind: 'status', status: 502, body: { message: text } });
		const { message, description } = await rig.failure(startParameters());
		expect(message).toContain('(status 502); the session may have been started');
		expect(description).toContain(text);
	},
);

/** Which rooms are closed: see model. */
describe('A room that is made for what is started', () => {
	const open = () => [...rig.simulator.rooms.values()].filter(({ disabled }) => !disabled);
	const KINDS = [
		{ one: 'session', started: 'started', path: /sessions\/start$/, make: startParameters },
		{ one: 'call', started: 'made', path: new RegExp(`^${CALL}$`), make: byRule },
	];

	it.each(KINDS)(
		'is named if a $one is in doubt, or if it could not be closed',
		async ({ path, make, one }) => {
			const parameters = make({ recording: 'record' });
			for (const [status, words, state] of [
				[500, 'may have been', 'is still open'],
				[400, 'Simulated fault', "couldn't be closed"],
			] as const) {
				rig.simulator.rooms.clear();
				rig.simulator.addFault({ kind: 'status', status, match: { path } });
				rig.simulator.addFault({ kind: 'status', status: 403, match: { path: /deactivate$/ } });
				const { message, description } = await rig.failure(parameters);
				rig.simulator.clearFaults();
				const [{ roomId } = { roomId: '' }, ...others] = open();
				expect(others).toEqual([]);
				expect(message).toMatch(new RegExp(`${words}.* \\(room ${roomId}\\) \\[item 0\\]$`));
				expect(description).toContain(`The room ${roomId} was created for the ${one} and ${state}`);
			}
		},
	);

	it('is named for each item in doubt, though one error alone is shown', async () => {
		const until = () => posts().length === 4;
		rig.simulator.addFault({ kind: 'status', status: 500, until, match: { path: /start$/, times: 2 } });
		const { description } = await rig.failure(startParameters({ recording: 'record' }), { items: rows(2) });
		expect(description).toMatch(/for item 1 may have been.* Created and still open: room \S+ \(item 1\)\./);
	});

	it('is named for an item that was not sent since another failed, if it could not be closed', async () => {
		rig.simulator.addFault({ kind: 'status', status: 400, match: { path: /start$/ } });
		rig.simulator.addFault({ kind: 'status', status: 403, match: { path: /deactivate$/, times: 2 } });
		for (const delayMs of [300, 0])
			rig.simulator.addFault({ kind: 'delay', delayMs, match: { path: /rooms$/ } });
		const { description } = await rig.failure(startParameters({ recording: 'record' }), { items: rows(2) });
		expect(description).toMatch(/^Created and still open: room \S+ \(item 0\)\./);
	});

	it('is closed at once, not after all other items', async () => {
		rig.simulator.addFault({ kind: 'status', status: 400, match: { path: /start$/ } });
		const parameters = startParameters({ recording: 'record', options: { maxConcurrency: 1 } });
		await rig.run(parameters, { items: rows(9), onError: 'continueRegularOutput' });
		const closedAs = posts().findIndex(({ path }) => path.endsWith('deactivate'));
		expect([closedAs < 6, open().length]).toEqual([true, 8]);
	});

	it.each(KINDS)(
		'that cannot be made means that no $one was $started',
		async ({ one, started, path, make }) => {
			const parameters = make({ recording: 'record' });
			for (const fault of [...DOUBTFUL, { kind: 'status', status: 403 } as Fault]) {
				rig.simulator.addFault({ ...fault, match: { path: /^\/v2\/rooms$/ } });
				const words = fault.status === 403 ? "doesn't allow this" : 'the room may have been created';
				expect((await rig.failure(parameters)).message).toMatch(
					new RegExp(
						`^The ${one} wasn't ${started}, because there is no room for it: .*${words}.*\\[item 0\\]$`,
					),
				);
				expect(rig.requests.some((request) => path.test(request.path))).toBe(false);
			}
		},
	);
});
