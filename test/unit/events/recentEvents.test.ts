import fc from 'fast-check';
import { RecentEvents } from '../../../nodes/VideoSdkAgentCloud/events/recentEvents';
import { checkAsync, settle } from '../support';

type Settle = (wasTakenIn: boolean) => void;

/** Claims, and notes in which order the claims were decided. */
function claims(events: RecentEvents, key: string, count: number) {
	const decided: Array<{ index: number; settle: Settle | undefined }> = [];
	for (let index = 0; index < count; index++) {
		void events.claim(key).then((settleClaim) => decided.push({ index, settle: settleClaim }));
	}
	return decided;
}

async function take(events: RecentEvents, key: string): Promise<void> {
	(await events.claim(key))?.(true);
}

const isNew = async (events: RecentEvents, key: string): Promise<boolean> =>
	(await events.claim(key)) !== undefined;

describe('RecentEvents', () => {
	it('lets the first delivery of an event through, and no later one', async () => {
		const events = new RecentEvents();
		await take(events, 'a');
		expect(await events.claim('a')).toBeUndefined();
		expect(await isNew(events, 'b')).toBe(true);
	});

	it('lets one of many deliveries at the same instant through, and holds the others until it is settled', async () => {
		const events = new RecentEvents();
		const decided = claims(events, 'a', 20);
		await settle();
		expect(decided.map(({ index }) => index)).toEqual([0]);
		decided[0]?.settle?.(true);
		await settle();
		expect(decided.map(({ index }) => index)).toEqual(Array.from({ length: 20 }, (_, index) => index));
		expect(decided.slice(1).every(({ settle: settleClaim }) => settleClaim === undefined)).toBe(true);
	});

	it('puts the delivery that waits in the place of the first one if that was not taken in', async () => {
		const events = new RecentEvents();
		const decided = claims(events, 'a', 4);
		await settle();
		decided[0]?.settle?.(false);
		await settle();
		expect(decided.map(({ index }) => index)).toEqual([0, 1]);
		decided[1]?.settle?.(false);
		await settle();
		expect(decided.map(({ index }) => index)).toEqual([0, 1, 2]);
		decided[2]?.settle?.(true);
		await settle();
		expect(decided[3]).toEqual({ index: 3, settle: undefined });
	});

	it('forgets an event that was not taken in', async () => {
		const events = new RecentEvents();
		(await events.claim('a'))?.(false);
		expect(await isNew(events, 'a')).toBe(true);
	});

	it('remembers 5,000 events, and forgets the oldest first', async () => {
		const events = new RecentEvents();
		for (let index = 0; index < 5_000; index++) await take(events, `event-${index}`);
		expect(await events.claim('event-0')).toBeUndefined();
		await take(events, 'one more');
		expect(await events.claim('event-1')).toBeUndefined();
		expect(await isNew(events, 'event-0')).toBe(true);
	});

	it('counts the order in which events were taken in, not the one in which they came', async () => {
		const events = new RecentEvents();
		const slow = await events.claim('slow');
		for (let index = 0; index < 4_999; index++) await take(events, `event-${index}`);
		slow?.(true);
		await take(events, 'one more');
		expect(await events.claim('slow')).toBeUndefined();
		expect(await isNew(events, 'event-0')).toBe(true);
	});

	it('takes each event in exactly once, in whatever order deliveries come, fail and are settled', async () => {
		await checkAsync(
			fc.asyncProperty(
				fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), stored: fc.boolean(), wait: fc.nat(3) }), {
					minLength: 1,
					maxLength: 25,
				}),
				async (deliveries) => {
					const events = new RecentEvents();
					const takenIn: string[] = [];
					const handling: Record<string, number> = {};
					await Promise.all(
						deliveries.map(async ({ key, stored, wait }) => {
							const settleClaim = await events.claim(key);
							if (settleClaim === undefined) return;
							handling[key] = (handling[key] ?? 0) + 1;
							expect(handling[key]).toBe(1);
							for (let turn = 0; turn < wait; turn++) await Promise.resolve();
							handling[key]--;
							if (stored) takenIn.push(key);
							settleClaim(stored);
						}),
					);
					const storable = new Set(deliveries.filter(({ stored }) => stored).map(({ key }) => key));
					expect(takenIn.sort()).toEqual([...storable].sort());
				},
			),
			500,
		);
	});
});
