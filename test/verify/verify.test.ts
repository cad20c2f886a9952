import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, temporaryFolder, TrackedProcess } from '../n8n/processes';
import { SIP_PASSWORD, type Simulator } from '../simulator';
import { defaultTelephony } from '../simulator/telephony';
import { call as send, start, until } from '../simulator/testRig';
import { startReceiver } from './evidence';
import { OPEN_POINTS, SEEN_POINTS } from './openPoints';
import { answersOf, deviations, findings } from './report';
import { verify } from './verify';

const CALL = { to: '+15550107777', from: '+15550102001', ruleId: 'rule_out_01' };
const ANSWERS = join(temporaryFolder('verify-api'), 'answers.json');
const running: TrackedProcess[] = [];

afterEach(async () => {
	for (const child of running.splice(0)) await child.kill();
});

/** Runs it with all options, for an account that has everything the points need. */
async function run(simulator: Simulator, lines: string[]) {
	await send(simulator, 'POST', '/v2/rooms', {});
	const receiver = await startReceiver(0);
	const { apiKey, secret: secretKey, url: baseUrl } = simulator;
	return await verify({
		...{ apiKey, secretKey, baseUrl, start: { deploymentId: 'ddv_support' }, call: CALL },
		webhook: { url: `http://127.0.0.1:${receiver.port}`, receiver },
		...{ patienceMs: 6_000, pollMs: 100, signal: new AbortController().signal },
		write: (line) => void lines.push(line),
	}).finally(() => receiver.close());
}

it('says "same" in every line against the simulator, leaves nothing running, and keeps nothing of the account', async () => {
	const { routingRules } = defaultTelephony();
	const simulator = await start({
		lifecycle: { stoppingMs: null, stoppedMs: null },
		callBehaviour: { ringForMs: 50, talkMs: null },
		telephony: { routingRules: routingRules.map((rule) => ({ ...rule, recording: true })) },
	});
	const lines: string[] = [];
	const evidence = await run(simulator, lines);
	const found = findings(evidence);
	expect(found.filter(({ verdict }) => verdict !== 'same')).toEqual([]);
	expect(found.map(({ id }) => id)).toEqual(OPEN_POINTS.map(({ id }) => id));
	expect([...simulator.sessions.values()].map(({ status }) => status)).toEqual(['completed']);
	expect([...simulator.calls.values()].map(({ status }) => status)).toEqual(['ended']);
	expect([...simulator.callWebhooks.values()].every(({ deletedAt }) => deletedAt)).toBe(true);
	expect(lines.join()).not.toContain('FAILED');

	const secrets = [simulator.apiKey, simulator.secret, ...Object.values(CALL)];
	// Both as they came and as they are kept.
	expect(deviations(evidence)).toEqual([]);
	expect(deviations(answersOf(evidence, secrets))).toEqual([]);
	const answerOf = (step: string, answer: unknown) => Object.assign(evidence.at(step)!, { answer });
	answerOf('sessions', { message: 'Ada Lovelace (+1 555 010) has no "top secret"', a1b2c3: {} });
	const named = { name: 'Ada Lovelace', status: 'Ada Lovelace', 'Her room': 1 };
	answerOf('rooms', {
		pageInfo: { total: 15_550_100_009 },
		data: [{ ...named, metadata: { 'Ada is here': [true], ofDrHouse: 1 } }],
	});
	const text = JSON.stringify(answersOf(evidence, secrets));
	const own = [
		...[...secrets, ...simulator.sessions.keys(), ...simulator.calls.keys(), simulator.url, SIP_PASSWORD],
		...['gw_out_01', 'Line 01', 'Ada', 'Her room', 'DrHouse', 'top secret', '555', 'a1b2c3', 'eyJ'],
		'BEGIN RSA',
	];
	expect(own.filter((word) => text.includes(word))).toEqual([]);
	expect(() => answersOf(evidence, ['completed'])).toThrow('secret');
});

it('knows how to see each point of docs/dev/open-points.md and no other', () => {
	const ids = OPEN_POINTS.map(({ id }) => id);
	expect(new Set(ids).size).toBe(ids.length);
	expect(SEEN_POINTS).toEqual(ids);
	const files = OPEN_POINTS.flatMap(({ dependsOn }) => dependsOn.match(/[\w/.]+\.ts/g) ?? []);
	const folders = ['', 'nodes/VideoSdkAgentCloud'].map((folder) => join(repositoryRoot, folder));
	expect(files.filter((file) => !folders.some((folder) => existsSync(join(folder, file))))).toEqual([]);
});

/** The command itself, as a process of its own. */
function command({ apiKey, secret, url }: Simulator, ...options: string[]): TrackedProcess {
	const program = ['--import', 'tsx', join(__dirname, 'run.ts'), '--answers', ANSWERS, ...options];
	const { PATH = '', HOME = '' } = process.env;
	const keys = { VIDEOSDK_API_KEY: ` ${apiKey}\n`, VIDEOSDK_SECRET: secret, VIDEOSDK_BASE_URL: url };
	const env = { PATH, HOME, ...keys };
	const child = new TrackedProcess(process.execPath, program, { cwd: repositoryRoot, env });
	running.push(child);
	return child;
}

it('only reads by default, tells and keeps no keys, and compares what it kept', async () => {
	const simulator = await start();
	for (const options of [[], ['--compare', ANSWERS]]) {
		const child = command(simulator, ...options);
		expect([await child.exited, child.output]).toEqual([0, expect.stringContaining('not tried | call.over')]);
		expect(child.output).toContain('All answers are as test/schemas describes them.');
		for (const text of [child.output, readFileSync(ANSWERS, 'utf8')])
			expect(text).not.toMatch(/sim-secret|sim-api-key|eyJ/);
	}
	expect(new Set(simulator.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
});

it('Ctrl+C while it rings: finds the call, of which no ID is known yet, and hangs up', async () => {
	const simulator = await start({ callBehaviour: { ringForMs: null } });
	const { to, from, ruleId } = CALL;
	const child = command(simulator, '--call', to, '--rule', ruleId, '--from', from, '--yes');
	await until(() => simulator.calls.size === 1, 'the call', 20_000);
	child.signal('SIGINT');
	expect(await child.exited).not.toBe(0);
	expect([...simulator.calls.values()]).toMatchObject([{ status: 'ended' }]);
});
