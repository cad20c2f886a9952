import { verifyToken } from '@videosdk.live/server-sdk';
import type { IDataObject } from 'n8n-workflow';
import { byId, CHOSEN_EVENTS, EVENT_NAMES, SESSIONS, startParameters, useRig, withoutKey } from '../rig/rig';

const rig = useRig();

/** Starts one session and gives what came over the wire. */
async function sentFor(parameters: IDataObject, item: IDataObject = {}): Promise<unknown> {
	await rig.json(startParameters(parameters), { items: [item] });
	return rig.request.body;
}

describe('The request that starts a session', () => {
	it('is a POST of JSON to the documented path, with a token that the official SDK accepts, without a prefix', async () => {
		await sentFor({});
		const { method, rawPath, headers } = rig.request;
		expect([method, rawPath]).toEqual(['POST', `${SESSIONS}/start`]);
		expect(headers).toMatchObject({ 'content-type': 'application/json', accept: 'application/json' });
		const token = String(headers.authorization);
		expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
		expect(verifyToken(token, rig.simulator.secret)).toMatchObject({
			apikey: rig.simulator.apiKey,
			permissions: ['allow_join'],
			version: 2,
			roles: ['crawler'],
		});
		const header: unknown = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
		expect(header).toEqual({ alg: 'HS256', typ: 'JWT' });
	});

	it('is answered by the session', async () => {
		const [session] = await rig.json(startParameters({ tag: 'v1' }));
		const [sessionId] = [...rig.simulator.sessions.keys()];
		expect(session).toEqual({
			sessionId,
			outcome: 'running',
			durationSeconds: null,
			status: 'queued',
			deploymentId: 'ddv_support',
			tag: 'v1',
			start: expect.any(String),
			createdAt: expect.any(String),
			updatedAt: expect.any(String),
		});
	});
});

const HOOK = 'https://n8n.example.com/webhook/5f/webhook?a=1';
const VALUES = { A: 'x', B: 1.5, C: true, D: null, E: { f: [1, '2'] }, G: [] };
const VALUES_AS_TEXTS = { A: 'x', B: '1.5', C: 'true', D: '', E: '{"f":[1,"2"]}', G: '[]' };
const EXPRESSIONS = Object.entries({
	text: ' 4711\n',
	number: '={{ 4711 }}',
	boolean: '={{ false }}',
	nothing: '={{ null }}',
	missing: '={{ $json.missing }}',
});
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/) as string;
const withEnv = (...values: Array<[name: string, value: string]>): IDataObject => ({
	env: { variables: values.map(([name, value]) => ({ name, value })) },
});
const withMetaData = (...values: Array<[key: string, value: string]>): IDataObject => ({
	metaData: { entries: values.map(([key, value]) => ({ key, value })) },
});
const jsonEnv = (value: string): IDataObject => ({ specifyEnv: 'json', jsonEnv: value });
const locator = (mode: string, value: string) => ({ __rl: true, mode, value, cachedResultName: 'A name' });

/** What is filled in, and what is sent beside, or in place of, the deployment. Names and values: see test/unit/fields/keyValue. */
const BODIES: Array<[what: string, parameters: IDataObject, body: IDataObject]> = [
	['nothing else', {}, {}],
	[
		'all that there is',
		{
			tag: 'v1',
			webhookUrl: HOOK,
			webhookEvents: EVENT_NAMES,
			...withEnv(['VIDEOSDK_ROOM_ID', 'abcd-efgh-ijkl']),
			...withMetaData(['customer', 'Jürgen 🎧']),
			options: { maxConcurrency: 3, timeout: 5000 },
		},
		{
			tag: 'v1',
			env: { VIDEOSDK_ROOM_ID: 'abcd-efgh-ijkl' },
			metaData: { customer: 'Jürgen 🎧' },
			webhook: { endPoint: HOOK, events: EVENT_NAMES },
		},
	],
	...[locator('list', 'ddv_sales'), byId(' ddv_sales\n'), '={{ $json.deployment }}'].map(
		(deploymentId): [string, IDataObject, IDataObject] => [
			`a deployment given as ${JSON.stringify(deploymentId)}`,
			{ deploymentId },
			{ deploymentId: 'ddv_sales' },
		],
	),
	['a tag whose expression gives nothing', { tag: '={{ $json.missing }}' }, {}],
	['a tag by name', { tag: locator('name', '={{ " v" + 1 + " " }}') }, { tag: 'v1' }],
	[
		'variables, as texts, and metadata, with the types that expressions give',
		{ ...withEnv(...EXPRESSIONS), ...withMetaData(...EXPRESSIONS) },
		{
			env: { text: ' 4711\n', number: '4711', boolean: 'false', nothing: '', missing: '' },
			metaData: { text: ' 4711\n', number: 4711, boolean: false, nothing: '', missing: '' },
		},
	],
	[
		'both in JSON',
		{ ...jsonEnv('={{ $json.values }}'), specifyMetaData: 'json', jsonMetaData: JSON.stringify(VALUES) },
		{ env: VALUES_AS_TEXTS, metaData: VALUES },
	],
	[
		'a date of n8n in JSON, as its ISO text',
		jsonEnv("={{ ({ AT: DateTime.fromMillis(0, { zone: 'utc' }) }) }}"),
		{ env: { AT: '1970-01-01T00:00:00.000Z' } },
	],
	// n8n makes it a text before the node reads the pairs.
	[
		'the present time',
		{ ...withEnv(['AT', '={{ $now }}']), ...withMetaData(['at', '={{ $now }}']) },
		{ env: { AT: ISO }, metaData: { at: ISO } },
	],
	['no variables and no metadata', { env: {}, metaData: {} }, {}],
	['events, but no webhook URL', { webhookUrl: '  ', webhookEvents: EVENT_NAMES }, {}],
	['variables both ways', { ...withEnv(['A', 'x']), ...jsonEnv('{"B":"y"}') }, { env: { B: 'y' } }],
	['a webhook without events', { webhookUrl: HOOK }, { webhook: { endPoint: HOOK, events: CHOSEN_EVENTS } }],
];

it.each(BODIES)('With %s filled in, exactly that is sent', async (_what, parameters, body) => {
	const sent = await sentFor(parameters, { deployment: 'ddv_sales', values: VALUES });
	expect(withoutKey(sent)).toEqual({ deploymentId: 'ddv_support', ...body });
});

it('A resource without such an operation is refused in words', async () => {
	const { message } = await rig.failure({ resource: 'deployment', operation: 'start' });
	expect(message).toMatch(/'deployment' has no operation 'start'/);
	expect(rig.requests).toHaveLength(0);
});
