/** Agent: Deploy: from nothing to an agent that runs, and what is told if it doesn't come to that. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyToken } from '@videosdk.live/server-sdk';
import type { IDataObject } from 'n8n-workflow';
import type { Fault } from '../../simulator';
import { call } from '../../simulator/testRig';
import { expectNoSecrets, failureOf, jsonOf, onEachRun, parametersOf, retryOnFail, useRig } from '../rig/rig';

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
/** Those that hold a token: without it, a secret only marks an agent as n8n's. */
const tokens = () => secrets().filter(({ keys }) => 'VIDEOSDK_AUTH_TOKEN' in keys);
const versions = () => {
	const { id } = agents()[0]!;
	return rig.simulator.cloud.versions.filter(({ deploymentId }) => deploymentId === id);
};
const active = () =>
	versions()
		.filter((version) => version.active)
		.map(({ id }) => id);
const byAgent = (options: IDataObject = {}) =>
	parametersOf('agent', 'takeDown', { agentId: agents()[0]!.agentId, options });
/** A call with the agent, which goes on until it is ended. */
async function talk(): Promise<string> {
	const agentId = agents()[0]!.agentId;
	const { callId } = rig.simulator.incomingCall({ to: '+15550102001', from: '+15550003001', agentId }, false);
	await rig.simulator.moveCall(callId, 'answered');
	return callId;
}

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
		'POST /secrets',
		'POST /deployments',
		'POST /builds',
		`PUT /uploads/${buildId}`,
		`POST /builds/${buildId}/start`,
		`GET /builds/${buildId}`,
		'POST /secrets',
		`PUT /deployments/${deploymentId}/update`,
		'POST /versions',
		'GET /versions',
		'GET /secrets',
		expect.stringMatching(/^DELETE \/secrets\/name\/n8n-caf-agent-[0-9a-f]{8}$/),
	]);
	expect(bodyOf(`${CLOUD}/deployments`)).toEqual({
		name: 'Café agent',
		envSecret: expect.stringMatching(/^sec_/) as string,
	});
	const version = bodyOf(`${CLOUD}/versions`);
	// No two builds share an image, so that a version can be told by it.
	const dockerfilePath = 'Dockerfile';
	expect(bodyOf(`${CLOUD}/builds`)).toEqual({
		deploymentId,
		region: 'eu001',
		tag: version.versionTag,
		dockerfilePath,
	});
	expect(image).toMatch(new RegExp(`:${String(version.versionTag)}$`));
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
		versionTag: expect.stringMatching(new RegExp(`^n8n-${ofPackage}-${day}-4-[0-9a-f]{8}$`)) as string,
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
		conversationsAtOnce: 12,
		replaced: [],
		stillActive: [],
		next: "Select 'Café agent' in Routing Rule: Set Agent, so that it talks in the calls of that rule.",
	});
	// Thirty days, and the seconds that the build took.
	expect(Math.abs(endsMs - before - 30 * DAY_MS)).toBeLessThan(60_000);
	const [{ name, keys }] = secrets() as unknown as [{ name: string; keys: Record<string, string> }];
	expect(name).toMatch(/^n8n-caf-agent-[0-9a-f]{8}$/);
	const { VIDEOSDK_AUTH_TOKEN: token, ...others } = keys;
	expect(others).toEqual({ CITY: 'Köln', N8N_AGENT_ID: agentId, N8N_AGENT_HOST: '0.0.0.0' });
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
	expect(second).toMatchObject({ replaced: [first?.versionId], stillActive: [] });
	expect(second?.next).toBe("Routing rules that have 'Café agent' use the new version from now on.");
	expect(active()).toEqual([second?.versionId]);
});

