import type { Resource } from '../operation';
import { operation as get } from './get.operation';
import { operation as getAll } from './getAll.operation';
import { operation as hangUp } from './hangUp.operation';
import { operation as make } from './make.operation';
import { operation as makeAndWait } from './makeAndWait.operation';
import { operation as sendAndWait } from './sendAndWait.operation';
import { operation as transfer } from './transfer.operation';

export const call: Resource = {
	value: 'call',
	name: 'Call',
	defaultOperation: 'make',
	operations: [sendAndWait, get, getAll, hangUp, make, makeAndWait, transfer],
};
