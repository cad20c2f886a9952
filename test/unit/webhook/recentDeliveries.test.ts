import fc from 'fast-check';
import { RecentDeliveries } from '../../../nodes/VideoSdkAgentCloud/webhook/recentDeliveries';
import { checkAsync, settle } from '../support';

type Finish = (wasAccepted: boolean) => void;

/** Begins deliveries, and notes in which order it was decided whether they are handled. */
function deliveries(events: RecentDeliveries, key: string, count: number) {
	const decided: Array<{ index: number; finish: Finish | undefined }> = [];
	for (let index = 0; index < count; index++) {
		void events.begin(key).then((finish) => decided.push({ index, finish }));
	}
	return decided;
}

async function accept(events: RecentDeliveries, key: string): Promise<void> {
	(await events.begin(key))?.(true);
}

const isNew = async (events: RecentDeliveries, key: string): Promise<boolean> =>
	(await events.begin(key)) !== undefined;

describe('RecentDeliveries', () => {
	it('lets one of many deliveries at the same instant through, and holds the others until it is finished', async () => {
		const events = new RecentDeliveries();
		const decided = deliveries(events, 'a', 20);
		await settle();
		expect(decided.map(({ index }) => index)).toEqual([0]);
		decided[0]?.finish?.(true);
		await settle();
		expect(decided.map(({ index }) => index)).toEqual(Array.from({ length: 20 }, (_, index) => index));
		expect(decided.slice(1).every(({ finish }) => finish === undefined)).toBe(true);
	});

	it('puts the delivery that waits in the place of the first one if that was not accepted', async () => {
		const events = new RecentDeliveries();
		const decided = deliveries(events, 'a', 4);
		await settle();
		decided[0]?.finish?.(false);
		await settle();
		expect(decided.map(({ index }) => index)).toEqual([0, 1]);
		decided[1]?.finish?.(false);
		await settle();
		expect(decided.map(({ index }) => index)).toEqual([0, 1, 2]);
		decided[2]?.finish?.(true);
		await settle();
		expect(decided[3]).toEqual({ index: 3, finish: undefined });
	});

	it('remembers 5,000 events, and forgets the oldest first', async () => {
		const events = new RecentDeliveries();
		for (let index = 0; index < 5_000; index++) await accept(events, `event-${index}`);
		expect(await events.begin('event-0')).toBeUndefined();
		await accept(events, 'one more');
		expect(await events.begin('event-1')).toBeUndefined();
		expect(await isNew(events, 'event-0')).toBe(true);
	});

	it('counts the order in which events were accepted, not the one in which they came', async () => {
		const events = new RecentDeliveries();
		const slow = await events.begin('slow');
		for (let index = 0; index < 4_999; index++) await accept(events, `event-${index}`);
		slow?.(true);
		await accept(events, 'one more');
		expect(await events.begin('slow')).toBeUndefined();
		expect(await isNew(events, 'event-0')).toBe(true);
	});

	it('accepts each event exactly once, in whatever order deliveries come, fail and are finished', async () => {
		await checkAsync(
			fc.asyncProperty(
				fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), stored: fc.boolean(), wait: fc.nat(3) }), {
					minLength: 1,
					maxLength: 25,
				}),
				async (given) => {
					const events = new RecentDeliveries();
					const accepted: string[] = [];
					const handling: Record<string, number> = {};
					await Promise.all(
						given.map(async ({ key, stored, wait }) => {
							const finish = await events.begin(key);
							if (finish === undefined) return;
							handling[key] = (handling[key] ?? 0) + 1;
							expect(handling[key]).toBe(1);
							for (let turn = 0; turn < wait; turn++) await Promise.resolve();
							handling[key]--;
							if (stored) accepted.push(key);
							finish(stored);
						}),
					);
					const storable = new Set(given.filter(({ stored }) => stored).map(({ key }) => key));
					expect(accepted.sort()).toEqual([...storable].sort());
				},
			),
			500,
		);
	});
});
