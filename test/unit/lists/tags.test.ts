import type { ILoadOptionsFunctions } from 'n8n-workflow';
import { searchTags } from '../../../nodes/VideoSdkAgentCloud/lists/tags';
import { jsonAnswer, requestContext } from '../support';

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
