/** What was started before the node stopped is ended when Max Wait ends, as it would have been (issue 31, rule 8). */
import { setTimeout as pause } from 'node:timers/promises';
import { ExecuteContext, WorkflowExecute } from 'n8n-core';
import type { INodeParameters } from 'n8n-workflow';
import { byRule, CALL, made } from './callRig';
import type { NodeRunOptions } from './engine';
import { useRig } from './rig';
import { rows, type WaitingRun } from './waitingRun';

const rig = useRig({ callBehaviour: false });
const MAX_WAIT_MS = 30_000;

/** Makes one call after another, of which the last one gives trouble. */
async function begin(more: INodeParameters = {}, options: NodeRunOptions = {}): Promise<WaitingRun> {
	const parameters = { ...byRule({ operation: 'makeAndWait', options: { maxConcurrency: 1 } }), ...more };
	return await rig.engine.startAndWait(MAX_WAIT_MS, parameters, { items: rows(2), ...options });
}
const hungUp = () =>
	rig.requests
		.filter(({ path }) => path === `${CALL}/end`)
		.map(({ body }) => (body as { callId: string }).callId);
const rejectSecond = () => {
	rig.simulator.addFault({ kind: 'delay', match: { method: 'POST', path: /call$/, times: 1 } });
	rig.simulator.addFault({ kind: 'status', status: 400, match: { method: 'POST', path: /call$/, times: 1 } });
};

/** Fails if what was started is not hung up at Max Wait, or before it. @param count how many calls that are */
async function expectHungUpAtMaxWait(count = 1): Promise<void> {
	const callIds = [...rig.simulator.calls.keys()];
	expect(callIds).toHaveLength(count);
	await pause(MAX_WAIT_MS - 10_000);
	expect(hungUp()).toEqual([]);
	await pause(70_000);
	expect(hungUp().sort()).toEqual(callIds.sort());
	const asked = rig.requests.length;
	await pause(60_000);
	expect(rig.requests).toHaveLength(asked);
}

it('by the user, also what is being started right then', async () => {
	const { processRunExecutionData } = WorkflowExecute.prototype;
	let isCancelled = false;
	jest.spyOn(WorkflowExecute.prototype, 'processRunExecutionData').mockImplementation(function (
		this: WorkflowExecute,
		workflow,
	) {
		const run = processRunExecutionData.call(this, workflow);
		const until = () => {
			if (made(rig).length === 2) run.cancel();
			isCancelled ||= made(rig).length === 2;
			return true;
		};
		for (const times of [1, 1]) {
			rig.simulator.addFault({ kind: 'delay', until, match: { method: 'POST', path: /call$/, times } });
		}
		return run;
	});
	await begin({}, { items: rows(3) });
	expect(isCancelled).toBe(true);
	await expectHungUpAtMaxWait(2);
});

it('because a later item failed', async () => {
	rejectSecond();
	const { result } = await begin();
	expect(result.run.status).toBe('error');
	await expectHungUpAtMaxWait();
});

it.each(['stopWorkflow', 'continueRegularOutput'] as const)(
	'because n8n cannot wait: %s',
	async (onError) => {
		jest.spyOn(ExecuteContext.prototype, 'putExecutionToWait').mockRejectedValue(new Error('No database'));
		const { result } = await begin({}, { items: rows(1), onError });
		expect(result.run.status).toBe(onError === 'stopWorkflow' ? 'error' : 'success');
		await expectHungUpAtMaxWait();
	},
);

it('at the Max Wait of the try that puts the execution to wait, not of one before', async () => {
	rejectSecond();
	const node = { retryOnFail: true, maxTries: 2, waitBetweenTries: 5_000 };
	const waiting = await begin({}, { node });
	expect(waiting.result.run.status).toBe('waiting');
	const output = await waiting.jsonWithin();
	expect(output).toMatchObject(Array(2).fill({ timedOut: true, hungUpAtTimeout: true }));
	expect(hungUp()).toHaveLength(2);
});

it("not if 'Hang Up When Max Wait Ends' is off", async () => {
	rejectSecond();
	await begin({ options: { maxConcurrency: 1, hangUpAtTimeout: false } });
	const asked = rig.requests.length;
	await pause(MAX_WAIT_MS + 60_000);
	expect(rig.requests).toHaveLength(asked);
});
