import type { ILoadOptionsFunctions } from 'n8n-workflow';
import { getDeployments, getPhoneNumbers } from '../../../nodes/VideoSdkAgentCloud/dropdowns/records';
import { jsonAnswer, requestContext } from '../support';

it('The trigger offers each deployment once, by name, from all pages', async () => {
	const tags = ['v1', 'v2'].map((tag) => ({ id: 'ddv_2', name: 'Support', tag }));
	const pages = [tags, [{ id: 'ddv_1', name: 'Sales' }, { id: 'ddv_3' }, { name: 'No ID' }]];
	const context = requestContext(async ({ url, qs }) => {
		expect(url).toBe('/ai/v1/ai-deployments');
		return jsonAnswer({ data: pages[Number(qs?.page) - 1], pageInfo: { lastPage: 2, perPage: 2 } });
	});
	expect(await getDeployments.call(context as unknown as ILoadOptionsFunctions)).toEqual([
		{ name: 'ddv_3', value: 'ddv_3' },
		{ name: 'Sales', value: 'ddv_1' },
		{ name: 'Support', value: 'ddv_2' },
	]);
});

it('The trigger offers all phone numbers, each with its name', async () => {
	const numbers = [{ e164: '+15550102001', name: 'Sales' }, { e164: '+15550102002' }, { name: 'No number' }];
	const context = requestContext(async ({ url }) => {
		expect(url).toBe('/v2/sip/phone-numbers');
		return jsonAnswer({ data: numbers.map((phoneNumber) => ({ phoneNumber })) });
	});
	expect(await getPhoneNumbers.call(context as unknown as ILoadOptionsFunctions)).toEqual([
		{ name: 'Sales · +15550102001', value: '+15550102001' },
		{ name: '+15550102002', value: '+15550102002' },
	]);
});
