import { type INodeProperties } from 'n8n-workflow';
import { asNumber, type ItemReader } from './reader';

const MS_PER_UNIT: Record<string, number> = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 };

/** Ten years: beyond, n8n could not store the date. */
const LONGEST_WAIT_MS = 3_650 * 86_400_000;

const maxWaitField: INodeProperties = {
	displayName: 'Max Wait',
	name: 'maxWait',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: 1,
	description:
		'How long to wait. After that, the output is the last known state, with <code>timedOut</code> set to true.',
};

const unitField: INodeProperties = {
	displayName: 'Max Wait Unit',
	name: 'maxWaitUnit',
	type: 'options',
	options: [
		{ name: 'Minutes', value: 'minutes' },
		{ name: 'Hours', value: 'hours' },
		{ name: 'Days', value: 'days' },
	],
	default: 'hours',
};

const limitWaitTimeField: INodeProperties = {
	displayName: 'Limit Wait Time',
	name: 'limitWaitTime',
	type: 'boolean',
	default: true,
	description: 'Whether to limit how long to wait. If turned off, the wait still ends after 30 days.',
};

/** How long an operation waits at most. */
export const MAX_WAIT_FIELDS = [maxWaitField, unitField];

/** The same, with a switch to wait without a limit. */
export const OPTIONAL_MAX_WAIT_FIELDS: INodeProperties[] = [
	limitWaitTimeField,
	...MAX_WAIT_FIELDS.map((field) => ({ ...field, displayOptions: { show: { limitWaitTime: [true] } } })),
];

/**
 * @returns the longest wait in ms; Infinity if the item sets no limit
 * @throws NodeOperationError if it is not a number above 0, or longer than ten years
 */
export function readMaxWaitMs(read: ItemReader): number {
	if (!read.flag(limitWaitTimeField)) return Infinity;
	const maxWaitMs = asNumber(read.value(maxWaitField)) * (MS_PER_UNIT[String(read.value(unitField))] ?? NaN);
	if (maxWaitMs > 0 && maxWaitMs <= LONGEST_WAIT_MS) return maxWaitMs;
	throw read.fail(
		"'Max Wait' must be more than 0 and at most ten years",
		'Enter how long to wait, and choose the unit.',
	);
}
