import { CREDENTIAL_TYPE, n8nNode, PACKAGE } from '../../e2e/setup';
import type { WorkflowJson, WorkflowNode } from '../../n8n/rest';
import { BARE_TRIGGER } from './barePackage';
import type { Host } from './host';

export const TESTED_NODE = 'Start sessions';
const DEPLOYMENT = 'ddv_support';
const TAG = 'v1';
const EVENTS = ['ai-deployment-session-started', 'ai-deployment-session-failed'];

/** How sessions are started: our node as it comes, the same one by one, or n8n's HTTP Request node. */
export type Starter = 'ours' | 'one by one' | 'HTTP Request node';

function ourStart(host: Host, options: object): WorkflowNode {
	return {
		...n8nNode(TESTED_NODE, ''),
		type: `${PACKAGE}.videoSdkAgentCloud`,
		credentials: { [CREDENTIAL_TYPE]: host.credential },
		parameters: {
			resource: 'session',
			operation: 'start',
			deploymentId: { __rl: true, mode: 'id', value: DEPLOYMENT },
			tag: TAG,
			specifyEnv: 'keypair',
			env: { variables: [{ name: 'VIDEOSDK_ROOM_ID', value: '={{ $json.room }}' }] },
			specifyMetaData: 'keypair',
			metaData: { entries: [{ key: 'number', value: '={{ $json.number }}' }] },
			options,
		},
	};
}

function httpRequest(host: Host): WorkflowNode {
	const fields = `deploymentId: '${DEPLOYMENT}', tag: '${TAG}', env: { VIDEOSDK_ROOM_ID: $json.room }, metaData: { number: $json.number }`;
	return {
		...n8nNode(
			TESTED_NODE,
			'httpRequest',
			{
				method: 'POST',
				url: `${host.simulator.url}/ai/v1/ai-deployment-sessions/start`,
				authentication: 'predefinedCredentialType',
				nodeCredentialType: CREDENTIAL_TYPE,
				sendBody: true,
				specifyBody: 'json',
				jsonBody: `={{ JSON.stringify({ ${fields} }) }}`,
				options: {},
			},
			4.2,
		),
		credentials: { [CREDENTIAL_TYPE]: host.credential },
	};
}

function testedNode(host: Host, starter: Starter): WorkflowNode {
	if (starter === 'HTTP Request node') return httpRequest(host);
	return ourStart(host, starter === 'ours' ? {} : { maxConcurrency: 1 });
}

function chained(name: string, nodes: WorkflowNode[]): WorkflowJson {
	const links = nodes.slice(1).map((next, index) => {
		const link = { main: [[{ node: next.name, type: 'main', index: 0 }]] };
		return [nodes[index]?.name, link] as const;
	});
	return { name, nodes, connections: Object.fromEntries(links) };
}

/** The built-in Webhook node; its production address ends with the path. */
function webhookNode(path: string, parameters: object): WorkflowNode {
	return {
		...n8nNode('Webhook', 'webhook', { httpMethod: 'POST', path, ...parameters }, 2),
		webhookId: path,
	};
}

/** Starts as many sessions as the call's body says in `count`, and answers when all are started. */
export function startsWorkflow(host: Host, path: string, starter: Starter): WorkflowJson {
	const list = `={{ { list: Array.from({ length: $json.body.count }, (_, number) => ({ number, room: 'room-' + number })) } }}`;
	return chained(`Starts: ${starter}`, [
		webhookNode(path, { responseMode: 'lastNode', options: {} }),
		n8nNode('Make list', 'set', { mode: 'raw', jsonOutput: list, options: {} }, 3.4),
		n8nNode('Items', 'splitOut', { fieldToSplitOut: 'list', options: {} }, 1),
		testedNode(host, starter),
		// The answer is to be small.
		n8nNode('One', 'limit', { maxItems: 1 }, 1),
	]);
}

/** How a list is read: Get Many with Return All, or n8n's HTTP Request node with pagination. */
export type ListReader = 'ours' | 'HTTP Request node';

interface ListWorkflow {
	reader: ListReader;
	path: string;
	credential: { id: string; name: string };
	url: string;
	rowsPerPage: number;
}

/** Reads a list of sessions to its end whenever its webhook is called. */
export function listWorkflow({ reader, path, credential, url, rowsPerPage }: ListWorkflow): WorkflowJson {
	const credentials = { [CREDENTIAL_TYPE]: credential };
	const ours = {
		...n8nNode(TESTED_NODE, ''),
		type: `${PACKAGE}.videoSdkAgentCloud`,
		credentials,
		parameters: { resource: 'session', operation: 'getAll', returnAll: true, filters: {}, options: {} },
	};
	const pagination = {
		paginationMode: 'updateAParameterInEachRequest',
		parameters: { parameters: [{ type: 'qs', name: 'page', value: '={{ $pageCount + 1 }}' }] },
		paginationCompleteWhen: 'other',
		completeExpression: `={{ $response.body.data.length < ${rowsPerPage} }}`,
		requestInterval: 0,
	};
	const httpRequest = {
		...n8nNode(
			TESTED_NODE,
			'httpRequest',
			{
				url,
				authentication: 'predefinedCredentialType',
				nodeCredentialType: CREDENTIAL_TYPE,
				sendQuery: true,
				queryParameters: { parameters: [{ name: 'perPage', value: String(rowsPerPage) }] },
				options: { pagination: { pagination } },
			},
			4.2,
		),
		credentials,
	};
	return chained(`List: ${reader}`, [
		webhookNode(path, { responseMode: 'lastNode', options: {} }),
		reader === 'ours' ? ours : httpRequest,
		// The answer is to be small.
		n8nNode('One', 'limit', { maxItems: 1 }, 1),
	]);
}

