import { operation as accountCheckSetup } from './account/checkSetup.operation';
import { operation as agentDeploy } from './agent/deploy.operation';
import { operation as agentDispatch } from './agent/dispatch.operation';
import { operation as agentTakeDown } from './agent/takeDown.operation';
import { operation as callGet } from './call/get.operation';
import { operation as callMake } from './call/make.operation';
import { operation as callMakeAndWait } from './call/makeAndWait.operation';
import { operation as callSendAndWait } from './call/sendAndWait.operation';
import { operation as callTransfer } from './call/transfer.operation';
import { operations as callRecords } from './call/records';
import { operations as deploymentRecords } from './deployment/records';
import { operation as recordingDownload } from './recording/download.operation';
import { operations as recordingRecords } from './recording/records';
import { operation as roomCreate } from './room/create.operation';
import { operations as roomRecords } from './room/records';
import { operation as routingRuleSetAgent } from './routingRule/setAgent.operation';
import { operations as sessionRecords } from './session/records';
import { operation as sessionStart } from './session/start.operation';
import { operation as sessionStartAndWait } from './session/startAndWait.operation';
import { operation as toolAnswer } from './tool/answer.operation';
import { operation as toolCreateAccess } from './tool/createAccess.operation';
import { operation as transcriptionGet } from './transcription/get.operation';
import { operations as transcriptionRecords } from './transcription/records';
import { operation as transcriptionStartRealtime } from './transcription/startRealtime.operation';
import { resource } from './properties';

/** All resources of the node, in alphabetical order of the names that the editor shows. */
export const RESOURCES = [
	resource('account', accountCheckSetup),
	resource('agent', agentDispatch, agentDeploy, agentTakeDown),
	{ ...resource('tool', toolAnswer, toolCreateAccess), name: 'Agent Tool' },
	resource('call', callMake, callMakeAndWait, callSendAndWait, callGet, callTransfer, ...callRecords),
	resource('deployment', ...deploymentRecords),
	resource('recording', ...recordingRecords, recordingDownload),
	resource('room', roomCreate, ...roomRecords),
	{ ...resource('routingRule', routingRuleSetAgent), name: 'Routing Rule' },
	resource('session', sessionStart, sessionStartAndWait, ...sessionRecords),
	resource('transcription', transcriptionGet, transcriptionStartRealtime, ...transcriptionRecords),
];
