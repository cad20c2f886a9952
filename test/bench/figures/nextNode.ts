import { during, publishWebhook } from '../../e2e/deliveries';
import { post } from '../../e2e/mcpClient';
import { actionNode, BY_RULE, COUNTED_PATH, countingNode, SESSION } from '../../e2e/nodes';
import { question } from '../../e2e/questions';
import { PATIENT, type Setup } from '../../e2e/setup';
import { waitFor } from '../../n8n/processes';
import type { WorkflowNode } from '../../n8n/rest';
import type { HandedTool } from '../../simulator/toolAgent';
import { type Figure, inTurns, type Measure, type Row, SIZE } from '../figure';
import { receivedAt, resumeUrls, trigger, untilIdle, untilWaiting, waitNodes, withN8n } from '../stage';

/** How long calls take of which no event tells, in ms. */
const [SHORTEST_MS, LONGEST_MS] = [20_000, 40_000];

const latest = <T>(started: Map<string, T>): T => [...started.values()].at(-1)!;

/**
 * Publishes nodes that wait, and behind them one that makes a request.
 *
 * @param ready called when an execution waits @returns what ends its wait
 */
async function waitOf(
	setup: Setup,
	path: string,
	nodes: WorkflowNode[],
	ready: () => Promise<() => Promise<unknown>>,
): Promise<Measure> {
	const { simulator } = setup;
	await publishWebhook(setup, path, [...nodes, countingNode(setup, 'Next', path)]);
	return async () => {
		simulator.requests.length = 0;
		await trigger(setup, path);
		await untilWaiting(setup, 1);
		const end = await ready();
		const sinceMs = Date.now();
		await end();
		const ms =
			(await receivedAt(setup, 'the next node', (one) => one.path === COUNTED_PATH + path)) - sinceMs;
		await untilIdle(setup);
		return ms;
	};
}

/** Calls of which only VideoSDK's record tells that they are over: all at once, of different lengths. */
async function withoutEvents(setup: Setup): Promise<Row> {
	const { simulator } = setup;
	const number = "{{ $('Webhook').item.json.body.number }}";
	const parameters = { ...BY_RULE, operation: 'makeAndWait', to: `=+${number}` };
	const call = actionNode(setup, 'Call', parameters);
	await publishWebhook(setup, 'without-events', [call, countingNode(setup, 'Next', number)]);
	simulator.requests.length = 0;
	const calls = Array.from({ length: SIZE.rounds }, async (_, index) => {
		const called = String(15550004000 + index);
		await trigger(setup, 'without-events', { number: called });
		const isIt = ({ to }: { to: string }) => to === `+${called}`;
		const { callId } = await waitFor('the call', async () => [...simulator.calls.values()].find(isIt));
		await during(SHORTEST_MS + ((LONGEST_MS - SHORTEST_MS) * index) / SIZE.rounds);
		const sinceMs = Date.now();
		await simulator.moveCall(callId, 'ended');
		const atMs = await receivedAt(setup, 'the next node', ({ path }) => path === COUNTED_PATH + called);
		return (atMs - sinceMs) / 1000;
	});
	const seconds = `${SHORTEST_MS / 1000} to ${LONGEST_MS / 1000} seconds`;
	return {
		what: `**Call: Make and Wait**: the call ends after ${seconds}, and no event says so`,
		unit: 's',
		ours: await Promise.all(calls),
	};
}

export const nextNode: Figure = {
	title: 'From what ends a wait to the next node',
	how: "From the end, event, or response to the request of an HTTP Request node behind the one that waits, beside a request that resumes n8n's Wait.",
	measure: async () =>
		await withN8n({ lifecycle: false, callBehaviour: false, ...PATIENT }, async (setup) => {
			const { simulator } = setup;
			const session = { ...SESSION, operation: 'startAndWait' };
			const call = { ...BY_RULE, operation: 'makeAndWait', to: '+15550003000', options: { ownRoom: true } };
			const peer = {
				name: 'Wait',
				measure: await waitOf(setup, 'wait', waitNodes(setup, 'wait'), async () => {
					const [url] = resumeUrls(setup);
					return async () => await trigger(setup, url!);
				}),
			};
			const ofSession = await waitOf(setup, 'session', [actionNode(setup, 'Start', session)], async () => {
				const { sessionId } = latest(simulator.sessions);
				return async () => await simulator.emit(sessionId, 'stopped');
			});
			const ofCall = await waitOf(setup, 'call', [actionNode(setup, 'Call', call)], async () => {
				const { callId } = latest(simulator.calls);
				await simulator.moveCall(callId, 'answered');
				return async () => await simulator.moveCall(callId, 'ended');
			});
			const ofQuestion = await waitOf(setup, 'ask', [actionNode(setup, 'Ask', question())], async () => {
				const [tool] = latest(simulator.calls).metadata.n8nTools as [HandedTool];
				return async () => await post(tool);
			});
			const rows = await inTurns([
				{ what: "**Session: Start and Wait**: the session's signed event", ours: ofSession, peer },
				{ what: "**Call: Make and Wait** with **Own Room**: the room's signed event", ours: ofCall, peer },
				{ what: "**Call: Ask and Wait**: the agent's response", ours: ofQuestion, peer },
			]);
			return [...rows, await withoutEvents(setup)];
		}),
};
