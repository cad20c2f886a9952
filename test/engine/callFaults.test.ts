/** A call costs money and reaches a person: whatever happens, none is made twice, and none goes unreported. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Fault } from '../simulator';
import { byGateway, byRule, CALL, callParameters, made, TO } from './callRig';
import type { RunOptions } from './engine';
import { ACTION } from './engine';
import { byId, expectNoSecrets, failureOf, jsonOf, useRig } from './rig';

const rig = useRig({ callBehaviour: false });

const path = /^\/v2\/sip\/call$/;
const LOOK_UP = "Before you call again, look for the call with Call: Get Many, with the number in 'Search'.";
const retryOnFail = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };

/** The call may have been made; whether it was differs. */
const DOUBTFUL: Array<[string, Fault]> = [
	['a status 500', { kind: 'status', status: 500 }],
	['a status 503 with Retry-After', { kind: 'status', status: 503, headers: { 'retry-after': '0' } }],
	['a reset connection before', { kind: 'reset', status: 500 }],
	['a reset connection after', { kind: 'reset' }],
	['no answer before', { kind: 'hang', status: 500 }],
	['no answer after', { kind: 'hang' }],
	['half an answer', { kind: 'truncate' }],
	['an answer that is not JSON', { kind: 'notJson' }],
	['an answer without a call', { kind: 'noData', body: { message: 'Call initiated successfully' } }],
	['an answer with a call without an ID', { kind: 'noData', body: { data: { status: 'initiated' } } }],
];
const REFUSED: Array<[string, Fault]> = [
	['400', { kind: 'status', status: 400, body: { message: 'Number is not allowed' } }],
	['401', { kind: 'status', status: 401 }],
	['402', { kind: 'status', status: 402 }],
	['404', { kind: 'status', status: 404 }],
];
/** Gives up soon on what never answers. */
const limitFor = ({ kind }: Fault) => (kind === 'hang' ? { options: { timeout: 250 } } : {});
const forms: Array<[string, (more: IDataObject) => INodeParameters]> = [
	['by a rule', byRule],
	['through a gateway', byGateway],
];

describe.each(forms)('A call %s', (_form, make) => {
	it.each(DOUBTFUL)(
		'is not made again after %s, and the user learns what to look up',
		async (_what, fault) => {
			rig.simulator.addFault(fault);
			const result = await rig.engine.run({ parameters: make(limitFor(fault)) });
			const { message, description } = failureOf(result);
			expect(message).toContain('the call may have been made');
			expect(message).toContain('[item 0]');
			expect(description).toContain(LOOK_UP);
			expectNoSecrets(rig, result.error, result.thrown, result.run);
			expect(made(rig)).toHaveLength(1);
		},
	);

	it.each(REFUSED)('that was refused with %s is not said to be in doubt', async (_status, fault) => {
		rig.simulator.addFault(fault);
		expect(failureOf(await rig.engine.run({ parameters: make({}) })).message).not.toContain('may have been');
		expect(made(rig)).toHaveLength(1);
		expect(rig.simulator.calls.size).toBe(0);
	});

	it('is sent again after "too many requests"', async () => {
		const headers = { 'retry-after': '0' };
		rig.simulator.addFault({ kind: 'status', status: 429, headers, match: { times: 3 } });
		expect(jsonOf(await rig.engine.run({ parameters: make({}) }))).toHaveLength(1);
		expect(made(rig)).toHaveLength(4);
		expect(rig.simulator.calls.size).toBe(1);
	});
});

it.each<[string, number, IDataObject]>([
	['five at a time', 5, {}],
	['as many at a time as the user wants', 12, { maxConcurrency: 12 }],
])('Many people are called %s', async (_what, inFlight, options) => {
	// No further call is made once one has failed.
	rig.simulator.addFault({ kind: 'status', status: 500, delayMs: 200, match: { path, times: 40 } });
	for (const operation of ['make', 'makeAndWait']) {
		const before = made(rig).length;
		const parameters = { ...byRule({ options }), operation };
		const result = await rig.engine.run({ items: Array.from({ length: 20 }, () => ({})), parameters });
		expect(failureOf(result).message).toContain('the call may have been made');
		expect(made(rig).length - before).toBe(inFlight);
	}
});

