/** A call costs money and reaches a person: whatever happens, none is made twice, and none goes unreported. */
import { WorkflowExecute } from 'n8n-core';
import type { IDataObject } from 'n8n-workflow';
import type { Fault } from '../simulator';
import { byGateway, CALL, callParameters, made } from './callRig';
import type { RunOptions } from './engine';
import { expectNoSecrets, failureOf, jsonOf, useRig } from './rig';

const rig = useRig({ callBehaviour: false });

const path = /^\/v2\/sip\/call$/;
const LOOK_UP = 'Before you call again, search for the number with Call: Get Many.';
const retryOnFail = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };

/** The call may have been made; whether it was differs. */
const DOUBTFUL: Array<[string, Fault]> = [
	['a status 500', { kind: 'status', status: 500 }],
	['a status 503 with Retry-After', { kind: 'status', status: 503, headers: { 'retry-after': '0' } }],
	['a redirect (a proxy may have passed the call on)', { kind: 'redirect', status: 302 }],
	['a redirect of the kind that keeps the method', { kind: 'redirect', status: 307 }],
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

it.each(DOUBTFUL)(
	'A call is not made again after %s, not even by Retry On Fail, and the user learns what to look up',
	async (_what, fault) => {
		rig.simulator.addFault(fault);
		const result = await rig.engine.run({ parameters: byGateway(limitFor(fault)), node: retryOnFail });
		const { message, description } = failureOf(result);
		expect(message).toContain('the call may have been made');
		expect(message).toContain('[item 0]');
		expect(description).toContain(LOOK_UP);
		expectNoSecrets(rig, result.error, result.thrown, result.run);
		expect(made(rig)).toHaveLength(1);
	},
);

it.each(REFUSED)('A call that was refused with %s is not said to be in doubt', async (_status, fault) => {
	rig.simulator.addFault(fault);
	expect(failureOf(await rig.engine.run({ parameters: byGateway() })).message).not.toContain('may have been');
	expect(made(rig)).toHaveLength(1);
	expect(rig.simulator.calls.size).toBe(0);
});

it('A call is sent again after "too many requests"', async () => {
	const headers = { 'retry-after': '0' };
	rig.simulator.addFault({ kind: 'status', status: 429, headers, match: { times: 3 } });
	expect(jsonOf(await rig.engine.run({ parameters: byGateway() }))).toHaveLength(1);
	expect(made(rig)).toHaveLength(4);
	expect(rig.simulator.calls.size).toBe(1);
});

it.each<[string, number, IDataObject]>([
	['five at a time', 5, {}],
	['as many at a time as the user wants', 12, { maxConcurrency: 12 }],
])('Many people are called %s', async (_what, inFlight, options) => {
	// No further call is made once one has failed.
	rig.simulator.addFault({ kind: 'status', status: 500, delayMs: 200, match: { path, times: 40 } });
	for (const operation of ['make', 'makeAndWait']) {
		const before = made(rig).length;
		const parameters = { ...byGateway({ options }), operation };
		const result = await rig.engine.run({ items: Array.from({ length: 20 }, () => ({})), parameters });
		expect(failureOf(result).message).toContain('the call may have been made');
		expect(made(rig).length - before).toBe(inFlight);
	}
});

it('Retry On Fail transfers no call again when the first transfer is in doubt', async () => {
	const [call] = jsonOf(await rig.engine.run({ parameters: byGateway() }));
	rig.simulator.addFault({ kind: 'reset', match: { path: /transfer$/ } });
	await rig.simulator.moveCall(String(call?.callId), 'answered');
	const parameters = callParameters('transfer', { callId: call?.callId, transferTo: '+15550009' });
	const { message, description } = failureOf(await rig.engine.run({ parameters, node: retryOnFail }));
	expect(message).toContain('the transfer may have been requested');
	expect(description).toContain('Before you transfer again, check with Call: Get.');
	expect(rig.simulator.requests.filter(({ path }) => path === `${CALL}/transfer`)).toHaveLength(1);
});

describe('Many items with every kind of fault among them', () => {
	const COUNT = 300;
	const items = Array.from({ length: COUNT }, (_, item) => ({ to: `+1555${String(1_000_000 + item)}` }));
	const parametersWithin = (timeout: number) =>
		byGateway({ to: '={{ $json.to }}', options: { timeout, maxConcurrency: 100 } });
	const faults: Fault[] = [
		{ kind: 'status', status: 429, headers: { 'retry-after': '0' } },
		...DOUBTFUL.map(([, fault]) => fault),
		...REFUSED.slice(0, 1).map(([, fault]) => fault),
	];
	const ROUNDS = 2;
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
		// Only what hangs takes so long.
		return await rig.engine.run({ items, parameters: parametersWithin(3_000), ...more });
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

	it('with Retry On Fail and On Error: each is called once at most, and what was refused is tried again', async () => {
		// n8n looks at the first item: it tries again if that one failed.
		rig.simulator.addFault({ kind: 'status', status: 400, match: { path } });
		const output = jsonOf(await run({ onError: 'continueRegularOutput', node: retryOnFail }));
		expectReported(output);
		expect(output.filter(({ callId }) => callId)).toHaveLength(COUNT - doubtful);
		expect(made(rig)).toHaveLength(COUNT + ROUNDS + ROUNDS + 1);
	});

	it('that stop at the first failure: the error names each call that was made, or may have been', async () => {
		// Whatever takes longer is in doubt, too.
		const result = await run({ parameters: parametersWithin(1_500) });
		const { message, description } = failureOf(result);
		expect([...callsPerNumber().values()].every((count) => count === 1)).toBe(true);
		for (const { callId, to } of rig.simulator.calls.values()) {
			const item = items.findIndex((candidate) => candidate.to === to);
			const isNamed = description.includes(callId);
			const isInDoubt =
				new RegExp(`The calls? for items? [\\d, ]*\\b${item}\\b[\\d, ]* may have been made`).test(
					description,
				) ||
				(message.includes('may have been made') && message.includes(`[item ${item}]`));
			expect([to, isNamed || isInDoubt]).toEqual([to, true]);
		}
	});
});

it("A record that repeats the request's token comes out without it", async () => {
	const body = ({ authorization }: Record<string, string>) => ({
		data: { callId: 'c1', metadata: { note: `Bearer ${authorization}`, key: 'eyJhIjoxfQ.eyJhIjoxfQ.x' } },
	});
	rig.simulator.addFault({ kind: 'noData', body });
	const [call] = jsonOf(await rig.engine.run({ parameters: byGateway({ options: { simplify: false } }) }));
	expect(call?.metadata).toEqual({ note: 'Bearer …', key: 'eyJhIjoxfQ.eyJhIjoxfQ.x' });
});

it('The room of a call that was not made is closed although the user has stopped the execution', async () => {
	const process = WorkflowExecute.prototype.processRunExecutionData;
	jest.spyOn(WorkflowExecute.prototype, 'processRunExecutionData').mockImplementation(function (
		this: WorkflowExecute,
		workflow,
	) {
		const run = process.call(this, workflow);
		const stop = () => {
			setTimeout(() => run.cancel(), 500);
			return true;
		};
		// The user stops while the call waits to be sent again.
		const headers = { 'retry-after': '30' };
		rig.simulator.addFault({ kind: 'status', status: 429, headers, until: stop, match: { path } });
		return run;
	});
	await rig.engine.run({ parameters: byGateway({ recording: 'record' }) });
	const [room] = rig.simulator.rooms.values();
	while (!room?.disabled) await new Promise((resolve) => setTimeout(resolve, 20));
	expect(rig.simulator.calls.size).toBe(0);
});
