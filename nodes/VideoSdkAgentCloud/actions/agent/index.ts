import type { Resource } from '../operation';
import { operation as answerTool } from './answerTool.operation';
import { operation as createToolAccess } from './createToolAccess.operation';
import { operation as dispatch } from './dispatch.operation';

export const agent: Resource = {
	value: 'agent',
	name: 'Agent',
	defaultOperation: 'dispatch',
	operations: [answerTool, createToolAccess, dispatch],
};
