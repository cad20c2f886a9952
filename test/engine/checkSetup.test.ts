/** Session: Check Setup. Each check is seen to pass and to fail; nothing is started. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { byId, DEPLOYMENTS, expectNoSecrets, jsonOf, passTime, useRig } from './rig';

const rig = useRig();

/** Answers like a published trigger, or like whatever else may be found at a URL. */
async function serve(
	status: number,
	body: object,
	headers: Record<string, string> = {},
): Promise<{ url: string; asked: () => number; close(): void }> {
	let asked = 0;
	const server = createServer((request, response) => {
		asked++;
		request.resume();
		response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		asked: () => asked,
		close: () => void server.close(),
	};
}

async function check(fields: IDataObject = {}): Promise<Record<string, IDataObject>> {
	const parameters = { resource: 'session', operation: 'checkSetup', ...fields } as INodeParameters;
	const result = await rig.engine.run({ parameters });
	expectNoSecrets(rig, result.run);
	expect(rig.requests.every(({ method }) => method === 'GET')).toBe(true);
	expect(rig.simulator.sessions.size).toBe(0);
	const findings = jsonOf(result);
	for (const { ok, message, fix } of findings) {
		expect(message).not.toBe('');
		expect(fix === '').toBe(ok);
	}
	return Object.fromEntries(findings.map((finding) => [String(finding.check), finding]));
}

const PUBLISHED = { message: 'The header videosdk-signature is missing or wrong' };

it('finds nothing wrong', async () => {
	const trigger = await serve(401, PUBLISHED);
	const findings = await check({
		deploymentId: byId('ddv_support'),
		tag: 'v1',
		webhookUrl: `${trigger.url}/webhook/id/webhook`,
	});
	trigger.close();
	expect(Object.values(findings).filter(({ ok }) => !ok)).toEqual([]);
	expect(Object.keys(findings)).toEqual([
		'credential',
		'clock',
		'publicKey',
		'deployment',
		'tag',
		'webhookPublic',
		'webhookProduction',
		'webhookPublished',
	]);
});

it('checks only what is given', async () => {
	expect(Object.keys(await check())).toEqual(['credential', 'clock', 'publicKey']);
});

it('finds wrong keys, and says that the rest could not be looked up', async () => {
	rig.engine.setCredentials(rig.credentials({ secretKey: 'wrong' }));
	const { credential, deployment } = await check({ deploymentId: 'ddv_support' });
	expect(credential).toMatchObject({
		ok: false,
		message: expect.stringContaining('did not accept the API key'),
	});
	expect(deployment).toMatchObject({ ok: false, fix: expect.stringContaining("'credential'") });
});

it('finds an API that cannot be reached', async () => {
	rig.engine.setCredentials(rig.credentials({ baseUrl: 'http://127.0.0.1:9' }));
	const { credential, publicKey, clock } = await check();
	expect([credential, publicKey, clock].map((finding) => finding?.ok)).toEqual([false, false, false]);
	expect(credential?.message).toContain('cannot be reached');
});

it.each([
	[61_000 + 2_000, 'seconds fast'],
	[-5 * 60_000 - 20_000, '5 minutes slow'],
])('finds a clock that is wrong by %d ms', async (ms, where) => {
	const publicKey = await fetch(`${rig.simulator.url}/v2/public/rsa-public-key`);
	const date = new Date(Date.now() - ms).toUTCString();
	// Rejected or not: the time is told all the same.
	for (const [status, body] of [
		[200, await publicKey.clone().json()],
		[401, { message: 'Token is invalid or expired' }],
	] as Array<[number, object]>) {
		const api = await serve(status, body, { Date: date });
		rig.engine.setCredentials(rig.credentials({ baseUrl: api.url }));
		const { clock } = await check();
		api.close();
		expect(clock).toMatchObject({ ok: false, message: expect.stringContaining(where) });
	}
});

it('finds a key that is not the published one, and one that cannot be read', async () => {
	const answer = await fetch(`${rig.simulator.url}/v2/public/rsa-public-key`);
	const { publicKey } = (await answer.json()) as { publicKey: string };
	rig.simulator.rotateKey();
	rig.engine.setCredentials(rig.credentials({ webhookPublicKey: publicKey }));
	expect((await check()).publicKey).toMatchObject({
		ok: false,
		message: expect.stringContaining('rejected'),
	});
	rig.engine.setCredentials(rig.credentials({ webhookPublicKey: 'no key', apiKey: rig.simulator.apiKey }));
	passTime(61_000);
	expect((await check()).publicKey).toMatchObject({
		ok: false,
		message: expect.stringContaining('cannot be read'),
	});
});

it('finds a deployment and a tag that do not exist', async () => {
	const none = await check({ deploymentId: 'ddv_none', tag: 'v1' });
	expect(none.deployment).toMatchObject({ ok: false, message: expect.stringContaining("'ddv_none'") });
	expect(none.tag).toMatchObject({ ok: false, message: expect.stringContaining('not checked') });
	const { deployment, tag } = await check({ deploymentId: 'ddv_support', tag: 'v0' });
	expect(deployment?.ok).toBe(true);
	expect(tag).toMatchObject({ ok: false, fix: expect.stringContaining('v1') });
	expect(rig.requests.every(({ path }) => path === DEPLOYMENTS)).toBe(true);
});

it('finds an address out of reach, unless the API is as local', async () => {
	const trigger = await serve(401, PUBLISHED);
	const webhookUrl = `${trigger.url}/webhook/id/webhook`;
	expect((await check({ webhookUrl })).webhookPublic?.ok).toBe(true);
	rig.engine.setCredentials(rig.credentials({ baseUrl: 'https://api.invalid' }));
	passTime(61_000);
	const { webhookPublic } = await check({ webhookUrl });
	trigger.close();
	expect(webhookPublic).toMatchObject({ ok: false, fix: expect.stringContaining('N8N_WEBHOOK_URL') });
});

// To post to any other URL could start somebody's workflow.
it.each(['/webhook-test/id/webhook', '/webhook-waiting/7/videosdk', '/webhook/my-own-workflow', '/'])(
	'does not ask %s',
	async (path) => {
		const trigger = await serve(401, PUBLISHED);
		const { webhookProduction, webhookPublished } = await check({ webhookUrl: `${trigger.url}${path}` });
		trigger.close();
		expect(webhookProduction?.ok).toBe(!/webhook-/.test(path));
		expect(webhookPublished?.ok).toBe(false);
		expect(trigger.asked()).toBe(0);
	},
);

it.each<[number, object, RegExp, boolean]>([
	[404, { message: 'The requested webhook is not registered.' }, /not published/, false],
	[404, { message: 'Not found' }, /Something other .*404/, false],
	[200, { message: 'Workflow was started' }, /Something other .*200/, false],
	[401, { message: 'Authorization is required' }, /Something other .*401/, false],
	[400, { message: 'The body is not an event: it names no webhookType' }, /accepts events from anyone/, true],
])('understands what answers %d %j', async (status, body, message, ok) => {
	const trigger = await serve(status, body);
	const { webhookPublished } = await check({ webhookUrl: `${trigger.url}/webhook/id/webhook` });
	trigger.close();
	expect(webhookPublished).toMatchObject({ ok, message: expect.stringMatching(message) });
	expect(trigger.asked()).toBe(1);
});
