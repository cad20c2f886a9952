import type { IExecuteFunctions } from 'n8n-workflow';
import { type Turn, Turns } from '../../../nodes/VideoSdkAgentCloud/actions/run/turns';
import { NODE, settle } from '../support';

/** A node that stops at a failure, or goes on. */
function contextOf(stopsOnFail = true): IExecuteFunctions {
	return {
		getNode: () => NODE,
		continueOnFail: () => !stopsOnFail,
		getExecutionCancelSignal: () => undefined,
	} as Partial<IExecuteFunctions> as IExecuteFunctions;
}

describe('One turn at a time:', () => {
	/** Runs three items, of which the first one does `work`. @returns what happens, in order */
	async function run(stopsOnFail: boolean, work: (turn: Turn, turns: Turns) => Promise<void>) {
		const turns = new Turns(contextOf(stopsOnFail), 1);
		const events: string[] = [];
		const item = async (name: string, does?: typeof work) => {
			const turn = await turns.take();
			if (turn === undefined) return void events.push(`${name} never`);
			events.push(`${name} begins`);
			await does?.(turn, turns);
			await settle();
			events.push(`${name} ends`);
			turn.end();
		};
		await Promise.all([item('a', work), item('b'), item('c')]);
		return events;
	}

	it('an item that pauses lets another one begin, and goes on before a third does', async () => {
		const events = await run(true, async (turn) => await turn.pause(0));
		expect(events).toEqual(['a begins', 'b begins', 'b ends', 'a ends', 'c begins', 'c ends']);
	});

	it('while an item is in doubt, none begins, because the node may have to stop', async () => {
		const events = await run(true, async (turn) => turn.leaveInDoubt());
		expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
	});

	it('while an item is in doubt, others begin if each has its own outcome', async () => {
		const events = await run(false, async (turn) => turn.leaveInDoubt());
		expect(events.slice(0, 2)).toEqual(['a begins', 'b begins']);
		expect(events).toHaveLength(6);
	});

	it('after a failure none begins', async () => {
		const events = await run(true, async (_, turns) => turns.noteFailure());
		expect(events).toEqual(['a begins', 'a ends', 'b never', 'c never']);
	});

	it('after a failure all begin if each has its own outcome', async () => {
		const events = await run(false, async (_, turns) => turns.noteFailure());
		expect(events.at(-1)).toBe('c ends');
	});
});
