import fc from 'fast-check';
import { clockSkewMs, serverTimeMs } from '../../../../nodes/VideoSdkAgentCloud/api/http/serverTime';
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
