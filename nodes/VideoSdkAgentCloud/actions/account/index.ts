import type { Resource } from '../operation';
import { operation as checkSetup } from './checkSetup.operation';

export const account: Resource = {
	value: 'account',
	name: 'Account',
	defaultOperation: 'checkSetup',
	operations: [checkSetup],
};
