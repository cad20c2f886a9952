import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { DEFAULT_TIMEOUT_MS } from '../api/client';
import { readCollection, readCount } from './read';

const DEFAULT_MAX_CONCURRENCY = 100;
/** Each request reaches a person: a hundred phones are to ring at the same instant only if the user chose so. */
export const CALLS_MAX_CONCURRENCY = 5;
const MAX_CONCURRENCY = 200;
/** Node.js turns a longer timer into one of 1 ms (timers, "TimeoutOverflowWarning"). */
export const LONGEST_TIMEOUT_MS = 2_147_483_647;

/** How the requests of an execution are made. */
export interface RequestOptions {
	maxConcurrency: number;
	timeoutMs: number;
	/** Items per batch; undefined: all in one. */
	batchSize?: number;
	batchIntervalMs?: number;
}

const requestOptions = (maxConcurrency: number): INodeProperties[] => [
	{
		displayName: 'Max Concurrency',
		name: 'maxConcurrency',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: MAX_CONCURRENCY, numberPrecision: 0 },
		default: maxConcurrency,
		description:
			'Max number of requests in flight when there are many input items. This does not limit how many sessions or calls run at the same time. It is lowered for a while when VideoSDK asks to slow down.',
	},
	{
		displayName: 'Timeout',
		name: 'timeout',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: LONGEST_TIMEOUT_MS, numberPrecision: 0 },
		default: DEFAULT_TIMEOUT_MS,
		hint: 'In milliseconds',
		description:
			'Time in milliseconds to wait for an answer. A start or call that gets no answer in time is not sent again, since it may have gone through.',
	},
];

/**
 * The options of an operation: those of its requests, and its own.
 *
 * @param own in alphabetical order with the others once merged
 * @param maxConcurrency as for `readRequestOptions`
 */
export function optionsField(
	own: INodeProperties[] = [],
	maxConcurrency = DEFAULT_MAX_CONCURRENCY,
): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		// Not by `localeCompare`: it has Node.js set up its collation, some milliseconds of each start of n8n.
		options: [...requestOptions(maxConcurrency), ...own].sort((a, b) =>
			a.displayName < b.displayName ? -1 : 1,
		),
	};
}

/**
 * Reads the options of an item that concern requests.
 *
 * @param maxConcurrency of the operation, if the user has not set it
 * @throws NodeOperationError naming the option
 */
export function readRequestOptions(
	context: IExecuteFunctions,
	itemIndex: number,
	maxConcurrency = DEFAULT_MAX_CONCURRENCY,
): RequestOptions {
	const options: IDataObject = readCollection(context, 'options', itemIndex);
	return {
		maxConcurrency: Math.min(
			readCount(context, options.maxConcurrency ?? maxConcurrency, 'Max Concurrency', itemIndex),
			MAX_CONCURRENCY,
		),
		timeoutMs: readCount(
			context,
			options.timeout ?? DEFAULT_TIMEOUT_MS,
			'Timeout',
			itemIndex,
			LONGEST_TIMEOUT_MS,
		),
	};
}