it('Deploy leaves a version that talks, with its secret, and the next Deploy takes it down', async () => {
	const [{ versionId: first }] = (await rig.json(deploy())) as [IDataObject];
	const [secret] = secrets();
	const callId = await talk();
	const [{ versionId: second, ...output }] = (await rig.json(deploy())) as [IDataObject];
	expect(output).toMatchObject({ replaced: [], stillActive: [first] });
	expect(output.next).toContain("A former version of 'Café agent' is still active");
	expect(active()).toEqual([first, second]);
	expect(secrets()).toEqual([secret, expect.objectContaining({ id: agents()[0]?.envSecret })]);
	expect(rig.requests.at(-2)).toMatchObject({ method: 'PUT', body: { activate: false, force: false } });

	await rig.simulator.moveCall(callId, 'ended');
	const [{ versionId: third, replaced }] = (await rig.json(deploy())) as [
		IDataObject & { replaced: string[] },
	];
	expect(replaced.sort()).toEqual([first, second].sort());
	expect(active()).toEqual([third]);
	expect(secrets()).toMatchObject([{ id: agents()[0]?.envSecret }]);
});

it('Deploy takes nothing down before the new version is active, even if VideoSDK gives calls to the oldest', async () => {
	rig.simulator.setVersions({ activeAfterMs: 60_000, oldestTalks: true });
	await rig.json(deploy());
	rig.simulator.requests.length = 0;
	const [{ versionId }] = (await rig.json(deploy())) as [IDataObject];
	const sentOf = (path: string) => sent().lastIndexOf(`GET /${path}`);
	const down = sent().findIndex((one) => one.startsWith('PUT /versions/'));
	expect(sent().filter((one) => one === 'GET /versions').length).toBeGreaterThan(10);
	expect(down).toBeGreaterThan(sentOf('versions'));
	const callId = await talk();
	expect(rig.simulator.cloud.talkingIn(callId)?.id).toBe(versionId);
});

it('Deploy takes nothing down, and says so, if the new version is not active within five minutes', async () => {
	const [{ versionId: first }] = (await rig.json(deploy())) as [IDataObject];
	rig.simulator.setVersions({ activeAfterMs: null });
	const begunAtMs = Date.now();
	const [output] = await rig.json(deploy());
	expect(Date.now() - begunAtMs).toBeGreaterThan(4.9 * 60_000);
	expect(Date.now() - begunAtMs).toBeLessThan(6 * 60_000);
	expect(output).toMatchObject({ replaced: [], stillActive: [first] });
	expect(output?.next).toMatch(
		/didn't show the new version of 'Café agent' as active .* no former version was taken down/,
	);
	expect(active()).toEqual([first]);
	expect(tokens()).toHaveLength(2);
});

const others = () =>
	rig.simulator.cloud.versions.filter(({ deploymentId }) => deploymentId.startsWith('cd_'));

it('Deploy and Take Down take down no version of others, even if VideoSDK lists them', async () => {
	rig.simulator.setVersions({ ignoresFilters: true });
	const [{ versionId: first }] = (await rig.json(deploy())) as [IDataObject];
	expect(await rig.json(deploy())).toMatchObject([{ replaced: [first], stillActive: [] }]);
	expect(await rig.json(byAgent())).toMatchObject([{ versions: [expect.any(String)] }]);
	expect(others().every((version) => version.active)).toBe(true);
});

it('Deploy goes on looking if the list of versions fails for minutes', async () => {
	const [{ versionId: first }] = (await rig.json(deploy())) as [IDataObject];
	const match = { path: /versions$/, method: 'GET', times: 12 };
	rig.simulator.addFault({ kind: 'status', status: 503, match });
	expect(await rig.json(deploy())).toMatchObject([{ replaced: [first], stillActive: [] }]);
});

it.each<[string, Fault]>([
	['taking one down fails', { kind: 'status', status: 500, match: { path: /activate$/, times: 99 } }],
	['the list is refused', { kind: 'status', status: 403, match: { path: /versions$/, method: 'GET' } }],
])('Deploy succeeds although %s, and keeps the secret of what runs', async (_what, fault) => {
	await rig.json(deploy());
	rig.simulator.addFault(fault);
	expect(await rig.json(deploy())).toMatchObject([{ versionId: expect.any(String) as string, replaced: [] }]);
	expect([active().length, tokens().length]).toEqual([2, 2]);
});

