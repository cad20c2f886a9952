/** Equal starts of a node are told apart by how often it has begun the same before. */
import fc from 'fast-check';
import type { IExecuteFunctions } from 'n8n-workflow';
import { noteRound, placesOf } from '../../../nodes/VideoSdkAgentCloud/actions/start/rounds';
import { check, NODE } from '../support';

/** A node in an execution, whose rounds n8n counts. */
class Execution {
	private readonly contextData = {};
	readonly runs: Array<{ executionStatus: string }> = [];
	mode = 'trigger';

	/** @returns the context of the next round */
	get context(): IExecuteFunctions {
		const runExecutionData = { executionData: {}, resultData: { runData: { [NODE.name]: this.runs } } };
		return {
			getNode: () => NODE,
			getMode: () => this.mode,
			getContext: () => this.contextData,
			runExecutionData,
			runIndex: this.runs.length,
		} as unknown as IExecuteFunctions;
	}
}

const aims = fc.array(fc.constantFrom('+1', '+2', '+3'), { maxLength: 5 });
const rounds = fc.array(
	fc.record({
		aims,
		/** How many of them are begun each time that n8n runs the round: Retry On Fail and a user's Retry repeat it. */
		begun: fc.array(fc.nat(5), { minLength: 1, maxLength: 3 }),
	}),
	{ maxLength: 6 },
);

it('A place counts what was begun in finished rounds and comes before in this one, however often a round is repeated', () => {
	check([rounds], (all) => {
		const execution = new Execution();
		const before: string[] = [];
		for (const round of all) {
			const places = round.aims.map(
				(aim, index) => [...before, ...round.aims.slice(0, index)].filter((other) => other === aim).length,
			);
			for (const count of round.begun) {
				expect(placesOf(execution.context, round.aims)).toEqual(places);
				noteRound(execution.context, round.aims.slice(0, count));
			}
			before.push(...round.aims.slice(0, round.begun.at(-1)));
			execution.runs.push({ executionStatus: 'success' });
		}
	});
});

it('The round that waited when n8n was killed is repeated by the run after it in a Retry', () => {
	const execution = new Execution();
	expect(placesOf(execution.context, ['+1'])).toEqual([0]);
	noteRound(execution.context, ['+1']);
	execution.runs.push({ executionStatus: 'waiting' });
	execution.mode = 'retry';
	expect(placesOf(execution.context, ['+1'])).toEqual([0]);
	noteRound(execution.context, ['+1']);
	execution.runs.push({ executionStatus: 'success' });
	expect(placesOf(execution.context, ['+1'])).toEqual([1]);
});
