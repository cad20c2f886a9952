import fc from 'fast-check';
import { outsideHours, readCallingHours } from '../../../nodes/VideoSdkAgentCloud/fields/callingHours';
import { ItemReader } from '../../../nodes/VideoSdkAgentCloud/fields/kit/reader';
import { checkTimes, fieldsContext } from '../support';

/** Zones east, west and on half hours, north and south, with and without daylight saving time. */
const ZONES = (
	'UTC America/New_York America/St_Johns America/Sao_Paulo Europe/Berlin Europe/London Asia/Kolkata ' +
	'Asia/Kathmandu Asia/Tokyo Australia/Lord_Howe Pacific/Apia Pacific/Chatham'
).split(' ');
/** Around the nights in which clocks change: the Americas and Europe, spring and autumn; Lord Howe changes by half an hour. */
const NIGHTS = ['2026-03-08', '2026-03-29', '2026-04-05', '2026-10-04', '2026-10-25', '2026-11-01'];
const DAY_MINUTES = 1_440;
const MINUTE_MS = 60_000;

const nowMs = fc
	.tuple(fc.constantFrom(...NIGHTS), fc.integer({ min: -DAY_MINUTES, max: 2 * DAY_MINUTES }))
	.map(([night, minutes]) => Date.parse(night) + minutes * MINUTE_MS);
const hours = fc
	.record({
		days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
		fromMinute: fc.nat(DAY_MINUTES - 1),
		toMinute: fc.nat(DAY_MINUTES),
		timeZone: fc.constantFrom(...ZONES),
	})
	.filter(({ fromMinute, toMinute }) => fromMinute !== toMinute);

/** Where the hours begin or end just now. */
const edge = fc.record({
	at: fc.constantFrom('neither', 'from', 'to'),
	offset: fc.integer({ min: -1, max: 1 }),
});

const WEEKDAYS = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ');

const written = (minutes: number) =>
	[Math.floor(minutes / 60), minutes % 60].map((number) => String(number).padStart(2, '0')).join(':');

const FORMATS = new Map(
	ZONES.map((timeZone) => [
		timeZone,
		new Intl.DateTimeFormat('en-US', {
			timeZone,
			weekday: 'long',
			hour: '2-digit',
			minute: '2-digit',
			hourCycle: 'h23',
		}),
	]),
);

/** What a clock on the wall shows, by another library than the product's. */
function clockIn(timeZone: string, ms: number): Record<'weekday' | 'hour' | 'minute', string> {
	const format = FORMATS.get(timeZone);
	return Object.fromEntries(
		(format?.formatToParts(ms) ?? []).map(({ type, value }) => [type, value]),
	) as never;
}

/** Hours as they are drawn, times in minutes since midnight. */
interface Drawn {
	days: number[];
	fromMinute: number;
	toMinute: number;
	timeZone: string;
}

/** @returns the weekday (1: Monday) and the minute of the day that a clock on the wall shows */
function wallTime(timeZone: string, ms: number) {
	const { weekday, hour, minute } = clockIn(timeZone, ms);
	return { day: WEEKDAYS.indexOf(weekday) + 1, minute: Number(hour) * 60 + Number(minute) };
}

function isWithin({ days, fromMinute, toMinute, timeZone }: Drawn, ms: number): boolean {
	const { day, minute } = wallTime(timeZone, ms);
	const yesterday = day === 1 ? 7 : day - 1;
	if (fromMinute < toMinute) return days.includes(day) && minute >= fromMinute && minute < toMinute;
	return minute >= fromMinute ? days.includes(day) : minute < toMinute && days.includes(yesterday);
}

const look = ({ fromMinute, toMinute, ...drawn }: Drawn, ms: number) =>
	outsideHours({ ...drawn, from: written(fromMinute), to: written(toMinute) }, ms);

