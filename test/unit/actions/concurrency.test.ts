import fc from 'fast-check';
import { ConcurrencyLimit } from '../../../nodes/VideoSdkAgentCloud/actions/run/concurrency';
import { checkAsync, settle } from '../support';

/** Calls that end when the test says so. */
class Calls {
	readonly begun: number[] = [];
	/** Calls in flight, the bound then, at each beginning. */
	readonly beginnings: Array<{ inFlight: number; bound: number }> = [];
	private readonly running = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
	private handedIn = 0;

	constructor(private readonly limit: ConcurrencyLimit) {}

	get inFlight(): number {
		return this.running.size;
	}

	/** Hands calls in. What becomes of them is their own matter. */
	add(count: number): void {
		for (let added = 0; added < count; added++) {
			const index = this.handedIn++;
			const call = async () =>
				await new Promise<void>((resolve, reject) => {
					this.begun.push(index);
					this.running.set(index, { resolve, reject });
					this.beginnings.push({ inFlight: this.running.size, bound: this.limit.concurrency });
				});
			this.limit.run(call).catch(() => {});
		}
	}

	/** Ends one of the calls in flight. */
	end(dice = 0, fails = false): void {
		const indexes = [...this.running.keys()];
		const index = indexes[dice % indexes.length];
		if (index === undefined) return;
		const { resolve, reject } = this.running.get(index) as {
			resolve: () => void;
			reject: (error: Error) => void;
		};
		this.running.delete(index);
		if (fails) reject(new Error('failed'));
		else resolve();
	}
}

/** More calls that go well than any bound takes to recover. */
function recoverOften(limit: ConcurrencyLimit): void {
	for (let index = 0; index < 10_000; index++) limit.recover();
}

describe('ConcurrencyLimit', () => {
	it('lets an item that has begun finish before another one begins', async () => {
		const limit = new ConcurrencyLimit(1);
		const order: string[] = [];
		const item = async (name: string) => {
			await limit.run(async () => void order.push(`${name} first`));
			await limit.run(async () => void order.push(`${name} second`), true);
		};
		await Promise.all([item('a'), item('b'), item('c')]);
		expect(order).toEqual(['a first', 'b first', 'a second', 'b second', 'c first', 'c second']);
	});

	it('halves the bound when there are too many requests, never below 1', () => {
		const limit = new ConcurrencyLimit(50);
		const bounds = [1, 2, 3, 4, 5, 6, 7, 8].map((step) => {
			limit.slowDown(step * 500);
			return limit.concurrency;
		});
		expect(bounds).toEqual([25, 12, 6, 3, 1, 1, 1, 1]);
	});

	it('takes answers of the same half second as one', () => {
		const limit = new ConcurrencyLimit(50);
		for (let nowMs = 10_000; nowMs < 10_500; nowMs++) limit.slowDown(nowMs);
		expect(limit.concurrency).toBe(25);
		limit.slowDown(10_500);
		expect(limit.concurrency).toBe(12);
	});

	it('begins nothing new until enough calls have ended after it was slowed down', async () => {
		const limit = new ConcurrencyLimit(8);
		const calls = new Calls(limit);
		calls.add(20);
		await settle();
		limit.slowDown(1_000);
		for (const inFlight of [7, 6, 5, 4]) {
			calls.end();
			await settle();
			expect(calls.inFlight).toBe(inFlight);
		}
		calls.end();
		await settle();
		expect(calls.inFlight).toBe(4);
		expect(calls.begun).toHaveLength(9);
	});

	it.each([1, 2, 3, 7, 10, 50, 200])('recovers to its maximum of %j, and no further', (maximum) => {
		const limit = new ConcurrencyLimit(maximum);
		for (let step = 1; step <= 10; step++) limit.slowDown(step * 500);
		expect(limit.concurrency).toBe(1);
		recoverOften(limit);
		expect(limit.concurrency).toBe(maximum);
	});

	it('raises the bound by a tenth of the maximum after a whole round went well', () => {
		const limit = new ConcurrencyLimit(50);
		limit.slowDown(1_000);
		for (let index = 0; index < 24; index++) limit.recover();
		expect(limit.concurrency).toBe(25);
		limit.recover();
		expect(limit.concurrency).toBe(30);
	});

	it('counts a round anew after it was slowed down', () => {
		const limit = new ConcurrencyLimit(50);
		limit.slowDown(1_000);
		for (let index = 0; index < 24; index++) limit.recover();
		limit.slowDown(2_000);
		limit.recover();
		expect(limit.concurrency).toBe(12);
	});

	it('begins waiting calls when the bound rises', async () => {
		const limit = new ConcurrencyLimit(4);
		limit.slowDown(1_000);
		limit.slowDown(2_000);
		const calls = new Calls(limit);
		calls.add(10);
		await settle();
		expect(calls.inFlight).toBe(1);
		recoverOften(limit);
		await settle();
		expect(calls.inFlight).toBe(4);
	});

	it('never exceeds its bound, begins all calls in order and leaves none behind, whatever happens', async () => {
		const command = fc.oneof(
			fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 6 }) }),
			fc.record({ kind: fc.constant('end' as const), dice: fc.nat(), fails: fc.boolean() }),
			fc.record({ kind: fc.constant('slowDown' as const), afterMs: fc.integer({ min: 0, max: 900 }) }),
			fc.record({ kind: fc.constant('recover' as const), times: fc.integer({ min: 1, max: 30 }) }),
		);
		await checkAsync(
			fc.asyncProperty(
				fc.integer({ min: 1, max: 12 }),
				fc.array(command, { maxLength: 40 }),
				async (maximum, commands) => {
					const limit = new ConcurrencyLimit(maximum);
					const calls = new Calls(limit);
					let nowMs = 1_000;
					let handedIn = 0;
					for (const step of commands) {
						if (step.kind === 'add') {
							calls.add(step.count);
							handedIn += step.count;
						} else if (step.kind === 'end') calls.end(step.dice, step.fails);
						else if (step.kind === 'slowDown') limit.slowDown((nowMs += step.afterMs));
						else for (let index = 0; index < step.times; index++) limit.recover();
						await settle();
						expect(limit.concurrency).toBeGreaterThanOrEqual(1);
						expect(limit.concurrency).toBeLessThanOrEqual(maximum);
					}
					for (let ended = 0; ended < handedIn; ended++) {
						calls.end();
						await settle();
					}
					expect(calls.begun).toEqual(Array.from({ length: handedIn }, (_, index) => index));
					for (const { inFlight, bound } of calls.beginnings) expect(inFlight).toBeLessThanOrEqual(bound);
				},
			),
			150,
		);
	});
});
