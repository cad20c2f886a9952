import type { ILoadOptionsFunctions } from 'n8n-workflow';
import { getDeployments, searchTags } from '../../../nodes/VideoSdkAgentCloud/lists/records';
import { jsonAnswer, requestContext } from '../support';

const asked: unknown[] = [];
const load = async (...pages: object[][]) => {
	asked.length = 0;
	const context = requestContext(async ({ url, qs }) => {
		asked.push([url, qs?.page]);
		const page = Number(qs?.page);
		return jsonAnswer({ data: pages[page - 1], pageInfo: { lastPage: pages.length, perPage: 5 } });
	});
	return await getDeployments.call(context as unknown as ILoadOptionsFunctions);
};

it('offers each deployment once, by name, from all pages', async () => {
	const options = await load(
		[
			{ id: 'ddv_2', name: 'Support', tag: 'v1' },
			{ id: 'ddv_2', name: 'Support', tag: 'v2' },
		],
		[{ id: 'ddv_1', name: 'Sales' }, { id: 'ddv_3' }, { name: 'No ID' }],
	);
	expect(options).toEqual([
		{ name: 'ddv_3', value: 'ddv_3' },
		{ name: 'Sales', value: 'ddv_1' },
		{ name: 'Support', value: 'ddv_2' },
	]);
	expect(asked).toEqual([
		['/ai/v1/ai-deployments', 1],
		['/ai/v1/ai-deployments', 2],
	]);
});

it('offers the tags of the chosen deployment only, v2 before v10', async () => {
	const data = [
		{ id: 'ddv_1', tag: 'v10' },
		{ id: 'ddv_2', tag: 'v3' },
		{ id: 'ddv_1', tag: 'v2' },
		{ id: 'ddv_1', tag: '' },
		{ id: 'ddv_1', tag: 'latest' },
	];
	const context = requestContext(async () => jsonAnswer({ data, pageInfo: { total: data.length } }));
	Object.assign(context, { getCurrentNodeParameter: () => ' ddv_1 ' });
	const { results } = await searchTags.call(context as unknown as ILoadOptionsFunctions);
	expect(results.map(({ value }) => value)).toEqual(['latest', 'v2', 'v10']);
});
