import { decode, verify } from 'jsonwebtoken';
import type { INodeParameters } from 'n8n-workflow';
import type { Fault } from '../../simulator';
import { makeAndWait } from '../rig/callRig';
import { STAND_INS } from '../rig/nodeTypes';
import {
	DEPLOYMENTS,
	expectNoSecrets,
	failureOf,
	jsonOf,
	SESSIONS,
	startParameters,
	useRig,
} from '../rig/rig';

const rig = useRig();

describe('The keys', () => {
	// The simulator itself knows one tenant only.
	const SESSION = { sessionId: 's', status: 'queued' };
	const TENANT = '={{ $json.tenant }}';
	it.each<[string, INodeParameters, object]>([
		['Start', startParameters({ metaData: { entries: [{ key: 'tenant', value: TENANT }] } }), SESSION],
		['Get', { resource: 'session', operation: 'get', sessionId: TENANT }, SESSION],
		['Get Many', { resource: 'session', operation: 'getAll' }, { data: [], pageInfo: { total: 0 } }],
	])('are those of the item if they are expressions: %s', async (_operation, parameters, body) => {
		const tenants = ['ada', 'ada', 'grace', 'edsger'];
		// What all items have in it doesn't make it the same for all.
		const ofItem = "={{ $vars.none ?? '' }}{{ $json.tenant }}";
		rig.use({ apiKey: ofItem, secretKey: `${ofItem}-secret` });
		for (const tenant of new Set(tenants)) {
			const match = { path: new RegExp(`/${tenant}$`), times: tenants.length };
			rig.simulator.addFault({ kind: 'noData', body: { ...body, sessionId: tenant }, match });
		}
		rig.simulator.addFault({ kind: 'noData', body, match: { times: tenants.length } });
		const { error } = await rig.run(parameters, { items: tenants.map((tenant) => ({ tenant })) });
		expect(error).toBeUndefined();

		expect(rig.requests).toHaveLength(tenants.length);
		const apiKeys = rig.requests.map(({ headers, body, path }) => {
			const { apikey } = decode(String(headers.authorization)) as { apikey: string };
			expect(() => verify(String(headers.authorization), `${apikey}-secret`)).not.toThrow();
			// What is sent must be signed for the tenant that it belongs to.
			const { metaData } = (body ?? {}) as { metaData?: { tenant: string } };
			if (metaData) expect(apikey).toBe(metaData.tenant);
			else if (path !== SESSIONS) expect(path).toBe(`${SESSIONS}/${apikey}`);
			return apikey;
		});
		expect(apiKeys.sort()).toEqual([...tenants].sort());
	});

	it('are read once for all items if they are no expressions', async () => {
		const items = Array.from({ length: 20 }, () => ({}));
		expect(await rig.json(startParameters(), { items })).toHaveLength(20);
		// As an item has them, and as they are stored.
		expect(rig.engine.credentialsHelper.reads).toBe(2);
	});

	it('are read for each item if n8n does not tell how they are stored', async () => {
		const { credentialsHelper } = rig.engine;
		credentialsHelper.onRead = (raw) => {
			if (raw) throw new Error('Not known');
		};
		expect(await rig.json(startParameters(), { items: [{}, {}, {}] })).toHaveLength(3);
		expect(credentialsHelper.reads).toBe(3);
	});

	it.each(['session startAndWait', 'call makeAndWait'])(
		'belong to one account where they are waited for: %s',
		async (which) => {
			const { secret } = rig.simulator;
			rig.use({ secretKey: '={{ $json.secret }}' });
			const parameters = which.startsWith('call')
				? makeAndWait()
				: startParameters({ operation: 'startAndWait' });
			const items = [{ secret }, { secret }, { secret: 'of-others' }];
			const { message, description } = await rig.failure(parameters, { items });
			expect(message).toBe("'Credential' gives different accounts. Use one node for each. [item 0]");
			expect(description).toMatch(/^Items 0 and 2 .*one account only\./);
			const each = await rig.json(parameters, { items, onError: 'continueRegularOutput' });
			expect(each.map(({ error }) => error)).toEqual(
				Array(3).fill("'Credential' gives different accounts. Use one node for each."),
			);
			expect(rig.requests).toEqual([]);
			const waiting = await rig.engine.startAndWait(2_000, parameters, { items: items.slice(0, 2) });
			expect((await waiting.jsonWithin())?.map(({ timedOut }) => timedOut)).toEqual([true, true]);
		},
	);

	it('are read again for the next item if n8n could not read them', async () => {
		// Once for all items, and once for the first.
		let failures = 2;
		rig.engine.credentialsHelper.onRead = () => {
			if (failures-- > 0) throw new Error('The database is away');
		};
		const { output } = await rig.run(startParameters({ options: { maxConcurrency: 1 } }), {
			items: [{}, {}],
			onError: 'continueRegularOutput',
		});
		expect(output[0]?.map(({ json }) => json)).toEqual([
			{ error: expect.stringContaining('The database is away') },
			expect.objectContaining({ status: 'queued' }),
		]);
	});
});