/** Starts as many sessions as the call's body says in `count`, and waits for their ends. */
export function waitWorkflow(host: Host, path: string): WorkflowJson {
	const list = `={{ { list: Array.from({ length: $json.body.count }, (_, number) => ({ number })) } }}`;
	return chained('Start and Wait', [
		webhookNode(path, { responseMode: 'onReceived', options: {} }),
		n8nNode('Make list', 'set', { mode: 'raw', jsonOutput: list, options: {} }, 3.4),
		n8nNode('Items', 'splitOut', { fieldToSplitOut: 'list', options: {} }, 1),
		{
			...n8nNode(TESTED_NODE, ''),
			type: `${PACKAGE}.videoSdkAgentCloud`,
			credentials: { [CREDENTIAL_TYPE]: host.credential },
			parameters: {
				resource: 'session',
				operation: 'startAndWait',
				deploymentId: { __rl: true, mode: 'id', value: DEPLOYMENT },
				tag: TAG,
				limitWaitTime: true,
				maxWait: 24,
				maxWaitUnit: 'hours',
				options: {},
			},
		},
	]);
}

/** How events are received. */
export type Receiver =
	| 'ours'
	| 'ours, version 1'
	| 'ours, runs not saved'
	| 'bare trigger'
	| 'bare trigger, version 2'
	| 'built by hand';

/** A trigger's production address: its webhook id, then the path of its description. */
export const triggerPath = (webhookId: string): string => `${webhookId}/webhook`;

const bareTrigger = (webhookId: string, version = 1): WorkflowNode => ({
	...n8nNode('Trigger', '', {}, version),
	type: BARE_TRIGGER,
	webhookId,
});

function ourTrigger(host: Host, webhookId: string, version = 1.1): WorkflowNode {
	return {
		...n8nNode('Trigger', '', {}, version),
		id: `id-${webhookId}`,
		type: `${PACKAGE}.videoSdkAgentCloudTrigger`,
		webhookId,
		credentials: { [CREDENTIAL_TYPE]: host.credential },
		parameters: { events: EVENTS, options: {} },
	};
}

/** Verifies in a Code node, and lets the wanted events through. */
function byHand(host: Host, path: string): WorkflowNode[] {
	const code = `
const { verify } = require('crypto');
const [item] = $input.all();
const rawBody = await this.helpers.getBinaryDataBuffer(0, 'data');
const signature = Buffer.from(String(item.json.headers['videosdk-signature']), 'base64');
const genuine = verify('RSA-SHA256', rawBody, ${JSON.stringify(host.simulator.publicKeyPem)}, signature);
const event = JSON.parse(rawBody.toString('utf8'));
return [{ json: { genuine, event } }];`;
	const condition = {
		id: 'wanted',
		leftValue: `={{ $json.genuine && ${JSON.stringify(EVENTS)}.includes($json.event.webhookType) }}`,
		rightValue: '',
		operator: { type: 'boolean', operation: 'true', singleValue: true },
	};
	const options = { caseSensitive: true, leftValue: '', typeValidation: 'strict', version: 2 };
	return [
		webhookNode(path, { responseMode: 'onReceived', options: { rawBody: true } }),
		n8nNode('Verify', 'code', { jsCode: code }, 2),
		n8nNode(
			'Filter',
			'filter',
			{ conditions: { options, conditions: [condition], combinator: 'and' }, options: {} },
			2.2,
		),
	];
}

/** A workflow that receives events, and the path of its webhook. */
export function receiverWorkflow(
	host: Host,
	receiver: Receiver,
	id: string,
): { workflow: WorkflowJson; path: string; nodeId: string } {
	const nodes = ((): WorkflowNode[] => {
		switch (receiver) {
			case 'ours':
			case 'ours, runs not saved':
				return [ourTrigger(host, id)];
			case 'ours, version 1':
				return [ourTrigger(host, id, 1)];
			case 'bare trigger':
				return [{ ...bareTrigger(id), credentials: { [CREDENTIAL_TYPE]: host.credential } }];
			case 'bare trigger, version 2':
				return [bareTrigger(id, 2)];
			case 'built by hand':
				return byHand(host, id);
		}
	})();
	const workflow = chained(`${receiver} (${id})`, nodes);
	if (receiver === 'ours, runs not saved') workflow.settings = { saveDataSuccessExecution: 'none' };
	return {
		workflow,
		path: receiver === 'built by hand' ? id : triggerPath(id),
		nodeId: nodes[0]?.id ?? '',
	};
}
