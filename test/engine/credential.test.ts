import { setTimeout } from 'node:timers/promises';
import { decode, verify } from 'jsonwebtoken';
import type { INodeParameters } from 'n8n-workflow';
import type { Fault } from '../simulator';
import { STAND_INS } from './nodeTypes';
import {
	DEPLOYMENTS,
	expectNoSecrets,
	failureOf,
	jsonOf,
	passTime,
	SESSIONS,
	startParameters,
	useRig,
} from './rig';

const rig = useRig();

/** A time that does not keep the test file from ending. */
const pause = async (ms: number) => await setTimeout(ms, undefined, { ref: false });

/** A request as n8n's HTTP Request node makes it with this credential. */
async function request(options: object, legacy = false) {
	const parameters = { options, legacy } as INodeParameters;
	return await rig.engine.run({ nodeType: STAND_INS.request, parameters });
}

describe('The keys', () => {
	it('count without the white space that was pasted around them', async () => {
		const { apiKey, secret } = rig.simulator;
		rig.engine.setCredentials(rig.credentials({ apiKey: ` ${apiKey}\n`, secretKey: `\t${secret} \r\n` }));
		expect(jsonOf(await rig.engine.run({ parameters: startParameters() }))).toHaveLength(1);
	});

	it('count from the next request when they are changed', async () => {
		rig.engine.setCredentials(rig.credentials({ secretKey: 'wrong' }));
		failureOf(await rig.engine.run({ parameters: startParameters() }));
		rig.engine.setCredentials(rig.credentials());
		expect(jsonOf(await rig.engine.run({ parameters: startParameters() }))).toHaveLength(1);
	});

	it.each<[string, INodeParameters]>([
		['Start', startParameters({ metaData: { entries: [{ key: 'tenant', value: '={{ $json.tenant }}' }] } })],
		['Get', { resource: 'session', operation: 'get', sessionId: '={{ $json.tenant }}' }],
		['Get Many', { resource: 'session', operation: 'getAll' }],
	])('are those of the item if they are expressions: %s', async (_operation, parameters) => {
		const tenants = ['ada', 'ada', 'grace', 'edsger'];
		rig.engine.setCredentials(
			rig.credentials({ apiKey: '={{ $json.tenant }}', secretKey: '={{ $json.tenant }}-secret' }),
		);
		// Good for each of the operations; the simulator itself knows one tenant only.
		const body = { sessionId: 's', data: [], pageInfo: { total: 0 } };
		rig.simulator.addFault({ kind: 'noData', body, match: { times: tenants.length } });
		const items = tenants.map((tenant) => ({ tenant }));
		const { error } = await rig.engine.run({ items, parameters });
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

	it('are read again by an execution that lasts', async () => {
		const sessionId = await rig.existingSession();
		const other = await rig.addSimulator({ lifecycle: false, secret: 'the-secret-of-another-project' });
		other.addFault({ kind: 'noData', body: { sessionId, status: 'completed' } });
		const running = rig.engine.run({
			parameters: { resource: 'session', operation: 'waitForStatus', sessionId },
		});
		while (rig.requests.length === 0) await pause(5);
		rig.engine.setCredentials(rig.credentials({ baseUrl: other.url, secretKey: other.secret }));
		passTime(61_000);
		await Promise.race([running, pause(4_000)]);
		// Lets the execution end even if it goes on with the former credential.
		await rig.simulator.emit(sessionId, 'stopped');
		expect(jsonOf(await running)).toMatchObject([{ sessionId, status: 'completed' }]);
		expect(other.requests).toHaveLength(1);
	});

	it('are read once for all items if they are no expressions', async () => {
		const items = Array.from({ length: 20 }, () => ({}));
		expect(jsonOf(await rig.engine.run({ items, parameters: startParameters() }))).toHaveLength(20);
		// As an item has them, and as they are stored.
		expect(rig.engine.credentialsHelper.reads).toBe(2);
	});

	it('are read for each item if n8n does not tell how they are stored', async () => {
		const { credentialsHelper } = rig.engine;
		const read = credentialsHelper.getDecrypted.bind(credentialsHelper);
		jest.spyOn(credentialsHelper, 'getDecrypted').mockImplementation(async (...args) => {
			if (args[5]) throw new Error('Not known');
			return await read(...args);
		});
		const items = [{}, {}, {}];
		expect(jsonOf(await rig.engine.run({ items, parameters: startParameters() }))).toHaveLength(3);
		expect(credentialsHelper.reads).toBe(3);
	});

	it('are read again for the next item if n8n could not read them', async () => {
		const away = new Error('The database is away');
		// Once for all items, and once for the first.
		jest
			.spyOn(rig.engine.credentialsHelper, 'getDecrypted')
			.mockRejectedValueOnce(away)
			.mockRejectedValueOnce(away);
		const { output } = await rig.engine.run({
			items: [{}, {}],
			parameters: startParameters({ options: { maxConcurrency: 1 } }),
			onError: 'continueRegularOutput',
		});
		expect(output[0]?.map(({ json }) => json)).toEqual([
			{ error: expect.stringContaining('The database is away') },
			expect.objectContaining({ status: 'queued' }),
		]);
	});

	it('are never sent', async () => {
		await rig.engine.run({ parameters: startParameters() });
		expect(JSON.stringify(rig.simulator.requests)).not.toContain(rig.simulator.secret);
	});
});

describe('Base URL', () => {
	it('may end with slashes and white space', async () => {
		rig.engine.setCredentials(rig.credentials({ baseUrl: `${rig.simulator.url}// ` }));
		expect(jsonOf(await rig.engine.run({ parameters: startParameters() }))).toHaveLength(1);
		expect(rig.request.rawPath).toBe(`${SESSIONS}/start`);
	});

	it('may have a path, which is kept', async () => {
		rig.engine.setCredentials(rig.credentials({ baseUrl: `${rig.simulator.url}/a%20b/c/` }));
		failureOf(await rig.engine.run({ parameters: startParameters() }));
		expect(rig.request.rawPath).toBe(`/a%20b/c${SESSIONS}/start`);
	});
});

describe('The credential test', () => {
	it('is one signed GET of the deployments', async () => {
		expect(await rig.engine.testCredential()).toEqual({ status: 'OK' });
		const { method, rawPath, claims } = rig.request;
		expect({ method, rawPath }).toEqual({ method: 'GET', rawPath: `${DEPLOYMENTS}?page=1&perPage=1` });
		expect(claims).toBeDefined();
	});

	it('has a sentence for a key that is not accepted', async () => {
		rig.engine.setCredentials(rig.credentials({ secretKey: 'another-secret' }));
		expect(await rig.engine.testCredential()).toEqual({
			status: 'Error',
			message: expect.stringMatching(/didn't accept this API key and secret.*app\.videosdk\.live\/api-keys/),
		});
	});

	it('has a sentence for a project that may not use Agent Cloud', async () => {
		rig.simulator.addFault({
			kind: 'status',
			status: 403,
			body: { message: 'Please Enable AI Worker Services' },
		});
		expect(await rig.engine.testCredential()).toEqual({
			status: 'Error',
			message: expect.stringMatching(/isn't allowed to use Agent Cloud/),
		});
	});

	it.each<[string, Fault]>([
		['a page', { kind: 'notJson', body: '<html>Log in</html>' }],
		['nothing', { kind: 'empty' }],
		['another JSON', { kind: 'noData', body: { message: 'ok' } }],
		['an empty object', { kind: 'noData', body: {} }],
		['a bare list', { kind: 'noData', body: [] }],
		['data that is no list', { kind: 'noData', body: { data: { id: 'ddv_1' } } }],
		['data that is a text', { kind: 'noData', body: { data: 'ok' } }],
	])('has a sentence for an address that is not the API, but answers with %s', async (_what, fault) => {
		rig.simulator.addFault(fault);
		expect(await rig.engine.testCredential()).toEqual({
			status: 'Error',
			message: expect.stringMatching(/'Base URL'.*VideoSDK API/),
		});
	});

	it.each([
		['API Key', { apiKey: ' ' }],
		['Secret Key', { secretKey: '' }],
		['Base URL', { baseUrl: 'example' }],
	])('names a bad %s', async (field, more) => {
		rig.engine.setCredentials(rig.credentials(more));
		const { status, message } = await rig.engine.testCredential();
		expect(status).toBe('Error');
		expect(message).toContain(`'${field}'`);
		expect(rig.simulator.requests).toHaveLength(0);
	});

	it('passes for an account that has no deployments yet', async () => {
		const fresh = await rig.addSimulator({ lifecycle: false, deployments: [] });
		rig.engine.setCredentials(rig.credentials({ baseUrl: fresh.url }));
		expect(await rig.engine.testCredential()).toEqual({ status: 'OK' });
		expect(fresh.requests).toHaveLength(1);
	});

	it('is not led to another host by a redirect', async () => {
		const other = await rig.addSimulator();
		rig.simulator.addFault({ kind: 'redirect', location: `${other.url}${DEPLOYMENTS}` });
		expect((await rig.engine.testCredential()).status).toBe('Error');
		expect(other.requests).toHaveLength(0);
	});
});

describe('In the HTTP Request node the credential', () => {
	it.each([false, true])(
		'only works for requests to the API (former request options: %s)',
		async (legacy) => {
			const url = `${rig.simulator.url}${DEPLOYMENTS}?page=1`;
			const result = await request(legacy ? { uri: url, method: 'GET' } : { url, method: 'GET' }, legacy);
			expect(jsonOf(result)[0]?.answer).toContain('ddv_support');
			expect(rig.request.claims).toBeDefined();
		},
	);

	it.each([false, true])('signs no request to another host (former request options: %s)', async (legacy) => {
		const other = await rig.addSimulator();
		const base = new URL(rig.simulator.url);
		for (const url of [
			`${other.url}${DEPLOYMENTS}`,
			`//127.0.0.1:${other.port}${DEPLOYMENTS}`,
			`http://${base.host}@127.0.0.1:${other.port}/`,
			`http://${base.hostname}.example.com:${base.port}/`,
			`https://${base.host}/`,
		]) {
			const result = await request(legacy ? { uri: url } : { url }, legacy);
			expect(failureOf(result).message).toMatch(/only works for requests to|isn't a valid URL/);
			expectNoSecrets(rig, result.error, result.thrown);
		}
		expect(other.requests).toHaveLength(0);
		expect(rig.requests).toHaveLength(0);
	});

	it.each([false, true])('follows no redirect (former request options: %s)', async (legacy) => {
		const other = await rig.addSimulator();
		rig.simulator.addFault({ kind: 'redirect', status: 302, location: `${other.url}${DEPLOYMENTS}` });
		const url = `${rig.simulator.url}${DEPLOYMENTS}`;
		await request(legacy ? { uri: url, followRedirect: true, followAllRedirects: true } : { url }, legacy);
		expect(rig.requests).toHaveLength(1);
		expect(other.requests).toHaveLength(0);
	});
});

it('A node without the credential is refused by n8n', async () => {
	const parameters = startParameters();
	const outcome = await rig.engine.run({ parameters, node: { credentials: undefined } }).then(
		({ error }) => error,
		(error: unknown) => error,
	);
	expect(outcome).toBeDefined();
	expect(rig.simulator.requests).toHaveLength(0);
});
