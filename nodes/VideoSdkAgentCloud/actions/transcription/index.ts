import type { Resource } from '../operation';
import { operation as get } from './get.operation';
import { operation as getAll } from './getAll.operation';
import { operation as startRealtime } from './startRealtime.operation';
import { operation as stopRealtime } from './stopRealtime.operation';

export const transcription: Resource = {
	value: 'transcription',
	name: 'Transcription',
	defaultOperation: get.value,
	operations: [get, getAll, startRealtime, stopRealtime],
};
