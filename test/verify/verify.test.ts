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
	const receiver = await startReceiver(0);
	const { apiKey, secret: secretKey, url: baseUrl } = simulator;
	const lines: string[] = [];
	const evidence = await verify({
		...{ apiKey, secretKey, baseUrl, start: 'ddv_support', call: CALL },
		webhook: { url: `http://127.0.0.1:${receiver.port}`, receiver },
		...{ patienceMs: 6_000, pollMs: 100, signal: new AbortController().signal },
		write: (line) => void lines.push(line),
	}).finally(() => receiver.close());
	const found = findings(evidence);
	expect(found.filter(({ verdict }) => verdict !== 'same')).toEqual([]);
	expect(evidence.deviations).toEqual([]);
	expect([...simulator.sessions.values()].map(({ status }) => status)).toEqual(['completed']);
	expect([...simulator.calls.values()].map(({ status }) => status)).toEqual(['ended']);
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
		...{ apiKey, secretKey, baseUrl, start: 'ddv_support' },
		...{ patienceMs: 300, pollMs: 100, signal: new AbortController().signal },
		write: () => undefined,
	});
	const { verdict, line } = findings(evidence).find(({ id }) => id === 'session.listed')!;
	expect(verdict).toBe('different');
	expect(line).toContain('seen: a row without metadata within 12 s, newest first');
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
