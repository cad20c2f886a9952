/** Who begins first when many conversations of an account want to at the same time. */
import fc from 'fast-check';
import type { Awaited } from '../../../nodes/VideoSdkAgentCloud/waiting/awaited';
import { Turns } from '../../../nodes/VideoSdkAgentCloud/waiting/turns';
import { check } from '../support';

const STEPS = ['look', 'end', 'keep'] as const;
const conversation = (dueMs: number) => ({ dueMs: () => dueMs }) as unknown as Awaited;

it('nobody begins twice in a round, nor more than may, and whose time runs out first is among them', () => {
	const waiting = fc.uniqueArray(fc.nat(1_000), { minLength: 1, maxLength: 20 });
	check([waiting, fc.constantFrom(...STEPS), fc.nat(12), fc.boolean()], (dues, step, underWay, isLimited) => {
		const all = dues.map(conversation);
		const chosen = new Turns().give(step, all, underWay, isLimited);
		const limited = step === 'end' ? 2 : 1;
		const most = Math.max(0, Math.min(isLimited ? limited : 5, 10 - underWay, all.length));
		expect(new Set(chosen).size).toBe(most);
		if (most > 0) expect(chosen).toContain(all[dues.indexOf(Math.min(...dues))]);
	});
});

it('those that fail again and again, and are always short of time, keep no other from its turn', () => {
	const counts = fc.integer({ min: 1, max: 30 });
	check([counts, fc.boolean(), fc.constantFrom(...STEPS)], (count, isLimited, step) => {
		const turns = new Turns();
		const patient = conversation(1_000);
		let waiting = [...Array.from({ length: count }, (_, index) => conversation(index)), patient];
		for (let rounds = 0; ; rounds++) {
			expect(rounds).toBeLessThanOrEqual(2 * count + 2);
			const chosen = turns.give(step, waiting, 0, isLimited);
			if (chosen.includes(patient)) return;
			// They fail, and want to begin again.
			waiting = [...waiting.filter((one) => !chosen.includes(one)), ...chosen];
		}
	});
});
