/** The lists of what calls are made with. Their rows hold the password of the SIP trunk, which must be found nowhere. */
import { inspect } from 'node:util';
import type { INodeListSearchResult, INodeParameters } from 'n8n-workflow';
import type { Fault } from '../simulator';
import { SIP_PASSWORD } from '../simulator';
import { byGateway, byRule, callParameters } from './callRig';
import { byId, expectNoSecrets, jsonOf, useRig } from './rig';

const rig = useRig({ callBehaviour: false });

const LISTS = {
	searchGateways: { path: '/v2/sip/outbound-gateways', count: 12 },
	searchPhoneNumbers: { path: '/v2/sip/phone-numbers', count: 23 },
	searchRoutingRules: { path: '/v2/sip/routing-rule', count: 12 },
};
const METHODS = Object.keys(LISTS) as Array<keyof typeof LISTS>;

const search = async (method: string, filter?: string, token?: string) =>
	await rig.engine.listSearch(method, filter, token);
const valuesOf = ({ results }: INodeListSearchResult) => results.map(({ value }) => value);

/** All that hangs on a value, also what cannot be enumerated. */
const everything = (value: unknown) =>
	inspect(value, { depth: Infinity, showHidden: true, maxStringLength: null, maxArrayLength: null });

async function thrownBy(call: Promise<unknown>): Promise<Error & { description?: string }> {
	return await call.then(
		() => Promise.reject(new Error('Nothing was thrown')),
		(error: Error) => error,
	);
}

it('A list may be a bare array', async () => {
	rig.simulator.addFault({ kind: 'noData', body: [{ id: 'gw_1', name: 'One', numbers: [] }] });
	expect(valuesOf(await search('searchGateways'))).toEqual(['gw_1']);
});

