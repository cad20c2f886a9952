import type { IDataObject, IDisplayOptions, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { DEFAULT_TIMEOUT_MS } from '../transport/request';
import { inputError } from './inputError';

export const DEFAULT_MAX_CONCURRENCY = 100;
const MAX_CONCURRENCY = 200;

/** How the requests of one run are made. */
export interface RequestOptions {
	maxConcurrency: number;
	timeoutMs: number;
}

/** The options of each operation that makes requests. */
export function requestOptionsProperty(displayOptions: IDisplayOptions): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		displayOptions,
		options: [
			{
				displayName: 'Max Concurrency',
				name: 'maxConcurrency',
				type: 'number',
				typeOptions: { minValue: 1, maxValue: MAX_CONCURRENCY, numberPrecision: 0 },
				default: DEFAULT_MAX_CONCURRENCY,
				description:
					'How many requests are in flight at a time when there are many input items. When VideoSDK asks to slow down, it is lowered for a while by itself.',
			},
			{
				displayName: 'Timeout',
				name: 'timeout',
				type: 'number',
				typeOptions: { minValue: 1, numberPrecision: 0 },
				default: DEFAULT_TIMEOUT_MS,
				description:
					'Time in milliseconds to wait for an answer. A start that gets no answer in time is not sent again, since the session may have started.',
			},
		],
	};
}

/**
 * Reads a number of at least 1.
 *
 * @throws NodeOperationError naming the field otherwise
 */
export function readCount(
	context: IExecuteFunctions,
	value: unknown,
	displayName: string,
	itemIndex: number,
): number {
	const count = Number(value);
	if (value === '' || value === null || !Number.isFinite(count) || count < 1) {
		throw inputError(
			context,
			`"${displayName}" must be a number of at least 1`,
			`Enter 1 or more in "${displayName}".`,
			itemIndex,
		);
	}
	return Math.floor(count);
}

/** Reads the options of an item. */
export function readRequestOptions(context: IExecuteFunctions, itemIndex: number): RequestOptions {
	const options = context.getNodeParameter('options', itemIndex, {}) as IDataObject;
	return {
		maxConcurrency: Math.min(
			readCount(context, options.maxConcurrency ?? DEFAULT_MAX_CONCURRENCY, 'Max Concurrency', itemIndex),
			MAX_CONCURRENCY,
		),
		timeoutMs: readCount(context, options.timeout ?? DEFAULT_TIMEOUT_MS, 'Timeout', itemIndex),
	};
}
