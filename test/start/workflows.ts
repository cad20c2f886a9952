import { randomUUID } from 'node:crypto';
import { CREDENTIAL_TYPE, inMode } from '../e2e/nodes';
import type { N8nRest, StoredWorkflow, WorkflowJson, WorkflowNode } from '../n8n/rest';
import {
	CALL_EXAMPLE,
	does,
	EXAMPLES,
	isAction,
	isChatModel,
	isEmail,
	isHttpRequest,
	isOurs,
	offered,
	pathsOf,
	readExample,
	SELECTED,
} from './examples';
import { createTables, type Tables } from './tables';
import type { Target } from './target';

type Parameters = WorkflowNode['parameters'];
type Named = { id: string; name: string };

/** A simulator wakes no one, so its users needn't wait for the morning. */
export const ALWAYS: Record<string, unknown> = { days: '[1, 2, 3, 4, 5, 6, 7]', from: '00:00', to: '24:00' };

export type Imported = Awaited<ReturnType<typeof importExamples>>;

/** Puts the credentials, the tables, and all workflows of `examples/` into n8n, set up as their sticky notes say. */
export async function importExamples(n8n: { rest: N8nRest; url: string }, target: Target) {
	const { rest } = n8n;
	const add = async (name: string, type: string, data: Record<string, unknown>) => ({
		id: (await rest.createCredential({ name, type, data })).id,
		name,
	});
	const { apiKey, secret: secretKey, url: baseUrl } = target.simulator;
	const keys = { apiKey, secretKey, baseUrl };
	const credential = await add('VideoSDK account (simulator)', CREDENTIAL_TYPE, keys);
	const email = await add('Email (simulator)', 'smtp', target.email.account);
	const chatModel = await add('Chat model (simulator)', 'openAiApi', {
		apiKey: 'none',
		url: target.model.url,
		header: false,
	});
	const tables = await createTables(rest);
	// As the editor imports them: each trigger has an address of its own, which no one can guess.
	const withAddress = (node: WorkflowNode) =>
		/trigger$/i.test(node.type) ? { ...node, webhookId: randomUUID() } : node;
	const examples = Object.fromEntries(
		EXAMPLES.map(readExample).map((workflow, index) => [
			EXAMPLES[index]!,
			{ ...workflow, nodes: workflow.nodes.map(withAddress) },
		]),
	);
	/** By the name of the example's file. */
	const workflows: Record<string, StoredWorkflow> = {};
	for (const [file, workflow] of Object.entries(examples)) {
		const other = examples[SELECTED[file] ?? ''];
		// As if picked from the lists, which know that a local API reaches a local address.
		const listed = (other ? offered(other) : []).map(({ path, listedAs }) => ({
			...inMode('list', `${n8n.url}/webhook/${path}`),
			cachedResultName: listedAs,
		}));
		const nodes = workflow.nodes.map((node) => ({
			...node,
			parameters: {
				...node.parameters,
				...(isAction(node) ? picked(node, listed, target) : enteredElsewhere(node, target, tables)),
				...(file === CALL_EXAMPLE && does('call:makeAndWait')(node) && withTools(node, listed)),
			},
			credentials: credentialsOf(node, credential, email, chatModel),
		}));
		workflows[file] = await rest.createWorkflow({ ...workflow, nodes } as WorkflowJson);
	}
	return { credential, workflows, tables };
}

function credentialsOf(
	node: WorkflowNode,
	credential: Named,
	email: Named,
	chatModel: Named,
): WorkflowNode['credentials'] {
	if (isOurs(node) || isHttpRequest(node)) return { [CREDENTIAL_TYPE]: credential };
	if (isChatModel(node)) return { openAiApi: chatModel };
	return isEmail(node) ? { smtp: email } : undefined;
}

/** What one of our nodes contains once everything is picked from the lists. */
function picked(node: WorkflowNode, listed: object[], target: Target): Parameters {
	const { parameters } = node;
	const { deploymentId, tag, call, inboundRuleId } = target;
	const ruleId = does('routingRule:setAgent')(node) ? inboundRuleId : call.routingRuleId;
	const values: Parameters = {
		deploymentId: inMode('id', deploymentId),
		tag: inMode('name', tag),
		routingRuleId: inMode('id', ruleId),
		from: inMode('number', call.from),
		webhookUrl: listed[0],
		agentTools: listed.length > 0 && { tools: listed.map((tool) => ({ tool })) },
		to: parameters.to === '' && call.to,
		transferTo: parameters.transferTo === '' && call.to,
	};
	return Object.fromEntries(Object.entries(values).filter(([name, value]) => name in parameters && value));
}

/** The first call shows more than its example: the agent asks n8n in the middle of it. */
function withTools({ parameters }: WorkflowNode, listed: object[]): Parameters {
	const context = { entries: [{ key: 'phone', value: parameters.to }] };
	return {
		agentTools: { tools: listed.map((tool) => ({ tool })) },
		options: { ...(parameters.options as object), context },
	};
}

/** @returns the parameters of an example's node Settings, with other values in those of its fields that are named */
export function withSettings(parameters: Parameters, values: Record<string, unknown>): Parameters {
	const { assignments } = parameters.assignments as { assignments: Array<{ name: string; value: unknown }> };
	const entered = assignments.map((field) => ({ ...field, value: values[field.name] ?? field.value }));
	return { ...parameters, assignments: { assignments: entered } };
}

function enteredElsewhere(node: WorkflowNode, target: Target, tables: Tables): Parameters {
	const { parameters } = node;
	if (isEmail(node)) return target.email.parties;
	if (isHttpRequest(node)) {
		// The credential only works for requests to its own host.
		const url = String(parameters.url).replace(/^https:\/\/[^/]+/, target.simulator.url);
		const roomId = { name: 'roomId', value: target.roomId };
		return { url, queryParameters: { parameters: [roomId] } };
	}
	if (node.name === 'Settings') return withSettings(parameters, ALWAYS);
	// n8n offers its list here, and no table by name.
	if (node.type.endsWith('.evaluationTrigger'))
		return { dataTableId: inMode('list', tables['Test cases']!.id) };
	return {};
}

/** Publishes what other examples have selected: it answers, and calls no one. */
export async function publishSelected(rest: N8nRest, { workflows }: Imported): Promise<void> {
	for (const file of new Set(Object.values(SELECTED))) {
		const workflow = workflows[file]!;
		await rest.activate(workflow.id);
		for (const path of pathsOf(workflow)) await rest.waitForWebhook(path);
	}
}
