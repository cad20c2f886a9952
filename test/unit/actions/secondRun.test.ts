import fc from 'fast-check';
import type * as SecondRun from '../../../nodes/VideoSdkAgentCloud/actions/run/secondRun';
import { checkAsync, NODE } from '../support';

// It is long enough for a database, and the one here needs no time.
jest.mock('n8n-workflow', () => ({ ...jest.requireActual<object>('n8n-workflow'), sleep: later }));
let onSleep = (): void => undefined;
const later = async () => {
	onSleep();
	for (let turns = 0; turns < 9; turns++) await new Promise(setImmediate);
};

/** Stores of their own, as in another process. */
function process(): typeof SecondRun {
	let loaded: typeof SecondRun | undefined;
	jest.isolateModules(() => {
		loaded = jest.requireActual<typeof SecondRun>('../../../nodes/VideoSdkAgentCloud/actions/run/secondRun');
	});
	return loaded!;
}

/** What n8n's database gives all processes: lists that are read and written as a whole. */
/** @param isForeign n8n's Remove Duplicates keeps something else for the workflow */
function database(isForeign = false) {
	const lists: Record<string, string[]> = {};
	/** It fails so often before it answers. */
	let failures = 1;
	const helpersOf = (node: string) => {
		const nameOf = (scope: string) => (scope === 'node' ? node : scope);
		const checkProcessedAndRecord = async (ids: string[], scope: string) => {
			// As if another process had begun the list at the same instant.
			if (failures-- > 0) throw new Error('duplicate key value');
			if (isForeign && scope === 'workflow') throw new Error('saved with an incompatible setting');
			const before = lists[nameOf(scope)] ?? [];
			await new Promise(setImmediate);
			lists[nameOf(scope)] = [...new Set([...before, ...ids])];
			return { new: ids.filter((id) => !before.includes(id)) };
		};
		const removeProcessed = async (ids: string[], scope: string) => {
			lists[nameOf(scope)] = (lists[nameOf(scope)] ?? []).filter((id) => !ids.includes(id));
		};
		return { checkProcessedAndRecord, removeProcessed };
	};
	return { helpersOf, fail: (times: number) => void (failures = times) };
}

const resumption = fc.record({
	by: fc.nat(2),
	runs: fc.integer({ min: 1, max: 3 }),
	nodes: fc.nat(3),
	/** In queue mode the other runs are on other workers. */
	cause: fc.constantFrom('', 'timer', 'sub-workflow', 'webhook'),
});

it('Of the runs that begin with the same stored execution, one alone starts something, also if all come to a node of ours at once', async () => {
	const property = fc.asyncProperty(fc.array(resumption), async (resumptions) => {
		const processes = [process(), process(), process()];
		const { helpersOf } = database();
		let stored = '{}';
		for (const { by, runs, nodes, cause } of resumptions) {
			const metadata = { subExecutionsCount: Number(cause === 'sub-workflow') };
			const contexts = Array.from({ length: runs }, (_, run) => {
				const flow = JSON.parse(stored) as object;
				// Of several waits, the timer of the last one counts.
				const runData = { Approval: [0, Date.now(), 1].map((startTime) => ({ startTime, metadata })) };
				return {
					// One may be at a different node.
					...{ getNode: () => ({ ...NODE, id: `node ${run}` }), getWorkflow: () => ({ id: 'w' }) },
					...{ getExecutionId: () => '1', getContext: () => flow, helpers: helpersOf(`node ${run}`) },
					workflow: { getNode: () => ({ parameters: { limitWaitTime: cause === 'timer', resume: cause } }) },
					runExecutionData: { executionData: {}, resultData: { runData } },
				};
			});
			let first = contexts[0]!;
			for (let node = 0; node < nodes; node++) {
				const judged = contexts.map(async (context, run) => {
					const { isSecondRun } = processes[(cause ? by + run : by) % 3]!;
					return await isSecondRun(context as never);
				});
				const isFirst = (await Promise.all(judged)).map((isSecond) => !isSecond);
				expect(isFirst.filter(Boolean)).toHaveLength(1);
				if (node > 0) expect(first).toBe(contexts[isFirst.indexOf(true)]);
				first = contexts[isFirst.indexOf(true)]!;
			}
			// The first one waits: n8n stores what it knows.
			stored = JSON.stringify(first.getContext());
		}
	});
	await checkAsync(property, 300);
});

it("A run asks again, with Retry On Fail, if n8n's store failed: before it wrote, and after", async () => {
	const { helpersOf, fail } = database(true);
	const runData = { Approval: [{ startTime: 1 }] };
	const context = {
		...{ getNode: () => NODE, getWorkflow: () => ({ id: 'w' }), getExecutionId: () => '1' },
		...{ getContext: () => ({}), helpers: helpersOf('node') },
		workflow: { getNode: () => ({ parameters: { resume: 'webhook' } }) },
		runExecutionData: { executionData: {}, resultData: { runData } },
	} as never;
	const { isSecondRun } = process();
	fail(2);
	await expect(isSecondRun(context)).rejects.toThrow();
	onSleep = () => fail(2);
	await expect(isSecondRun(context)).rejects.toThrow();
	onSleep = () => undefined;
	fail(0);
	expect(await isSecondRun(context)).toBe(false);
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
	const helpers = database().helpersOf('node');
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
