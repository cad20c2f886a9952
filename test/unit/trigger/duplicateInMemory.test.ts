import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { isFirstDelivery } from '../../../nodes/VideoSdkAgentCloud/trigger/duplicateInMemory';
import { checkAsync, settle } from '../support';

/** The response of a delivery, which n8n answers or the sender gives up. */
class Response extends EventEmitter {
	closed = false;
	statusCode = 200;
	writableEnded = false;

	/** @param statusCode none: the sender went away before there was an answer */
	end(statusCode?: number): void {
		this.closed = true;
		this.writableEnded = statusCode !== undefined;
		this.statusCode = statusCode ?? 200;
		this.emit('close');
	}
}
/** @param node the ID of the trigger that receives it */
const firstOf = async (node: string, key: string, response: Response) =>
	await isFirstDelivery(
		{
			getNode: () => ({ id: node }),
			getWorkflow: () => ({ id: 'w' }),
			getResponseObject: () => response,
		} as never,
		key,
	);

/** Delivers an event to its end. @returns whether it was handled */
async function accept(node: string, key: string): Promise<boolean> {
	const response = new Response();
	const isFirst = await firstOf(node, key, response);
	response.end(200);
	return isFirst;
}

it('Each event is accepted once, in whatever order deliveries come, fail, are given up and end', async () => {
	const outcome = fc.constantFrom(200, 200, 500, undefined);
	const delivery = fc.record({ key: fc.constantFrom('a', 'b', 'c'), outcome, wait: fc.nat(3) });
	let runs = 0;
	const deliveries = fc.array(delivery, { minLength: 1, maxLength: 25 });
	const property = fc.asyncProperty(deliveries, async (given) => {
		const node = `new ${++runs}`;
		const accepted: string[] = [];
		const handling = new Set<string>();
		await Promise.all(
			given.map(async (one) => {
				const response = new Response();
				// The sender may have gone away before.
				if (one.outcome === undefined && one.wait === 0) response.end();
				if (!(await firstOf(node, one.key, response))) return response.end(200);
				if (!response.closed) {
					expect(handling.has(one.key)).toBe(false);
					handling.add(one.key);
				}
				for (let turn = 0; turn < one.wait; turn++) await Promise.resolve();
				handling.delete(one.key);
				if (one.outcome === 200) accepted.push(one.key);
				response.end(one.outcome);
			}),
		);
		await settle();
		const storable = new Set(given.filter(({ outcome: status }) => status === 200).map(({ key }) => key));
		expect(accepted.sort()).toEqual([...storable].sort());
	});
	await checkAsync(property, 500);
});

it('500 events are remembered, and the oldest is forgotten first', async () => {
	for (let index = 0; index < 500; index++) await accept('full', `event-${index}`);
	expect(await accept('full', 'event-0')).toBe(false);
	await accept('full', 'one more');
	expect(await accept('full', 'event-1')).toBe(false);
	expect(await accept('full', 'event-0')).toBe(true);
});
