import { operation as accountCheckSetup } from './account/checkSetup.operation';
import { operation as agentDispatch } from './agent/dispatch.operation';
import { operation as callGet } from './call/get.operation';
import { operation as callGetAll } from './call/getAll.operation';
import { operation as callHangUp } from './call/hangUp.operation';
import { operation as callMake } from './call/make.operation';
import { operation as callMakeAndWait } from './call/makeAndWait.operation';
import { operation as callSendAndWait } from './call/sendAndWait.operation';
import { operation as callTransfer } from './call/transfer.operation';
import { operation as deploymentCreate } from './deployment/create.operation';
import { operation as deploymentGet } from './deployment/get.operation';
import { operation as deploymentGetAll } from './deployment/getAll.operation';
import { operation as recordingDownload } from './recording/download.operation';
import { operation as recordingGetAll } from './recording/getAll.operation';
import { operation as roomCreate } from './room/create.operation';
import { operation as roomDeactivate } from './room/deactivate.operation';
import { operation as roomEndSession } from './room/endSession.operation';
import { operation as roomGet } from './room/get.operation';
import { operation as roomGetAll } from './room/getAll.operation';
import { operation as sessionEnd } from './session/end.operation';
import { operation as sessionGet } from './session/get.operation';
import { operation as sessionGetAll } from './session/getAll.operation';
import { operation as sessionStart } from './session/start.operation';
import { operation as sessionStartAndWait } from './session/startAndWait.operation';
import { operation as sessionWaitForStatus } from './session/waitForStatus.operation';
import { operation as toolAnswer } from './tool/answer.operation';
import { operation as toolCreateAccess } from './tool/createAccess.operation';
import { operation as transcriptionGet } from './transcription/get.operation';
import { operation as transcriptionGetAll } from './transcription/getAll.operation';
import { operation as transcriptionStartRealtime } from './transcription/startRealtime.operation';
import { operation as transcriptionStopRealtime } from './transcription/stopRealtime.operation';
import type { Resource } from './operation';

/** In alphabetical order of their names, as the editor shows them. Their operations are, too. */
export const RESOURCES: Resource[] = [
	{ value: 'account', name: 'Account', defaultOperation: 'checkSetup', operations: [accountCheckSetup] },
	{ value: 'agent', name: 'Agent', defaultOperation: 'dispatch', operations: [agentDispatch] },
	{
		value: 'tool',
		name: 'Agent Tool',
		defaultOperation: 'answer',
		operations: [toolAnswer, toolCreateAccess],
	},
	{
		value: 'call',
		name: 'Call',
		defaultOperation: 'make',
		operations: [callSendAndWait, callGet, callGetAll, callHangUp, callMake, callMakeAndWait, callTransfer],
	},
	{
		value: 'deployment',
		name: 'Deployment',
		defaultOperation: deploymentGetAll.value,
		operations: [deploymentCreate, deploymentGet, deploymentGetAll],
	},
	{
		value: 'recording',
		name: 'Recording',
		defaultOperation: recordingGetAll.value,
		operations: [recordingDownload, recordingGetAll],
	},
	{
		value: 'room',
		name: 'Room',
		defaultOperation: 'create',
		operations: [roomCreate, roomDeactivate, roomEndSession, roomGet, roomGetAll],
	},
	{
		value: 'session',
		name: 'Session',
		defaultOperation: 'start',
		operations: [
			sessionEnd,
			sessionGet,
			sessionGetAll,
			sessionStart,
			sessionStartAndWait,
			sessionWaitForStatus,
		],
	},
	{
		value: 'transcription',
		name: 'Transcription',
		defaultOperation: 'get',
		operations: [
			transcriptionGet,
			transcriptionGetAll,
			transcriptionStartRealtime,
			transcriptionStopRealtime,
		],
	},
];
