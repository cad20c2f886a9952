import { choiceField, type Field, numberField, titleOf } from './kit/field';
import { type ItemReader } from './kit/reader';
import { asNumber } from './kit/values';

const MS_PER_UNIT: Record<string, number> = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 };
const LONGEST_WAIT_MS = 30 * 86_400_000;

type MaxWaitFields = [amount: Field<'refused'>, unit: Field<'default'>];

export const maxWaitField = numberField('refused', 'Max Wait', 'maxWait', {
	typeOptions: { minValue: 0 },
	default: 1,
	description:
		'How long to wait. After that, the output is the last known state, with <code>timedOut</code> set to true.',
});

export const maxWaitUnitField = choiceField('default', 'Max Wait Unit', 'maxWaitUnit', {
	options: Object.keys(MS_PER_UNIT).map((value) => ({ name: titleOf(value), value })),
	default: 'hours',
});

export const MAX_WAIT_FIELDS: MaxWaitFields = [maxWaitField, maxWaitUnitField];

export const MAX_WAIT_FOR_RESPONSE: MaxWaitFields = [
	{
		...maxWaitField,
		default: 15,
		description: 'How long to wait for a response. After that, n8n hangs up and continues without one.',
	},
	{ ...maxWaitUnitField, default: 'minutes' },
];

/**
 * Reads the fields of Max Wait.
 *
 * @param fields those of the operation
 * @returns the longest wait in ms; the default if Max Wait was left empty by hand
 * @throws NodeOperationError if it is not a number above 0, longer than 30 days, or an expression gives nothing
 */
export function readMaxWaitMs(read: ItemReader, [amountField, unitField] = MAX_WAIT_FIELDS): number {
	const amount = asNumber(read.text(amountField) ?? amountField.default);
	const maxWaitMs = amount * (MS_PER_UNIT[read.choice(unitField)] ?? NaN);
	if (maxWaitMs > 0 && maxWaitMs <= LONGEST_WAIT_MS) return maxWaitMs;
	throw read.fail(
		"'Max Wait' must be more than 0 and at most 30 days",
		'Enter how long to wait, and select the unit.',
	);
}
