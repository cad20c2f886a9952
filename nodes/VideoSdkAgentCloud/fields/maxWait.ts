import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { inputError } from './inputError';
import { readFlag } from './read';

const MS_PER_UNIT: Record<string, number> = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 };

/** Ten years: beyond, n8n could not store the date. */
const LONGEST_WAIT_MS = 3_650 * 86_400_000;

/** How long an operation waits at most. */
export const MAX_WAIT_FIELDS: INodeProperties[] = [
	{
		displayName: 'Max Wait',
		name: 'maxWait',
		type: 'number',
		typeOptions: { minValue: 0 },
		default: 1,
		description:
			'How long to wait. After that the output is what was last known, with <code>timedOut</code> set to true.',
	},
	{
		displayName: 'Max Wait Unit',
		name: 'maxWaitUnit',
		type: 'options',
		options: [
			{ name: 'Minutes', value: 'minutes' },
			{ name: 'Hours', value: 'hours' },
			{ name: 'Days', value: 'days' },
		],
		default: 'hours',
	},
];

/** The same, with a switch to wait without a limit. */
export const OPTIONAL_MAX_WAIT_FIELDS: INodeProperties[] = [
	{
		displayName: 'Limit Wait Time',
		name: 'limitWaitTime',
		type: 'boolean',
		default: true,
		description:
			'Whether to limit how long to wait. If off, the execution continues after 30 days at the latest.',
	},
	...MAX_WAIT_FIELDS.map((field) => ({ ...field, displayOptions: { show: { limitWaitTime: [true] } } })),
];

/**
 * @returns the longest wait in ms; Infinity if the item sets no limit
 * @throws NodeOperationError if it is not a number above 0, or longer than ten years
 */
export function readMaxWaitMs(context: IExecuteFunctions, itemIndex: number): number {
	if (!readFlag(context, 'limitWaitTime', 'Limit Wait Time', true, itemIndex)) return Infinity;
	const value = Number(context.getNodeParameter('maxWait', itemIndex, 1));
	const unit = String(context.getNodeParameter('maxWaitUnit', itemIndex, 'hours'));
	const maxWaitMs = value * (MS_PER_UNIT[unit] ?? NaN);
	if (!(maxWaitMs > 0 && maxWaitMs <= LONGEST_WAIT_MS)) {
		throw inputError(
			context,
			"'Max Wait' must be a number above 0, and at most ten years",
			'Enter how long to wait, and choose its unit.',
			itemIndex,
		);
	}
	return maxWaitMs;
}
