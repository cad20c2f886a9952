import type { Resource } from '../operation';
import { operation as dispatch } from './dispatch.operation';

export const agent: Resource = {
	value: 'agent',
	name: 'Agent',
	defaultOperation: 'dispatch',
	operations: [dispatch],
};
