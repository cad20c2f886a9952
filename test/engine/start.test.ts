import { verifyToken } from '@videosdk.live/server-sdk';
import type { IDataObject } from 'n8n-workflow';
import { byId, EVENT_NAMES, failureOf, jsonOf, SESSIONS, startParameters, useRig } from './rig';

const rig = useRig();

/** Starts one session and gives what came over the wire. */
async function sentFor(parameters: IDataObject, item: IDataObject = {}): Promise<unknown> {
	jsonOf(await rig.engine.run({ items: [item], parameters: startParameters(parameters) }));
	return rig.request.body;
}

describe('The request that starts a session', () => {
	it('is a POST of JSON to the documented path', async () => {
		await sentFor({});
		const { method, rawPath, headers } = rig.request;
		expect({ method, rawPath }).toEqual({ method: 'POST', rawPath: `${SESSIONS}/start` });
		expect(headers['content-type']).toBe('application/json');
		expect(headers.accept).toBe('application/json');
	});

	it('carries a token that the official SDK accepts, without a prefix', async () => {
		await sentFor({});
		const token = String(rig.request.headers.authorization);
		expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
		expect(verifyToken(token, rig.simulator.secret)).toMatchObject({
			apikey: rig.simulator.apiKey,
			permissions: ['allow_join'],
			version: 2,
			roles: ['crawler'],
		});
		expect(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())).toEqual({
			alg: 'HS256',
			typ: 'JWT',
		});
	});

	it('holds nothing but the deployment if nothing else is given', async () => {
		expect(await sentFor({})).toEqual({ deploymentId: 'ddv_support' });
	});

	it('holds all documented fields and no others', async () => {
		const body = await sentFor({
			tag: 'v1',
			env: { variables: [{ name: 'VIDEOSDK_ROOM_ID', value: 'abcd-efgh-ijkl' }] },
			metaData: { entries: [{ key: 'customer', value: 'Jürgen 🎧' }] },
			webhookUrl: 'https://n8n.example.com/webhook/1/webhook',
			webhookEvents: EVENT_NAMES,
			options: { maxConcurrency: 3, timeout: 5000 },
		});
		expect(body).toEqual({
			deploymentId: 'ddv_support',
			tag: 'v1',
			env: { VIDEOSDK_ROOM_ID: 'abcd-efgh-ijkl' },
			metaData: { customer: 'Jürgen 🎧' },
			webhook: { endPoint: 'https://n8n.example.com/webhook/1/webhook', events: EVENT_NAMES },
		});
	});

	it('is answered by the session', async () => {
		const [session] = jsonOf(await rig.engine.run({ parameters: startParameters({ tag: 'v1' }) }));
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

describe('The deployment', () => {
	it.each<[string, unknown]>([
		[
			'picked from the list',
			{ __rl: true, mode: 'list', value: 'ddv_sales', cachedResultName: 'Sales agent' },
		],
		['given by its ID', byId('ddv_sales')],
		['given by its ID with white space around', byId(' ddv_sales\n')],
		['given by an expression in ID mode', byId('={{ $json.deployment }}')],
		['given by an expression in place of the locator', '={{ $json.deployment }}'],
		['given as plain text, as an AI agent does', 'ddv_sales'],
	])('may be %s', async (_how, deploymentId) => {
		const body = await sentFor({ deploymentId } as IDataObject, { deployment: 'ddv_sales' });
		expect(body).toEqual({ deploymentId: 'ddv_sales' });
	});
});

describe('The tag', () => {
	it.each(['', '   ', '={{ $json.missing }}', '={{ null }}'])('is not sent if it is %j', async (tag) => {
		expect(await sentFor({ tag })).not.toHaveProperty('tag');
	});

	it.each<[string, unknown]>([
		['as plain text', ' v1 '],
		['picked from the list', { __rl: true, mode: 'list', value: 'v1', cachedResultName: 'v1' }],
		['by its name', { __rl: true, mode: 'name', value: ' v1 ' }],
		['by an expression', { __rl: true, mode: 'name', value: '={{ " v" + 1 + " " }}' }],
	])('is sent without white space around it: %s', async (_how, tag) => {
		expect(await sentFor({ tag } as IDataObject)).toMatchObject({ tag: 'v1' });
	});
});

describe('Environment variables', () => {
	it('are sent as an object of strings', async () => {
		const variables = [
			{ name: 'TEXT', value: 'two\nlines' },
			{ name: ' PADDED ', value: ' kept as it is ' },
			{ name: 'NUMBER', value: '={{ 4711 }}' },
			{ name: 'BOOLEAN', value: '={{ false }}' },
			{ name: 'EMPTY', value: '' },
			{ name: 'NOTHING', value: '={{ null }}' },
			{ name: 'MISSING', value: '={{ $json.missing }}' },
			{ name: 'toString', value: 'no special name' },
		];
		expect(await sentFor({ env: { variables } })).toHaveProperty('env', {
			TEXT: 'two\nlines',
			PADDED: ' kept as it is ',
			NUMBER: '4711',
			BOOLEAN: 'false',
			EMPTY: '',
			NOTHING: '',
			MISSING: '',
			toString: 'no special name',
		});
	});

	it.each<[string, unknown]>([
		['text', '{"A":"x","B":1.5,"C":true,"D":null,"E":{"f":[1,"2"]},"G":[]}'],
		['an object from an expression', '={{ $json.values }}'],
		['text from an expression', '={{ JSON.stringify($json.values) }}'],
	])('may be JSON: %s; every value becomes a string', async (_how, jsonEnv) => {
		const item = { values: { A: 'x', B: 1.5, C: true, D: null, E: { f: [1, '2'] }, G: [] } };
		expect(await sentFor({ specifyEnv: 'json', jsonEnv } as IDataObject, item)).toHaveProperty('env', {
			A: 'x',
			B: '1.5',
			C: 'true',
			D: '',
			E: '{"f":[1,"2"]}',
			G: '[]',
		});
	});
});

describe('Metadata', () => {
	it('keeps the types that expressions give', async () => {
		const entries = [
			{ key: 'text', value: '4711' },
			{ key: 'number', value: '={{ 4711 }}' },
			{ key: 'boolean', value: '={{ false }}' },
			{ key: 'nothing', value: '={{ null }}' },
			{ key: 'missing', value: '={{ $json.missing }}' },
		];
		expect(await sentFor({ metaData: { entries } })).toHaveProperty('metaData', {
			text: '4711',
			number: 4711,
			boolean: false,
			nothing: '',
			missing: '',
		});
	});

	it.each<[string, unknown]>([
		['text', '{"n":1,"b":false,"z":null,"o":{"deep":[1,{"x":"y"}]},"s":"text"}'],
		['an object from an expression', '={{ $json.values }}'],
	])('may be JSON: %s; all types are kept', async (_how, jsonMetaData) => {
		const values = { n: 1, b: false, z: null, o: { deep: [1, { x: 'y' }] }, s: 'text' };
		const body = await sentFor({ specifyMetaData: 'json', jsonMetaData } as IDataObject, { values });
		expect(body).toHaveProperty('metaData', values);
	});
});

it.each(['new Date(0)', "DateTime.fromMillis(0, { zone: 'utc' })"])(
	'A date in JSON becomes its ISO text, without quotes around it: %s',
	async (date) => {
		expect(await sentFor({ specifyEnv: 'json', jsonEnv: `={{ ({ AT: ${date} }) }}` })).toHaveProperty('env', {
			AT: '1970-01-01T00:00:00.000Z',
		});
	},
);

it('A date of n8n in a pair is sent as n8n writes it', async () => {
	const env = { variables: [{ name: 'AT', value: "={{ DateTime.fromMillis(0, { zone: 'utc' }) }}" }] };
	expect(await sentFor({ env })).toHaveProperty('env', { AT: '1970-01-01T00:00:00.000Z' });
});

it('The present time is ISO text as well: n8n makes it one before the node reads the pairs', async () => {
	const env = { variables: [{ name: 'AT', value: '={{ $now }}' }] };
	const metaData = { entries: [{ key: 'at', value: '={{ $now }}' }] };
	const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/) as string;
	expect(await sentFor({ env, metaData })).toMatchObject({ env: { AT: iso }, metaData: { at: iso } });
});

describe('Empty collections', () => {
	it.each<[string, IDataObject]>([
		['no variables', { env: {} }],
		['an empty JSON object', { specifyEnv: 'json', jsonEnv: '{}' }],
		['no metadata', { metaData: {} }],
		['no webhook URL, though events are chosen', { webhookUrl: '  ', webhookEvents: EVENT_NAMES }],
	])('are not sent: %s', async (_what, parameters) => {
		expect(await sentFor(parameters)).toEqual({ deploymentId: 'ddv_support' });
	});

	it('leave out what is filled in under the other way of giving it', async () => {
		const env = { variables: [{ name: 'A', value: 'x' }] };
		expect(await sentFor({ specifyEnv: 'json', jsonEnv: '{"B":"y"}', env })).toHaveProperty('env', {
			B: 'y',
		});
	});
});

describe('The webhook', () => {
	const webhookUrl = 'https://n8n.example.com/webhook/5f/webhook?a=1';

	it('asks for started, stopped and failed unless told otherwise', async () => {
		expect(await sentFor({ webhookUrl })).toHaveProperty('webhook', {
			endPoint: webhookUrl,
			events: [
				'ai-deployment-session-started',
				'ai-deployment-session-stopped',
				'ai-deployment-session-failed',
			],
		});
	});
});

it('A resource without such an operation is refused in words', async () => {
	const parameters = { resource: 'deployment', operation: 'start' };
	const { message } = failureOf(await rig.engine.run({ parameters }));
	expect(message).toMatch(/'deployment' has no operation 'start'/);
	expect(rig.requests).toHaveLength(0);
});
