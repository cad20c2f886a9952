import type { Resource } from '../operation';
import { operation as download } from './download.operation';
import { operation as getAll } from './getAll.operation';

export const recording: Resource = {
	value: 'recording',
	name: 'Recording',
	defaultOperation: getAll.value,
	operations: [download, getAll],
};
