/** Which deliveries start the workflow: an event that happens once does so once, one that may happen again each time. */
import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { CALL_SUMMARY } from '../../../nodes/VideoSdkAgentCloud/webhook/event';
import { checkAsync } from '../../unit/support';
import { broken, overwriteDeduplication } from '../rig/deduplication';
import { ALL_EVENTS, eventBody, REPEATABLE, sendAndLeave } from '../rig/delivery';
import type { PublishedTrigger } from '../rig/publishedTrigger';
import { useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });

const events = { events: ALL_EVENTS, options: { callDetails: false } };

const deliver = async (trigger: PublishedTrigger, body: object) =>
	(await rig.simulator.deliver(trigger.url, body)).status;
const started = eventBody('started');

/** The same workflow in another process of n8n. */
const elsewhere = async (trigger: PublishedTrigger) =>
	await (await rig.addEngine()).publish(trigger.node.parameters, { copyOf: trigger });

async function expectItems(count: number, ...triggers: PublishedTrigger[]): Promise<void> {
	const items = await Promise.all(triggers.map(async (trigger) => await trigger.received()));
	expect(items.flat()).toHaveLength(count);
	for (const { thrown } of triggers) expect(thrown).toEqual([]);
}

/** @param id none: the event is told from others by its content */
function bodyOf(name: string, id: string | undefined, run: number): object {
	if (name === CALL_SUMMARY) return { [CALL_SUMMARY]: { id, run } };
	const ids = id ? { sessionId: `${id}-${run}`, callId: `${id}-${run}` } : { run };
	return { webhookType: name, data: { ...ids, roomId: 'abcd', participantId: 'p' } };
}

it('An event that happens once comes out once, and one that may happen again each time, on whatever process', async () => {
	const one = await rig.engine.publish(events);
	const processes = [one, await elsewhere(one)];
	let run = 0;
	const nameAndId = ({ name, id }: { name: string; id?: string }) => `${name} ${id}`;
	const delivery = fc.record({
		name: fc.constantFrom(...ALL_EVENTS),
		id: fc.constantFrom('x', 'y', undefined),
		/** Delivered so often at the same instant. */
		times: fc.integer({ min: 1, max: 3 }),
	});
	const step = fc.record({
		process: fc.nat(1),
		/** Their executions use n8n's store at the same time. */
		deliveries: fc.uniqueArray(delivery, { minLength: 1, maxLength: 4, selector: nameAndId }),
		/** So many times n8n fails to store an execution, if there is one delivery. */
		failures: fc.constantFrom(0, 0, 1, 2, 3),
	});
	await checkAsync(
		fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps) => {
			run += 1;
			const known = new Set<string>();
			for (const { process, deliveries, failures } of steps) {
				const trigger = processes[process] as PublishedTrigger;
				let failing = deliveries.length > 1 ? 0 : failures;
				trigger.beforeStoring = async () => void (trigger.canStoreRuns = --failing < 0);
				const before = (await trigger.received()).length;
				const sent = deliveries.map(async ({ name, id, times }) => {
					const body = bodyOf(name, id, run);
					return await Promise.all(Array.from({ length: times }, async () => await deliver(trigger, body)));
				});
				const answers = await Promise.all(sent);
				let count = 0;
				for (const [index, { name, id, times }] of deliveries.entries()) {
					const failed = deliveries.length > 1 ? 0 : Math.min(failures, times);
					const isKnown = known.has(`${name} ${id}`);
					const isOnce = !REPEATABLE.includes(name);
					// One on another process is known only once it has begun.
					const statuses = [...(answers[index] ?? [])].sort();
					if (!isKnown || !isOnce) {
						expect(statuses).toEqual([...Array(times - failed).fill(200), ...Array(failed).fill(500)]);
						count += isOnce ? Math.min(times - failed, 1) : times - failed;
					}
					if (times > failed) known.add(`${name} ${id}`);
				}
				expect((await trigger.received()).slice(before)).toHaveLength(count);
			}
		}),
		40,
	);
	const items = (await Promise.all(processes.map(async (trigger) => await trigger.received()))).flat();
	// The same ID means the same event.
	for (const { event, eventId } of items) {
		const same = items.filter((item) => item.eventId === eventId);
		expect(same.every((item) => item.event === event)).toBe(true);
		if (!REPEATABLE.includes(String(event))) expect(same).toHaveLength(1);
	}
	for (const { thrown } of processes) expect(thrown).toEqual([]);
});

it.each<[string, (trigger: PublishedTrigger) => void]>([
	[
		'while the run was stored',
		(trigger) =>
			(trigger.beforeStoring = async () => await new Promise((resolve) => setTimeout(resolve, 400))),
	],
	['while the key was fetched', () => (rig.simulator.latencyMs = 400)],
])('It takes the place of a first delivery whose sender went away %s', async (_when, slowDown) => {
	const trigger = await rig.engine.publish();
	slowDown(trigger);
	await sendAndLeave(trigger.url, started, rig.simulator, 200);
	rig.simulator.latencyMs = 0;
	expect(await deliver(trigger, started)).toBe(200);
	// Two runs may have been stored, but only one goes on.
	await expectItems(1, trigger);
});

it('A duplicate on another process is found although a third one overwrote what was recorded', async () => {
	const trigger = await rig.engine.publish();
	const other = await elsewhere(trigger);
	await deliver(trigger, started);
	await expectItems(1, trigger);
	overwriteDeduplication(trigger.workflow.id);
	await deliver(trigger, eventBody('failed'));
	await expectItems(2, trigger);
	await deliver(other, started);
	await expectItems(0, other);
	// The execution that had begun ends at the trigger.
	expect(other.runs.map(({ run }) => run.status)).toEqual(['success']);
});

it('Each delivery starts the workflow if duplicates are not skipped, and while the user tries things out', async () => {
	const triggers = [
		await rig.engine.publish({ options: { skipDuplicates: false } }),
		await rig.engine.publish({}, { mode: 'manual' }),
	];
	for (const trigger of triggers) {
		expect([await deliver(trigger, started), await deliver(trigger, started)]).toEqual([200, 200]);
		await expectItems(2, trigger);
	}
});

it('A run that a user retries is no duplicate of itself', async () => {
	const trigger = await rig.engine.publish();
	await deliver(trigger, started);
	const [event = {}] = await trigger.received();
	const { workflow, node } = trigger;
	const countOf = async (mode: 'webhook' | 'retry') =>
		(await rig.engine.runFrom(workflow, node, [[{ json: event as IDataObject }]], mode)).routed.success
			.length;
	expect(await countOf('webhook')).toBe(0);
	expect(await countOf('retry')).toBe(1);
});

it('No event is lost while the store of n8n is out of order, and afterwards it tells duplicates again', async () => {
	const trigger = await rig.engine.publish();
	const { node, workflow } = trigger;
	broken.add(workflow.id);
	// This process still knows its duplicates.
	expect([await deliver(trigger, started), await deliver(trigger, started)]).toEqual([200, 200]);
	await expectItems(1, trigger);
	broken.delete(workflow.id);
	const [event] = await trigger.received();
	const json = { ...event, eventId: 'next' } as IDataObject;
	const runs = ['one', 'other'].map(
		async (executionId) => await rig.engine.runFrom(workflow, node, [[{ json }]], 'webhook', { executionId }),
	);
	expect((await Promise.all(runs)).map(({ routed }) => routed.success.length).sort()).toEqual([0, 1]);
});
