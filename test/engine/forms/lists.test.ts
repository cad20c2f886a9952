/** What can be selected from a list. The rows of telephony hold the password of the SIP trunk, which must be found nowhere. */
import type { INodeListSearchResult, INodeParameters } from 'n8n-workflow';
import type { Fault } from '../../simulator';
import { SIP_PASSWORD } from '../../simulator';
import { byRule, callParameters } from '../rig/callRig';
import { byId, DEPLOYMENTS, everythingOn, expectNoSecrets, thrownBy, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });

/** Paths, how many entries there are, and name and value of one of them. */
const LISTS = {
	searchDeployments: [DEPLOYMENTS, 14, 'Support agent (latest, v1)', 'ddv_support'],
	searchPhoneNumbers: ['/v2/sip/phone-numbers', 23, 'Line 01 · +15550102001', '+15550102001'],
	// Those for incoming calls are not in it.
	searchRoutingRules: ['/v2/sip/routing-rule', 12, 'Outbound rule 01 · +15550102001', 'rule_out_01'],
} as const;
const METHODS = Object.keys(LISTS) as Array<keyof typeof LISTS>;
const TELEPHONY = METHODS.slice(1);

const search = async (method: string, filter?: string, token?: string) =>
	await rig.engine.listSearch(method, filter, token);
const valuesOf = ({ results }: INodeListSearchResult) => results.map(({ value }) => value);
const answer = (data: unknown[], path = /./) =>
	rig.simulator.addFault({ kind: 'noData', body: { data }, match: { path } });

describe.each(METHODS)('%s', (method) => {
	const [path, count, name, value] = LISTS[method];

	it('has all of several pages, each once', async () => {
		const found = await search(method);
		expect(new Set(valuesOf(found)).size).toBe(count);
		expect(found.results).toHaveLength(count);
		expect(found.results).toContainEqual({ name, value });
		expect(found.results).toEqual([...found.results].sort((one, other) => (one.name < other.name ? -1 : 1)));
		expect(found.paginationToken).toBeUndefined();
		expect(rig.simulator.requests.every((request) => request.path === path)).toBe(true);
	});
});

it.each(TELEPHONY)('%s without a hit on the first ten pages goes on behind them', async (method) => {
	const searchAmong = async (id: string, token?: string) => {
		rig.simulator.clearFaults();
		rig.simulator.requests.length = 0;
		const pageInfo = { currentPage: 1, perPage: 1, lastPage: 12, total: 12 };
		for (let page = 1; page <= 12; page++) {
			const data = [{ id: `${id} ${page}`, phoneNumber: { e164: `${id} ${page}` } }];
			rig.simulator.addFault({ kind: 'noData', body: { data, pageInfo }, match: { times: 1 } });
		}
		return await search(method, 'wanted', token);
	};
	expect(await searchAmong('other')).toEqual({ results: [], paginationToken: '11' });
	const value = expect.stringContaining('wanted') as string;
	const found = { results: [{ value }], paginationToken: '12' };
	expect(await searchAmong('wanted', '11')).toMatchObject(found);
	expect(rig.simulator.requests[0]?.query.page).toBe('11');
});

