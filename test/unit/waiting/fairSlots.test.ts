import { FairSlots } from '../../../nodes/VideoSdkAgentCloud/waiting/fairSlots';

const soon = async () => await new Promise((resolve) => setImmediate(resolve));

it('An owner that holds fewer slots goes first, and none holds more than its share', async () => {
	const slots = new FairSlots<string>(2, 4);
	const begun: string[] = [];
	const ends: Array<() => void> = [];
	const begin = (owner: string) =>
		void slots.run(owner, async () => {
			begun.push(owner);
			await new Promise<void>((resolve) => ends.push(resolve));
		});
	for (const owner of ['a', 'a', 'a', 'b', 'b', 'b', 'c']) begin(owner);
	await soon();
	expect(begun).toEqual(['a', 'a', 'b', 'b']);
	ends[0]?.();
	await soon();
	expect(begun.slice(4)).toEqual(['c']);
	for (let index = 1; index < 7; index++) {
		ends[index]?.();
		await soon();
	}
	expect(begun.slice(5).sort()).toEqual(['a', 'b']);
});
