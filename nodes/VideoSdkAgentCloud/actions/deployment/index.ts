import type { Resource } from '../operation';
import { operation as create } from './create.operation';
import { operation as get } from './get.operation';
import { operation as getAll } from './getAll.operation';

export const deployment: Resource = {
	value: 'deployment',
	name: 'Deployment',
	defaultOperation: getAll.value,
	operations: [create, get, getAll],
};
