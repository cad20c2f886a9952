/** What must not end a wait, or make it deaf, while VideoSDK or another execution is in trouble. */
import { ExecutionLifecycleHooks, WorkflowExecute } from 'n8n-core';
import type { INodeParameters } from 'n8n-workflow';
import { byRule } from './callRig';
import { jsonOf, startParameters, useRig } from './rig';
import { rows } from './waitingRun';

const rig = useRig({ callBehaviour: false });
const MAX_WAIT_MS = 30_000;
const END_AT_TIMEOUT: INodeParameters = { options: { endAtTimeout: true } };
const START = /sessions\/start$/;
const ONE_SESSION = /sessions\/[0-9a-f-]{36}$/;
const sessions = () => [...rig.simulator.sessions.values()];

it.each([
	[402, 1],
	[404, 4],
])('An API that answers %i to every GET ends no wait for %i', async (status, count) => {
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, END_AT_TIMEOUT, { items: rows(count) });
	rig.simulator.addFault({ kind: 'status', status, match: { method: 'GET', times: Infinity } });
	expect(await waiting.jsonWithin()).toEqual(
		rows(count).map(() => expect.objectContaining({ timedOut: true, endedAtTimeout: true }) as object),
	);
});

it('A session that the API does not find, and that is far down in the list, is still ended at the deadline', async () => {
	const waiting = await rig.engine.startAndWait(2 * MAX_WAIT_MS, END_AT_TIMEOUT);
	await rig.engine.run({ parameters: startParameters(), items: rows(320) });
	rig.simulator.addFault({ kind: 'status', status: 404, match: { path: ONE_SESSION, times: Infinity } });
	expect(await waiting.jsonWithin()).toMatchObject([{ timedOut: true, endedAtTimeout: true }]);
});

it('An execution that is stopped while n8n saves it does not stop the requests of others', async () => {
	const runs: Array<{ cancel: () => void }> = [];
	const process = WorkflowExecute.prototype.processRunExecutionData;
	jest.spyOn(WorkflowExecute.prototype, 'processRunExecutionData').mockImplementation(function (
		this: WorkflowExecute,
		workflow,
	) {
		const run = process.call(this, workflow);
		runs.push(run);
		return run;
	});
	const { runHook } = ExecutionLifecycleHooks.prototype;
	jest.spyOn(ExecutionLifecycleHooks.prototype, 'runHook').mockImplementation(async function (
		this: ExecutionLifecycleHooks,
		name,
		parameters,
	) {
		if (name === 'workflowExecuteAfter' && runs.length === 1) runs[0]?.cancel();
		await runHook.call(this, name, parameters);
	});
	await rig.engine.startAndWait(MAX_WAIT_MS);
	const second = await rig.engine.startAndWait(MAX_WAIT_MS);
	for (const session of sessions()) session.status = 'stopped';
	const [json] = (await second.jsonWithin()) ?? [];
	expect(json).toMatchObject({ status: 'stopped', event: 'stopped' });
	expect(json).not.toHaveProperty('timedOut');
});

it.each(['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const)(
	'A Max Wait up to a time of day that passes during the starts ends what was started: %s',
	async (onError) => {
		const untilMs = Date.now() + 20_000;
		rig.simulator.addFault({ kind: 'delay', until: () => Date.now() > untilMs, match: { path: START } });
		const parameters = { ...END_AT_TIMEOUT, maxWait: `={{ (${untilMs} - Date.now()) / 60000 }}` };
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, parameters, { items: rows(2), onError });
		expect(await waiting.jsonWithin()).toMatchObject([{ endedAtTimeout: true }, { endedAtTimeout: true }]);
	},
);

it.each(['hang', 'drip'] as const)(
	'Reads that %s hold up no end, however many wait (A1, A2)',
	async (kind) => {
		const waits = await Promise.all(
			Array.from(
				{ length: 6 },
				async () => await rig.engine.startAndWait(2 * MAX_WAIT_MS, END_AT_TIMEOUT, { items: rows(5) }),
			),
		);
		rig.simulator.addFault({ kind, match: { method: 'GET', times: Infinity } });
		const outputs = await Promise.all(waits.map(async (waiting) => await waiting.jsonWithin()));
		expect(sessions().map(({ status }) => status)).toEqual(Array(30).fill('completed'));
		for (const output of outputs) {
			expect(output).toEqual(
				Array(5).fill(expect.objectContaining({ timedOut: true, endedAtTimeout: true })),
			);
		}
	},
);