it('Keys count without the white space that was pasted around them, seen or not, and a Base URL without slashes at its end', async () => {
	const { apiKey, secret, url } = rig.simulator;
	rig.use({ apiKey: ` \u200b${apiKey}\n`, secretKey: `\ufeff\t${secret} \u2060\r\n`, baseUrl: `${url}// ` });
	expect(await rig.json(startParameters())).toHaveLength(1);
	expect(rig.request.rawPath).toBe(`${SESSIONS}/start`);
	expect(JSON.stringify(rig.simulator.requests)).not.toContain(secret);
	// A path is kept.
	rig.use({ baseUrl: `${url}/a%20b/c/` });
	await rig.failure(startParameters());
	expect(rig.requests.at(-1)?.rawPath).toBe(`/a%20b/c${SESSIONS}/start`);
});

const noApi = (...faults: Fault[]) =>
	faults.map((fault): [string, RegExp, () => unknown] => [
		`no API, but ${JSON.stringify(fault)}`,
		/'Base URL'.*VideoSDK API/,
		() => rig.simulator.addFault(fault),
	]);

describe('The credential test', () => {
	it('is one signed GET of the deployments, of which there may be none yet', async () => {
		expect(await rig.engine.testCredential()).toEqual({ status: 'OK' });
		const { method, rawPath } = rig.request;
		expect({ method, rawPath }).toEqual({ method: 'GET', rawPath: `${DEPLOYMENTS}?page=1&perPage=1` });
		const fresh = await rig.addSimulator({ lifecycle: false, deployments: [] });
		rig.use({ baseUrl: fresh.url });
		expect(await rig.engine.testCredential()).toEqual({ status: 'OK' });
		expect(fresh.requests).toHaveLength(1);
	});

	it.each<[string, RegExp, () => unknown]>([
		[
			'a key that is not accepted',
			/didn't accept this API key and secret.*app\.videosdk\.live\/api-keys/,
			() => rig.use({ secretKey: 'another-secret' }),
		],
		[
			'a project without Agent Cloud',
			/doesn't let this key list/,
			() => rig.simulator.addFault({ kind: 'status', status: 403 }),
		],
		...noApi(
			{ kind: 'notJson', body: '<html>Log in</html>' },
			{ kind: 'empty' },
			{ kind: 'status', status: 404 },
			...[{ message: 'ok' }, {}, [], { data: { id: 'ddv_1' } }, { data: 'ok' }].map((body): Fault => ({
				kind: 'noData',
				body,
			})),
		),
		['a blank API Key', /'API Key'/, () => rig.use({ apiKey: ' ' })],
		['no Secret Key', /'Secret Key'/, () => rig.use({ secretKey: '' })],
		['no URL', /'Base URL'/, () => rig.use({ baseUrl: 'example' })],
	])('has a sentence for %s', async (_what, message, spoil) => {
		spoil();
		const text = expect.stringMatching(message) as string;
		expect(await rig.engine.testCredential()).toEqual({ status: 'Error', message: text });
	});
});

describe.each([
	['', false],
	[' (former request options)', true],
])('In the HTTP Request node%s the credential', (_which, legacy) => {
	/** A request as that node makes it with this credential. */
	const requestTo = async (url: string, more: object = {}) => {
		const options = { ...(legacy ? { uri: url } : { url }), method: 'GET', ...more };
		return await rig.run({ options, legacy } as INodeParameters, { nodeType: STAND_INS.request });
	};

	it('signs requests to the API, and follows no redirect', async () => {
		const url = `${rig.simulator.url}${DEPLOYMENTS}?page=1`;
		const headers = { Authorization: 'Bearer of-the-caller' };
		expect(jsonOf(await requestTo(url, { headers }))[0]?.answer).toContain('ddv_support');
		expect(rig.request.claims).toBeDefined();
		const other = await rig.addSimulator();
		rig.simulator.addFault({ kind: 'redirect', status: 302, location: `${other.url}${DEPLOYMENTS}` });
		await requestTo(url, legacy ? { followRedirect: true, followAllRedirects: true } : {});
		expect(rig.requests).toHaveLength(2);
		expect(other.requests).toHaveLength(0);
	});

	it('signs no request to another host', async () => {
		const other = await rig.addSimulator();
		const result = await requestTo(`${other.url}${DEPLOYMENTS}`);
		expect(failureOf(result).message).toContain('only works for requests to');
		expectNoSecrets(rig, result.error, result.thrown);
		expect([...other.requests, ...rig.requests]).toEqual([]);
	});
});
