import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { byId, failureOf, startParameters, useRig } from './rig';

const rig = useRig();

const session = (operation: string, more: IDataObject = {}) =>
	({ resource: 'session', operation, ...more }) as INodeParameters;
const deployment = (operation: string, more: IDataObject = {}) =>
	({ resource: 'deployment', operation, ...more }) as INodeParameters;
const dispatch = (more: IDataObject) =>
	({ resource: 'agent', operation: 'dispatch', agentId: 'a', meetingId: 'm', ...more }) as INodeParameters;
const withEnv = (...names: string[]) =>
	startParameters({ env: { variables: names.map((name) => ({ name, value: 'x' })) } });
const withMetaData = (...keys: string[]) =>
	startParameters({ metaData: { entries: keys.map((key) => ({ key, value: 'x' })) } });
const withEnvValue = (value: string) => startParameters({ env: { variables: [{ name: 'A', value }] } });
const withMetaDataValue = (value: string) =>
	startParameters({ metaData: { entries: [{ key: 'a', value }] } });
const withJson = (json: unknown) => startParameters({ specifyEnv: 'json', jsonEnv: json } as IDataObject);
const withJsonMetaData = (json: unknown) =>
	startParameters({ specifyMetaData: 'json', jsonMetaData: json } as IDataObject);
const withWebhook = (webhookUrl: string, more: IDataObject = {}) => startParameters({ webhookUrl, ...more });

const VALUE = '={{ $json.value }}';
/** A date where the item has no value. n8n itself makes text of `$now`, but not of this one. */
const DATE = '={{ $json.value ?? new Date(0) }}';
/** For bad values that can be no part of an item: n8n's `$now` is an object of luxon, and a Date has no entries. */
const VALUE_OR_DATE =
	'={{ $json.value === "now" ? $now : $json.value === "date" ? new Date(0) : $json.value }}';

/**
 * What is wrong, the field's display name, the parameters, a good value and a bad one. The first item has the good value, the
 * second one the bad value: nothing may be sent for the first one either.
 */
type Case = [what: string, field: string, parameters: INodeParameters, good: unknown, bad: unknown];

const URL = 'https://n8n.example.com/webhook/a/webhook';

