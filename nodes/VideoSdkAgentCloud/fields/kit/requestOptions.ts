import { DEFAULT_TIMEOUT_MS } from '../../api/http/client';
import { collectionField, type Field, numberField, switchField } from './field';
import { type CollectionReader, type ItemReader } from './reader';

const DEFAULT_MAX_CONCURRENCY = 100;
/** The default for operations whose requests reach people, because a hundred phones should ring at once only if the user has chosen so. */
export const CALLS_MAX_CONCURRENCY = 5;
const MAX_CONCURRENCY = 200;
/** Node.js turns a longer timer into one of 1 ms (timers, "TimeoutOverflowWarning"). */
export const LONGEST_TIMEOUT_MS = 2_147_483_647;

/** The shortest timeout, because someone who enters seconds would lose the ID of each start before VideoSDK responds. */
const SHORTEST_TIMEOUT_MS = 100;

/** How the requests of an item are sent. */
export interface RequestOptions {
	maxConcurrency: number;
	timeoutMs: number;
	/** Whether no request is sent that would create, start, or change anything. */
	isDryRun: boolean;
}

/**
 * Makes the option that limits the requests of several items.
 *
 * @param maxInFlight the highest number that the operation allows
 */
export const maxConcurrencyField = (
	maxConcurrency = DEFAULT_MAX_CONCURRENCY,
	maxInFlight = MAX_CONCURRENCY,
) =>
	numberField('default', 'Max Concurrency', 'maxConcurrency', {
		typeOptions: { minValue: 1, maxValue: maxInFlight, numberPrecision: 0 },
		default: maxConcurrency,
		hint: 'Limits requests, not how many calls or sessions run',
		description:
			'How many requests to send at the same time. If VideoSDK asks n8n to slow down, it sends fewer for a while.',
	});

const timeoutField = numberField('default', 'Timeout', 'timeout', {
	typeOptions: { minValue: SHORTEST_TIMEOUT_MS, maxValue: LONGEST_TIMEOUT_MS, numberPrecision: 0 },
	default: DEFAULT_TIMEOUT_MS,
	hint: 'In milliseconds',
	description: "How long to wait for VideoSDK to respond. Requests that start something aren't sent again.",
});

/** The option of each operation that costs money, reaches someone, or changes what others use. actions/dryRun.ts makes the dry run. */
export const dryRunField = switchField('refused', 'Dry Run', 'dryRun', {
	hint: "{{ $execution.mode === 'test' }} makes dry runs of test executions. It's false in retries and in sub-workflows, whoever started them: give a sub-workflow the switch as a field.",
	description:
		'Whether to output the request instead of sending it. Fields are checked as always, and nothing is created, changed, or called.',
});

/** Makes the field Options of an operation, with Timeout and the operation's own options in alphabetical order. */
export function optionsField(own: Field[]): Field {
	return collectionField('default', 'Options', 'options', {
		placeholder: 'Add option',
		// `localeCompare` isn't used, because Node.js would set up its collation, which takes some milliseconds at each start of n8n.
		options: [timeoutField, ...own].sort((a, b) => (a.displayName < b.displayName ? -1 : 1)),
	});
}

/** @returns a reader for the field that `optionsField` makes */
export function readOptions(read: ItemReader): CollectionReader {
	return read.collection({ name: 'options', default: {} });
}

/**
 * Reads the options of an item about its requests.
 *
 * @param maxConcurrency the operation's default
 * @throws NodeOperationError naming the option
 */
export function readRequestOptions(read: ItemReader, maxConcurrency?: number): RequestOptions {
	const options = readOptions(read);
	return {
		maxConcurrency: Math.min(options.count(maxConcurrencyField(maxConcurrency), Infinity), MAX_CONCURRENCY),
		timeoutMs: options.count(timeoutField),
		isDryRun: options.flag(dryRunField),
	};
}