it('One loop asks for all: 60 executions with 5 calls each take at most 400 requests in a minute', async () => {
	const parameters = { ...byRule(), operation: 'makeAndWait' };
	const begin = async () => await rig.engine.startAndWait(24 * 3_600_000, parameters, { items: rows(5) });
	const waits = await Promise.all(Array.from({ length: 60 }, begin));
	const asked = () => rig.requests.filter(({ method }) => method === 'GET').length;
	const before = asked();
	await new Promise((resolve) => setTimeout(resolve, 60_000));
	expect(asked() - before).toBeLessThanOrEqual(400);
	rig.simulator.setEventFaults({ drop: () => true });
	for (const callId of rig.simulator.calls.keys()) await rig.simulator.moveCall(callId, 'ended');
	for (const waiting of waits) expect(await waiting.resumedWithin()).toHaveLength(5);
});

it('An end that drips costs only its own conversation anything (A2)', async () => {
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, END_AT_TIMEOUT, { items: rows(4) });
	const [slow] = sessions();
	const body = new RegExp(String(slow?.sessionId));
	rig.simulator.addFault({ kind: 'drip', match: { path: /end$/, body, times: Infinity } });
	const output = await waiting.jsonWithin();
	expect(output).toEqual(
		rows(4).map(() => expect.objectContaining({ timedOut: true, endedAtTimeout: true })),
	);
});

it("Another session's record is no news of this one (A10)", async () => {
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS);
	const body = { sessionId: 'another', status: 'failed' };
	rig.simulator.addFault({
		kind: 'status',
		status: 200,
		body,
		match: { path: ONE_SESSION, times: Infinity },
	});
	expect(await waiting.jsonWithin()).toMatchObject([{ outcome: 'running', timedOut: true }]);
});

it('A failure at the deadline does not fail Wait for Status: the session comes out as last known', async () => {
	const sessionId = await rig.existingSession();
	const parameters = {
		resource: 'session',
		operation: 'waitForStatus',
		sessionId,
		maxWait: 1,
		maxWaitUnit: 'minutes',
	};
	const run = rig.engine.run({ parameters });
	while (rig.requests.length === 0) await new Promise(setImmediate);
	rig.simulator.addFault({ kind: 'status', status: 500, match: { path: ONE_SESSION, times: Infinity } });
	expect(jsonOf(await run)).toMatchObject([{ sessionId, timedOut: true }]);
});

it('An end that the API declines is not told as done', async () => {
	const waiting = await rig.engine.startAndWait(20_000, END_AT_TIMEOUT);
	const body = { success: false, message: "Couldn't stop the worker" };
	rig.simulator.addFault({ kind: 'status', status: 200, body, match: { path: /end$/, times: Infinity } });
	const [json] = (await waiting.jsonWithin()) ?? [];
	const endError = expect.stringContaining(body.message) as string;
	expect(json).toMatchObject({ outcome: 'running', timedOut: true, endedAtTimeout: false, endError });
});

const RECORDED = { ...byRule({ recording: 'transcribe' }), operation: 'makeAndWait', maxWait: 0.5 };

it('Recordings that hang cost no other conversation its outcome', async () => {
	const many = await rig.engine.startAndWait(MAX_WAIT_MS, { ...RECORDED, maxWait: 60 }, { items: rows(60) });
	rig.simulator.addFault({ kind: 'hang', match: { path: /recordings|transcriptions/, times: Infinity } });
	const end = async (callId: string) => {
		await rig.simulator.moveCall(callId, 'answered');
		await rig.simulator.moveCall(callId, 'ended');
	};
	await Promise.all([...rig.simulator.calls.keys()].map(end));
	while (!rig.requests.some(({ path }) => /recordings/.test(path))) {
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
	const other = await rig.engine.startAndWait(MAX_WAIT_MS, { maxWait: 1 });
	for (const session of sessions()) session.status = 'stopped';
	const [json] = (await other.jsonWithin()) ?? [];
	expect(json).toMatchObject({ status: 'stopped' });
	expect(json).not.toHaveProperty('timedOut');
	expect(many.output).toBeUndefined();
});

it('The last values of a credential that was deleted are not used any more', async () => {
	const waiting = await rig.engine.startAndWait(12_000);
	rig.engine.deleteCredentials();
	rig.simulator.requests.length = 0;
	// Not before: no look may be under way.
	expect((await waiting.jsonWithin())?.map(({ timedOut }) => timedOut)).toEqual([true]);
	expect(rig.requests).toEqual([]);
});