it('Calling hours go by what clocks and calendars in the time zone show, over midnight and when clocks change', () => {
	checkTimes(2_000)([hours, nowMs, edge], (drawn, ms, { at, offset }) => {
		const { days, timeZone } = drawn;
		const { day, minute } = wallTime(timeZone, ms);
		const nearby = (minute + offset + DAY_MINUTES) % DAY_MINUTES;
		const fromMinute = at === 'from' ? nearby : drawn.fromMinute;
		const toMinute = at === 'to' ? nearby : drawn.toMinute;
		fc.pre(fromMinute !== toMinute);
		const outside = look({ days, timeZone, fromMinute, toMinute }, ms);
		expect(outside === undefined).toBe(isWithin({ days, timeZone, fromMinute, toMinute }, ms));
		if (outside === undefined) return;
		const names = WEEKDAYS.filter((_, index) => days.includes(index + 1)).join(', ');
		expect(outside.reason).toBe(
			`It's ${WEEKDAYS[day - 1]}, ${written(minute)} in ${timeZone}. Calling hours are ${written(fromMinute)} to ${written(toMinute)} (${names}).`,
		);
	});
});

it('The next opening is known to the minute, over midnight and when clocks change', () => {
	checkTimes(300)([hours, nowMs], (drawn, ms) => {
		const outside = look(drawn, ms);
		if (outside === undefined) return;
		const opensMs = Date.parse(outside.callableFrom);
		expect([opensMs > ms, opensMs % MINUTE_MS, isWithin(drawn, opensMs)]).toEqual([true, 0, true]);
		// Hours and quarters before, where clocks may have changed, and the last minutes.
		const before = [...Array.from({ length: 15 }, (_, index) => index + 1), 30, 45, 60, 90, 120];
		for (let minutes = 180; minutes < 8 * DAY_MINUTES; minutes += 60) before.push(minutes);
		const open = before.filter((minutes) => {
			const earlierMs = opensMs - minutes * MINUTE_MS;
			return earlierMs >= ms && isWithin(drawn, earlierMs);
		});
		expect(open).toEqual([]);
	});
});

describe('Calling hours are read', () => {
	const read = (options: object) => {
		const context = Object.assign(fieldsContext({ options }), { getTimezone: () => 'Asia/Tokyo' });
		return readCallingHours(new ItemReader(context, 0).collection({ name: 'options', default: {} }));
	};
	const given = { days: [1, 5], from: '09:00', to: '17:30', timeZone: 'Europe/Berlin' };

	it("as they were entered, on the form's own days and in the workflow's time zone without others", () => {
		const { days, timeZone, ...times } = given;
		const unless = { ...times, days: [1, 2, 3, 4, 5], timeZone: 'Asia/Tokyo' };
		for (const more of [{}, { days }, { timeZone }, { days, timeZone }]) {
			expect(read({ callingHours: { hours: { ...times, ...more } } })).toEqual({ ...unless, ...more });
		}
		const early = read({ callingHours: { hours: { ...given, from: '8:05' } } });
		expect(early).toEqual({ ...given, from: '08:05' });
	});

	it('not at all if not added', () => {
		expect(read({})).toBeUndefined();
	});

	const isNoTime = (from: string): [object, string] => [{ from }, `isn't a time of day: ${from}`];
	it.each<[object, string]>([
		[{ from: '24:00' }, "'Start Time' under 'Calling Hours' isn't a time of day: 24:00"],
		[{ to: '24:01' }, "'End Time' under 'Calling Hours' isn't a time of day: 24:01"],
		[{ to: '12:60' }, "isn't a time of day: 12:60"],
		...['noon', ':30', '9:5', '009:00', '-1:00'].map(isNoTime),
		[{ from: '' }, "'Start Time' is empty"],
		[{ to: ' ' }, "'End Time' is empty"],
		[{ from: undefined }, "'Start Time' is empty"],
		[{ from: '17:30' }, 'are the same'],
		[{ days: [] }, "'Days' under 'Calling Hours' is empty"],
		[{ days: [0] }, "isn't a list of days"],
		[{ days: [1, 8] }, "isn't a list of days"],
		[{ timeZone: 'Mars/Olympus' }, "isn't a time zone: Mars/Olympus"],
		// Node.js knows them as Asia/Dhaka and America/Panama.
		[{ timeZone: 'BST' }, "isn't a time zone: BST"],
		[{ timeZone: 'est' }, "isn't a time zone: est"],
	])('or refused: %j', (change, words) => {
		expect(() => read({ callingHours: { hours: { ...given, ...change } } })).toThrow(words);
	});
});