const CASES: Case[] = [
	[
		'the deployment is missing',
		'Deployment',
		startParameters({ deploymentId: byId(VALUE) }),
		'ddv_sales',
		undefined,
	],
	['the deployment is null', 'Deployment', startParameters({ deploymentId: VALUE }), 'ddv_sales', null],
	[
		'the deployment is an object',
		'Deployment',
		startParameters({ deploymentId: VALUE }),
		'ddv_sales',
		{ a: 1 },
	],
	['the session ID to end is blank', 'Session', session('end', { sessionId: VALUE }), 's1', '  '],
	['the session ID is missing', 'Session', session('get', { sessionId: VALUE }), 's1', undefined],
	['the webhook URL is relative', 'Webhook URL', withWebhook(VALUE), URL, '/webhook/a'],
	[
		'a webhook URL comes without events',
		'Webhook Events',
		withWebhook(URL, { webhookEvents: VALUE }),
		['ai-deployment-session-started'],
		[],
	],
	[
		'an event is unknown',
		'Webhook Events',
		withWebhook(URL, { webhookEvents: VALUE }),
		['ai-deployment-session-started'],
		['ai-deployment-session-*'],
	],
	['the variables are no JSON', 'Environment Variables', withJson(VALUE), '{"a":"b"}', '{"a":'],
	['the metadata are no JSON', 'Metadata', withJsonMetaData(VALUE), '{"a":1}', 'a: 1'],
	['a variable has no name', 'Environment Variables', withEnv('A', VALUE), 'B', '   '],
	['a variable is given twice', 'Environment Variables', withEnv('A', VALUE), 'B', 'A'],
	['an entry has no key', 'Metadata', withMetaData('a', VALUE), 'b', ''],
	['an entry is given twice', 'Metadata', withMetaData('a', VALUE), 'b', 'a'],
	["a variable's name is an object", 'Environment Variables', withEnv('A', VALUE), 'B', { a: 1 }],
	["a variable's value is an object", 'Environment Variables', withEnvValue(VALUE), 'x', { a: 1 }],
	["an entry's name is an object", 'Metadata', withMetaData('a', VALUE), 'b', { a: 1 }],
	["an entry's value is an object", 'Metadata', withMetaDataValue(VALUE), false, { a: 1 }],
	[
		"an entry's value is an object in a dispatch",
		'Metadata',
		dispatch({ metaData: { entries: [{ key: 'a', value: VALUE }] } }),
		'x',
		{ a: 1 },
	],
	['the variables are $now', 'Environment Variables', withJson(VALUE_OR_DATE), { a: 'b' }, 'now'],
	['the variables are a Date', 'Environment Variables', withJson(VALUE_OR_DATE), { a: 'b' }, 'date'],
	['the variables are a list of an item', 'Environment Variables', withJson(VALUE), { a: 'b' }, ['a']],
	['the metadata are $now', 'Metadata', withJsonMetaData(VALUE_OR_DATE), { a: [{ b: 1 }] }, 'now'],
	['the limit is 0', 'Limit', session('getAll', { limit: VALUE }), 1, 0],
	['the limit is no number', 'Limit', deployment('getAll', { limit: VALUE }), 1, 'many'],
	['Max Concurrency is 0', 'Max Concurrency', startParameters({ options: { maxConcurrency: VALUE } }), 1, 0],
	['the timeout is 0', 'Timeout', startParameters({ options: { timeout: VALUE } }), 1000, 0],
	// Node.js takes a longer time for one millisecond.
	[
		'the timeout is longer than a timer can be',
		'Timeout',
		startParameters({ options: { timeout: VALUE } }),
		2_147_483_647,
		2_147_483_648,
	],
	[
		'Max Concurrency has no value',
		'Max Concurrency',
		startParameters({ options: { maxConcurrency: VALUE } }),
		1,
		undefined,
	],
	['the limit is true', 'Limit', session('getAll', { limit: VALUE }), 1, true],
	[
		'the room of a session is missing',
		'Room ID',
		startParameters({ room: 'existing', roomId: VALUE }),
		'a',
		null,
	],
	[
		'the room of a session is no ID',
		'Room ID',
		startParameters({ room: 'existing', roomId: VALUE }),
		'a',
		'my room',
	],
	['the tag is an object', 'Tag', startParameters({ tag: VALUE }), 'v1', { a: 1 }],
	[
		'the poll interval is 0',
		'Poll Interval',
		session('waitForStatus', { sessionId: 's1', pollInterval: VALUE }),
		1,
		0,
	],
	['the longest wait is 0', 'Max Wait', session('waitForStatus', { sessionId: 's1', maxWait: VALUE }), 1, 0],
	['the agent is blank', 'Agent', dispatch({ agentId: VALUE }), 'a', ' '],
	['the room ID is missing', 'Room ID', dispatch({ meetingId: VALUE }), 'a', undefined],
	[
		'the version is named twice',
		'Version ID',
		dispatch({ versionId: 'v-1', versionTag: VALUE }),
		'',
		'production',
	],
	['the value of an entry is a date', 'Metadata', withMetaDataValue(DATE), 'x', undefined],
	['the session of a locator is blank', 'Session', session('end', { sessionId: byId(VALUE) }), 's1', ' '],
	[
		'the webhook URL of a locator is relative',
		'Webhook URL',
		startParameters({ webhookUrl: { __rl: true, mode: 'url', value: VALUE } }),
		URL,
		'/webhook/a',
	],
	['the version ID is a list', 'Version ID', dispatch({ versionId: VALUE }), 'v', ['v']],
	['a filter has no value', 'Tag', session('getAll', { filters: { tag: VALUE } }), 'v1', undefined],
	['a filter is blank', 'Deployment', session('getAll', { filters: { deploymentId: VALUE } }), 'a', ' '],
	[
		'a filter of a locator is blank',
		'Deployment',
		session('getAll', { filters: { deploymentId: byId(VALUE) } }),
		'a',
		' ',
	],
	['a filter is an empty list', 'Status', session('getAll', { filters: { status: VALUE } }), ['failed'], []],
	[
		'a status is unknown',
		'Statuses',
		session('waitForStatus', { sessionId: 's1', statuses: VALUE }),
		['completed'],
		['complete'],
	],
	[
		'the longest wait is beyond all bounds',
		'Max Wait',
		session('waitForStatus', { sessionId: 's1', maxWait: VALUE }),
		1,
		1e9,
	],
	['a new deployment has no name', 'Name', deployment('create', { name: VALUE, description: 'x' }), 'a', ' '],
	[
		'a new deployment has no description',
		'Description',
		deployment('create', { name: 'x', description: VALUE }),
		'a',
		'',
	],
	[
		'the deployment to get is blank',
		'Deployment',
		deployment('get', { deploymentId: byId(VALUE), tag: 'v1' }),
		'ddv_support',
		' ',
	],
	[
		'the tag to get is blank',
		'Tag',
		deployment('get', { deploymentId: byId('ddv_support'), tag: VALUE }),
		'v1',
		' ',
	],
];

