import type { SimulatedDeployment } from '../simulator';
import { DEPLOYMENTS, expectNoSecrets, useRig } from './rig';

const rig = useRig();

const search = async (filter?: string) => await rig.engine.listSearch('searchDeployments', filter);

async function useDeployments(deployments: SimulatedDeployment[]): Promise<void> {
	const { url } = await rig.addSimulator({ deployments });
	rig.engine.setCredentials(rig.credentials({ baseUrl: url }));
}

const many = (count: number): SimulatedDeployment[] =>
	Array.from({ length: count }, (_, index) => ({
		id: `ddv_${index}`,
		name: `Agent ${index}`,
		tags: ['latest'],
	}));

describe('The list of deployments', () => {
	it('has one entry for each deployment, which shows its tags', async () => {
		const { results, paginationToken } = await search();
		expect(results).toHaveLength(14);
		expect(results).toContainEqual({ name: 'Support agent (latest, v1)', value: 'ddv_support' });
		expect(results).toContainEqual({ name: 'Sales agent (latest)', value: 'ddv_sales' });
		expect(paginationToken).toBeUndefined();
		expect(rig.request).toMatchObject({ method: 'GET', path: DEPLOYMENTS });
		expect(rig.request.claims).toBeDefined();
	});

	it.each([
		['a part of the name', 'SUPPORT', ['ddv_support']],
		['white space around it', '  sales ', ['ddv_sales']],
		['a part of the ID', 'campaign_1', ['ddv_campaign_10', 'ddv_campaign_11', 'ddv_campaign_12']],
		['a tag', 'v1', ['ddv_support']],
		['nothing that there is', 'zzz', []],
	])('is searched by %s', async (_by, filter, expected) => {
		const { results } = await search(filter);
		expect(results.map(({ value }) => value)).toEqual(expected);
	});

	it('is whole when it is very long', async () => {
		await useDeployments(many(1100));
		expect(new Set((await search()).results.map(({ value }) => value)).size).toBe(1100);
	});

	it('is empty if there are no deployments', async () => {
		await useDeployments([]);
		expect((await search()).results).toEqual([]);
	});

	it('shows a deployment without name and tag by its ID, and leaves out what has none', async () => {
		const data = [{ id: 'ddv_1' }, { name: 'No ID' }, { id: '' }, { id: 'ddv_2', name: 'Two', tag: null }];
		rig.simulator.addFault({ kind: 'noData', body: { data } });
		expect((await search()).results).toEqual([
			{ name: 'ddv_1', value: 'ddv_1' },
			{ name: 'Two', value: 'ddv_2' },
		]);
	});

	it('tells in words why it cannot be had', async () => {
		rig.engine.setCredentials(rig.credentials({ secretKey: 'another' }));
		const error: unknown = await search().catch((reason: unknown) => reason);
		expect(error).toMatchObject({ message: expect.stringContaining('Token is invalid or expired') });
		expectNoSecrets(rig, error);
	});
});
