import fc from 'fast-check';
import { Pace } from '../../../nodes/VideoSdkAgentCloud/actions/pace';
import { checkAsync, settle } from '../support';

/** Calls that end when the test says so. */
class Calls {
	readonly begun: number[] = [];
	/** Calls in flight, the bound then, at each beginning. */
	readonly beginnings: Array<{ inFlight: number; bound: number }> = [];
	private readonly running = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
	private handedIn = 0;

	constructor(private readonly pace: Pace) {}

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
					this.beginnings.push({ inFlight: this.running.size, bound: this.pace.concurrency });
				});
			this.pace.run(call).catch(() => {});
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
function recoverOften(pace: Pace): void {
	for (let index = 0; index < 10_000; index++) pace.recover();
}

describe('Pace', () => {
	it('keeps as many calls in flight as are allowed, and begins them in order', async () => {
		const pace = new Pace(3);
		const calls = new Calls(pace);
		calls.add(10);
		await settle();
		expect(calls.begun).toEqual([0, 1, 2]);
		calls.end(1);
		await settle();
		expect(calls.begun).toEqual([0, 1, 2, 3]);
	});

	it('gives the result of a call, or what it throws', async () => {
		const pace = new Pace(1);
		expect(await pace.run(async () => 5)).toBe(5);
		await expect(
			pace.run(async () => {
				throw new Error('no');
			}),
		).rejects.toThrow('no');
		expect(await pace.run(async () => 6)).toBe(6);
	});

	it('halves the bound when there are too many requests, never below 1', () => {
		const pace = new Pace(50);
		const bounds = [1, 2, 3, 4, 5, 6, 7, 8].map((step) => {
			pace.slowDown(step * 500);
			return pace.concurrency;
		});
		expect(bounds).toEqual([25, 12, 6, 3, 1, 1, 1, 1]);
	});

	it('takes answers of the same half second as one', () => {
		const pace = new Pace(50);
		for (let nowMs = 10_000; nowMs < 10_500; nowMs++) pace.slowDown(nowMs);
		expect(pace.concurrency).toBe(25);
		pace.slowDown(10_500);
		expect(pace.concurrency).toBe(12);
	});

	it('begins nothing new until enough calls have ended after it was slowed down', async () => {
		const pace = new Pace(8);
		const calls = new Calls(pace);
		calls.add(20);
		await settle();
		pace.slowDown(1_000);
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
		const pace = new Pace(maximum);
		for (let step = 1; step <= 10; step++) pace.slowDown(step * 500);
		expect(pace.concurrency).toBe(1);
		recoverOften(pace);
		expect(pace.concurrency).toBe(maximum);
	});

	it('raises the bound by a tenth of the maximum after a whole round went well', () => {
		const pace = new Pace(50);
		pace.slowDown(1_000);
		for (let index = 0; index < 24; index++) pace.recover();
		expect(pace.concurrency).toBe(25);
		pace.recover();
		expect(pace.concurrency).toBe(30);
	});

	it('counts a round anew after it was slowed down', () => {
		const pace = new Pace(50);
		pace.slowDown(1_000);
		for (let index = 0; index < 24; index++) pace.recover();
		pace.slowDown(2_000);
		pace.recover();
		expect(pace.concurrency).toBe(12);
	});

	it('begins waiting calls when the bound rises', async () => {
		const pace = new Pace(4);
		pace.slowDown(1_000);
		pace.slowDown(2_000);
		const calls = new Calls(pace);
		calls.add(10);
		await settle();
		expect(calls.inFlight).toBe(1);
		recoverOften(pace);
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
					const pace = new Pace(maximum);
					const calls = new Calls(pace);
					let nowMs = 1_000;
					let handedIn = 0;
					for (const step of commands) {
						if (step.kind === 'add') {
							calls.add(step.count);
							handedIn += step.count;
						} else if (step.kind === 'end') calls.end(step.dice, step.fails);
						else if (step.kind === 'slowDown') pace.slowDown((nowMs += step.afterMs));
						else for (let index = 0; index < step.times; index++) pace.recover();
						await settle();
						expect(pace.concurrency).toBeGreaterThanOrEqual(1);
						expect(pace.concurrency).toBeLessThanOrEqual(maximum);
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
