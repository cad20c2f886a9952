import fc from 'fast-check';
import { FairSlots } from '../../../nodes/VideoSdkAgentCloud/waiting/fairSlots';
import { checkAsync, settle } from '../support';

const FAILED = new Error('failed');

it('Who holds fewer slots goes first, nobody more than a share, no slot stays empty or is lost, whatever fails', async () => {
	const begin = fc.record({ owner: fc.constantFrom('a', 'b', 'c') });
	const end = fc.record({ dice: fc.nat(), fails: fc.boolean() });
	const commands = fc.array(fc.oneof(begin, end), { maxLength: 40 });
	const most = fc.integer({ min: 1, max: 4 });
	const property = fc.asyncProperty(most, most, commands, async (ofOwner, ofAll, steps) => {
		const slots = new FairSlots<string>(ofOwner, ofAll);
		const waiting: string[] = [];
		const wrong: unknown[] = [];
		const running: Array<{ owner: string; end: (fails: boolean) => void }> = [];
		const heldBy = (owner: string) => running.filter((one) => one.owner === owner).length;
		const mayRun = () => waiting.filter((owner) => heldBy(owner) < ofOwner);
		const work = (owner: string) => async () => {
			expect(running.length).toBeLessThan(ofAll);
			expect(heldBy(owner)).toBe(Math.min(...mayRun().map(heldBy)));
			waiting.splice(waiting.indexOf(owner), 1);
			await new Promise<void>((resolve, reject) => {
				running.push({ owner, end: (fails) => (fails ? reject(FAILED) : resolve()) });
			});
		};
		const settled = async () => {
			await settle();
			if (running.length < ofAll) expect(mayRun()).toEqual([]);
		};
		for (const step of steps) {
			if ('owner' in step) {
				waiting.push(step.owner);
				slots.run(step.owner, work(step.owner)).catch((error) => error === FAILED || wrong.push(error));
			} else running.splice(step.dice % running.length, 1)[0]?.end(step.fails);
			await settled();
		}
		while (running.length > 0) {
			running.pop()?.end(false);
			await settled();
		}
		expect([waiting, wrong]).toEqual([[], []]);
	});
	await checkAsync(property);
});
