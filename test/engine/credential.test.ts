import type { INodeParameters } from 'n8n-workflow';
import { STAND_INS } from './nodeTypes';
import { DEPLOYMENTS, expectNoSecrets, failureOf, jsonOf, SESSIONS, startParameters, useRig } from './rig';

const rig = useRig();

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

	it('are never sent', async () => {
		await rig.engine.run({ parameters: startParameters() });
		expect(JSON.stringify(rig.simulator.requests)).not.toContain(rig.simulator.secret);
	});
});

describe('Base URL', () => {
	it('is the public API if it is empty', () => {
		const field = rig.engine.credentialType().properties.find(({ name }) => name === 'baseUrl');
		expect(field?.default).toBe('https://api.videosdk.live');
	});

	it.each(['/', '//', ' ', '/ '])('may end with %j', async (end) => {
		rig.engine.setCredentials(rig.credentials({ baseUrl: rig.simulator.url + end }));
		expect(jsonOf(await rig.engine.run({ parameters: startParameters() }))).toHaveLength(1);
		expect(rig.request.rawPath).toBe(`${SESSIONS}/start`);
	});

	it.each(['/proxy', '/proxy/', '/a%20b/c'])('may have a path, which is kept: %s', async (path) => {
		rig.engine.setCredentials(rig.credentials({ baseUrl: rig.simulator.url + path }));
		failureOf(await rig.engine.run({ parameters: startParameters() }));
		expect(rig.request.rawPath).toBe(`${path.replace(/\/$/, '')}${SESSIONS}/start`);
	});
});

describe('The credential test', () => {
	it('is one signed GET of the deployments', async () => {
		expect(await rig.engine.testCredential()).toEqual({ status: 'OK' });
		const { method, rawPath, claims } = rig.request;
		expect({ method, rawPath }).toEqual({ method: 'GET', rawPath: `${DEPLOYMENTS}?page=1&perPage=1` });
		expect(claims).toBeDefined();
	});

	it.each(['/', ''])('goes below the Base URL, which may have a path and end with %j', async (end) => {
		rig.engine.setCredentials(rig.credentials({ baseUrl: `${rig.simulator.url}/proxy${end}` }));
		await rig.engine.testCredential();
		expect(rig.request.path).toBe(`/proxy${DEPLOYMENTS}`);
	});

	it('has a sentence for a key that is not accepted', async () => {
		rig.engine.setCredentials(rig.credentials({ secretKey: 'another-secret' }));
		expect(await rig.engine.testCredential()).toEqual({
			status: 'Error',
			message: expect.stringMatching(/did not accept this API key and secret.*app\.videosdk\.live\/api-keys/),
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
			message: expect.stringMatching(/may not use Agent Cloud/),
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
		expect(message).toContain(`"${field}"`);
		expect(rig.simulator.requests).toHaveLength(0);
	});

	it('is not led to another host by a redirect', async () => {
		const other = await rig.addSimulator();
		rig.simulator.addFault({ kind: 'redirect', location: `${other.url}${DEPLOYMENTS}` });
		expect((await rig.engine.testCredential()).status).toBe('Error');
		expect(other.requests).toHaveLength(0);
	});
});

describe('In the HTTP Request node the credential', () => {
	it.each([false, true])('signs requests to the API (former request options: %s)', async (legacy) => {
		const url = `${rig.simulator.url}${DEPLOYMENTS}?page=1`;
		const result = await request(legacy ? { uri: url, method: 'GET' } : { url, method: 'GET' }, legacy);
		expect(jsonOf(result)[0]?.answer).toContain('ddv_support');
		expect(rig.request.claims).toBeDefined();
	});

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
			expect(failureOf(result).message).toMatch(/signs requests to .* only|is not a URL/);
			expectNoSecrets(rig, result.error, result.thrown);
		}
		expect(other.requests).toHaveLength(0);
		expect(rig.requests).toHaveLength(0);
	});

	it('signs no request whose baseURL is another host', async () => {
		const other = await rig.addSimulator();
		const result = await request({ url: DEPLOYMENTS, baseURL: other.url });
		expect(failureOf(result).message).toMatch(/signs requests to .* only/);
		expect(other.requests).toHaveLength(0);
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
