import fc from 'fast-check';
import { DateTime } from 'luxon';
import { type CallingHours, outsideHours } from '../../../nodes/VideoSdkAgentCloud/fields/callingHours';
import { check } from '../support';

/** Zones east, west and on half hours, north and south, with and without daylight saving time. */
const ZONES = [
	...['UTC', 'America/New_York', 'America/St_Johns', 'America/Sao_Paulo', 'Europe/Berlin', 'Europe/London'],
	...[
		'Asia/Kolkata',
		'Asia/Kathmandu',
		'Asia/Tokyo',
		'Australia/Lord_Howe',
		'Pacific/Apia',
		'Pacific/Chatham',
	],
];
/** Around the nights in which clocks change: the Americas and Europe, spring and autumn; Lord Howe changes by half an hour. */
const NIGHTS = ['2026-03-08', '2026-03-29', '2026-04-05', '2026-10-04', '2026-10-25', '2026-11-01'];
const DAY_MINUTES = 1_440;
const MINUTE_MS = 60_000;

const nowMs = fc
	.tuple(fc.constantFrom(...NIGHTS), fc.integer({ min: -DAY_MINUTES, max: 2 * DAY_MINUTES }))
	.map(([night, minutes]) => Date.parse(night) + minutes * MINUTE_MS);
const hours = fc
	.record<CallingHours>({
		days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
		fromMinute: fc.nat(DAY_MINUTES - 1),
		toMinute: fc.nat(DAY_MINUTES),
		timeZone: fc.constantFrom(...ZONES),
	})
	.filter(({ fromMinute, toMinute }) => fromMinute !== toMinute);

it('goes by what clocks and calendars in the time zone show, over midnight and when clocks change', () => {
	check(
		fc.property(hours, nowMs, ({ days, fromMinute, toMinute, timeZone }, ms) => {
			const now = DateTime.fromMillis(ms, { zone: timeZone });
			const minute = now.hour * 60 + now.minute;
			const yesterday = now.startOf('day').minus({ hours: 1 });
			const isInside =
				fromMinute < toMinute
					? days.includes(now.weekday) && minute >= fromMinute && minute < toMinute
					: minute >= fromMinute
						? days.includes(now.weekday)
						: minute < toMinute && days.includes(yesterday.weekday);
			const reason = outsideHours({ days, fromMinute, toMinute, timeZone }, ms);
			expect(reason === undefined).toBe(isInside);
			if (reason) expect(reason).toContain(`${now.toFormat('EEEE, HH:mm')} in ${timeZone}.`);
		}),
		2_000,
	);
});
