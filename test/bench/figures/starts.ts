import { publish, publishWebhook, untilPublished } from '../../e2e/deliveries';
import {
	actionNode,
	BY_RULE,
	chain,
	CREDENTIAL_TYPE,
	inMode,
	itemNodes,
	loop,
	n8nNode,
	ourCredential,
	to,
	webhookNode,
} from '../../e2e/nodes';
import type { Setup } from '../../e2e/setup';
import { waitFor } from '../../n8n/processes';
import type { WorkflowNode } from '../../n8n/rest';
import { type Figure, inTurns, type Measure, median, SIZE } from '../figure';
import { resumeUrls, trigger, untilIdle, untilWaiting, waitNodes, withN8n } from '../stage';

const CALL_PATH = '/v2/sip/call';
/** A path that the simulator answers without a token. */
const MARK_PATH = '/v2/public/rsa-public-key';
const LOOP_ROUNDS = 3;
/** No two are the same. */
const NUMBER = '"+1555" + String($execution.id).padStart(6, "0") + $runIndex';
/** Calls that are over when they are looked at first. */
const BRIEF = { ringAfterMs: 5, ringForMs: 5, talkMs: 20 };

const call = (setup: Setup, operation: string) =>
	actionNode(setup, 'Call', { ...BY_RULE, operation, to: `={{ ${NUMBER} }}` });

const TARGETS: Record<string, (setup: Setup) => WorkflowNode> = {
	make: (setup) => call(setup, 'make'),
	makeAndWait: (setup) => call(setup, 'makeAndWait'),
	http({ simulator, credentialId }) {
		const fixed = 'routingRuleId: "rule_out_01", sipCallFrom: "+15550102001"';
		const request = {
			authentication: 'predefinedCredentialType',
			nodeCredentialType: CREDENTIAL_TYPE,
			method: 'POST',
			url: simulator.url + CALL_PATH,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: `={{ JSON.stringify({ ${fixed}, sipCallTo: ${NUMBER} }) }}`,
			options: {},
		};
		return { ...n8nNode('Call', 'httpRequest', request, 4.2), credentials: ourCredential(credentialId) };
	},
};

/**
 * By its request it is known when the node after it may begin. Its expression has n8n start what evaluates them, as it does once
 * after each wait: in the loop only Make and Wait would pay for that.
 */
const mark = ({ simulator }: Setup) =>
	n8nNode(
		'Mark',
		'httpRequest',
		{ url: `=${simulator.url}${MARK_PATH}?run={{ $runIndex }}`, options: {} },
		4.2,
	);

/** Where the node is. */
interface Place {
	what: string;
	/** Publishes it there, behind a webhook. */
	publish(setup: Setup, path: string, node: WorkflowNode, runChild: WorkflowNode): Promise<unknown>;
	/** Whether n8n's Wait is before it. */
	waits?: true;
	/** How often it runs. */
	rounds?: number;
}

const PLACES: Place[] = [
	{
		what: 'behind the trigger',
		publish: async (setup, path, node) => await publishWebhook(setup, path, [node]),
	},
	{
		what: "behind n8n's Wait with a limit, resumed at once",
		waits: true,
		publish: async (setup, path, node) =>
			await publishWebhook(setup, path, [...waitNodes(setup, path), node]),
	},
	{
		what: 'behind 1 sub-execution',
		publish: async (setup, path, node, runChild) => await publishWebhook(setup, path, [runChild, node]),
	},
	{
		what: `behind ${SIZE.subExecutions} sub-executions`,
		publish: async (setup, path, node, runChild) =>
			await publishWebhook(setup, path, [
				...itemNodes(Array.from({ length: SIZE.subExecutions }, (_, number) => ({ number }))),
				runChild,
				n8nNode('One', 'limit', { maxItems: 1 }),
				mark(setup),
				node,
			]),
	},
	{
		what: 'in each round of a loop behind that Wait',
		waits: true,
		rounds: LOOP_ROUNDS,
		async publish(setup, path, node) {
			const items = itemNodes(Array.from({ length: LOOP_ROUNDS }, (_, number) => ({ number })));
			const workflow = loop(path, [webhookNode(path), ...waitNodes(setup, path), ...items], node);
			workflow.nodes.push(mark(setup));
			workflow.connections.Loop = { main: [to('After'), to('Mark')] };
			workflow.connections.Mark = { main: [to(node.name)] };
			await publish(setup.n8n, workflow);
			await untilPublished(setup.n8n.url, path);
		},
	},
];

/** @returns measures from the webhook, the resume, or the mark, whichever is the last, to the request that makes a call */
function untilRequest(setup: Setup, path: string, { what, waits, rounds = 1 }: Place): Measure {
	const { simulator } = setup;
	const timesOf = (method: string, path: string) =>
		simulator.requests
			.filter((request) => request.method === method && request.path === path)
			.map(({ receivedAtMs }) => receivedAtMs);
	const callTimes = async () => {
		const times = timesOf('POST', CALL_PATH);
		return times.length === rounds && times;
	};
	return async () => {
		simulator.requests.length = 0;
		let sinceMs = Date.now();
		await trigger(setup, path);
		if (waits) {
			await untilWaiting(setup, 1);
			const [url] = resumeUrls(setup);
			sinceMs = Date.now();
			await trigger(setup, url!);
		}
		const calls = await waitFor(`calls ${what}`, callTimes, 120_000, 5);
		const marks = timesOf('GET', MARK_PATH);
		await untilIdle(setup);
		return median(calls.map((calledMs, round) => calledMs - (marks[round] ?? sinceMs)));
	};
}

export const starts: Figure = {
	title: 'Starts',
	how: "From the webhook or the resume to the API's first request, beside n8n's HTTP Request node that makes the same call at the same place. In a loop and behind many sub-executions, from the request of the node before it.",
	measure: async () =>
		await withN8n({ callBehaviour: BRIEF }, async (setup) => {
			const called = n8nNode('Called', 'executeWorkflowTrigger', { inputSource: 'passthrough' }, 1.1);
			const childId = await publish(setup.n8n, chain('Child', [called, n8nNode('Nothing', 'noOp')]));
			const settings = { workflowId: inMode('id', childId), mode: 'each', options: {} };
			const runChild = n8nNode('Run', 'executeWorkflow', settings, 1.2);
			const rows = [];
			for (const [index, place] of PLACES.entries()) {
				const measures: Record<string, Measure> = {};
				for (const [target, nodeOf] of Object.entries(TARGETS)) {
					const path = `place-${index}-${target}`;
					await place.publish(setup, path, nodeOf(setup), runChild);
					measures[target] = untilRequest(setup, path, place);
				}
				const peer = { name: 'HTTP Request', measure: measures.http! };
				rows.push(
					{ what: `**Call: Make** ${place.what}`, ours: measures.make!, peer },
					{ what: `**Call: Make and Wait** ${place.what}`, ours: measures.makeAndWait!, peer },
				);
			}
			return await inTurns(rows);
		}),
};
