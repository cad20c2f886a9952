import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { repositoryRoot, TrackedProcess, waitFor } from '../n8n/processes';
import { SIP_PASSWORD, type Simulator } from '../simulator';
import { defaultTelephony } from '../simulator/telephony';
import { call as send, start } from '../simulator/testRig';
import { startReceiver } from './evidence';
import { findings, OPEN_POINTS, SEEN_POINTS } from './openPoints';
import { verify } from './verify';

const CALL = { to: '+15550107777', from: '+15550102001', ruleId: 'rule_out_01' };
const running: TrackedProcess[] = [];

afterEach(async () => {
	for (const child of running.splice(0)) await child.kill();
});

it('verify:api says "same" in every line against the simulator, and leaves nothing running', async () => {
	const { routingRules } = defaultTelephony();
	const simulator = await start({
		lifecycle: { stoppingMs: null, stoppedMs: null },
		callBehaviour: { ringForMs: 50, talkMs: null },
		telephony: { routingRules: routingRules.map((rule) => ({ ...rule, recording: true })) },
	});
	await send(simulator, 'POST', '/v2/rooms', {});
	const rules = structuredClone(simulator.telephony.routingRules);
	const agents = simulator.cloud.deployments.size;
	const receiver = await startReceiver(0);
	const { apiKey, secret: secretKey, url: baseUrl } = simulator;
	const lines: string[] = [];
	const evidence = await verify({
		apiKey,
		secretKey,
		baseUrl,
		start: 'ddv_support',
		call: CALL,
		deploy: { ruleId: CALL.ruleId },
		webhook: { url: `http://127.0.0.1:${receiver.port}`, receiver },
		patienceMs: 6_000,
		pollMs: 100,
		listenMs: 200,
		signal: new AbortController().signal,
		write: (line) => void lines.push(line),
	}).finally(() => receiver.close());
	const found = findings(evidence);
	expect(found.filter(({ verdict }) => verdict !== 'same')).toEqual([]);
	expect(evidence.deviations).toEqual([]);
	expect([...simulator.sessions.values()].map(({ status }) => status)).toEqual(['completed']);
	expect([...simulator.calls.values()].map(({ status }) => status)).toEqual(['ended', 'ended']);
	expect(simulator.telephony.routingRules).toEqual(rules);
	expect([simulator.cloud.deployments.size, simulator.cloud.secrets.size]).toEqual([agents, 0]);
	expect([...simulator.callWebhooks.values()].every(({ deletedAt }) => deletedAt)).toBe(true);
	expect(lines.join()).not.toMatch(/FAILED|may be necessary/);
});

it('verify:api says "different" of a list that shows no metadata, and in which order its rows come', async () => {
	const simulator = await start();
	simulator.setListing({ hasMetadata: false });
	const { apiKey, secret: secretKey, url: baseUrl } = simulator;
	for (const deploymentId of ['ddv_support', 'ddv_sales']) {
		await send(simulator, 'POST', '/ai/v1/ai-deployment-sessions/start', { deploymentId });
		await setTimeout(5);
	}
	const evidence = await verify({
		apiKey,
		secretKey,
		baseUrl,
		start: 'ddv_support',
		patienceMs: 300,
		pollMs: 100,
		listenMs: 0,
		signal: new AbortController().signal,
		write: () => undefined,
	});
	const { verdict, line } = findings(evidence).find(({ id }) => id === 'session.listed')!;
	expect(verdict).toBe('different');
	expect(line).toContain('seen: a row without metadata within 12 s, newest first');
});

