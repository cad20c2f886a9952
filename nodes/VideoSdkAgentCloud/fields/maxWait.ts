import { choiceField, numberField } from './field';
import { type ItemReader } from './reader';
import { asNumber } from './values';

const MS_PER_UNIT: Record<string, number> = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 };
const LONGEST_WAIT_MS = 30 * 86_400_000;

export const maxWaitField = numberField('refused', 'Max Wait', 'maxWait', {
	typeOptions: { minValue: 0 },
	default: 1,
	description:
		'How long to wait. After that, the output is the last known state, with <code>timedOut</code> set to true.',
});

export const maxWaitUnitField = choiceField('default', 'Max Wait Unit', 'maxWaitUnit', {
	options: [
		{ name: 'Minutes', value: 'minutes' },
		{ name: 'Hours', value: 'hours' },
		{ name: 'Days', value: 'days' },
	],
	default: 'hours',
});

/** How long an operation waits at most. */
export const MAX_WAIT_FIELDS = [maxWaitField, maxWaitUnitField];

/**
 * @returns the longest wait in ms; the default if Max Wait was left empty by hand
 * @throws NodeOperationError if it is not a number above 0, longer than 30 days, or an expression gives nothing
 */
export function readMaxWaitMs(read: ItemReader): number {
	const amount = asNumber(read.text(maxWaitField) ?? maxWaitField.default);
	const maxWaitMs = amount * (MS_PER_UNIT[read.choice(maxWaitUnitField)] ?? NaN);
	if (maxWaitMs > 0 && maxWaitMs <= LONGEST_WAIT_MS) return maxWaitMs;
	throw read.fail(
		"'Max Wait' must be more than 0 and at most 30 days",
		'Enter how long to wait, and choose the unit.',
	);
}
