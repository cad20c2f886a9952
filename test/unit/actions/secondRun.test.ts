import fc from 'fast-check';
import type { IExecuteFunctions } from 'n8n-workflow';
import { check } from '../support';

type IsSecondRun = (context: IExecuteFunctions) => boolean;

/** Stores of their own, as in another process. */
function process(): IsSecondRun {
	let isSecondRun: IsSecondRun | undefined;
	jest.isolateModules(() => {
		({ isSecondRun } = jest.requireActual('../../../nodes/VideoSdkAgentCloud/actions/run/secondRun'));
	});
	return isSecondRun!;
}

it('Of the runs that begin with the same stored execution, the first one that comes to a node of ours starts something', () => {
	const resumption = fc.record({ by: fc.nat(2), runs: fc.integer({ min: 1, max: 3 }), nodes: fc.nat(3) });
	check([fc.array(resumption)], (resumptions) => {
		const processes = [process(), process(), process()];
		let stored = '{}';
		for (const { by, runs, nodes } of resumptions) {
			const contexts = Array.from({ length: runs }, () => {
				const flow = JSON.parse(stored) as object;
				const runExecutionData = { executionData: {} };
				return { getExecutionId: () => '1', runExecutionData, getContext: () => flow };
			});
			for (let node = 0; node < nodes; node++) {
				const seconds = contexts.map((context) => processes[by]!(context as never));
				expect(seconds).toEqual(contexts.map((_, run) => run > 0));
			}
			// The first one waits: n8n stores what it knows.
			stored = JSON.stringify(contexts[0]!.getContext());
		}
	});
});
