import fc from 'fast-check';
import { type ApiFailure } from '../../../../nodes/VideoSdkAgentCloud/api/http/failure';
import { retryDelay } from '../../../../nodes/VideoSdkAgentCloud/api/http/retry';
import { checkTimes } from '../../support';
import { FAILURES } from './anyFailure';

describe('retryDelay', () => {
	/** How often a request is sent at most, the first time included. */
	const sendsAtMost = (failure: ApiFailure, isRepeatable: boolean): number => {
		let sends = 1;
		while (sends < 20 && retryDelay(failure, isRepeatable, sends, 0.5) !== undefined) sends++;
		return sends;
	};

	it.each(FAILURES)(
		'sends what may not be repeated as often as is safe, and all else six times at most: %j',
		(failure) => {
			const { kind, status = 0 } = failure;
			const isPassing = ['notConnected', 'network', 'timeout'].includes(kind) || status >= 500;
			expect(sendsAtMost(failure, false)).toBe(status === 429 ? 6 : kind === 'notConnected' ? 3 : 1);
			expect(sendsAtMost(failure, true)).toBe(status === 429 ? 6 : isPassing ? 3 : 1);
		},
	);

	it('never repeats what may not be repeated and the API may have carried out, whatever it answers', () => {
		const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
		const failure = fc.record({
			kind: fc.constantFrom(...FAILURES.map(({ kind }) => kind).filter((kind) => kind !== 'notConnected')),
			status: optional(fc.integer({ min: 100, max: 599 }).filter((status) => status !== 429)),
			retryAfterMs: optional(fc.nat(60_000)),
			code: optional(fc.string()),
			apiMessage: optional(fc.string()),
		});
		const random = fc.double({ min: 0, max: 1, noNaN: true });
		checkTimes(2_000)([failure, fc.integer({ min: 1, max: 10 }), random], (what, attempt, dice) => {
			expect(retryDelay(what, false, attempt, dice)).toBeUndefined();
		});
	});

	it('waits twice as long each time, with jitter, or as long as the API asks and a little more', () => {
		const delays = (random: number, failure: Partial<ApiFailure> = {}) =>
			[1, 2, 3, 4, 5, 6].map((attempt) =>
				retryDelay({ kind: 'status', status: 429, ...failure }, false, attempt, random),
			);
		expect(delays(1)).toEqual([500, 1_000, 2_000, 4_000, 8_000, undefined]);
		expect(delays(0)).toEqual([250, 500, 1_000, 2_000, 4_000, undefined]);
		expect(delays(0.5, { retryAfterMs: 7_000 })).toEqual([7_250, 7_500, 8_000, 9_000, 11_000, undefined]);
		expect(delays(0.5, { retryAfterMs: 60_000 })[0]).toBe(60_250);
		expect(retryDelay({ kind: 'status', status: 503, retryAfterMs: 0 }, true, 1, 0)).toBe(0);
	});
});
