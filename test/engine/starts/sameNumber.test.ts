/** A number that is in a list twice is not called, unless that is allowed. */
import type { IDataObject } from 'n8n-workflow';
import { ADA, byRule, numbersCalled, callEach, TO } from '../rig/callRig';
import { failureOf, jsonOf, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });
const call = callEach(rig);
const called = () => numbersCalled(rig);

describe('A number that several items have', () => {
	it('is not called at all', async () => {
		const { message, description } = failureOf(await call([TO, ADA, `00${TO.slice(1)}`, TO]));
		expect(message).toBe(`'To' is the same in items 0, 2, and 3: ${TO} [item 0]`);
		expect(description).toMatch(
			/set 'To' to an expression.*'Allow Same Number'.*No one was called in this run of the node\.$/,
		);
		const uris = failureOf(await call(['sip:ada@example.com', ADA, 'SIP:ada@Example.com']));
		expect(uris.message).toContain('the same in items 0 and 2');
		for (const named of ['0, 1, 2, 3, and 4', '0, 1, 2, 3, 4, and 1 more']) {
			const { message: many } = failureOf(await call(named.split(',').map(() => TO)));
			expect(many).toContain(`the same in items ${named}: `);
		}
		expect(called()).toEqual([]);
	});

	it('keeps no one else from being called if each item has its own outcome', async () => {
		const output = jsonOf(await call([TO, ADA, TO], {}, { onError: 'continueRegularOutput' }));
		expect(output.map(({ outcome, reasonCode }) => [outcome, reasonCode])).toEqual([
			['notCalled', 'sameNumber'],
			['running', undefined],
			['notCalled', 'sameNumber'],
		]);
		expect(called()).toEqual([ADA]);
	});

	it('is called for those items that allow it', async () => {
		await call([TO, TO, ADA], { allowSameNumber: true });
		expect(called()).toEqual([TO, TO, ADA]);
		const { message } = failureOf(await call([TO, TO], { allowSameNumber: '={{ $json.row === 0 }}' }));
		expect(message).toContain('[item 1]');
	});

	it.each(['the same', 'another'])(
		'is told from the others in %s process, if a Retry after a kill gets its rows in another order',
		async (which) => {
			const data = { entries: [{ key: 'row', value: '={{ $json.row }}' }] };
			const parameters = byRule({
				to: TO,
				metaData: data,
				options: { allowSameNumber: true },
			});
			const rows = [{ row: 'a' }, { row: 'b' }];
			const killed = await rig.run(parameters, { items: rows });
			if (which === 'another') rig.engine = await rig.addEngine({ credentialId: rig.engine.credentialId });
			const retry = async (items: IDataObject[]) =>
				jsonOf(await rig.engine.retry(rig.engine.beforeNode(killed, items)));
			const same = await retry(rows);
			expect(same.map(({ alreadyStarted, differs }) => [alreadyStarted, differs])).toEqual([
				[true, undefined],
				[true, undefined],
			]);
			const reversed = await retry([...rows].reverse());
			expect(reversed.map(({ metadata, differs }) => [(metadata as IDataObject).row, differs])).toEqual([
				['a', true],
				['b', true],
			]);
			expect(called()).toEqual([TO, TO]);
		},
	);
});
