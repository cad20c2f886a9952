import fc from 'fast-check';
import {
	clockSkewMs,
	retryAfterMs,
	serverTimeMs,
} from '../../../../nodes/VideoSdkAgentCloud/api/http/timeHeaders';
import { check } from '../../support';

it('Clocks that agree have no skew, however long the answer takes; those that differ have at most what they differ by', () => {
	const ms = fc.integer({ min: 0, max: 60_000 });
	check([ms, ms, fc.integer({ min: -600_000, max: 600_000 })], (until, after, aheadMs) => {
		const sentAtMs = Date.parse('2026-11-27T12:00:00Z');
		const date = new Date(sentAtMs + until - aheadMs).toUTCString();
		const skewMs = clockSkewMs(sentAtMs, sentAtMs + until + after, { date });
		if (aheadMs === 0) expect(skewMs).toBe(0);
		expect(Math.abs(skewMs)).toBeLessThanOrEqual(Math.abs(aheadMs) + 1_000);
		if (aheadMs < -after - 3_000) expect(skewMs).toBeLessThanOrEqual(aheadMs + after + 1_000);
		if (aheadMs > until + 3_000) expect(skewMs).toBeGreaterThanOrEqual(aheadMs - until);
	});
	expect(clockSkewMs(0, 0, {})).toBe(0);
});

it("A cache's Age counts in seconds since the sender's Date", () => {
	const date = 'Fri, 27 Nov 2026 12:00:00 GMT';
	const timeMs = Date.parse(date);
	expect(serverTimeMs({ date, age: '90' })).toBe(timeMs + 90_000);
	for (const age of [undefined, '0', '-90', 'old']) expect(serverTimeMs({ date, age })).toBe(timeMs);
});

describe('retryAfterMs', () => {
	it.each<[header: unknown, waitMs: number]>([
		['0', 0],
		['1', 1_000],
		[' 7 ', 7_000],
		['1.5', 1_500],
		['1.25', 1_250],
		['007', 7_000],
		['60', 60_000],
		...['61', '86400', '9'.repeat(400)].map((long) => [long, 60_000] as [string, number]),
	])('reads %j as %j ms', (header, waitMs) => expect(retryAfterMs({ 'retry-after': header })).toBe(waitMs));

	afterEach(() => void jest.restoreAllMocks());

	/** One time in the three forms of HTTP. */
	const FORMS = [
		'Tue, 06 Jan 2026 12:00:00 GMT',
		'Tuesday, 06-Jan-26 12:00:00 GMT',
		'Tue Jan  6 12:00:00 2026',
	];

	it.each(FORMS)("reads the date %j by the server's clock, else by n8n's", (form) => {
		const atMs = Date.UTC(2026, 0, 6, 12);
		const waitFrom = (ms: number) => retryAfterMs({ 'retry-after': form, date: new Date(ms).toUTCString() });
		expect(waitFrom(atMs - 9_000)).toBe(9_000);
		expect(waitFrom(atMs - 61_000)).toBe(60_000);
		expect(waitFrom(atMs + 1_000)).toBe(0);
		jest.spyOn(Date, 'now').mockReturnValueOnce(atMs - 5_000);
		expect(retryAfterMs({ 'retry-after': form })).toBe(5_000);
	});

	it.each([
		undefined,
		null,
		'',
		' ',
		5,
		['5'],
		{},
		true,
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
		'Thu, 99 Foo 2026 12:00:00 GMT',
		'2026-01-15T12:00:00Z',
	])('knows nothing from %j', (header) => expect(retryAfterMs({ 'retry-after': header })).toBeUndefined());
});