describe.each(METHODS)('%s', (method) => {
	const { path, count } = LISTS[method];

	it('has all of several pages, each once', async () => {
		const found = await search(method);
		expect(new Set(valuesOf(found)).size).toBe(count);
		expect(found.results).toHaveLength(count);
		expect(rig.simulator.requests.every((request) => request.path === path)).toBe(true);
	});

	it('goes on where it ended', async () => {
		const page = (from: number) => ({
			data: Array.from({ length: 50 }, (_, row) =>
				method === 'searchPhoneNumbers'
					? { phoneNumber: { e164: `+${from + row}` } }
					: { id: `id-${from + row}` },
			),
			pageInfo: { currentPage: 1, perPage: 50, lastPage: 2, total: 100 },
		});
		rig.simulator.addFault({ kind: 'noData', body: page(100) });
		const first = await search(method);
		expect(first.results).toHaveLength(50);
		rig.simulator.addFault({ kind: 'noData', body: page(200) });
		const second = await search(method, '', String(first.paginationToken));
		expect(rig.simulator.requests.map(({ query }) => query.page)).toEqual(['1', '2']);
		expect(second.paginationToken).toBeUndefined();
		expect(new Set([...valuesOf(first), ...valuesOf(second)]).size).toBe(100);
	});

	it.each<[string, Fault, RegExp]>([
		['refused', { kind: 'status', status: 401 }, /didn't accept the API key and secret \(status 401\)/],
		['forbidden', { kind: 'status', status: 403, body: { message: 'No telephony' } }, /No telephony/],
		['not JSON', { kind: 'notJson' }, /unexpected response/],
	])('says in words that it was %s', async (_what, fault, words) => {
		rig.simulator.addFault({ ...fault, match: { times: 3 } });
		const error = await thrownBy(search(method));
		expect(error.message).toMatch(words);
		expect(error.description).not.toBe('');
	});

	const auth = { auth: { username: 'sip-user', password: SIP_PASSWORD } };
	it.each<[string, Fault]>([
		['an answer without a list', { kind: 'noData', body: { gateways: [auth] } }],
		['a list that is none', { kind: 'noData', body: { data: auth } }],
		['an answer that is not JSON', { kind: 'notJson', body: `<pre>${JSON.stringify(auth)}</pre>` }],
		['half an answer', { kind: 'noData', body: { message: 7, data: 1, ...auth } }],
		['a refusal that repeats the record', { kind: 'status', status: 400, body: { outbound: auth } }],
		['a refusal as text', { kind: 'status', status: 400, body: `Bad gateway: ${JSON.stringify(auth)}` }],
		['a failure of the server', { kind: 'status', status: 500, body: { ...auth, gateway: auth } }],
		['a redirect', { kind: 'redirect', status: 302 }],
		['a connection cut in the middle', { kind: 'truncate' }],
	])('shows no password after %s', async (_what, fault) => {
		rig.simulator.addFault({ ...fault, match: { times: 3 } });
		const error = await thrownBy(search(method));
		expect(everything(error)).not.toContain(SIP_PASSWORD);
		expect(everything(error)).not.toContain('sip-user');
		expectNoSecrets(rig, error);
	});
});

describe('An entry', () => {
	it('of a gateway shows its numbers', async () => {
		expect((await search('searchGateways')).results[0]).toEqual({
			name: 'Outbound gateway 01 · +15550101001',
			value: 'gw_out_01',
		});
	});

	it('of a phone number has the number as its value', async () => {
		expect((await search('searchPhoneNumbers')).results[0]).toEqual({
			name: 'Line 01 · +15550102001',
			value: '+15550102001',
		});
	});

	it('of a rule shows its numbers; inbound rules are left out', async () => {
		const { results } = await search('searchRoutingRules');
		expect(results[0]).toEqual({ name: 'Outbound rule 01 · +15550102001', value: 'rule_out_01' });
		expect(rig.request.query.type).toBe('outbound');
	});

	it('of several numbers shows one, for the line has no room', async () => {
		const numbers = ['+15550102001', '+15550102002', '+15550102003'];
		rig.simulator.addFault({ kind: 'noData', body: { data: [{ id: 'rule', name: 'Sales', numbers }] } });
		expect((await search('searchRoutingRules')).results[0]?.name).toBe('Sales · +15550102001 +2');
	});

	it('without a name shows its ID; what has no ID is left out', async () => {
		const data = [{ id: 'gw_1' }, { name: 'No ID' }, { id: 'gw_2', name: 'Two', numbers: [] }, null, 'x'];
		rig.simulator.addFault({ kind: 'noData', body: { data } });
		expect((await search('searchGateways')).results).toEqual([
			{ name: 'gw_1', value: 'gw_1' },
			{ name: 'Two', value: 'gw_2' },
		]);
	});

	it.each([
		['searchGateways', 'GATEWAY 03', 'gw_out_03'],
		['searchGateways', ' 0101004 ', 'gw_out_04'],
		['searchPhoneNumbers', '+15550102007', '+15550102007'],
		['searchRoutingRules', 'rule_out_05', 'rule_out_05'],
	])('is found in %s by "%s"', async (method, filter, value) => {
		expect(valuesOf(await search(method, filter))).toEqual([value]);
	});
});

describe('The numbers to call from', () => {
	const from = async (fields: object, filter = '') =>
		(
			await rig.engine.listSearch('searchPhoneNumbers', filter, undefined, {
				...callParameters('make'),
				...fields,
			} as INodeParameters)
		).results;
	const answerRule = (...numbers: unknown[]) =>
		rig.simulator.addFault({
			kind: 'noData',
			body: { data: [{ id: 'rule', type: 'outbound', numbers }] },
			match: { path: /routing-rule/ },
		});

	it("are the selected rule's, with their names", async () => {
		expect(await from({ routingRuleId: byId('rule_out_02') })).toEqual([
			{ name: 'Line 02 · +15550102002', value: '+15550102002' },
		]);
		answerRule('15550102003', '+15557777777');
		expect(await from({ routingRuleId: byId('rule') })).toEqual([
			{ name: 'Line 03 · +15550102003', value: '+15550102003' },
			{ name: '+15557777777', value: '+15557777777' },
		]);
		answerRule('+15550102003', '+15557777777');
		expect(await from({ routingRuleId: byId('rule') }, ' line')).toHaveLength(1);
	});

	it.each<[string, object, () => void]>([
		['no rule is selected', {}, () => undefined],
		['the rule is an expression', { routingRuleId: byId('={{ $json.rule }}') }, () => undefined],
		['the rule names none', { routingRuleId: byId('rule') }, () => answerRule()],
		['the rule names them by ID', { routingRuleId: byId('rule') }, () => answerRule('pn_1')],
		[
			"the rule can't be fetched",
			{ routingRuleId: byId('rule_out_02') },
			() => rig.simulator.addFault({ kind: 'status', status: 500, match: { path: /routing-rule/ } }),
		],
		['a gateway is used', { callVia: 'gateway', routingRuleId: byId('rule_out_02') }, () => undefined],
	])('are all of the project where %s', async (_what, fields, prepare) => {
		prepare();
		expect(await from(fields)).toHaveLength(23);
	});
});

describe('Routing rules', () => {
	it('are the outbound ones, also of a list that has others', async () => {
		const data = [{ id: 'a', type: 'inbound' }, { id: 'b', type: 'outbound' }, { id: 'c' }];
		rig.simulator.addFault({ kind: 'noData', body: { data } });
		expect(valuesOf(await search('searchRoutingRules'))).toEqual(['b', 'c']);
	});

	it('are asked for once when the API fails for another reason', async () => {
		rig.simulator.addFault({ kind: 'status', status: 403 });
		await thrownBy(search('searchRoutingRules'));
		expect(rig.requests).toHaveLength(1);
	});
});

describe('Calls', () => {
	it('come with those that are not over first', async () => {
		const make = async (to: string) =>
			String(jsonOf(await rig.engine.run({ parameters: byRule({ to }) }))[0]?.callId);
		const live = await make('+15550003001');
		const over = await make('+15550003002');
		await rig.simulator.moveCall(over, 'ended');
		const inbound = rig.simulator.incomingCall({ to: '+1555', from: '+15550009999' }).callId;
		const { results } = await search('searchCalls');
		expect(results.map(({ value }) => value)).toEqual([inbound, live, over]);
		expect(results[0]?.name).toMatch(
			/^From \+15550009999 · incoming · \d{4}-\d\d-\d\d \d\d:\d\d · [\da-f]{8}$/,
		);
		expect(results[1]?.name).toMatch(/^To \+15550003001 · initiated · /);
		expect(valuesOf(await search('searchCalls', '3002'))).toEqual([over]);
	});
});

it('No run and no list holds the password of a trunk', async () => {
	const results: unknown[] = [];
	for (const method of [...METHODS, 'searchCalls']) results.push(await search(method));
	for (const parameters of [
		byRule(),
		byGateway(),
		callParameters('getAll', { simplify: false }),
		callParameters('get', { callId: 'nobody' }),
	]) {
		results.push(await rig.engine.run({ parameters }));
	}
	expect(everything(results)).not.toContain(SIP_PASSWORD);
	expectNoSecrets(rig, results);
});
