/** Who begins when more wants to be done than may. */
import fc from 'fast-check';
import { Limiter, type RateLimits } from '../../../../nodes/VideoSdkAgentCloud/api/http/limiter';
import { checkAsync, settle } from '../../support';

const FAILED = new Error('failed');

it('Who holds fewer places goes first, nobody more than a share, no place stays empty or is lost, whatever fails', async () => {
	const begin = fc.record({ owner: fc.constantFrom('a', 'b', 'c') });
	const end = fc.record({ dice: fc.nat(), fails: fc.boolean() });
	const commands = fc.array(fc.oneof(begin, end), { maxLength: 40 });
	const most = fc.integer({ min: 1, max: 4 });
	const owners = { a: {}, b: {}, c: {} };
	const property = fc.asyncProperty(most, most, commands, async (ofOwner, inFlight, steps) => {
		const limiter = new Limiter({ inFlight, ofOwner });
		const waiting: string[] = [];
		const wrong: unknown[] = [];
		const running: Array<{ owner: string; end: (fails: boolean) => void }> = [];
		const heldBy = (owner: string) => running.filter((one) => one.owner === owner).length;
		const mayRun = () => waiting.filter((owner) => heldBy(owner) < ofOwner);
		const work = (owner: string) => async () => {
			expect(running.length).toBeLessThan(inFlight);
			expect(heldBy(owner)).toBe(Math.min(...mayRun().map(heldBy)));
			waiting.splice(waiting.indexOf(owner), 1);
			await new Promise<void>((resolve, reject) => {
				running.push({ owner, end: (fails) => (fails ? reject(FAILED) : resolve()) });
			});
		};
		const settled = async () => {
			await settle();
			if (running.length < inFlight) expect(mayRun()).toEqual([]);
		};
		for (const step of steps) {
			if ('owner' in step) {
				waiting.push(step.owner);
				limiter
					.run(owners[step.owner as keyof typeof owners], work(step.owner))
					.catch((error) => error === FAILED || wrong.push(error));
			} else running.splice(step.dice % running.length, 1)[0]?.end(step.fails);
			await settled();
		}
		while (running.length > 0) {
			running.pop()?.end(false);
			await settled();
		}
		expect([waiting, wrong]).toEqual([[], []]);
	});
	await checkAsync(property);
});

it('Those that come again and again, however many, keep no other one from its place for longer than each has once', async () => {
	const property = fc.asyncProperty(fc.integer({ min: 1, max: 20 }), async (count) => {
		const limiter = new Limiter({ inFlight: 1 });
		let begun = 0;
		let isOver = false;
		const again = async (owner: object): Promise<void> => {
			await limiter.run(owner, async () => {
				begun++;
				await settle();
			});
			if (!isOver) await again(owner);
		};
		// The one of many that come without end has more waiting, too.
		const many = Array.from({ length: count }, () => ({}));
		const all = [...many, ...many].map(again);
		await settle();
		const begunBefore = begun;
		await limiter.run({}, async () => void (isOver = await Promise.resolve(true)));
		expect(begun - begunBefore).toBeLessThanOrEqual(count + 1);
		await Promise.all(all);
	});
	await checkAsync(property, 40);
});

it('Work that continues what has begun goes before the other work of its owner', async () => {
	const [limiter, owner] = [new Limiter({ inFlight: 1 }), {}];
	const order: string[] = [];
	const item = async (name: string) => {
		await limiter.run(owner, async () => void order.push(`${name}1`));
		await limiter.run(owner, async () => void order.push(`${name}2`), true);
	};
	await Promise.all([item('a'), item('b'), item('c')]);
	expect(order).toEqual(['a1', 'b1', 'a2', 'b2', 'c1', 'c2']);
});

