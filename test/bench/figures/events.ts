import { randomUUID } from 'node:crypto';
import { eventBody, publishTrigger, publishWebhook } from '../../e2e/deliveries';
import { COUNTED_PATH, countingNode } from '../../e2e/nodes';
import type { Setup } from '../../e2e/setup';
import { PlainError } from '../../n8n/processes';
import { EVENTS } from '../../start/check';
import { atOnce, type Figure, inTurns } from '../figure';
import { receivedAt, untilIdle, withBoth } from '../stage';

type Send = (id: string) => Promise<{ status?: number }>;

/** Publishes our trigger and n8n's, each with a node behind it that asks for the event's ID. */
async function triggersOf(setup: Setup): Promise<{ ours: Send; theirs: Send }> {
	const { simulator, n8n } = setup;
	const next = countingNode(setup, 'Next', '{{ $json.sessionId }}');
	const { url } = await publishTrigger(setup, { parameters: EVENTS, between: [next] });
	await publishWebhook(setup, 'event', [countingNode(setup, 'Next', '{{ $json.body.id }}')]);
	return {
		ours: async (id) => await simulator.deliver(url, eventBody(id, 'started')),
		theirs: async (id) => await n8n.rest.triggerByWebhook('event', { id }),
	};
}

/** @returns ms from sending an event to the request of the next node */
async function untilNextNode(setup: Setup, send: Send): Promise<number> {
	const id = randomUUID();
	const sinceMs = Date.now();
	const { status } = await send(id);
	if (status !== 200) throw new PlainError(`The event was answered ${status}.`);
	return (await receivedAt(setup, 'the next node', ({ path }) => path === COUNTED_PATH + id)) - sinceMs;
}

export const events: Figure = {
	title: 'From an event to the next node',
	how: "From sending a signed event to the request of an HTTP Request node behind the trigger, beside an unsigned request to n8n's Webhook. Of several at once, the median of a round counts.",
	measure: async () =>
		await withBoth(async (setups) => {
			const rows = [];
			for (const [setting, setup] of setups) {
				const { ours, theirs } = await triggersOf(setup);
				const measured = async (count: number, send: Send) => {
					setup.simulator.requests.length = 0;
					const ms = await atOnce(count, async () => await untilNextNode(setup, send));
					await untilIdle(setup);
					return ms;
				};
				for (const count of [1, 10])
					rows.push({
						what: `${count} at once, ${setting}`,
						ours: async () => await measured(count, ours),
						peer: { name: 'Webhook', measure: async () => await measured(count, theirs) },
					});
			}
			return await inTurns(rows);
		}),
};
