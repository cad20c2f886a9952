/** Session: Check Setup in a real n8n: each check passes and fails there, and nothing is started or left behind. */
import { randomUUID } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { outputOf } from '../n8n/rest';
import { PROBLEMS } from '../../nodes/VideoSdkAgentCloud/actions/session/setupTexts';
import { n8nOptions, VERSIONS } from './deliveries';
import type { Setup } from './setup';
import { chain, CREDENTIAL_TYPE, n8nNode, ourNode, setUp } from './setup';

type Finding = { check: string; ok: boolean; message: string; fix: string };

/** Passes requests on to the simulator, and tells another time in its answers. */
async function startSlowClock(target: string, behindMs: number): Promise<{ server: Server; url: string }> {
	const server = createServer((incoming, outgoing) => {
		const { method, headers } = incoming;
		const onward = request(new URL(incoming.url ?? '/', target), { method, headers }, (answer) => {
			const date = new Date(Date.now() - behindMs).toUTCString();
			outgoing.writeHead(answer.statusCode ?? 500, { ...answer.headers, date });
			answer.pipe(outgoing);
		});
		onward.on('error', () => outgoing.destroy());
		incoming.pipe(onward);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe.each(VERSIONS)('n8n %s', (version) => {
	let setup: Setup;
	let triggerUrl: string;
	let openUrl: string;
	let triggerId: string;
	const others: string[] = [];

	/** Publishes a workflow with one webhook, and yields its URL and ID. */
	async function publish(name: string, node: ReturnType<typeof n8nNode>, path: string) {
		const { id } = await setup.n8n.rest.createWorkflow(chain(name, [node]));
		await setup.n8n.rest.activate(id);
		return { id, url: `${setup.n8n.url}/webhook/${path}` };
	}

	async function publishTrigger(parameters: object) {
		const webhookId = randomUUID();
		const node = ourNode(setup, 'Trigger', 'videoSdkAgentCloudTrigger', parameters, { webhookId });
		const published = await publish('Trigger', node, `${webhookId}/webhook`);
		await setup.n8n.rest.waitForWebhook(published.url);
		return published;
	}

	/** Runs Check Setup, with a credential of its own if one is given. */
	async function check(fields: object, credential?: object): Promise<Record<string, Finding>> {
		let credentials = {};
		if (credential) {
			const { apiKey, secret, url } = setup.simulator;
			const { id } = await setup.n8n.rest.createCredential({
				name: 'Broken',
				type: CREDENTIAL_TYPE,
				data: { apiKey, secretKey: secret, baseUrl: url, webhookPublicKey: '', ...credential },
			});
			credentials = { credentials: { [CREDENTIAL_TYPE]: { id, name: 'Broken' } } };
		}
		const parameters = { resource: 'session', operation: 'checkSetup', ...fields };
		const node = ourNode(setup, 'Check', 'videoSdkAgentCloud', parameters, credentials);
		const { id } = await setup.n8n.rest.createWorkflow(
			chain('Check', [n8nNode('Manual', 'manualTrigger'), node]),
		);
		const execution = await setup.n8n.rest.runWorkflow(id);
		expect(execution.data.resultData.error).toBeUndefined();
		const findings = outputOf(execution, 'Check') as unknown as Finding[];
		return Object.fromEntries(findings.map((finding) => [finding.check, finding]));
	}

	/** A finding in the words of the table, whatever is filled in. */
	const as = (name: keyof typeof PROBLEMS) => {
		const { check: checked, message, fix } = PROBLEMS[name];
		const pattern = (text: string) =>
			expect.stringMatching(
				new RegExp(`^${text.replace(/[.*+?^$()[\]\\|]/g, '\\$&').replace(/\{\w+\}/g, '.+')}$`),
			) as string;
		return { check: checked, ok: false, message: pattern(message), fix: pattern(fix) };
	};

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version), simulator: { lifecycle: false } });
		({ id: triggerId, url: triggerUrl } = await publishTrigger({}));
		const open = await publishTrigger({ verifySignature: false });
		openUrl = open.url;
		const plain = {
			...n8nNode('Webhook', 'webhook', { httpMethod: 'POST', path: 'plain' }, 2),
			webhookId: randomUUID(),
		};
		others.push(open.id, (await publish('Plain', plain, 'plain')).id);
	});
	afterAll(async () => await setup?.stop());

	it('finds nothing wrong', async () => {
		const findings = await check({ deploymentId: 'ddv_support', tag: 'v1', webhookUrl: triggerUrl });
		expect(Object.values(findings).filter(({ ok, fix }) => !ok || fix !== '')).toEqual([]);
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

	it('finds wrong keys', async () => {
		const findings = await check({ deploymentId: 'ddv_support', tag: 'v1' }, { secretKey: 'wrong' });
		expect(findings.credential).toMatchObject({
			ok: false,
			message: expect.stringContaining('did not accept the API key and secret'),
			fix: expect.stringContaining('https://app.videosdk.live/api-keys'),
		});
		expect(findings.deployment).toEqual(as('deploymentUnknown'));
		expect(findings.tag).toEqual(as('tagUnknown'));
	});

	it('finds an API that cannot be reached, and a trigger at an address that is out of reach', async () => {
		const findings = await check({ webhookUrl: triggerUrl }, { baseUrl: 'https://api.invalid' });
		for (const name of ['credential', 'publicKey']) {
			expect(findings[name]).toMatchObject({
				ok: false,
				message: expect.stringContaining('The host api.invalid cannot be reached'),
				fix: expect.stringContaining("'Base URL'"),
			});
		}
		expect(findings.clock).toEqual(as('clockUnknown'));
		expect(findings.webhookPublic).toEqual(as('addressPrivate'));
	});

	it('finds a wrong clock', async () => {
		const { server, url } = await startSlowClock(setup.simulator.url, 61 * 60_000);
		const { credential, clock } = await check({}, { baseUrl: url });
		server.close();
		expect(credential?.ok).toBe(true);
		expect(clock).toEqual(as('clockWrong'));
		expect(clock?.message).toContain('61 minutes fast');
	});

	it('finds a public key that is wrong, in the credential or at the API', async () => {
		const another = '-----BEGIN RSA PUBLIC KEY-----\nnone\n-----END RSA PUBLIC KEY-----';
		expect((await check({}, { webhookPublicKey: another })).publicKey).toEqual(as('keyUnreadable'));
		const answer = await fetch(`${setup.simulator.url}/v2/public/rsa-public-key`);
		const { publicKey } = (await answer.json()) as { publicKey: string };
		expect((await check({}, { webhookPublicKey: publicKey })).publicKey?.ok).toBe(true);
		setup.simulator.rotateKey();
		expect((await check({}, { webhookPublicKey: publicKey })).publicKey).toEqual(as('keyDiffers'));
		setup.simulator.addFault({
			kind: 'noData',
			body: { publicKey: 'none' },
			match: { path: /rsa-public-key/ },
		});
		expect((await check({}, {})).publicKey).toEqual(as('keyUnusable'));
		setup.simulator.clearFaults();
	});

	it('finds a deployment and a tag that do not exist', async () => {
		const none = await check({ deploymentId: 'ddv_none', tag: 'v1' });
		expect([none.deployment, none.tag]).toEqual([as('deploymentMissing'), as('tagUnknown')]);
		expect((await check({ tag: 'v1' })).tag).toEqual(as('tagAlone'));
		expect((await check({ deploymentId: 'ddv_support', tag: 'v0' })).tag).toEqual(as('tagMissing'));
		const untagged = { id: 'ddv_untagged', name: 'Untagged' };
		setup.simulator.addFault({ kind: 'noData', body: { data: [untagged], pageInfo: { total: 1 } } });
		expect((await check({ deploymentId: 'ddv_untagged', tag: 'v1' })).tag).toEqual(as('tagsNone'));
		setup.simulator.clearFaults();
	});

	it.each<[string, () => string, Array<keyof typeof PROBLEMS>]>([
		['a Test URL', () => triggerUrl.replace('/webhook/', '/webhook-test/'), ['urlTest', 'notAsked']],
		[
			'the URL of a waiting execution',
			() => `${setup.n8n.url}/webhook-waiting/1/webhook`,
			['urlWaiting', 'notAsked'],
		],
		[
			"the URL of somebody's workflow, which it does not start",
			() => `${setup.n8n.url}/webhook/plain`,
			['notAsked'],
		],
		[
			'a URL that n8n does not know',
			() => `${setup.n8n.url}/webhook/${randomUUID()}/webhook`,
			['notPublished'],
		],
		['a URL at which something else answers', () => `${setup.simulator.url}/webhook`, ['otherAnswer']],
		['a port at which nothing listens', () => 'http://127.0.0.1:9/webhook/x/webhook', ['unreachable']],
		['a host that does not exist', () => 'https://n8n.invalid/webhook/x/webhook', ['unreachable']],
	])('finds %s', async (_what, url, names) => {
		const { webhookProduction, webhookPublished } = await check({ webhookUrl: url() });
		const found = [webhookProduction, webhookPublished].filter((finding) => finding?.ok === false);
		expect(found).toEqual(names.map(as));
	});

	it('finds a trigger that verifies nothing, and one that is not published any more', async () => {
		expect((await check({ webhookUrl: openUrl })).webhookPublished).toMatchObject({
			ok: true,
			message: expect.stringContaining('accepts events from anyone'),
		});
		await setup.n8n.rest.deactivate(triggerId);
		expect((await check({ webhookUrl: triggerUrl })).webhookPublished).toEqual(as('notPublished'));
	});

	it('started nothing, and left no execution and no delivery behind', async () => {
		expect(setup.simulator.requests.filter(({ method }) => method !== 'GET' && method !== 'POST')).toEqual(
			[],
		);
		// The only POST is the one to /webhook, at which the simulator answered instead of a trigger.
		expect(
			setup.simulator.requests.filter(({ method }) => method === 'POST').map(({ path }) => path),
		).toEqual(['/webhook']);
		expect(setup.simulator.sessions.size).toBe(0);
		expect(setup.simulator.deliveries).toEqual([]);
		for (const workflowId of [triggerId, ...others]) {
			expect(await setup.n8n.rest.listExecutions({ workflowId })).toEqual([]);
		}
	});
});
