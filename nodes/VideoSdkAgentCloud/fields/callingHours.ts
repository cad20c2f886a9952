import { tryToParseDateTime } from 'n8n-workflow';
import { choicesField, type Field, groupField, textField } from './kit/field';
import { type CollectionReader } from './kit/reader';
import { readTimeZone } from './timeZone';

/** When people may be called: on certain days, from one time of day until another. */
export interface CallingHours {
	/** The days, from 1 (Monday) to 7 (Sunday). */
	days: number[];
	/** The time at which they begin, such as "09:00", so that times can be compared as texts. */
	from: string;
	/** The time at which they end, which isn't included. One before `from` is on the next day. */
	to: string;
	/** The IANA name of the time zone. */
	timeZone: string;
}

const DAY_NAMES = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const TIME_OF_DAY = /^\d\d:[0-5]\d$/;
const daysField = choicesField('refused', 'Days', 'days', {
	options: DAY_NAMES.map((name, index) => ({ name, value: index + 1 })),
	default: [1, 2, 3, 4, 5],
	description: 'The days to call on. If the hours go past midnight, this is the day they begin on.',
});

/**
 * Makes a field for a time. It's empty at first, because n8n drops an expression in place of the whole group
 * (NodeHelpers.getNodeParameters), and defaults would then call people at times that no one has chosen. until: n8n evaluates such an
 * expression.
 */
const timeField = (displayName: string, name: string, time: string, description: string): Field<'refused'> =>
	textField('refused', displayName, name, { placeholder: `e.g. ${time}`, description });
const fromField = timeField('Start Time', 'from', '09:00', 'When to start calling, in 24-hour format');
const toField = timeField(
	'End Time',
	'to',
	'18:00',
	'When to stop calling: 17:00 is 5 pm, and 24:00 the end of the day. A time before Start Time is on the next day.',
);

const zoneField = textField('refused', 'Time Zone', 'timeZone', {
	placeholder: 'e.g. America/New_York',
	description:
		"The time zone of the person you're calling. Leave empty to use the workflow's time zone, which is America/New_York by default. An expression has to return one.",
});

const FIELDS = [daysField, fromField, toField, zoneField];

/** The option for when a call may be made, which is checked right before the call. */
export const callingHoursField = groupField('refused', 'Calling Hours', 'callingHours', {
	typeOptions: { multipleValues: false },
	placeholder: 'Add Calling Hours',
	default: { hours: {} },
	description:
		"When to call, checked as each call begins. Outside these hours, the item isn't called, and its output says why.",
	options: [{ displayName: 'Calling Hours', name: 'hours', values: FIELDS }],
});

/** @returns a time as "09:00" */
function readTime(read: CollectionReader, field: Field): string {
	const text = read.text(field);
	if (text === undefined) {
		throw read.fail(
			`'${field.displayName}' is empty`,
			"Enter a time under 'Calling Hours', such as 09:30, or remove 'Calling Hours'. Expressions go into its fields, not in place of all of them.",
		);
	}
	const time = text.replace(/^(?=\d:)/, '0');
	if (TIME_OF_DAY.test(time) && time <= (field === toField ? '24:00' : '23:59')) return time;
	throw read.fail(
		`'${field.displayName}' under 'Calling Hours' isn't a time of day: ${text}`,
		'Enter hours and minutes, such as 09:30 or 18:00.',
	);
}

function readDays(read: CollectionReader): number[] {
	const days = read.has(daysField)
		? [...new Set(read.list(daysField).map(Number))]
		: (daysField.default as number[]);
	if (days.length > 0 && days.every((day) => DAY_NAMES[day - 1] !== undefined)) return days;
	throw read.fail(
		`'Days' under 'Calling Hours' ${days.length > 0 ? "isn't a list of days" : 'is empty'}`,
		'Select at least one day. An expression must return numbers from 1 (Monday) to 7 (Sunday).',
	);
}

/**
 * Reads `callingHoursField`.
 *
 * @returns the hours; undefined if the option wasn't added
 * @throws NodeOperationError for an unknown zone, no day, times that are none or the same, and an expression without a value
 */
export function readCallingHours(options: CollectionReader): CallingHours | undefined {
	if (!options.has(callingHoursField)) return undefined;
	// n8n drops a value without the form of the field, as a workflow may have it that wasn't made in the editor.
	const [read] = options.entries(callingHoursField);
	if (read === undefined) {
		throw options.fail("'Calling Hours' is empty", "Enter the hours, or remove 'Calling Hours'.");
	}
	const [days, from, to] = [readDays(read), readTime(read, fromField), readTime(read, toField)];
	if (from !== to)
		return { days, from, to, timeZone: readTimeZone(read, callingHoursField, read.text(zoneField)) };
	throw read.fail(
		"'Start Time' and 'End Time' under 'Calling Hours' are the same",
		'Enter two different times. For the whole day, enter 00:00 and 24:00.',
	);
}

/** Why a call isn't to be made now, and when it may be. */
export interface OutsideHours {
	/** The reason, as a sentence. */
	reason: string;
	/** When the hours begin next, as ISO 8601 in UTC. */
	callableFrom: string;
}

type Time = ReturnType<typeof tryToParseDateTime>;

/** @returns the time of day, such as "09:00" */
const clockOf = (time: Time): string => String(time.toISOTime()).slice(0, 5);

/** Checks the day and time that clocks show, so that an hour that comes twice when clocks go back counts twice. */
function isOpen({ days, from, to }: CallingHours, time: Time): boolean {
	const day = time.weekday;
	const dayBefore = day === 1 ? 7 : day - 1;
	const clock = clockOf(time);
	const isOverMidnight = from > to;
	if (days.includes(day) && clock >= from && (isOverMidnight || clock < to)) return true;
	return isOverMidnight && clock < to && days.includes(dayBefore);
}

const DAY_MINUTES = 1_440;
/** Clocks change at full quarters of an hour, and by full quarters of an hour. */
const QUARTER_MINUTES = 15;
const minutesOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));

/** @returns the time at which the hours begin next. @param closed a time outside the hours */
function nextOpening(hours: CallingHours, closed: Time): Time {
	let time = closed.startOf('minute');
	do {
		const minute = minutesOf(clockOf(time));
		const fromMinute = minutesOf(hours.from);
		const next = time.plus({ minutes: (fromMinute > minute ? fromMinute : DAY_MINUTES) - minute });
		const isRegular = next.offset === time.offset;
		time = isRegular ? next : time.plus({ minutes: QUARTER_MINUTES - (minute % QUARTER_MINUTES) });
	} while (!isOpen(hours, time));
	return time;
}

/**
 * Checks whether a call may be made now.
 *
 * @returns why not; undefined if it may
 */
export function outsideHours(hours: CallingHours, nowMs: number): OutsideHours | undefined {
	const { days, from, to, timeZone } = hours;
	const now = tryToParseDateTime(new Date(nowMs).toISOString(), timeZone).setZone(timeZone);
	if (isOpen(hours, now)) return undefined;
	const names = [...days].sort((one, other) => one - other).map((number) => DAY_NAMES[number - 1]);
	return {
		reason: `It's ${DAY_NAMES[now.weekday - 1]}, ${clockOf(now)} in ${timeZone}. Calling hours are ${from} to ${to} (${names.join(', ')}).`,
		callableFrom: new Date(nextOpening(hours, now).toMillis()).toISOString(),
	};
}
