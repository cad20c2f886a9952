import fc from 'fast-check';
import type * as SecondRun from '../../../nodes/VideoSdkAgentCloud/actions/run/secondRun';
import { checkAsync, NODE } from '../support';

/** Stores of their own, as in another process. */
function process(): typeof SecondRun {
	let loaded: typeof SecondRun | undefined;
	jest.isolateModules(() => {
		loaded = jest.requireActual<typeof SecondRun>('../../../nodes/VideoSdkAgentCloud/actions/run/secondRun');
	});
	return loaded!;
}

/** What n8n's database gives all processes. */
function database() {
	const recorded = new Set<string>();
	let isEmpty = true;
	const checkProcessedAndRecord = async (ids: string[]) => {
		// As if another process had begun the list at the same instant.
		if (isEmpty) {
			isEmpty = false;
			throw new Error('duplicate key value');
		}
		const added = ids.filter((id) => !recorded.has(id));
		for (const id of added) recorded.add(id);
		return { new: added };
	};
	const removeProcessed = async (ids: string[]) => ids.forEach((id) => recorded.delete(id));
	return { checkProcessedAndRecord, removeProcessed };
}

const resumption = fc.record({
	by: fc.nat(2),
	runs: fc.integer({ min: 1, max: 3 }),
	nodes: fc.nat(3),
	/** It may be due to a timer or a sub-workflow: in queue mode the other runs are on other workers. */
	cause: fc.constantFrom('', 'timer', 'sub-workflow'),
});

it('Of the runs that begin with the same stored execution, the first one that comes to a node of ours starts something', async () => {
	const property = fc.asyncProperty(fc.array(resumption), async (resumptions) => {
		const processes = [process(), process(), process()];
		const helpers = database();
		let stored = '{}';
		for (const { by, runs, nodes, cause } of resumptions) {
			const metadata = { subExecutionsCount: Number(cause === 'sub-workflow') };
			const contexts = Array.from({ length: runs }, () => {
				const flow = JSON.parse(stored) as object;
				// Of several waits, the timer of the last one counts.
				const runData = { Approval: [0, Date.now(), 1].map((startTime) => ({ startTime, metadata })) };
				return {
					...{ getNode: () => NODE, getWorkflow: () => ({ id: 'w' }), getExecutionId: () => '1' },
					...{ getContext: () => flow, helpers },
					workflow: { getNode: () => ({ parameters: { limitWaitTime: cause === 'timer' } }) },
					runExecutionData: { executionData: {}, resultData: { runData } },
				};
			});
			for (let node = 0; node < nodes; node++) {
				for (const [run, context] of contexts.entries()) {
					const { isSecondRun } = processes[(cause ? by + run : by) % 3]!;
					expect(await isSecondRun(context as never)).toBe(run > 0);
				}
			}
			// The first one waits: n8n stores what it knows.
			stored = JSON.stringify(contexts[0]!.getContext());
		}
	});
	await checkAsync(property, 300);
});

it('A second run that has the notes of the first one, whose progress n8n saves, takes its place', async () => {
	const { isSecondRun } = process();
	const judge = async (flow: object, run: object) => {
		const context = { getExecutionId: () => '1', getContext: () => flow, runExecutionData: run };
		return await isSecondRun(context as never);
	};
	const [first, second] = [1, 2].map((startTime) => ({
		executionData: {},
		resultData: { runData: { Node: [{ startTime }] } },
	}));
	const flow = {};
	expect(await judge(flow, first!)).toBe(false);
	const saved = structuredClone(flow);
	expect(await judge(flow, first!)).toBe(false);
	expect(await judge(saved, second!)).toBe(true);
	expect(await judge(structuredClone(flow), structuredClone(first!))).toBe(false);
	expect(await judge(flow, first!)).toBe(true);
});

it('n8n 1.x: what runs a sub-workflow for each item calls no one after the first one waits, at any depth', async () => {
	const waits = (executionId: string) => ({ executionId, shouldResume: true });
	const helpers = database();
	/** n8n has stored so many runs of nodes of the first execution, and runs another one below it, in which this one is. */
	const below = (id: string, runs: number, waitTill?: Date) => ({
		...{ getNode: () => NODE, getWorkflow: () => ({ id: 'w' }), helpers },
		...{ getExecutionId: () => id, getMode: () => 'trigger' },
		runExecutionData: { executionData: {}, waitTill, parentExecution: waits(`above ${id}`) },
		getExecutionDataById: async (executionId: string) => ({
			resultData: { runData: { Node: Array.from({ length: runs }, () => ({})) } },
			parentExecution: executionId === 'top' ? undefined : waits('top'),
		}),
	});
	const [one, other] = [process(), process()];
	const judge = async ({ isOneOfMany }: typeof SecondRun, ...of: Parameters<typeof below>) =>
		await isOneOfMany(below(...of) as never);
	await one.noteWait(below('1', 2) as never);
	expect(await judge(one, '2', 2)).toBe(false);
	await one.noteWait(below('1', 2, new Date()) as never);
	// What runs them has waited for the first one, as in a loop.
	for (const by of [one, other]) expect(await judge(by, '2', 3)).toBe(false);
	for (const by of [one, other]) {
		expect([await judge(by, '1', 2), await judge(by, '2', 2)]).toEqual([false, true]);
		// It is stored while its second run tries again.
		expect(await judge(by, '2', 3)).toBe(true);
	}
	await one.noteWait(below('1', 4, new Date()) as never);
	expect([await judge(one, '1', 5), await judge(one, '2', 5)]).toEqual([false, true]);
});