describe('With a bound that answers move', () => {
	afterEach(() => void jest.restoreAllMocks());

	const end = fc.record({
		kind: fc.constant('end' as const),
		dice: fc.array(fc.nat(), { minLength: 1, maxLength: 60 }),
		fails: fc.boolean(),
	});
	const slowDown = fc.record({
		kind: fc.constant('slowDown' as const),
		afterMs: fc.array(fc.constantFrom(0, 1, 499, 500, 900), { minLength: 1, maxLength: 3 }),
	});
	const recover = fc.record({
		kind: fc.constant('recover' as const),
		times: fc.integer({ min: 1, max: 60 }),
	});

	it('as much as it allows is under way, all work begins in order, and none is left', async () => {
		const commands = fc.array(fc.oneof(end, slowDown, recover), { maxLength: 20 });
		const property = fc.asyncProperty(fc.integer({ min: 1, max: 60 }), commands, async (maximum, steps) => {
			let nowMs = 0;
			jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
			const [limiter, owner] = [new Limiter({ inFlight: maximum, isAdaptive: true }), {}];
			const begun: number[] = [];
			const running = new Map<number, (fails: boolean) => void>();
			let handedIn = 0;
			const handIn = () => {
				const index = handedIn++;
				const work = async () =>
					await new Promise<void>((resolve, reject) => {
						begun.push(index);
						running.set(index, (fails) => (fails ? reject(FAILED) : resolve()));
					});
				limiter.run(owner, work).catch(() => {});
			};
			const endOne = async (dice: number, fails: boolean) => {
				const [index = NaN, over] = [...running][dice % running.size] ?? [];
				running.delete(index);
				over?.(fails);
				await settle();
			};
			let slowedAtMs = -Infinity;
			let bound = maximum;
			let successes = 0;
			for (const step of steps) {
				// More always waits than may begin.
				while (handedIn - begun.length < 2 * 60) handIn();
				await settle();
				if (step.kind === 'end') {
					for (const dice of step.dice) {
						const before = running.size;
						await endOne(dice, step.fails);
						expect(running.size).toBe(Math.max(bound, before - 1));
					}
				} else if (step.kind === 'slowDown') {
					for (const afterMs of step.afterMs) {
						nowMs += afterMs;
						limiter.slowDown();
						// Half, at most once in half a second.
						if (nowMs - slowedAtMs < 500) continue;
						bound = Math.max(1, Math.floor(bound / 2));
						slowedAtMs = nowMs;
						successes = 0;
					}
					while (running.size > bound) await endOne(0, false);
					await endOne(0, false);
					expect(running.size).toBe(bound);
				} else {
					for (let time = 0; time < step.times; time++) {
						limiter.recover();
						// A tenth of the maximum more for a whole round that goes well.
						if (bound === maximum || ++successes < bound) continue;
						bound = Math.min(maximum, bound + Math.max(1, Math.round(maximum / 10)));
						successes = 0;
					}
					const before = running.size;
					await settle();
					expect(running.size).toBe(Math.max(bound, before));
				}
			}
			while (running.size > 0) await endOne(0, false);
			expect(begun).toEqual(Array.from({ length: handedIn }, (_, index) => index));
		});
		await checkAsync(property, 150);
	});
});

describe('By a clock of its own', () => {
	beforeEach(() => void jest.useFakeTimers());
	afterEach(() => void jest.useRealTimers());

	/** When so many began that wanted to at once, in ms. */
	async function begins(limiter: Limiter, count: number, ms: number): Promise<number[]> {
		const startedAtMs = performance.now();
		const begun: number[] = [];
		const work = async () => {
			begun.push(performance.now() - startedAtMs);
			await Promise.resolve();
		};
		for (let index = 0; index < count; index++) void limiter.run({}, work);
		await jest.advanceTimersByTimeAsync(ms);
		return begun;
	}

	const LIMITS: RateLimits = { inFlight: 9, perSecond: 20, slowPerSecond: 4, pauseMs: 5_000 };

	it('so many begin in a second, and none more, also if time has passed unused', async () => {
		const limiter = new Limiter(LIMITS);
		expect(await begins(limiter, 60, 10_000)).toEqual(Array.from({ length: 60 }, (_, index) => index * 50));
		expect(await begins(limiter, 2, 10_000)).toEqual([0, 50]);
	});

	it('fewer begin for a minute after "too many requests", and none at first, in no other limiter', async () => {
		const [limiter, other] = [new Limiter(LIMITS), new Limiter(LIMITS)];
		limiter.slowDown();
		const [slow, fast] = await Promise.all([begins(limiter, 300, 70_000), begins(other, 2, 70_000)]);
		expect(slow[0]).toBe(5_000);
		expect(slow.filter((ms) => ms < 60_000)).toHaveLength(4 * 55);
		expect(slow.filter((ms) => ms >= 61_000 && ms < 62_000)).toHaveLength(20);
		expect(fast).toEqual([0, 50]);
	});

	it('a clock that is set back holds nothing up', async () => {
		const limiter = new Limiter(LIMITS);
		await begins(limiter, 1, 0);
		jest.setSystemTime(Date.now() - 600_000);
		expect(await begins(limiter, 1, 1_000)).toEqual([50]);
	});
});
