import type { Resource } from '../operation';
import { operation as end } from './end.operation';
import { operation as get } from './get.operation';
import { operation as getAll } from './getAll.operation';
import { operation as start } from './start.operation';
import { operation as startAndWait } from './startAndWait.operation';
import { operation as waitForStatus } from './waitForStatus.operation';

export const session: Resource = {
	value: 'session',
	name: 'Session',
	defaultOperation: 'start',
	operations: [end, get, getAll, start, startAndWait, waitForStatus],
};
