import fc from 'fast-check';
import type { ApiFailure, FailureKind } from '../../../nodes/VideoSdkAgentCloud/api/failure';
import { retryDelay } from '../../../nodes/VideoSdkAgentCloud/api/retry';
import { parseRetryAfter } from '../../../nodes/VideoSdkAgentCloud/api/retryAfter';
import { check, utf16 } from '../support';

const NOW_MS = Date.UTC(2026, 0, 15, 12, 0, 0);
const inSeconds = (seconds: number) => new Date(NOW_MS + seconds * 1_000);

describe('parseRetryAfter', () => {
	it.each([
		['0', 0],
		['1', 1_000],
		[' 7 ', 7_000],
		['1.5', 1_500],
		['1.25', 1_250],
		['007', 7_000],
		['60', 60_000],
		['61', 60_000],
		['86400', 60_000],
		['9'.repeat(400), 60_000],
	])('reads seconds: %j', (header, waitMs) => {
		expect(parseRetryAfter(header, NOW_MS)).toBe(waitMs);
	});

	it.each([
		['of the internet', inSeconds(7).toUTCString(), 7_000],
		['of RFC 850', 'Thursday, 15-Jan-26 12:00:09 GMT', 9_000],
		['of ISO 8601', inSeconds(7).toISOString(), 7_000],
		['now', inSeconds(0).toUTCString(), 0],
		['past', inSeconds(-100).toUTCString(), 0],
		['far off', inSeconds(86_400).toUTCString(), 60_000],
	])('reads a date %s', (_name, header, waitMs) => {
		expect(parseRetryAfter(header, NOW_MS)).toBe(waitMs);
	});

	it.each([
		...[undefined, null, '', ' ', 5, ['5'], {}, true],
		...[
			'soon',
			'-5',
			'+5',
			'1e3',
			'5 s',
			'5s',
			'0x10',
			'garbage 5',
			'10, 20',
			'1,5',
			'NaN',
			'Infinity',
			'in 5 minutes',
		],
		'Sun, 99 Foo 2026 12:00:00 GMT',
	])('knows nothing from %j', (header) => {
		expect(parseRetryAfter(header, NOW_MS)).toBeUndefined();
	});

	it('gives a wait between none and a minute, or nothing', () => {
		const header = fc.oneof(
			utf16(),
			fc.anything(),
			fc.double().map(String),
			fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
		);
		check(
			fc.property(header, (value) => {
				const waitMs = parseRetryAfter(value, NOW_MS);
				if (waitMs === undefined) return;
				expect(waitMs).toBeGreaterThanOrEqual(0);
				expect(waitMs).toBeLessThanOrEqual(60_000);
			}),
			2_000,
		);
	});
});

const STATUSES = [
	300, 304, 400, 401, 402, 403, 404, 408, 409, 418, 422, 429, 499, 500, 501, 502, 503, 504, 599,
];
const KINDS: FailureKind[] = [
	'answer',
	'declined',
	'timeout',
	'network',
	'notConnected',
	'untrusted',
	'notSent',
	'cancelled',
];
const FAILURES: ApiFailure[] = [
	...STATUSES.map((status): ApiFailure => ({ kind: 'status', status })),
	...KINDS.map((kind): ApiFailure => ({
		kind,
		status: ['answer', 'declined'].includes(kind) ? 200 : undefined,
	})),
];
const nameOf = ({ kind, status }: ApiFailure) => (kind === 'status' ? `status ${status}` : kind);
/** How often a request is sent at most, the first time included. */
const sendsAtMost = (failure: ApiFailure, method: string, most = 20): number => {
	let sends = 1;
	while (sends < most && retryDelay(failure, method, sends, 0.5) !== undefined) sends++;
	return sends;
};

describe('retryDelay', () => {
	it.each(FAILURES.map((failure) => [nameOf(failure), failure] as const))(
		'sends a POST as often as is safe: %s',
		(_name, failure) => {
			const expected = failure.status === 429 ? 6 : failure.kind === 'notConnected' ? 3 : 1;
			expect(sendsAtMost(failure, 'POST')).toBe(expected);
		},
	);

	it.each(FAILURES.map((failure) => [nameOf(failure), failure] as const))(
		'sends a GET a bounded number of times: %s',
		(_name, failure) => {
			const { kind, status = 0 } = failure;
			const isPassing = ['notConnected', 'network', 'timeout'].includes(kind) || status >= 500;
			expect(sendsAtMost(failure, 'GET')).toBe(status === 429 ? 6 : isPassing ? 3 : 1);
		},
	);

	it('never repeats a POST that the API may have carried out, whatever it answers', () => {
		const failure = fc.record({
			kind: fc.constantFrom<FailureKind>('status', ...KINDS.filter((kind) => kind !== 'notConnected')),
			status: fc.option(
				fc.integer({ min: 100, max: 599 }).filter((status) => status !== 429),
				{ nil: undefined },
			),
			retryAfterMs: fc.option(fc.nat(60_000), { nil: undefined }),
			code: fc.option(fc.string(), { nil: undefined }),
			apiMessage: fc.option(fc.string(), { nil: undefined }),
		});
		check(
			fc.property(
				failure,
				fc.integer({ min: 1, max: 10 }),
				fc.double({ min: 0, max: 1, noNaN: true }),
				(...given) => {
					const [what, attempt, random] = given;
					expect(retryDelay(what, 'POST', attempt, random)).toBeUndefined();
				},
			),
			2_000,
		);
	});

	it('waits twice as long each time, with jitter, and 8 s at most', () => {
		const rateLimited: ApiFailure = { kind: 'status', status: 429 };
		const delays = (random: number) =>
			[1, 2, 3, 4, 5].map((attempt) => retryDelay(rateLimited, 'POST', attempt, random));
		expect(delays(1)).toEqual([500, 1_000, 2_000, 4_000, 8_000]);
		expect(delays(0)).toEqual([250, 500, 1_000, 2_000, 4_000]);
	});

	it('honours Retry-After in place of the backoff', () => {
		expect(retryDelay({ kind: 'status', status: 429, retryAfterMs: 7_000 }, 'POST', 1, 0.5)).toBe(7_000);
		expect(retryDelay({ kind: 'status', status: 503, retryAfterMs: 7_000 }, 'GET', 1, 0.5)).toBe(7_000);
		expect(retryDelay({ kind: 'status', status: 429, retryAfterMs: 7_000 }, 'POST', 6, 0.5)).toBeUndefined();
	});
});