const auth = { auth: { username: 'sip-user', password: SIP_PASSWORD } };
it.each<[RegExp, Fault]>([
	[/didn't accept the API key and secret \(status 401\)/, { kind: 'status', status: 401 }],
	[/No telephony/, { kind: 'status', status: 403, body: { message: 'No telephony', ...auth } }],
	[/unexpected response/, { kind: 'noData', body: { numbers: [auth] } }],
	[/unexpected response/, { kind: 'noData', body: { data: auth } }],
	[/unexpected response/, { kind: 'notJson', body: `<pre>${JSON.stringify(auth)}</pre>` }],
	[/unexpected response/, { kind: 'noData', body: { message: 7, data: 1, ...auth } }],
	[/status 400/, { kind: 'status', status: 400, body: { outbound: auth } }],
	[/status 400/, { kind: 'status', status: 400, body: `Bad gateway: ${JSON.stringify(auth)}` }],
	[/status 500/, { kind: 'status', status: 500, body: { ...auth, outbound: auth } }],
	[/status 302/, { kind: 'redirect', status: 302 }],
	[/VideoSDK/, { kind: 'truncate' }],
])('A list that cannot be had is told in words, without a secret: %s %j', async (words, fault) => {
	for (const method of TELEPHONY) {
		rig.simulator.addFault({ ...fault, match: { times: 3 } });
		const error = await thrownBy(search(method));
		expect(error.message).toMatch(words);
		expect(error.description).not.toBe('');
		expect(everythingOn(error)).not.toMatch(new RegExp(`${SIP_PASSWORD}|sip-user`));
		expectNoSecrets(rig, error);
		rig.simulator.clearFaults();
	}
});

it.each([
	['searchDeployments', 'SUPPORT', ['ddv_support']],
	['searchDeployments', '  sales ', ['ddv_sales']],
	['searchDeployments', 'campaign_1', ['ddv_campaign_10', 'ddv_campaign_11', 'ddv_campaign_12']],
	['searchDeployments', 'v1', ['ddv_support']],
	['searchDeployments', 'zzz', []],
	['searchPhoneNumbers', '+15550102007', ['+15550102007']],
	['searchRoutingRules', 'rule_out_05', ['rule_out_05']],
	['searchRoutingRules', ' 0102004 ', ['rule_out_04']],
])('%s is searched by "%s"', async (method, filter, values) => {
	expect(valuesOf(await search(method, filter))).toEqual(values);
});

it('A list may be bare; what has no name shows its ID, and what has no ID is left out', async () => {
	const two = { id: 'two', name: 'Two', tag: null, numbers: [] };
	const body = [{ id: 'one' }, { name: 'No ID' }, { id: '' }, two, null, 'x'];
	for (const method of ['searchDeployments', 'searchRoutingRules']) {
		rig.simulator.addFault({ kind: 'noData', body });
		expect((await search(method)).results).toEqual([
			{ name: 'one', value: 'one' },
			{ name: 'Two', value: 'two' },
		]);
	}
});

it('The tags of a deployment are its own, v2 before v10', async () => {
	answer([...['v10', 'v2', '', 'latest'].map((tag) => ({ id: 'ddv_1', tag })), { id: 'ddv_2', tag: 'v3' }]);
	const tags = await rig.engine.listSearch('searchTags', '', undefined, { deploymentId: byId(' ddv_1 ') });
	expect(valuesOf(tags)).toEqual(['latest', 'v2', 'v10']);
});

it('Of several numbers a rule shows one, for the line has no room, and only outbound rules are shown', async () => {
	const numbers = ['+15550102001', '+15550102002', '+15550102003'];
	answer([
		{ id: 'a', name: 'Sales', numbers },
		{ id: 'b', type: 'inbound' },
		{ id: 'c', type: 'outbound' },
	]);
	const { results } = await search('searchRoutingRules');
	expect(results.map(({ name }) => name)).toEqual(['Sales · +15550102001 +2', 'c']);
	expect(rig.request.query.type).toBe('outbound');
});

describe('The numbers to call from', () => {
	const from = async (fields: object, filter = '') => {
		const parameters = { ...callParameters('make'), ...fields } as INodeParameters;
		return (await rig.engine.listSearch('searchPhoneNumbers', filter, undefined, parameters)).results;
	};
	const answerRule = (...numbers: unknown[]) =>
		answer([{ id: 'rule', type: 'outbound', numbers }], /routing-rule/);
	const rule = (id: string) => ({ routingRuleId: byId(id) });

	it("are the selected rule's, with their names", async () => {
		expect(await from(rule('rule_out_02'))).toEqual([
			{ name: 'Line 02 · +15550102002', value: '+15550102002' },
		]);
		answerRule('15550102003', '+15557777777');
		expect(await from(rule('rule'))).toEqual([
			{ name: 'Line 03 · +15550102003', value: '+15550102003' },
			{ name: '+15557777777', value: '+15557777777' },
		]);
		answerRule('+15550102003', '+15557777777');
		expect(await from(rule('rule'), ' line')).toHaveLength(1);
	});

	const nothing = () => undefined;
	const refuse = () =>
		rig.simulator.addFault({ kind: 'status', status: 500, match: { path: /routing-rule/ } });
	it.each<[string, object, () => void]>([
		['no rule is selected', {}, nothing],
		['the rule is an expression', rule('={{ $json.rule }}'), nothing],
		['the rule names none', rule('rule'), () => answerRule()],
		['the rule names them by ID', rule('rule'), () => answerRule('pn_1')],
		["the rule can't be fetched", rule('rule_out_02'), refuse],
	])('are all of the project where %s', async (_what, fields, prepare) => {
		prepare();
		expect(await from(fields)).toHaveLength(23);
	});
});

it('Calls come with those that are not over first', async () => {
	const make = async (to: string) => String((await rig.json(byRule({ to })))[0]?.callId);
	const live = await make('+15550003001');
	const over = await make('+15550003002');
	await rig.simulator.moveCall(over, 'ended');
	const inbound = rig.simulator.incomingCall({ to: '+1555', from: '+15550009999' }).callId;
	const { results } = await search('searchCalls');
	expect(results.map(({ value }) => value)).toEqual([inbound, live, over]);
	const entry = /^From \+15550009999 · incoming · \d{4}-\d\d-\d\d \d\d:\d\d · [\da-f]{8}$/;
	expect(results[0]?.name).toMatch(entry);
	expect(results[1]?.name).toMatch(/^To \+15550003001 · initiated · /);
	expect(valuesOf(await search('searchCalls', '3002'))).toEqual([over]);
});

it('No run and no list holds the password of a trunk', async () => {
	const results: unknown[] = [];
	for (const method of [...METHODS, 'searchCalls']) results.push(await search(method));
	const gets = [callParameters('getAll', { simplify: false }), callParameters('get', { callId: 'nobody' })];
	for (const parameters of [byRule(), ...gets]) results.push(await rig.run(parameters));
	expect(everythingOn(results)).not.toContain(SIP_PASSWORD);
	expectNoSecrets(rig, results);
});
