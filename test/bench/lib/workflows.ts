import { chain, CREDENTIAL_TYPE, n8nNode, ourNode } from '../../e2e/setup';
import type { WorkflowJson, WorkflowNode } from '../../n8n/rest';
import { BARE_TRIGGER } from './barePackage';
import type { Host } from './host';

export const TESTED_NODE = 'Start sessions';
const DEPLOYMENT = 'ddv_support';
const TAG = 'v1';
const EVENTS = ['ai-deployment-session-started', 'ai-deployment-session-failed'];

/** How sessions are started: our node as it comes, the same one by one, or n8n's HTTP Request node. */
export type Starter = 'ours' | 'one by one' | 'HTTP Request node';

type Credential = Host['credential'];

const ours = (credential: Credential, parameters: object): WorkflowNode =>
	ourNode({ credentialId: credential.id }, TESTED_NODE, 'videoSdkAgentCloud', parameters);

function httpRequest(credential: Credential, parameters: object): WorkflowNode {
	const authentication = {
		authentication: 'predefinedCredentialType',
		nodeCredentialType: CREDENTIAL_TYPE,
	};
	return {
		...n8nNode(TESTED_NODE, 'httpRequest', { ...authentication, ...parameters }, 4.2),
		credentials: { [CREDENTIAL_TYPE]: credential },
	};
}

function startNode({ credential, simulator }: Host, starter: Starter): WorkflowNode {
	if (starter === 'HTTP Request node') {
		const fields = `deploymentId: '${DEPLOYMENT}', tag: '${TAG}', env: { VIDEOSDK_ROOM_ID: $json.room }, metaData: { number: $json.number }`;
		return httpRequest(credential, {
			method: 'POST',
			url: `${simulator.url}/ai/v1/ai-deployment-sessions/start`,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: `={{ JSON.stringify({ ${fields} }) }}`,
			options: {},
		});
	}
	return ours(credential, {
		resource: 'session',
		operation: 'start',
		deploymentId: { __rl: true, mode: 'id', value: DEPLOYMENT },
		tag: TAG,
		specifyEnv: 'keypair',
		env: { variables: [{ name: 'VIDEOSDK_ROOM_ID', value: '={{ $json.room }}' }] },
		specifyMetaData: 'keypair',
		metaData: { entries: [{ key: 'number', value: '={{ $json.number }}' }] },
		options: starter === 'ours' ? {} : { maxConcurrency: 1 },
	});
}

/** As many items as the call's body says in `count`. */
const counted = (): WorkflowNode[] => {
	const list = `={{ { list: Array.from({ length: $json.body.count }, (_, number) => ({ number, room: 'room-' + number })) } }}`;
	return [
		n8nNode('Make list', 'set', { mode: 'raw', jsonOutput: list, options: {} }, 3.4),
		n8nNode('Items', 'splitOut', { fieldToSplitOut: 'list', options: {} }, 1),
	];
};

/** The built-in Webhook node; its production address ends with the path. */
function webhookNode(path: string, parameters: object): WorkflowNode {
	return {
		...n8nNode('Webhook', 'webhook', { httpMethod: 'POST', path, ...parameters }, 2),
		webhookId: path,
	};
}

/** Starts as many sessions as the call's body says in `count`, and answers when all are started. */
export function startsWorkflow(host: Host, path: string, starter: Starter): WorkflowJson {
	return chain(`Starts: ${starter}`, [
		webhookNode(path, { responseMode: 'lastNode', options: {} }),
		...counted(),
		startNode(host, starter),
		// The answer is to be small.
		n8nNode('One', 'limit', { maxItems: 1 }, 1),
	]);
}

/** How a list is read: Get Many with Return All, or n8n's HTTP Request node with pagination. */
export type ListReader = 'ours' | 'HTTP Request node';

/** Reads a list of sessions to its end whenever its webhook is called. */
export function listWorkflow(
	reader: ListReader,
	path: string,
	credential: Credential,
	serverUrl: string,
	rowsPerPage: number,
): WorkflowJson {
	const pagination = {
		paginationMode: 'updateAParameterInEachRequest',
		parameters: { parameters: [{ type: 'qs', name: 'page', value: '={{ $pageCount + 1 }}' }] },
		paginationCompleteWhen: 'other',
		completeExpression: `={{ $response.body.data.length < ${rowsPerPage} }}`,
		requestInterval: 0,
	};
	const getAll = { resource: 'session', operation: 'getAll', returnAll: true, filters: {}, options: {} };
	const pageByPage = {
		url: `${serverUrl}/ai/v1/ai-deployment-sessions`,
		sendQuery: true,
		queryParameters: { parameters: [{ name: 'perPage', value: String(rowsPerPage) }] },
		options: { pagination: { pagination } },
	};
	return chain(`List: ${reader}`, [
		webhookNode(path, { responseMode: 'lastNode', options: {} }),
		reader === 'ours' ? ours(credential, getAll) : httpRequest(credential, pageByPage),
		// The answer is to be small.
		n8nNode('One', 'limit', { maxItems: 1 }, 1),
	]);
}

/** Starts as many sessions as the call's body says in `count`, and waits for their ends. */
export function waitWorkflow(host: Host, path: string): WorkflowJson {
	return chain('Start and Wait', [
		webhookNode(path, { responseMode: 'onReceived', options: {} }),
		...counted(),
		ours(host.credential, {
			resource: 'session',
			operation: 'startAndWait',
			deploymentId: { __rl: true, mode: 'id', value: DEPLOYMENT },
			tag: TAG,
			maxWait: 24,
			maxWaitUnit: 'hours',
			options: {},
		}),
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

const bareTrigger = (webhookId: string, version = 1): WorkflowNode => ({
	...n8nNode('Trigger', '', {}, version),
	type: BARE_TRIGGER,
	webhookId,
});

function ourTrigger(host: Host, webhookId: string, version = 1.1): WorkflowNode {
	return ourNode(
		{ credentialId: host.credential.id },
		'Trigger',
		'videoSdkAgentCloudTrigger',
		{ events: EVENTS, options: {} },
		{ id: `id-${webhookId}`, typeVersion: version, webhookId },
	);
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
	const workflow = chain(`${receiver} (${id})`, nodes);
	if (receiver === 'ours, runs not saved') workflow.settings = { saveDataSuccessExecution: 'none' };
	return {
		workflow,
		// A trigger's webhook id, then the path of its description.
		path: receiver === 'built by hand' ? id : `${id}/webhook`,
		nodeId: nodes[0]?.id ?? '',
	};
}
