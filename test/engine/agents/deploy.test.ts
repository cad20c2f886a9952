/** Agent: Deploy: from nothing to an agent that runs, and what is told if it doesn't come to that. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyToken } from '@videosdk.live/server-sdk';
import type { IDataObject } from 'n8n-workflow';
import { expectNoSecrets, onEachRun, parametersOf, retryOnFail, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });

const CLOUD = '/ai/v1/cloud';
const DAY_MS = 86_400_000;
const deploy = (more: IDataObject = {}) =>
	parametersOf('agent', 'deploy', { agentName: 'Café agent', ...more });
const variables = (values: Record<string, string>) => ({
	env: { variables: Object.entries(values).map(([name, value]) => ({ name, value })) },
});
const sent = () => rig.requests.map(({ method, path }) => `${method} ${path.replace(CLOUD, '')}`);
const changes = () => rig.requests.filter(({ method }) => method !== 'GET');
const bodyOf = (path: string) =>
	rig.requests.find((one) => one.path === path && one.method !== 'GET')?.body as IDataObject;
const agents = () =>
	[...rig.simulator.cloud.deployments.values()].filter(({ name }) => name === 'Café agent');
const secrets = () => [...rig.simulator.cloud.secrets.values()];

it("Deploy sends the requests of VideoSDK's CLI, in its order, and puts out the agent and its deployment", async () => {
	const options = {
		...variables({ CITY: 'Köln' }),
		region: 'eu001',
		minReplicas: 1,
		maxReplicas: 3,
		profile: 'cpu-medium',
		tokenValidFor: 30,
		webhookUrl: 'https://n8n.example.com/webhook/a/webhook',
	};
	const before = Date.now();
	const [output] = await rig.json(deploy({ options }));
	const [agent] = agents();
	const { agentId, id: deploymentId } = agent!;
	const [build] = rig.simulator.cloud.builds.values();
	const { buildId, image } = build!;
	expect(sent()).toEqual([
		'GET /deployments',
		'POST /deployments',
		'POST /builds',
		`PUT /uploads/${buildId}`,
		`POST /builds/${buildId}/start`,
		`GET /builds/${buildId}`,
		'POST /secrets',
		`PUT /deployments/${deploymentId}/update`,
		'POST /versions',
	]);
	expect(bodyOf(`${CLOUD}/deployments`)).toEqual({ name: 'Café agent' });
	expect(bodyOf(`${CLOUD}/builds`)).toEqual({ deploymentId, region: 'eu001' });
	const version = bodyOf(`${CLOUD}/versions`);
	const endsMs = Date.parse(String(output?.tokenExpiresAt));
	const day = new Date(endsMs).toISOString().slice(0, 10).replaceAll('-', '');
	const { version: ofPackage } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
	expect(version).toEqual({
		agentId,
		deploymentId,
		region: 'eu001',
		minReplica: 1,
		maxReplica: 3,
		profile: 'cpu-medium',
		image: { imageType: 'public', imageCR: 'registry.videosdk.example', imageUrl: image },
		versionTag: expect.stringMatching(new RegExp(`^n8n-${ofPackage}-${day}-[0-9a-f]{8}$`)) as string,
		envSecret: secrets()[0]?.id,
		webhook: {
			endPoint: 'https://n8n.example.com/webhook/a/webhook',
			events: ['agent-session-started', 'agent-session-stopped', 'agent-session-failed'],
		},
	});
	const versionId = rig.simulator.cloud.versions.at(-1)?.id;
	expect(output).toEqual({
		agentId,
		deploymentId,
		versionId,
		image,
		tokenExpiresAt: expect.any(String) as string,
		buildSeconds: expect.any(Number) as number,
	});
	// Thirty days, and the seconds that the build took.
	expect(Math.abs(endsMs - before - 30 * DAY_MS)).toBeLessThan(60_000);
	const [{ name, keys }] = secrets() as unknown as [{ name: string; keys: Record<string, string> }];
	expect(name).toMatch(/^n8n-caf-agent-[0-9a-f]{8}$/);
	const { VIDEOSDK_AUTH_TOKEN: token, ...others } = keys;
	expect(others).toEqual({ CITY: 'Köln', N8N_AGENT_ID: agentId });
	const { iat, exp, ...claims } = verifyToken(String(token), rig.simulator.secret) as unknown as Record<
		string,
		number
	>;
	expect(claims).toEqual({ apikey: rig.simulator.apiKey, permissions: ['allow_join'], version: 2 });
	expect([exp! * 1_000, iat! * 1_000 < Date.now()]).toEqual([endsMs, true]);
	expect(rig.simulator.cloud.absence(agentId)).toBeUndefined();
	expectNoSecrets(rig, output);
});

it("Deploy uploads the files of the agent's folder, owned by root, and no others", async () => {
	await rig.json(deploy());
	const upload = rig.requests.find(({ path }) => path.startsWith('/uploads/'))!;
	expect(upload.headers.authorization).toBeUndefined();
	const folder = mkdtempSync(join(tmpdir(), 'agent-'));
	try {
		writeFileSync(join(folder, 'agent.tar.gz'), upload.rawBody);
		const listed = execFileSync('tar', ['-tvzf', 'agent.tar.gz', '--numeric-owner'], {
			cwd: folder,
			encoding: 'utf8',
		});
		const lines = listed.trimEnd().split('\n');
		for (const line of lines) expect(line).toMatch(/^-rw-r--r-- .*0[ /]+0 .*19(70|69)/);
		const names = lines.map((line) => line.split(/\s+/).at(-1));
		expect(names).toEqual([...names].sort());
		execFileSync('tar', ['-xzf', 'agent.tar.gz'], { cwd: folder });
		const own = readdirSync('agent').filter((name) => /^(Dockerfile|requirements\.txt|.*\.py)$/.test(name));
		expect(names).toEqual(own.sort());
		for (const name of own)
			expect(readFileSync(join(folder, name), 'utf8')).toBe(readFileSync(join('agent', name), 'utf8'));
	} finally {
		rmSync(folder, { recursive: true });
	}
});

it.each([
	[
		'on a private host',
		'http://127.0.0.1/uploads',
		'leads to a private host (127.0.0.1), but only the public internet is allowed',
	],
	[
		"of the host's cloud",
		'https://169.254.169.254/latest',
		'leads to a private host (169.254.169.254), but only the public internet is allowed',
	],
	[
		'without encryption',
		'http://uploads.example.com/a',
		'uses plain http (uploads.example.com), but only https addresses are allowed',
	],
	[
		'of another kind',
		'ftp://uploads.example.com/a',
		'starts with ftp:, but only https addresses are allowed',
	],
	['with a password', 'https://u:p@uploads.example.com/a', 'contains a user name or password'],
	['that is none', '/uploads/a', "isn't a web address"],
])('Deploy uploads nothing to an address %s', async (_what, uploadUrl, reason) => {
	rig.useAsPublic();
	const body = { buildId: 'bld_01', image: 'registry.example/a:1', uploadUrl };
	rig.simulator.addFault({ kind: 'noData', body, match: { path: /builds$/ } });
	const { message, description } = await rig.failure(deploy());
	// Nothing is said of a download.
	expect(message).toBe(`VideoSDK's upload address ${reason} [item 0]`);
	expect(description).toBe("Nothing was uploaded. If it happens again, ask VideoSDK's support.");
	expect(sent().at(-1)).toBe('POST /builds');
});

it('Deploy uploads nothing where the address leads on', async () => {
	let isAsked = false;
	const location = await rig.serve((_request, response) => {
		isAsked = true;
		response.end();
	});
	rig.simulator.addFault({ kind: 'redirect', location, match: { method: 'PUT', path: /uploads/ } });
	const { message } = await rig.failure(deploy());
	expect(message).toContain("didn't take the upload (status 307)");
	expect(isAsked).toBe(false);
});

it.each([
	['(Support) Team!', 'support-team'],
	['受付', 'agent'],
])(
	"Deploy names the secret of the agent '%s' n8n-%s, in the letters of a name at VideoSDK",
	async (...given) => {
		const [agentName, written] = given;
		await rig.json(deploy({ agentName }));
		expect(secrets()).toMatchObject([
			{ name: expect.stringMatching(`^n8n-${written}-[0-9a-f]{8}$`) as string },
		]);
	},
);

it('Deploy gives an agent that it has deployed before a new version, token, and secret, and deletes the old one', async () => {
	const [first] = await rig.json(deploy());
	const [old] = secrets();
	rig.simulator.requests.length = 0;
	const [second] = await rig.json(deploy());
	expect(second).toMatchObject({ agentId: first?.agentId, deploymentId: first?.deploymentId });
	expect(second?.versionId).not.toBe(first?.versionId);
	expect(sent()).not.toContain('POST /deployments');
	expect(agents()).toHaveLength(1);
	expect(secrets()).toMatchObject([{ id: agents()[0]?.envSecret }]);
	expect(secrets()[0]?.id).not.toBe(old?.id);
});

it('Deploy deletes no secret that a user has given the agent since', async () => {
	await rig.json(deploy());
	const own = { id: 'sec_own', name: 'our-keys', keys: {} };
	rig.simulator.cloud.secrets.set(own.id, own);
	agents()[0]!.envSecret = own.id;
	await rig.json(deploy());
	expect(secrets()).toContain(own);
});

it.each(['deployments/.*/update', 'versions'])(
	'Deploy deletes the new secret if %s is refused, and the agent keeps its old one',
	async (path) => {
		const refuse = () => {
			const match = { path: new RegExp(`${path}$`) };
			rig.simulator.addFault({ kind: 'status', status: 400, match });
		};
		refuse();
		await rig.failure(deploy());
		expect(secrets()).toEqual([]);
		const [output] = await rig.json(deploy());
		const [old] = secrets();
		refuse();
		await rig.failure(deploy());
		expect(secrets()).toEqual([old]);
		expect(agents()).toMatchObject([{ agentId: output?.agentId, envSecret: old?.id }]);
	},
);