describe('Retry On Fail', () => {
	it.each(DOUBTFUL)('makes no call again after %s', async (_what, fault) => {
		rig.simulator.addFault(fault);
		const result = await rig.engine.run({ parameters: byRule(limitFor(fault)), node: retryOnFail });
		expect(failureOf(result).message).toContain('the call may have been made');
		expect(made(rig)).toHaveLength(1);
	});

	it('tries again what was refused, and that alone', async () => {
		rig.simulator.addFault({ kind: 'delay', match: { path } });
		rig.simulator.addFault({ kind: 'status', status: 400, match: { path } });
		const result = await rig.engine.run({
			items: [0, 1, 2].map((item) => ({ to: `+1555000300${item}` })),
			parameters: byRule({ to: '={{ $json.to }}', options: { maxConcurrency: 1 } }),
			node: retryOnFail,
		});
		expect(jsonOf(result).map(({ to }) => to)).toEqual(['+15550003000', '+15550003001', '+15550003002']);
		expect(rig.simulator.calls.size).toBe(3);
	});

	it.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'with %s leaves the calls alone that were made',
		async (onError) => {
			// n8n looks at the first item alone: it tries again if that one failed.
			rig.simulator.addFault({ kind: 'status', status: 500, match: { path } });
			const result = await rig.engine.run({
				items: [0, 1, 2].map((item) => ({ to: `+1555000300${item}` })),
				parameters: byRule({ to: '={{ $json.to }}', options: { maxConcurrency: 1 } }),
				node: retryOnFail,
				onError,
			});
			expect(made(rig)).toHaveLength(3);
			expect(result.routed.success.length + result.routed.failure.length).toBe(3);
		},
	);

	it('transfers no call again when the first transfer is in doubt', async () => {
		const [call] = jsonOf(await rig.engine.run({ parameters: byRule() }));
		rig.simulator.addFault({ kind: 'reset', match: { path: /transfer$/ } });
		await rig.simulator.moveCall(String(call?.callId), 'answered');
		const parameters = callParameters('transfer', { callId: call?.callId, transferTo: '+15550009' });
		const { message, description } = failureOf(await rig.engine.run({ parameters, node: retryOnFail }));
		expect(message).toContain('the transfer may have been requested');
		expect(description).toContain('Before you transfer the call again, check it with Call: Get.');
		expect(rig.simulator.requests.filter(({ path }) => path === `${CALL}/transfer`)).toHaveLength(1);
	});

	it('asks again for what costs nothing', async () => {
		rig.simulator.addFault({ kind: 'status', status: 400 });
		expect(jsonOf(await rig.engine.run({ parameters: callParameters('getAll'), node: retryOnFail }))).toEqual(
			[],
		);
		expect(rig.requests).toHaveLength(2);
	});
});

