import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chain, CREDENTIAL_TYPE, n8nNode, ourNode, PACKAGE } from '../e2e/setup';
import { createDataTable } from '../n8n/dataTables';
import { PlainError, repositoryRoot } from '../n8n/processes';
import type { N8nRest, StoredWorkflow, WorkflowJson, WorkflowNode } from '../n8n/rest';
import type { Target } from './target';

const EVENT_PREFIX = 'ai-deployment-session-';
const SESSION_EXAMPLE = 'start-and-react.json';
const CALL_EXAMPLE = 'call-and-read.json';
const TOOL_EXAMPLE = 'order-status-by-phone.json';
const examplesFolder = join(repositoryRoot, 'examples');

const isAction = (node: WorkflowNode) =>
	[`${PACKAGE}.videoSdkAgentCloud`, `${PACKAGE}.videoSdkAgentCloudTool`].includes(node.type);
const isHttpRequest = (node: WorkflowNode) => node.parameters.nodeCredentialType === CREDENTIAL_TYPE;
const isTrigger = (node: WorkflowNode) => node.type === `${PACKAGE}.videoSdkAgentCloudTrigger`;
const isToolTrigger = (node: WorkflowNode) => node.type === `${PACKAGE}.videoSdkAgentCloudMcpTrigger`;

/** What `npm start` has put into n8n. */
export interface Imported {
	/** Starts a session, and runs with each of its events. */
	session: StoredWorkflow;
	/** Calls someone. */
	call: StoredWorkflow;
	/** Answers the agent of that call. */
	tool: StoredWorkflow;
	others: StoredWorkflow[];
	credential: { id: string; name: string };
	/** The node that starts the session, and the one that receives its events. */
	startNode: string;
	triggerNode: string;
	/** The node that makes the call, and outputs what was said. */
	callNode: string;
	/** The production webhooks' paths after `/webhook/`. */
	webhookPath: string;
	toolPath: string;
	/** The short names of the events that have to arrive. */
	expectedEvents: string[];
}

function readExample(file: string): WorkflowJson {
	return JSON.parse(readFileSync(join(examplesFolder, file), 'utf8')) as WorkflowJson;
}

function theNode(workflow: WorkflowJson, fits: (node: WorkflowNode) => boolean, what: string): WorkflowNode {
	const node = workflow.nodes.find(fits);
	if (!node) throw new PlainError(`The example "${workflow.name}" has no ${what}.`);
	return node;
}

const does = (operation: string) => (node: WorkflowNode) =>
	isAction(node) && `${String(node.parameters.resource)}:${String(node.parameters.operation)}` === operation;

/** The tables of the examples, so that those can be run. No one is called by rows of the simulator. */
async function createTables(rest: N8nRest, isReal: boolean): Promise<void> {
	const text = (...names: string[]) => Object.fromEntries(names.map((name) => [name, 'string' as const]));
	const question = 'Does Monday suit you?';
	await createDataTable(
		rest,
		'Calls to make',
		{ ...text('name', 'phone', 'question', 'status', 'lastCall', 'outcome', 'answer'), tries: 'number' },
		isReal
			? []
			: [
					{ name: 'Ada Lovelace', phone: '+14155550123', question, status: 'to call' },
					{ name: 'Grace Hopper', phone: '+15550100001', question, status: 'to call' },
				],
	);
	await createDataTable(
		rest,
		'Sessions to start',
		text('customer', 'status', 'sessionId'),
		isReal ? [] : [{ customer: 'Ada Lovelace' }, { customer: 'Grace Hopper' }],
	);
	await createDataTable(
		rest,
		'Orders',
		text('phone', 'name', 'number', 'status', 'delivery'),
		isReal
			? []
			: [
					{
						phone: '+14155550123',
						name: 'Ada Lovelace',
						number: 'A-17',
						status: 'shipped',
						delivery: 'Friday',
					},
				],
	);
	const columns = ['callId', 'direction', 'from', 'to', 'status', 'started', 'ended', 'summary'];
	await createDataTable(rest, 'Call log', text(...columns));
}

