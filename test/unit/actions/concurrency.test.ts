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

	/** Ends one of the calls in flight. */
	async end(dice = 0, fails = false): Promise<void> {
		const [index = NaN, call] = [...this.running][dice % this.running.size] ?? [];
		this.running.delete(index);
		if (fails) call?.reject(new Error('failed'));
		else call?.resolve();
		await settle();
	}
}

/** More calls that go well than any bound takes to recover. */
function recover(limit: ConcurrencyLimit, times = 10_000): number {
	for (let index = 0; index < times; index++) limit.recover();
	return limit.concurrency;
}

/** @returns the bounds after answers "too many requests" at these times */
const slowDown = (limit: ConcurrencyLimit, ...timesMs: number[]) =>
	timesMs.map((ms) => {
		limit.slowDown(ms);
		return limit.concurrency;
	});

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

it('Too many requests halve the bound, never below 1, and at most once in half a second', () => {
	const limit = new ConcurrencyLimit(50);
	const times = Array.from({ length: 500 }, (_, ms) => 10_000 + ms);
	expect(new Set(slowDown(limit, ...times))).toEqual(new Set([25]));
	const later = [10_500, 11_000, 11_500, 12_000, 12_500, 13_000];
	expect(slowDown(limit, ...later)).toEqual([12, 6, 3, 1, 1, 1]);
});

it.each([1, 2, 3, 7, 10, 50, 200])('A bound recovers to its maximum of %j, and no further', (maximum) => {
	const limit = new ConcurrencyLimit(maximum);
	slowDown(limit, ...Array.from({ length: 10 }, (_, step) => (step + 1) * 500));
	expect(limit.concurrency).toBe(1);
	expect(recover(limit)).toBe(maximum);
});

it('A whole round that goes well after a slow-down raises the bound by a tenth of the maximum', () => {
	const limit = new ConcurrencyLimit(50);
	slowDown(limit, 1_000);
	expect([recover(limit, 24), recover(limit, 1), recover(limit, 29), recover(limit, 1)]).toEqual([
		25, 30, 30, 35,
	]);
	const other = new ConcurrencyLimit(50);
	slowDown(other, 1_000);
	recover(other, 24);
	slowDown(other, 2_000);
	expect([recover(other, 11), recover(other, 1)]).toEqual([12, 17]);
});

it('After a slow-down nothing begins until enough calls have ended, and after a recovery what waits', async () => {
	const limit = new ConcurrencyLimit(8);
	const calls = new Calls(limit);
	calls.add(20);
	await settle();
	slowDown(limit, 1_000);
	const inFlight: number[] = [];
	for (let ended = 0; ended < 5; ended++) {
		await calls.end();
		inFlight.push(calls.running.size);
	}
	expect(inFlight).toEqual([7, 6, 5, 4, 4]);
	expect(calls.begun).toHaveLength(9);
	recover(limit);
	await settle();
	expect(calls.running.size).toBe(8);
});

it('The bound is never exceeded, all calls begin in order, and none is left, whatever happens', async () => {
	const command = fc.oneof(
		fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 6 }) }),
		fc.record({ kind: fc.constant('end' as const), dice: fc.nat(), fails: fc.boolean() }),
		fc.record({ kind: fc.constant('slowDown' as const), afterMs: fc.integer({ min: 0, max: 900 }) }),
		fc.record({ kind: fc.constant('recover' as const), times: fc.integer({ min: 1, max: 30 }) }),
	);
	const commands = fc.array(command, { maxLength: 40 });
	await checkAsync(
		fc.asyncProperty(fc.integer({ min: 1, max: 12 }), commands, async (maximum, steps) => {
			const limit = new ConcurrencyLimit(maximum);
			const calls = new Calls(limit);
			let nowMs = 1_000;
			for (const step of steps) {
				if (step.kind === 'add') calls.add(step.count);
				else if (step.kind === 'end') await calls.end(step.dice, step.fails);
				else if (step.kind === 'slowDown') limit.slowDown((nowMs += step.afterMs));
				else recover(limit, step.times);
				await settle();
				expect(limit.concurrency).toBeGreaterThanOrEqual(1);
				expect(limit.concurrency).toBeLessThanOrEqual(maximum);
				const waiting = calls.handedIn - calls.begun.length;
				if (waiting > 0) expect(calls.running.size).toBeGreaterThanOrEqual(limit.concurrency);
			}
			for (let ended = 0; ended < calls.handedIn; ended++) await calls.end();
			expect(calls.begun).toEqual(Array.from({ length: calls.handedIn }, (_, index) => index));
			expect(calls.excesses).toBe(0);
		}),
		150,
	);
});