it('Deploy deletes only secrets whose names have the form that it makes', async () => {
	await rig.json(deploy());
	const [first] = secrets();
	const near = [
		'n8n-agent',
		'n8n-caf-agent-0123456',
		'n8n-caf-agent-0123456g',
		'n8n-other-01234567',
		'n8n-caf-agent-89abcdef',
	];
	for (const name of near) rig.simulator.cloud.secrets.set(name, { id: name, name, keys: {} });
	agents()[0]!.envSecret = 'n8n-agent';
	await rig.json(deploy());
	const names = secrets().map(({ name }) => name);
	expect(names).toEqual(expect.arrayContaining(near));
	expect(names).not.toContain(first?.name);
	expect(names).toHaveLength(near.length + 1);
});

it('What is deployed by the requests that the docs name for the way back talks again', async () => {
	const [{ versionId: first }] = (await rig.json(deploy())) as [IDataObject];
	const [{ versionId: second }] = (await rig.json(deploy())) as [IDataObject];
	const put = async (path: string, body: object) =>
		await call(rig.simulator, 'PUT', `${CLOUD}/versions/${path}`, body);
	await put(String(first), { envSecret: agents()[0]!.envSecret });
	await put(`${String(first)}/activate`, { activate: true });
	await put(`${String(second)}/activate`, { activate: false, force: false });
	expect(rig.simulator.cloud.absence(agents()[0]!.agentId)).toBeUndefined();
	expect(rig.simulator.cloud.talkingIn(await talk())?.id).toBe(first);
});