it('verify:api tells what became of the agent as far as it came, and deletes it again', async () => {
	const simulator = await start();
	const agents = simulator.cloud.deployments.size;
	simulator.setBuilds({ failureReason: 'out of memory' });
	const { apiKey, secret: secretKey, url: baseUrl } = simulator;
	const plan = {
		apiKey,
		secretKey,
		baseUrl,
		deploy: { ruleId: CALL.ruleId },
		patienceMs: 300,
		pollMs: 100,
		listenMs: 0,
		signal: new AbortController().signal,
		write: () => undefined,
	};
	const seen = async () =>
		Object.fromEntries(
			findings(await verify(plan))
				.filter(({ id }) => /^(agent|rule)\./.test(id))
				.map(({ id, line }) => [id, / seen: (.*?) \|/.exec(line)?.[1]]),
		);
	const early = { 'agent.image': 'named by its tag', 'agent.mark': 'shown', 'agent.deleted': 'gone' };
	expect(await seen()).toEqual({ ...early, 'agent.deployed': 'build FAILED' });
	simulator.setBuilds({ failureReason: undefined });
	simulator.addFault({ kind: 'status', status: 403, match: { method: 'POST', path: /versions$/ } });
	expect(await seen()).toEqual({ ...early, 'agent.deployed': 'POST /ai/v1/cloud/versions 403' });
	const other = { method: 'GET', path: /routing-rule\/./ };
	simulator.addFault({ kind: 'delay', match: other });
	const after = { ...simulator.telephony.routingRules[0], dtmf: false };
	simulator.addFault({ kind: 'noData', body: after, match: other });
	expect(await seen()).toMatchObject({
		'agent.deployed': 'built, with a version',
		'agent.id': 'assigned',
		'rule.patch': expect.stringContaining('dtmf') as string,
	});
	expect([simulator.cloud.deployments.size, simulator.cloud.secrets.size]).toEqual([agents, 0]);
	expect(simulator.calls.size).toBe(0);
});

it('verify:api tests each point of docs/dev/open-points.md and no other', () => {
	const ids = OPEN_POINTS.map(({ id }) => id);
	expect(new Set(ids).size).toBe(ids.length);
	expect(SEEN_POINTS).toEqual(ids);
	const files = OPEN_POINTS.flatMap(({ dependsOn }) => dependsOn.match(/[\w/.]+\.ts/g) ?? []);
	const folders = ['', 'nodes/VideoSdkAgentCloud'].map((folder) => join(repositoryRoot, folder));
	expect(files.filter((file) => !folders.some((folder) => existsSync(join(folder, file))))).toEqual([]);
});

/** The command itself, as a process of its own. */
function command({ apiKey, secret, url }: Simulator, ...options: string[]): TrackedProcess {
	const program = ['--import', 'tsx', join(__dirname, 'run.ts'), ...options];
	const { PATH = '', HOME = '' } = process.env;
	const keys = { VIDEOSDK_API_KEY: ` ${apiKey}\n`, VIDEOSDK_SECRET: secret, VIDEOSDK_BASE_URL: url };
	const env = { PATH, HOME, ...keys };
	const child = new TrackedProcess(process.execPath, program, { cwd: repositoryRoot, env });
	running.push(child);
	return child;
}

it('verify:api only reads by default, and tells no keys, whatever the API answers', async () => {
	const simulator = await start();
	const body = { data: [{ name: 'Ada', status: 1 }], pageInfo: {} };
	simulator.addFault({ kind: 'status', status: 200, body, match: { path: /phone-numbers/ } });
	const child = command(simulator);
	expect([await child.exited, child.output]).toEqual([1, expect.stringContaining('not tried | call.over')]);
	expect(child.output).toMatch(/GET \/v2\/sip\/phone-numbers: .*should/);
	for (const own of [simulator.apiKey, simulator.secret, SIP_PASSWORD, 'eyJ', 'Ada', '+1555'])
		expect(child.output).not.toContain(own);
	expect(new Set(simulator.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
});

it('verify:api on Ctrl+C deletes the agent that is being built', async () => {
	const simulator = await start();
	const agents = simulator.cloud.deployments.size;
	simulator.setBuilds({ takesMs: null });
	const child = command(simulator, '--deploy');
	const isBuilding = () => [...simulator.cloud.builds.values()].some(({ status }) => status === 'QUEUED');
	await waitFor('the build', async () => isBuilding(), 20_000, 5);
	child.signal('SIGINT');
	expect(await child.exited).not.toBe(0);
	expect(simulator.cloud.deployments.size).toBe(agents);
	const changed = simulator.requests.filter(({ method }) => ['PATCH', 'PUT'].includes(method));
	expect(changed.map(({ path }) => path)).toEqual([expect.stringMatching(/^\/uploads\//)]);
});

it('Ctrl+C while it rings hangs up as soon as the call is known', async () => {
	const simulator = await start({ callBehaviour: { ringForMs: 2_000, talkMs: null } });
	const { to, from, ruleId } = CALL;
	const child = command(simulator, '--call', to, '--rule', ruleId, '--from', from);
	await waitFor('the call', async () => simulator.calls.size === 1, 20_000, 5);
	child.signal('SIGINT');
	expect(await child.exited).not.toBe(0);
	expect([...simulator.calls.values()]).toMatchObject([{ status: 'ended' }]);
	expect([...simulator.rooms.values()]).toMatchObject([{ disabled: true }]);
});