describe('Nothing is sent, and the field and the item are named, if', () => {
	it.each(CASES)('%s: "%s"', async (_what, field, parameters, good, bad) => {
		const items = [{ value: good }, { value: bad }] as IDataObject[];
		const result = await rig.engine.run({ items, parameters });
		const { message, description } = failureOf(result);
		expect(message).toContain(`'${field}`);
		expect(message).toMatch(/\[item 1\]$/);
		expect(description.trim()).not.toBe('');
		expect(result.error).toMatchObject({ name: 'NodeOperationError', context: { itemIndex: 1 } });
		expect(rig.simulator.requests).toHaveLength(0);
	});

	it.each(CASES)('(the other item of these is good: %s)', async (_what, _field, parameters, good) => {
		await rig.engine.run({ items: [{ value: good } as IDataObject], parameters });
		expect(rig.simulator.requests).not.toHaveLength(0);
	});
});

it('Nothing is started if the expression of End at Timeout has no value', async () => {
	const parameters = startParameters({ operation: 'startAndWait', options: { endAtTimeout: VALUE } });
	expect(failureOf(await rig.engine.run({ parameters })).message).toBe("'End at Timeout' is empty [item 0]");
	expect(rig.simulator.requests).toHaveLength(0);
});

it.each<[string, INodeParameters]>([
	['deployment', startParameters({ deploymentId: byId('') })],
	['deployment of the list', startParameters({ deploymentId: { __rl: true, mode: 'list', value: '' } })],
	['session ID', session('get', { sessionId: '' })],
])('A %s that was left empty is rejected as well', async (_what, parameters) => {
	// Some of these n8n itself rejects before the node is run.
	const outcome = await rig.engine.run({ parameters }).then(
		({ error }) => error,
		(error: unknown) => error,
	);
	expect(outcome).toBeDefined();
	expect(rig.simulator.requests).toHaveLength(0);
});

describe('A credential', () => {
	it.each([
		['API Key', { apiKey: '' }],
		['API Key', { apiKey: ' \n\t' }],
		['Secret Key', { secretKey: '' }],
		['Secret Key', { secretKey: '   ' }],
		['Base URL', { baseUrl: 'api.videosdk.live' }],
		['Base URL', { baseUrl: 'ftp://api.videosdk.live' }],
		['Base URL', { baseUrl: '/v1' }],
		['Base URL', { baseUrl: 'https://user:password@api.videosdk.live' }],
		['Base URL', { baseUrl: 'https://api.videosdk.live?a=b' }],
	])('with a bad %s is named with that field: %j', async (field, more) => {
		rig.engine.setCredentials(rig.credentials(more));
		for (const parameters of [
			startParameters(),
			session('get', { sessionId: 's' }),
			session('waitForStatus', { sessionId: 's' }),
		]) {
			const { message, description } = failureOf(await rig.engine.run({ parameters }));
			expect(message).toContain(`'${field}'`);
			expect(message).toContain('[item 0]');
			expect(description).toBe('Nothing was sent to VideoSDK.');
		}
		expect(rig.simulator.requests).toHaveLength(0);
	});
});
