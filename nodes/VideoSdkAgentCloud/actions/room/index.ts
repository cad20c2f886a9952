import type { Resource } from '../operation';
import { operation as create } from './create.operation';
import { operation as deactivate } from './deactivate.operation';
import { operation as endSession } from './endSession.operation';
import { operation as get } from './get.operation';
import { operation as getAll } from './getAll.operation';

export const room: Resource = {
	value: 'room',
	name: 'Room',
	defaultOperation: 'create',
	operations: [create, deactivate, endSession, get, getAll],
};