describe('Take Down', () => {
	it('stops all versions, which then cost nothing, and deletes their secrets', async () => {
		const callId = await (async () => (await rig.json(deploy()), await talk()))();
		await rig.json(deploy());
		await rig.simulator.moveCall(callId, 'ended');
		const ids = active();
		expect(ids).toHaveLength(2);
		const agentId = agents()[0]!.agentId;
		// The latest first.
		expect(await rig.json(byAgent())).toEqual([{ agentId, versions: [...ids].reverse(), stillActive: [] }]);
		expect([active(), secrets()]).toEqual([[], []]);
		expect(rig.simulator.cloud.absence(agentId)).toBe('it has no active version');
		expect(await rig.json(byAgent())).toEqual([
			{ agentId, versions: [], stillActive: [], alreadyOver: true },
		]);
		// Deployed again, it is the same agent.
		expect(await rig.json(deploy())).toMatchObject([{ agentId, replaced: [] }]);
		expect([active().length, secrets().length]).toEqual([1, 1]);
	});

	it('leaves a version that talks, unless it may stop it', async () => {
		await rig.json(deploy());
		const callId = await talk();
		const [id] = active();
		const [output] = await rig.json(byAgent());
		expect(output).toMatchObject({ versions: [], stillActive: [id] });
		expect(output?.next).toMatch(/'Also During Conversations'. .*The version has active sessions/);
		expect([active(), tokens().length]).toEqual([[id], 1]);
		expect(await rig.json(byAgent({ force: true }))).toMatchObject([{ versions: [id], stillActive: [] }]);
		expect(rig.requests.filter(({ method }) => method === 'PUT').at(-1)?.body).toEqual({
			activate: false,
			force: true,
		});
		expect(rig.simulator.calls.get(callId)?.status).toBe('answered');
	});

	it.each<[string, IDataObject, RegExp]>([
		['an agent of others', { agentId: 'agent_02' }, /'Cloud agent 02' wasn't deployed by n8n/],
		['an agent that is not there', { agentId: 'ag_none' }, /VideoSDK has no agent 'ag_none'/],
	])('refuses %s', async (_what, fields, message) => {
		expect((await rig.failure(parametersOf('agent', 'takeDown', fields))).message).toMatch(message);
		expect(changes()).toEqual([]);
	});

	it('fails if VideoSDK does, and goes on when it runs again', async () => {
		await rig.json(deploy());
		const match = { path: /activate$/, times: 99 };
		for (const [status, force] of [
			[500, false],
			[409, true],
		] as const) {
			rig.simulator.addFault({ kind: 'status', status, match });
			expect((await rig.failure(byAgent({ force }))).message).toMatch(new RegExp(`status ${status}`));
			rig.simulator.clearFaults();
		}
		expect(await rig.json(byAgent())).toMatchObject([{ versions: [expect.any(String)] }]);
	});

	it('shows the request in a dry run, and changes nothing', async () => {
		await rig.json(deploy());
		rig.simulator.requests.length = 0;
		const [id = ''] = active();
		const path = `${CLOUD}/versions/${id}/activate`;
		const request = { method: 'PUT', path, body: { activate: false, force: false } };
		expect(await rig.json(byAgent({ dryRun: true }))).toEqual([{ dryRun: true, request }]);
		expect([changes(), active()]).toEqual([[], [id]]);
	});
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
		expect(tokens()).toEqual([]);
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
	expect(secrets()).toMatchObject([{ id: agents()[0]?.envSecret, keys: { N8N_AGENT_ID: agentId } }]);
});

it('Deploy takes over no agent without a version that someone else has made', async () => {
	const made = { id: 'ddv_other', agentId: 'ag_other', name: 'Café agent', status: 'created' };
	rig.simulator.cloud.deployments.set(made.id, made);
	const text = "The agent 'Café agent' wasn't deployed by n8n, so it isn't replaced [item 0]";
	expect((await rig.failure(deploy())).message).toBe(text);
	// A secret with any other name doesn't make it n8n's.
	rig.simulator.cloud.secrets.set('sec_own', { id: 'sec_own', name: 'n8n-keys', keys: {} });
	rig.simulator.cloud.deployments.set(made.id, { ...made, envSecret: 'sec_own' });
	expect((await rig.failure(deploy())).message).toBe(text);
	expect(changes()).toEqual([]);
});

it('Deploy deletes the secret that marks its agent if there is no agent', async () => {
	rig.simulator.addFault({ kind: 'status', status: 402, match: { method: 'POST', path: /deployments$/ } });
	await rig.failure(deploy());
	expect(secrets()).toEqual([]);
});

it('Deploy deploys a name once at a time', async () => {
	const results = await Promise.all([rig.run(deploy()), rig.run(deploy())]);
	const failed = results.filter(({ error }) => error !== undefined);
	expect(failed.map((result) => failureOf(result).message)).toEqual([
		"The agent 'Café agent' is already being deployed [item 0]",
	]);
	expect([agents().length, versions().length]).toEqual([1, 1]);
	// What has failed is over, too.
	rig.simulator.addFault({ kind: 'status', status: 403, match: { method: 'GET', path: /latest$/ } });
	await rig.failure(deploy());
	await rig.failure(deploy({ options: { dryRun: true, region: 'x' }, agentName: 'Cloud agent 02' }));
	expect(await rig.json(deploy())).toHaveLength(1);
});

it('Deploy deploys items that say the same once, and each comes out', async () => {
	const items = Array.from({ length: 8 }, (_, row) => ({ check: row }));
	for (const maxConcurrency of [100, 1]) {
		const outputs = await rig.json(deploy({ options: { maxConcurrency } }), { items });
		expect(outputs).toHaveLength(8);
		expect(new Set(outputs.map(({ versionId }) => versionId)).size).toBe(1);
	}
	expect([agents().length, versions().length]).toEqual([1, 2]);
	// Check Setup before it is the natural chain.
	const checks = await rig.json(parametersOf('account', 'checkSetup'));
	expect(await rig.json(deploy(), { items: checks })).toHaveLength(checks.length);
	expect(versions()).toHaveLength(3);
});

it.each([undefined, 'continueRegularOutput' as const])(
	'Deploy that fails for items that say the same fails once: %s',
	async (onError) => {
		rig.simulator.setBuilds({ failureReason: 'out of memory' });
		const result = await rig.run(deploy(), { items: [{}, {}, {}], onError });
		expect(rig.simulator.cloud.builds.size).toBe(1);
		const text = "VideoSDK couldn't build the agent: out of memory";
		if (onError === undefined) expect(failureOf(result).message).toBe(`${text} [item 0]`);
		else expect(jsonOf(result).map(({ error }) => error)).toEqual([text, text, text]);
	},
);

it('Deploy that is in doubt is so for all items that say the same, with Retry On Fail, too', async () => {
	rig.simulator.addFault({ kind: 'reset', match: { method: 'POST', path: /versions$/ } });
	const options = { items: [{}, {}], onError: 'continueRegularOutput' as const, node: retryOnFail };
	const outputs = await rig.json(deploy(), options);
	expect(outputs.map(({ error }) => String(error))).toEqual([
		expect.stringContaining('may have been deployed'),
		expect.stringContaining('may have been deployed'),
	]);
	expect(rig.simulator.cloud.builds.size).toBe(1);
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
	['where its port is', { options: variables({ N8N_AGENT_HOST: '::' }) }, /contains 'N8N_AGENT_HOST'/],
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
	const options = { tokenValidFor: '={{ 10 + $itemIndex }}' };
	const { message } = await rig.failure(deploy({ options }), { items: [{}, {}] });
	expect(message).toBe("'Name' is the same in items 0 and 1: Café agent. Other fields differ [item 1]");
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
	expect(tokens()).toEqual([]);
});

it('Deploy masks each line of a value, also as JSON has it, before it cuts the log', async () => {
	const pem = ['-----BEGIN KEY-----', ...Array.from({ length: 30 }, (_, line) => `secret-line-${line}`)].join(
		'\n',
	);
	const quoted = 'say "secret-words"';
	const log = [pem, JSON.stringify({ pem, quoted }), `{"key":${JSON.stringify(JSON.stringify(pem))}}`, pem];
	rig.simulator.setBuilds({ failureReason: 'no', log });
	const failed = await rig.failure(deploy({ options: variables({ PEM: pem, QUOTED: quoted }) }));
	expect(failed.description).toContain('The end of its log');
	expect(JSON.stringify(failed)).not.toMatch(/secret-(line|words)/);
});

it('Deploy shows the end of a log of 12 MB', async () => {
	const line = `${'x'.repeat(99)}y`;
	rig.simulator.setBuilds({
		failureReason: 'no',
		log: [...Array.from({ length: 120_000 }, () => line), 'the last one'],
	});
	const lines = (await rig.failure(deploy())).description.split('The end of its log:\n')[1]!.split('\n');
	expect(lines).toHaveLength(20);
	expect(lines.slice(0, 18)).toEqual(Array(18).fill(line));
	expect(lines.slice(18)).toEqual(['the last one', 'ERROR: no']);
});

it.each([500, 400])(
	'Deploy quotes nothing of the answer to the request with the variables: %d',
	async (status) => {
		const secretValue = 'very-secret-value';
		const body = { message: secretValue };
		const match = { method: 'POST', path: /secrets$/, body: /very-secret/ };
		rig.simulator.addFault({ kind: 'status', status, body, match });
		const failed = await rig.failure(deploy({ options: variables({ KEY: '={{ "very-secret-value" }}' }) }));
		expect(failed.message).toContain(`status ${status}`);
		expect(JSON.stringify(failed)).not.toContain(secretValue);
	},
);

it('Deploy shows no part of a line that was cut', async () => {
	const line = 'x'.repeat(10_000);
	rig.simulator.setBuilds({ failureReason: 'no', log: Array.from({ length: 50 }, () => line) });
	const lines = (await rig.failure(deploy())).description.split('The end of its log:\n')[1]!.split('\n');
	expect(lines.slice(0, -1)).toEqual(Array(6).fill(line));
});

it('Deploy gives up a build after 30 minutes, though it goes on', async () => {
	rig.simulator.setBuilds({ takesMs: null });
	const begunAtMs = Date.now();
	const { message, description } = await rig.failure(deploy(), { node: retryOnFail });
	expect(message).toMatch(/hasn't built the agent within 30 minutes/);
	expect(description).toContain('VideoSDK continues the build. Deploy again later.');
	expect(Date.now() - begunAtMs).toBeLessThan(31 * 60_000);
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
	const hidden = { KEY: '***', VIDEOSDK_AUTH_TOKEN: '***', N8N_AGENT_ID: '***', N8N_AGENT_HOST: '***' };
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