/** What the nodes contain once a user has picked it from the lists. */
function picked(target: Target): Record<string, object | undefined> {
	const { deploymentId, tag, call } = target;
	const inMode = (mode: string, value?: string) => (value ? { __rl: true, mode, value } : undefined);
	return {
		deploymentId: inMode('id', deploymentId),
		tag: inMode('name', tag),
		routingRuleId: inMode('id', call?.routingRuleId),
		from: inMode('number', call?.from),
	};
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
	await createTables(rest, target.isReal);

	const sessionJson = readExample(SESSION_EXAMPLE);
	const callJson = readExample(CALL_EXAMPLE);
	const trigger = theNode(sessionJson, isTrigger, 'VideoSDK Agent Cloud Trigger');
	const starter = theNode(sessionJson, does('session:start'), 'node that starts a session');
	const caller = theNode(callJson, does('call:makeAndWait'), 'node that makes a call and waits');
	const toolJson = readExample(TOOL_EXAMPLE);
	const toolTrigger = theNode(toolJson, isToolTrigger, 'VideoSDK Agent Cloud Tool Trigger');
	// As the editor does on import: each copy has an address of its own, which no one can guess.
	trigger.webhookId = randomUUID();
	toolTrigger.webhookId = randomUUID();
	const webhookPath = `${trigger.webhookId}/webhook`;
	const toolPath = `${toolTrigger.webhookId}/mcp`;
	const webhooks = `${target.publicUrl ?? n8nUrl}/webhook`;

	const setUp = (workflow: WorkflowJson): WorkflowJson => ({
		...workflow,
		nodes: workflow.nodes.map((node) => {
			if (![isAction, isTrigger, isToolTrigger, isHttpRequest].some((fits) => fits(node))) return node;
			const parameters = { ...node.parameters };
			// The credential only works for requests to its own host.
			if (isHttpRequest(node)) {
				parameters.url = String(parameters.url).replace(/^https:\/\/[^/]+/, target.baseUrl);
			}
			for (const [field, value] of Object.entries(picked(target))) {
				if (isAction(node) && field in parameters && value) parameters[field] = value;
			}
			// As if picked from the lists, which know that a local API reaches a local address.
			const listed = (path: string, cachedResultName: string) => ({
				__rl: true,
				mode: 'list',
				value: `${webhooks}/${path}`,
				cachedResultName,
			});
			if (node === starter) parameters.webhookUrl = listed(webhookPath, sessionJson.name);
			if (node === caller && target.call) {
				const { to } = target.call;
				parameters.to = to;
				parameters.agentTools = { tools: [{ tool: listed(toolPath, `find_orders: ${toolJson.name}`) }] };
				parameters.context = { entries: [{ key: 'phone', value: to }] };
			}
			return { ...node, parameters, credentials: { [CREDENTIAL_TYPE]: credential } };
		}),
	});

	const session = await rest.createWorkflow(setUp(sessionJson));
	const call = await rest.createWorkflow(setUp(callJson));
	const tool = await rest.createWorkflow(setUp(toolJson));
	const others: StoredWorkflow[] = [];
	for (const file of readdirSync(examplesFolder).sort()) {
		if (file.endsWith('.json') && ![SESSION_EXAMPLE, CALL_EXAMPLE, TOOL_EXAMPLE].includes(file)) {
			others.push(await rest.createWorkflow(setUp(readExample(file))));
		}
	}
	const chosen = (node: WorkflowNode, parameter: string) => (node.parameters[parameter] ?? []) as string[];
	const sent = chosen(starter, 'webhookEvents');
	return {
		credential,
		session,
		call,
		tool,
		others,
		startNode: starter.name,
		triggerNode: trigger.name,
		callNode: caller.name,
		webhookPath,
		toolPath,
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
	const parameters = { resource: 'session', operation: 'end', sessionId };
	const end = ourNode({ credentialId: imported.credential.id }, 'End', 'videoSdkAgentCloud', parameters);
	const workflow = chain(`End session ${sessionId}`, [n8nNode('Manual', 'manualTrigger'), end]);
	const execution = await rest.runWorkflow((await rest.createWorkflow(workflow)).id);
	if (execution.status !== 'success') {
		throw new PlainError(
			`Session ${sessionId} could not be ended: ${execution.data.resultData.error?.message ?? execution.status}`,
		);
	}
}
