import type { INodeProperties } from 'n8n-workflow';
import * as agentDispatch from './agent/dispatch.operation';
import * as deploymentCreate from './deployment/create.operation';
import * as deploymentGet from './deployment/get.operation';
import * as deploymentGetAll from './deployment/getAll.operation';
import type { Operation } from './operation';
import * as sessionEnd from './session/end.operation';
import * as sessionGet from './session/get.operation';
import * as sessionGetAll from './session/getAll.operation';
import * as sessionStart from './session/start.operation';
import * as sessionStartAndWait from './session/startAndWait.operation';
import * as sessionWaitForStatus from './session/waitForStatus.operation';

/** The operations by resource and by the name that workflows hold. */
export const OPERATIONS: Record<string, Record<string, Operation>> = {
	session: {
		start: sessionStart,
		startAndWait: sessionStartAndWait,
		end: sessionEnd,
		get: sessionGet,
		getAll: sessionGetAll,
		waitForStatus: sessionWaitForStatus,
	},
	deployment: { create: deploymentCreate, get: deploymentGet, getAll: deploymentGetAll },
	agent: { dispatch: agentDispatch },
};

/** The parameters of all operations. */
export const operationProperties: INodeProperties[] = Object.values(OPERATIONS).flatMap((operations) =>
	Object.values(operations).flatMap(({ description }) => description),
);
