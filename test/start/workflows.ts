import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlainError, repositoryRoot } from '../n8n/processes';
import type { N8nRest, StoredWorkflow, WorkflowJson, WorkflowNode } from '../n8n/rest';
import type { Target } from './target';

const PACKAGE = 'n8n-nodes-videosdk-agent-cloud';
const CREDENTIAL_TYPE = 'videoSdkAgentCloudApi';
const EVENT_PREFIX = 'ai-deployment-session-';
const examplesFolder = join(repositoryRoot, 'examples');

const isAction = (node: WorkflowNode) =>
	[`${PACKAGE}.videoSdkAgentCloud`, `${PACKAGE}.videoSdkAgentCloudTool`].includes(node.type);
const isHttpRequest = (node: WorkflowNode) => node.parameters.nodeCredentialType === CREDENTIAL_TYPE;
const isTrigger = (node: WorkflowNode) => node.type === `${PACKAGE}.videoSdkAgentCloudTrigger`;

/** What `npm start` has put into n8n. */
export interface Imported {
	start: StoredWorkflow;
	react: StoredWorkflow;
	others: StoredWorkflow[];
	credential: { id: string; name: string };
	/** The node that starts the session, and the one that receives its events. */
	startNode: string;
	triggerNode: string;
	/** The production webhook's path after `/webhook/`. */
	webhookPath: string;
	/** The short names of the events the second workflow has to receive. */
	expectedEvents: string[];
}

function readExample(file: string): WorkflowJson {
	return JSON.parse(readFileSync(join(examplesFolder, file), 'utf8')) as WorkflowJson;
}

function theNode(workflow: WorkflowJson, fits: (node: WorkflowNode) => boolean, what: string): WorkflowNode {
	const node = workflow.nodes.find(fits);
	if (!node) throw new PlainError(`The example "${workflow.name}" holds no ${what}.`);
	return node;
}

/** Puts the credential and all workflows of `examples/` into n8n, set up for this n8n and this target. */
export async function importExamples(rest: N8nRest, target: Target, n8nUrl: string): Promise<Imported> {
	const name = target.isReal ? 'VideoSDK account' : 'VideoSDK account (simulator)';
	const { id } = await rest.createCredential({
		name,
		type: CREDENTIAL_TYPE,
		data: { apiKey: target.apiKey, secretKey: target.secretKey, baseUrl: target.baseUrl },
	});
	const credential = { id, name };

	const reactJson = readExample('react-to-session-events.json');
	const startJson = readExample('start-a-support-agent-session.json');
	const trigger = theNode(reactJson, isTrigger, 'VideoSDK Agent Cloud Trigger');
	const starter = theNode(startJson, isAction, 'VideoSDK Agent Cloud node');
	// As the editor does on import: each copy has an address of its own, which nobody can guess.
	trigger.webhookId = randomUUID();
	const webhookPath = `${trigger.webhookId}/webhook`;
	const webhookUrl = `${target.publicUrl ?? n8nUrl}/webhook/${webhookPath}`;

	const setUp = (workflow: WorkflowJson): WorkflowJson => ({
		...workflow,
		nodes: workflow.nodes.map((node) => {
			if (!isAction(node) && !isTrigger(node) && !isHttpRequest(node)) return node;
			const parameters = { ...node.parameters };
			// The credential signs requests to its own host only.
			if (isHttpRequest(node)) {
				parameters.url = String(parameters.url).replace(/^https:\/\/[^/]+/, target.baseUrl);
			}
			if (isAction(node) && 'deploymentId' in parameters) {
				parameters.deploymentId = { __rl: true, mode: 'id', value: target.deploymentId };
				parameters.tag = target.tag;
			}
			if (node === starter) parameters.webhookUrl = webhookUrl;
			return { ...node, parameters, credentials: { [CREDENTIAL_TYPE]: credential } };
		}),
	});

	const others: StoredWorkflow[] = [];
	const known = new Set(['react-to-session-events.json', 'start-a-support-agent-session.json']);
	for (const file of readdirSync(examplesFolder).sort()) {
		if (file.endsWith('.json') && !known.has(file)) {
			others.push(await rest.createWorkflow(setUp(readExample(file))));
		}
	}
	const chosen = (node: WorkflowNode, parameter: string) => (node.parameters[parameter] ?? []) as string[];
	const sent = chosen(starter, 'webhookEvents');
	return {
		credential,
		react: await rest.createWorkflow(setUp(reactJson)),
		start: await rest.createWorkflow(setUp(startJson)),
		others,
		startNode: starter.name,
		triggerNode: trigger.name,
		webhookPath,
		expectedEvents: chosen(trigger, 'events')
			.filter((event) => sent.includes(event))
			.map((event) => event.slice(EVENT_PREFIX.length))
			// A session that goes well has no failure to tell.
			.filter((event) => event !== 'failed')
			.sort((first, second) => ORDER.indexOf(first) - ORDER.indexOf(second)),
	};
}

const ORDER = ['starting', 'started', 'stopping', 'stopped'];

/** Ends a session through the package's own End operation. */
export async function endSession(rest: N8nRest, imported: Imported, sessionId: string): Promise<void> {
	const workflow = await rest.createWorkflow({
		name: `End session ${sessionId}`,
		nodes: [
			{
				name: 'Manual',
				type: 'n8n-nodes-base.manualTrigger',
				typeVersion: 1,
				position: [0, 0],
				parameters: {},
			},
			{
				name: 'End',
				type: `${PACKAGE}.videoSdkAgentCloud`,
				typeVersion: 1,
				position: [200, 0],
				parameters: { resource: 'session', operation: 'end', sessionId },
				credentials: { [CREDENTIAL_TYPE]: imported.credential },
			},
		],
		connections: { Manual: { main: [[{ node: 'End', type: 'main', index: 0 }]] } },
	});
	const execution = await rest.runWorkflow(workflow.id);
	if (execution.status !== 'success') {
		throw new PlainError(
			`Session ${sessionId} could not be ended: ${execution.data.resultData.error?.message ?? execution.status}`,
		);
	}
}
