import { collectionField, type Field, numberField } from './field';
import { DEFAULT_TIMEOUT_MS } from '../api/client';
import { type Batching, readBatching } from './batching';
import { type CollectionReader, type ItemReader } from './reader';

const DEFAULT_MAX_CONCURRENCY = 100;
/** Each request reaches a person: a hundred phones are to ring at the same instant only if the user chose so. */
export const CALLS_MAX_CONCURRENCY = 5;
const MAX_CONCURRENCY = 200;
/** Node.js turns a longer timer into one of 1 ms (timers, "TimeoutOverflowWarning"). */
export const LONGEST_TIMEOUT_MS = 2_147_483_647;

/** How the requests of an execution are made. Without a batch size all items are one batch. */
export interface RequestOptions extends Partial<Batching> {
	maxConcurrency: number;
	timeoutMs: number;
}

const maxConcurrencyField = numberField('default', 'Max Concurrency', 'maxConcurrency', {
	typeOptions: { minValue: 1, maxValue: MAX_CONCURRENCY, numberPrecision: 0 },
	default: DEFAULT_MAX_CONCURRENCY,
	hint: 'Limits requests, not how many calls or sessions run',
	description:
		'How many requests to send at the same time. If VideoSDK asks n8n to slow down, it sends fewer for a while.',
});

const timeoutField = numberField('default', 'Timeout', 'timeout', {
	typeOptions: { minValue: 1, maxValue: LONGEST_TIMEOUT_MS, numberPrecision: 0 },
	default: DEFAULT_TIMEOUT_MS,
	hint: 'In milliseconds',
	description: "How long to wait for VideoSDK to respond. Requests that start something aren't sent again.",
});

/**
 * The options of an operation: those of its requests, and its own.
 *
 * @param own in alphabetical order with the others once merged
 * @param maxConcurrency as for `readRequestOptions`
 */
export function optionsField(own: Field[] = [], maxConcurrency = DEFAULT_MAX_CONCURRENCY): Field {
	return optionsOfOneItem([{ ...maxConcurrencyField, default: maxConcurrency }, ...own]);
}

/** As `optionsField`, of an operation that never runs for several items. @param own see there */
export function optionsOfOneItem(own: Field[]): Field {
	return collectionField('default', 'Options', 'options', {
		placeholder: 'Add option',
		// Not by `localeCompare`: it has Node.js set up its collation, some milliseconds of each start of n8n.
		options: [timeoutField, ...own].sort((a, b) => (a.displayName < b.displayName ? -1 : 1)),
	});
}

/** Reads the field that `optionsField` makes. */
export function readOptions(read: ItemReader): CollectionReader {
	return read.collection({ name: 'options', default: {} });
}

/**
 * Reads the options of an item that concern requests.
 *
 * @param maxConcurrency of the operation, if the user has not set it
 * @throws NodeOperationError naming the option
 */
export function readRequestOptions(
	read: ItemReader,
	maxConcurrency = DEFAULT_MAX_CONCURRENCY,
): RequestOptions {
	const options = readOptions(read);
	return {
		maxConcurrency: Math.min(
			options.count({ ...maxConcurrencyField, default: maxConcurrency }, Infinity) ?? maxConcurrency,
			MAX_CONCURRENCY,
		),
		timeoutMs: options.count(timeoutField) ?? DEFAULT_TIMEOUT_MS,
		...readBatching(options),
	};
}
