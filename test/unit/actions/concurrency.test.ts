import fc from 'fast-check';
import { ConcurrencyLimit } from '../../../nodes/VideoSdkAgentCloud/actions/run/concurrency';
import { checkAsync, settle } from '../support';

/** Calls that end when the test says so. */
class Calls {
	readonly begun: number[] = [];
	readonly running = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
	handedIn = 0;
	/** How often the bound was exceeded when a call began. */
	excesses = 0;

	constructor(private readonly limit: ConcurrencyLimit) {}

	/** Hands calls in. What becomes of them is their own matter. */
	add(count: number): void {
		for (let added = 0; added < count; added++) {
			const index = this.handedIn++;
			const call = async () =>
				await new Promise<void>((resolve, reject) => {
					this.begun.push(index);
					this.running.set(index, { resolve, reject });
					if (this.running.size > this.limit.concurrency) this.excesses++;
				});
			this.limit.run(call).catch(() => {});
		}
	}

	async end(dice = 0, fails = false): Promise<void> {
		const [index = NaN, call] = [...this.running][dice % this.running.size] ?? [];
		this.running.delete(index);
		if (fails) call?.reject(new Error('failed'));
		else call?.resolve();
		await settle();
	}
}

it('An item that has begun finishes before another one begins', async () => {
	const limit = new ConcurrencyLimit(1);
	const order: string[] = [];
	const item = async (name: string) => {
		await limit.run(async () => void order.push(`${name}1`));
		await limit.run(async () => void order.push(`${name}2`), true);
	};
	await Promise.all([item('a'), item('b'), item('c')]);
	expect(order).toEqual(['a1', 'b1', 'a2', 'b2', 'c1', 'c2']);
});

const command = fc.oneof(
	fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 9 }) }),
	fc.record({ kind: fc.constant('end' as const), dice: fc.nat(), fails: fc.boolean() }),
	fc.record({ kind: fc.constant('slowDown' as const), afterMs: fc.constantFrom(0, 1, 499, 500, 900) }),
	fc.record({ kind: fc.constant('recover' as const), times: fc.integer({ min: 1, max: 60 }) }),
);

it('The bound is what answers make of it and never exceeded, all calls begin in order, and none is left', async () => {
	const commands = fc.array(command, { maxLength: 40 });
	const property = fc.asyncProperty(fc.integer({ min: 1, max: 60 }), commands, async (maximum, steps) => {
		const limit = new ConcurrencyLimit(maximum);
		const calls = new Calls(limit);
		let nowMs = 1_000;
		let slowedAtMs = -Infinity;
		let bound = maximum;
		let successes = 0;
		for (const step of steps) {
			if (step.kind === 'add') calls.add(step.count);
			else if (step.kind === 'end') await calls.end(step.dice, step.fails);
			else if (step.kind === 'slowDown') {
				limit.slowDown((nowMs += step.afterMs));
				// Half, at most once in half a second.
				if (nowMs - slowedAtMs >= 500) {
					bound = Math.max(1, Math.floor(bound / 2));
					slowedAtMs = nowMs;
					successes = 0;
				}
			} else {
				for (let time = 0; time < step.times; time++) {
					limit.recover();
					// A tenth of the maximum more for a whole round that goes well.
					if (bound === maximum || ++successes < bound) continue;
					bound = Math.min(maximum, bound + Math.max(1, Math.round(maximum / 10)));
					successes = 0;
				}
			}
			await settle();
			expect(limit.concurrency).toBe(bound);
			const waiting = calls.handedIn - calls.begun.length;
			if (waiting > 0) expect(calls.running.size).toBeGreaterThanOrEqual(bound);
		}
		for (let ended = 0; ended < calls.handedIn; ended++) await calls.end();
		expect(calls.begun).toEqual(Array.from({ length: calls.handedIn }, (_, index) => index));
		expect(calls.excesses).toBe(0);
	});
	await checkAsync(property, 150);
});
