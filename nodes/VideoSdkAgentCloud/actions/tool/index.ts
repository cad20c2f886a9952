import type { Resource } from '../operation';
import { operation as answer } from './answer.operation';
import { operation as createAccess } from './createAccess.operation';

export const tool: Resource = {
	value: 'tool',
	name: 'Agent Tool',
	defaultOperation: 'answer',
	operations: [answer, createAccess],
};
