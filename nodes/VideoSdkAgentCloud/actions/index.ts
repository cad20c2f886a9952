import { operation as accountCheckSetup } from './account/checkSetup.operation';
import { operation as agentDeploy } from './agent/deploy.operation';
import { operation as agentDispatch } from './agent/dispatch.operation';
import { operation as callGet } from './call/get.operation';
import { operation as callGetAll } from './call/getAll.operation';
import { operation as callHangUp } from './call/hangUp.operation';
import { operation as callMake } from './call/make.operation';
import { operation as callMakeAndWait } from './call/makeAndWait.operation';
import { operation as callSendAndWait } from './call/sendAndWait.operation';
import { operation as callTransfer } from './call/transfer.operation';
import { operation as deploymentGetAll } from './deployment/getAll.operation';
import { operation as recordingDelete } from './recording/delete.operation';
import { operation as recordingDownload } from './recording/download.operation';
import { operation as recordingGetAll } from './recording/getAll.operation';
import { operation as roomCreate } from './room/create.operation';
import { operation as roomDeactivate } from './room/deactivate.operation';
import { operation as roomEndSession } from './room/endSession.operation';
import { operation as roomGet } from './room/get.operation';
import { operation as roomGetAll } from './room/getAll.operation';
import { operation as routingRuleSetAgent } from './routingRule/setAgent.operation';
import { operation as sessionEnd } from './session/end.operation';
import { operation as sessionGet } from './session/get.operation';
import { operation as sessionGetAll } from './session/getAll.operation';
import { operation as sessionStart } from './session/start.operation';
import { operation as sessionStartAndWait } from './session/startAndWait.operation';
import { operation as toolAnswer } from './tool/answer.operation';
import { operation as toolCreateAccess } from './tool/createAccess.operation';
import { operation as transcriptionGet } from './transcription/get.operation';
import { operation as transcriptionGetAll } from './transcription/getAll.operation';
import { operation as transcriptionStartRealtime } from './transcription/startRealtime.operation';
import { operation as transcriptionStopRealtime } from './transcription/stopRealtime.operation';
import { resource } from './properties';

/** All resources of the node, in alphabetical order of the names that the editor shows. */
export const RESOURCES = [
	resource('account', accountCheckSetup),
	resource('agent', agentDispatch, agentDeploy),
	{ ...resource('tool', toolAnswer, toolCreateAccess), name: 'Agent Tool' },
	resource('call', callMake, callMakeAndWait, callSendAndWait, callGet, callGetAll, callHangUp, callTransfer),
	resource('deployment', deploymentGetAll),
	resource('recording', recordingGetAll, recordingDownload, recordingDelete),
	resource('room', roomCreate, roomDeactivate, roomEndSession, roomGet, roomGetAll),
	{ ...resource('routingRule', routingRuleSetAgent), name: 'Routing Rule' },
	resource('session', sessionStart, sessionStartAndWait, sessionGet, sessionGetAll, sessionEnd),
	resource(
		'transcription',
		transcriptionGet,
		transcriptionGetAll,
		transcriptionStartRealtime,
		transcriptionStopRealtime,
	),
];