it('Deploy keeps the new secret if there may be a version that needs it', async () => {
	rig.simulator.addFault({ kind: 'reset', match: { method: 'POST', path: /versions$/ } });
	await rig.failure(deploy());
	expect(rig.simulator.cloud.absence(agents()[0]!.agentId)).toBeUndefined();
});

it('Deploy goes on with an agent whose first build failed', async () => {
	rig.simulator.setBuilds({ failureReason: 'out of memory' });
	await rig.failure(deploy());
	const [{ agentId }] = agents() as unknown as [{ agentId: string }];
	rig.simulator.setBuilds({ failureReason: undefined });
	expect(await rig.json(deploy())).toMatchObject([{ agentId }]);
	expect(agents()).toHaveLength(1);
});

it.each<[string, IDataObject, RegExp]>([
	['an agent of others', { agentName: 'Cloud agent 02' }, /'Cloud agent 02' wasn't deployed by n8n/],
	['two agents of the name', { agentName: 'Cloud agent 01' }, /more than one agent named 'Cloud agent 01'/],
	['too few replicas', { options: { minReplicas: 3 } }, /'Min Replicas' is larger than 'Max Replicas'/],
	[
		'its own variable',
		{ options: variables({ VIDEOSDK_AUTH_TOKEN: 'x' }) },
		/contains 'VIDEOSDK_AUTH_TOKEN'/,
	],
	['the name of its ID', { options: variables({ N8N_AGENT_ID: 'x' }) }, /contains 'N8N_AGENT_ID'/],
	["n8n's own name", { options: variables({ N8N_AGENT: 'x' }) }, /contains 'N8N_AGENT'/],
	[
		'no events',
		{ options: { webhookUrl: 'https://n8n.example.com/a', webhookEvents: [] } },
		/'Webhook Events' is empty/,
	],
])('Deploy refuses %s before anything is changed', async (_what, fields, message) => {
	expect((await rig.failure(deploy(fields))).message).toMatch(message);
	expect(changes()).toEqual([]);
});

it('Deploy compares names exactly', async () => {
	await rig.json(deploy({ agentName: 'Cloud agent' }));
	expect(sent()).toContain('POST /deployments');
});

it('Deploy deploys no name twice in one run', async () => {
	const { message } = await rig.failure(deploy(), { items: [{}, {}] });
	expect(message).toBe("'Name' is the same in items 0 and 1: Café agent [item 1]");
	expect(rig.requests).toEqual([]);
	await rig.json(deploy({ agentName: '=Agent {{ $itemIndex }}' }), { items: [{}, {}] });
	expect([...rig.simulator.cloud.deployments.values()].map(({ name }) => name).slice(-2)).toEqual([
		'Agent 0',
		'Agent 1',
	]);
});

it('Deploy tells why a build failed, with the end of its log and without what is secret', async () => {
	const secretValue = 'very-secret-value';
	const log = [...Array.from({ length: 40 }, (_, line) => `line ${line}`), `pip got ${secretValue}`];
	rig.simulator.setBuilds({ failureReason: `no ${secretValue} here`, log });
	const { message, description } = await rig.failure(deploy({ options: variables({ KEY: secretValue }) }));
	const [{ buildId }] = [...rig.simulator.cloud.builds.values()] as unknown as [{ buildId: string }];
	expect(message).toBe("VideoSDK couldn't build the agent: no *** here [item 0]");
	expect(description).toContain(buildId);
	const lines = description.split('The end of its log:\n')[1]!.split('\n');
	expect(lines).toHaveLength(20);
	expect(lines.at(-2)).toBe('pip got ***');
	expect(lines).not.toContain('line 20');
	expect(rig.simulator.cloud.versions.some(({ versionTag }) => versionTag?.startsWith('n8n-'))).toBe(false);
	expect(secrets()).toEqual([]);
});

it('Deploy gives up a build after 15 minutes, though it goes on', async () => {
	rig.simulator.setBuilds({ takesMs: null });
	const begunAtMs = Date.now();
	const { message, description } = await rig.failure(deploy(), { node: retryOnFail });
	expect(message).toMatch(/hasn't built the agent within 15 minutes/);
	expect(description).toContain('VideoSDK continues the build. Deploy again later.');
	expect(Date.now() - begunAtMs).toBeLessThan(16 * 60_000);
	expect(sent().filter((one) => one === 'POST /builds')).toHaveLength(1);
});

it('Deploy goes on through minutes in which VideoSDK shows no build', async () => {
	rig.simulator.setBuilds({ takesMs: 60_000 });
	rig.simulator.addFault({ kind: 'status', status: 503, match: { method: 'GET', path: /builds/, times: 7 } });
	expect(await rig.json(deploy())).toMatchObject([{ image: expect.any(String) as string }]);
});

it('Deploy stops when the execution is stopped, and leaves nothing that runs', async () => {
	rig.simulator.setBuilds({ takesMs: null });
	onEachRun((run) => {
		const stop = () => {
			if (sent().some((one) => one.startsWith('GET /builds'))) run.cancel();
			else setTimeout(stop, 100);
		};
		setTimeout(stop, 100);
	});
	await rig.run(deploy());
	expect(rig.simulator.cloud.versions.some(({ versionTag }) => versionTag?.startsWith('n8n-'))).toBe(false);
	expect(sent().filter((one) => one.startsWith('GET /builds')).length).toBeLessThan(5);
});

it('Deploy shows in a dry run what it would send, with no value of a variable, and changes nothing', async () => {
	const options = { dryRun: true, ...variables({ KEY: 'very-secret-value' }) };
	const hidden = { KEY: '***', VIDEOSDK_AUTH_TOKEN: '***', N8N_AGENT_ID: '***' };
	const body = { name: 'Café agent', envSecret: hidden };
	const request = { method: 'POST', path: `${CLOUD}/deployments`, body };
	expect(await rig.json(deploy({ options }))).toEqual([{ dryRun: true, request }]);
	expect(changes()).toEqual([]);
	await rig.json(deploy());
	rig.simulator.requests.length = 0;
	expect(await rig.json(deploy({ options }))).toMatchObject([
		{ dryRun: true, request: { body: { keys: hidden } } },
	]);
	expect(changes()).toEqual([]);
});
