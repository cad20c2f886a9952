/** What must not end a wait, or make it deaf, while VideoSDK or another execution is in trouble. */
import { ExecutionLifecycleHooks, WorkflowExecute } from 'n8n-core';
import type { INodeParameters } from 'n8n-workflow';
import { accelerateTime, startParameters, useRig } from './rig';
import { rows } from './waitingRun';

const rig = useRig({ callBehaviour: false });
/** Three seconds at SPEED. What is ended then has to be within 50 seconds, so time must not fly on a busy machine. */
const MAX_WAIT_MS = 30_000;
const SPEED = 10;
const PATIENCE_MS = 60_000;
const END_AT_TIMEOUT: INodeParameters = { options: { endAtTimeout: true } };
const START = /sessions\/start$/;
const ONE_SESSION = /sessions\/[0-9a-f-]{36}$/;
const sessions = () => [...rig.simulator.sessions.values()];

it.each([
	[402, 1],
	[404, 4],
])('An API that answers %i to every GET ends no wait for %i', async (status, count) => {
	accelerateTime(SPEED);
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, END_AT_TIMEOUT, { items: rows(count) });
	rig.simulator.addFault({ kind: 'status', status, match: { method: 'GET', times: Infinity } });
	expect(await waiting.jsonWithin(PATIENCE_MS)).toEqual(
		rows(count).map(() => expect.objectContaining({ timedOut: true, endedAtTimeout: true }) as object),
	);
});

it('A session that the API does not find, and that is far down in the list, is still ended at the deadline', async () => {
	accelerateTime(SPEED);
	const waiting = await rig.engine.startAndWait(2 * MAX_WAIT_MS, END_AT_TIMEOUT);
	await rig.engine.run({ parameters: startParameters(), items: rows(320) });
	rig.simulator.addFault({ kind: 'status', status: 404, match: { path: ONE_SESSION, times: Infinity } });
	expect(await waiting.jsonWithin(PATIENCE_MS)).toMatchObject([{ timedOut: true, endedAtTimeout: true }]);
});

it('A session that VideoSDK has in no page of its list ends the wait', async () => {
	accelerateTime(SPEED);
	const waiting = await rig.engine.startAndWait(100 * MAX_WAIT_MS, END_AT_TIMEOUT);
	const [gone] = sessions();
	await rig.engine.run({ parameters: startParameters(), items: rows(260) });
	rig.simulator.sessions.delete(gone?.sessionId ?? '');
	const [json] = (await waiting.jsonWithin(PATIENCE_MS)) ?? [];
	expect(json).toMatchObject({ error: expect.stringContaining("couldn't find") as string });
	expect(json).not.toHaveProperty('timedOut', true);
});

it('An execution that is stopped while n8n saves it does not stop the requests of others', async () => {
	accelerateTime(20);
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
	const [json] = (await second.jsonWithin(PATIENCE_MS)) ?? [];
	expect(json).toMatchObject({ status: 'stopped', event: 'stopped' });
	expect(json).not.toHaveProperty('timedOut');
});

it.each(['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const)(
	'A Max Wait up to a time of day that passes during the starts ends what was started: %s',
	async (onError) => {
		accelerateTime(20);
		const untilMs = Date.now() + 20_000;
		rig.simulator.addFault({ kind: 'delay', until: () => Date.now() > untilMs, match: { path: START } });
		const parameters = { ...END_AT_TIMEOUT, maxWait: `={{ (${untilMs} - Date.now()) / 60000 }}` };
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, parameters, { items: rows(2), onError });
		expect(await waiting.jsonWithin(PATIENCE_MS)).toMatchObject([
			{ endedAtTimeout: true },
			{ endedAtTimeout: true },
		]);
	},
);

it('An end that the API declines is not told as done', async () => {
	accelerateTime(20);
	const waiting = await rig.engine.startAndWait(20_000, END_AT_TIMEOUT);
	const body = { success: false, message: "Couldn't stop the worker" };
	rig.simulator.addFault({ kind: 'status', status: 200, body, match: { path: /end$/, times: Infinity } });
	const [json] = (await waiting.jsonWithin(PATIENCE_MS)) ?? [];
	expect(json).toMatchObject({ outcome: 'running', timedOut: true, endedAtTimeout: false });
});