describe('1,000 items with every kind of fault among them', () => {
	const COUNT = 1_000;
	const items = Array.from({ length: COUNT }, (_, item) => ({ to: `+1555${String(1_000_000 + item)}` }));
	const parametersWithin = (timeout: number) =>
		byRule({ to: '={{ $json.to }}', options: { timeout, maxConcurrency: 100 } });
	const faults: Fault[] = [
		{ kind: 'status', status: 429, headers: { 'retry-after': '0' } },
		...DOUBTFUL.map(([, fault]) => fault),
		...REFUSED.slice(0, 1).map(([, fault]) => fault),
	];
	const ROUNDS = 8;
	const addFaults = () => {
		for (let round = 0; round < ROUNDS; round++) {
			// A bare delay in between lets requests through that succeed.
			for (const fault of faults) {
				rig.simulator.addFault({ kind: 'delay', match: { path, times: 3 } });
				rig.simulator.addFault({ ...fault, match: { path } });
			}
		}
	};
	const callsPerNumber = () => {
		const counts = new Map<string, number>();
		for (const { to } of rig.simulator.calls.values()) counts.set(to, (counts.get(to) ?? 0) + 1);
		return counts;
	};
	const run = async (more: Partial<RunOptions>) => {
		addFaults();
		const beganMs = Date.now();
		// Only what hangs takes so long.
		const result = await rig.engine.run({ items, parameters: parametersWithin(5_000), ...more });
		// With a hundred in flight, 16 that hang for 5 s hold up nobody for long.
		expect(Date.now() - beganMs).toBeLessThan(50_000);
		return result;
	};

	const doubtful = ROUNDS * DOUBTFUL.length;

	/** Checks each item's output against the calls that the API has. */
	const expectReported = (output: IDataObject[]): void => {
		expect(output).toHaveLength(COUNT);
		expect([...callsPerNumber().values()].every((count) => count === 1)).toBe(true);
		const calls = new Map([...rig.simulator.calls.values()].map((call) => [call.to, call.callId]));
		const inDoubt = output.filter(({ error }) => String(error).includes('may have been made'));
		expect(inDoubt).toHaveLength(doubtful);
		for (const [item, { to }] of items.entries()) {
			const json = output[item] ?? {};
			if (!inDoubt.includes(json)) expect([to, json.callId]).toEqual([to, calls.get(to)]);
		}
		expectNoSecrets(rig, output);
	};

	it('with continue on error: each number is called once at most, and every call is reported', async () => {
		const output = jsonOf(await run({ onError: 'continueRegularOutput' }));
		expectReported(output);
		expect(output.filter(({ callId }) => callId)).toHaveLength(COUNT - doubtful - ROUNDS);
		// Only "too many requests" was sent again.
		expect(made(rig)).toHaveLength(COUNT + ROUNDS);
	}, 60_000);

	it('with Retry On Fail, too: what was refused is tried again, and nothing else', async () => {
		// n8n looks at the first item: it tries again if that one failed.
		rig.simulator.addFault({ kind: 'status', status: 400, match: { path } });
		const output = jsonOf(await run({ onError: 'continueRegularOutput', node: retryOnFail }));
		expectReported(output);
		expect(output.filter(({ callId }) => callId)).toHaveLength(COUNT - doubtful);
		expect(made(rig)).toHaveLength(COUNT + ROUNDS + ROUNDS + 1);
	}, 60_000);

	it('that stop at the first failure: the error names each call that was made, or may have been', async () => {
		// Whatever takes longer is in doubt, too.
		const result = await run({ parameters: parametersWithin(1_500) });
		const { message, description } = failureOf(result);
		expect([...callsPerNumber().values()].every((count) => count === 1)).toBe(true);
		for (const { callId, to } of rig.simulator.calls.values()) {
			const item = items.findIndex((candidate) => candidate.to === to);
			const isNamed = description.includes(callId);
			const isInDoubt =
				new RegExp(`The calls? for item [\\d, ]*\\b${item}\\b[\\d, ]* may also have been made`).test(
					description,
				) ||
				(message.includes('may have been made') && message.includes(`[item ${item}]`));
			expect([to, isNamed || isInDoubt]).toEqual([to, true]);
		}
	}, 60_000);
});

describe('As a tool of an AI agent', () => {
	const tool = async (parameters: INodeParameters, more: Partial<RunOptions> = {}) =>
		await rig.engine.run({ parameters, nodeType: `${ACTION}Tool`, ...more });

	it('makes a call, of which the model learns the ID', async () => {
		expect(jsonOf(await tool(byRule()))).toMatchObject([{ callId: expect.any(String), to: TO }]);
		expect(rig.simulator.calls.size).toBe(1);
	});

	it('takes plain texts in the place of locators', async () => {
		await tool(byRule({ routingRuleId: 'rule_out_01', from: '+15550102001' }));
		expect(rig.simulator.calls.size).toBe(1);
	});

	it('tells the model of a call in doubt, since it would call again', async () => {
		rig.simulator.addFault({ kind: 'reset' });
		const [answer] = jsonOf(await tool(byRule()));
		expect(String(answer?.error)).toContain('the call may have been made');
		expect(made(rig)).toHaveLength(1);
	});

	it('calls nobody with Retry On Fail, which would call a person again', async () => {
		const [answer] = jsonOf(await tool(byRule(), { node: retryOnFail }));
		expect(String(answer?.error)).toContain("Turn off 'Retry On Fail'");
		expect(rig.requests).toEqual([]);
	});

	it('reads, hangs up and transfers', async () => {
		const [call] = jsonOf(await tool(byRule()));
		const callId = byId(String(call?.callId));
		await rig.simulator.moveCall(callId.value, 'answered');
		expect(jsonOf(await tool(callParameters('get', { callId })))).toMatchObject([{ status: 'answered' }]);
		expect(jsonOf(await tool(callParameters('getAll')))).toHaveLength(1);
		expect(jsonOf(await tool(callParameters('transfer', { callId, transferTo: '+15550009' })))).toHaveLength(
			1,
		);
		expect(jsonOf(await tool(callParameters('hangUp', { callId })))).toMatchObject([{ status: 'ended' }]);
	});
});
