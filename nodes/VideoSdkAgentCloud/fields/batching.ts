import { type IDataObject } from 'n8n-workflow';
import { groupField, numberField } from './field';
import { CollectionReader } from './reader';

/** How many items are begun at once, and how long to wait before the next ones. */
export interface Batching {
	batchSize: number;
	batchIntervalMs: number;
}

const batchSizeField = numberField('default', 'Items per Batch', 'batchSize', {
	typeOptions: { minValue: -1, numberPrecision: 0 },
	default: 50,
	description:
		'How many input items to start before each pause. Enter -1 to turn batching off. 0 counts as 1.',
});

const batchIntervalField = numberField('default', 'Batch Interval', 'batchInterval', {
	typeOptions: { minValue: 0, numberPrecision: 0 },
	default: 1_000,
	hint: 'In milliseconds',
	description: 'How long to wait before starting the next batch. Enter 0 to turn batching off.',
});

/** The pace at which items are begun. Its names are those of n8n's HTTP Request node. */
export const batchingField = groupField('default', 'Batching', 'batching', {
	typeOptions: { multipleValues: false },
	placeholder: 'Add Batching',
	default: { batch: {} },
	description: 'How many input items to start at a time, and how long to wait between batches',
	options: [{ displayName: 'Batching', name: 'batch', values: [batchSizeField, batchIntervalField] }],
});

/**
 * Reads `batchingField`.
 *
 * @returns undefined if it was not added, or is disabled by its size or interval
 * @throws NodeOperationError if size or interval is no number in its range
 */
export function readBatching(options: CollectionReader): Batching | undefined {
	const { batch } = options.group(batchingField);
	if (batch === undefined || batch === null) return undefined;
	const read = new CollectionReader(options, batch as IDataObject);
	const batchSize = read.count(batchSizeField) ?? Number(batchSizeField.default);
	const batchIntervalMs = read.count(batchIntervalField) ?? Number(batchIntervalField.default);
	if (batchSize < 0 || batchIntervalMs === 0) return undefined;
	return { batchSize: Math.max(batchSize, 1), batchIntervalMs };
}
