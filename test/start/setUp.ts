import { randomUUID } from 'node:crypto';
import { CREDENTIAL_TYPE } from '../e2e/setup';
import type { WorkflowJson, WorkflowNode } from '../n8n/rest';
import {
	CALL_EXAMPLE,
	does,
	EXAMPLES,
	isAction,
	isEmail,
	isHttpRequest,
	isOurs,
	offered,
	readExample,
	SELECTED,
} from './examples';
import type { Tables } from './tables';
import type { Target } from './target';

type Parameters = WorkflowNode['parameters'];

/** A simulator wakes no one, so its users needn't wait for the morning. */
const ALWAYS: Record<string, string> = {
	days: '[1, 2, 3, 4, 5, 6, 7]',
	from: '00:00',
	to: '24:00',
};

/** What a user enters and selects after the import. */
export interface Entered {
	target: Target;
	/** The URL of this n8n's production webhooks, as the target reaches it. */
	webhooksUrl: string;
	credential: { id: string; name: string };
	/** Of an email account. */
	email?: { id: string; name: string };
	/** For n8n 1.x, which finds a table by its ID only. */
	tablesById?: Tables;
}

/** @returns the examples by file, as the editor imports them: each trigger has an address of its own, which no one can guess */
export function importedExamples(): Record<string, WorkflowJson> {
	const withAddress = (node: WorkflowNode) =>
		/trigger$/i.test(node.type) ? { ...node, webhookId: randomUUID() } : node;
	return Object.fromEntries(
		EXAMPLES.map((file) => {
			const workflow = readExample(file);
			return [file, { ...workflow, nodes: workflow.nodes.map(withAddress) }];
		}),
	);
}

/**
 * Sets an example up as its sticky note says.
 *
 * @param examples as `importedExamples` made them
 */
export function setUp(file: string, examples: Record<string, WorkflowJson>, entered: Entered): WorkflowJson {
	const workflow = examples[file]!;
	const other = examples[SELECTED[file] ?? ''];
	// As if picked from the lists, which know that a local API reaches a local address.
	const listed = (other ? offered(other) : []).map(({ path, listedAs }) => ({
		...{ __rl: true, mode: 'list', cachedResultName: listedAs },
		value: `${entered.webhooksUrl}/${path}`,
	}));
	const nodes = workflow.nodes.map((node) => ({
		...node,
		parameters: {
			...node.parameters,
			...(isAction(node) ? picked(node, listed, entered.target) : enteredElsewhere(node, entered)),
			...(file === CALL_EXAMPLE && does('call:makeAndWait')(node) && withTools(node, listed, entered.target)),
		},
		credentials: credentialsOf(node, entered),
	}));
	return { ...workflow, nodes };
}

function credentialsOf(node: WorkflowNode, { credential, email }: Entered): WorkflowNode['credentials'] {
	if (isOurs(node) || isHttpRequest(node)) return { [CREDENTIAL_TYPE]: credential };
	return email && isEmail(node) ? { smtp: email } : undefined;
}

/** What one of our nodes contains once everything is picked from the lists. */
function picked({ parameters }: WorkflowNode, listed: object[], target: Target): Parameters {
	const { deploymentId, tag, call } = target;
	const inMode = (mode: string, value?: string) => value && { __rl: true, mode, value };
	const values: Parameters = {
		deploymentId: inMode('id', deploymentId),
		tag: inMode('name', tag),
		routingRuleId: inMode('id', call?.routingRuleId),
		from: inMode('number', call?.from),
		webhookUrl: listed[0],
		agentTools: listed.length > 0 && { tools: listed.map((tool) => ({ tool })) },
		to: parameters.to === '' && call?.to,
		transferTo: parameters.transferTo === '' && call?.to,
	};
	return Object.fromEntries(Object.entries(values).filter(([name, value]) => name in parameters && value));
}

/** The first call shows more than its example: the agent asks n8n in the middle of it. */
function withTools({ parameters }: WorkflowNode, listed: object[], { call }: Target): Parameters {
	if (!call) return {};
	return {
		agentTools: { tools: listed.map((tool) => ({ tool })) },
		options: {
			...(parameters.options as object),
			context: { entries: [{ key: 'phone', value: call.to }] },
		},
	};
}

/** What n8n's own nodes contain. */
function enteredElsewhere(node: WorkflowNode, { target, tablesById }: Entered): Parameters {
	const { parameters } = node;
	if (isEmail(node)) return { ...target.email?.parties };
	if (isHttpRequest(node)) {
		// The credential only works for requests to its own host.
		const url = String(parameters.url).replace(/^https:\/\/[^/]+/, target.baseUrl);
		const roomId = { name: 'roomId', value: target.roomId ?? '' };
		return { url, queryParameters: { parameters: [roomId] } };
	}
	if (node.name === 'Settings' && !target.isReal) {
		const { assignments } = (
			parameters as { assignments: { assignments: Array<{ name: string; value: unknown }> } }
		).assignments;
		const always = assignments.map((field) => ({ ...field, value: ALWAYS[field.name] ?? field.value }));
		return { assignments: { assignments: always } };
	}
	const table = tablesById?.[(parameters.dataTableId as { value: string } | undefined)?.value ?? ''];
	return table ? { dataTableId: { __rl: true, mode: 'list', value: table.id } } : {};
}
