/** The command itself, as a process of its own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, temporaryFolder, TrackedProcess } from '../n8n/processes';
import type { Simulator, SimulatorOptions } from '../simulator';
import { call, start, until } from '../simulator/testRig';

const CALL = ['--call', '+15550107777', '--rule', 'rule_out_01', '--from', '+15550102001', '--yes'];
const ANSWERS = join(temporaryFolder('verify-api'), 'answers.json');
const running: TrackedProcess[] = [];

afterEach(async () => {
	for (const child of running.splice(0)) await child.kill();
});

function command(env: Record<string, string>, ...options: string[]): TrackedProcess {
	const program = [
		'--import',
		'tsx',
		join(repositoryRoot, 'test/verify/run.ts'),
		'--answers',
		ANSWERS,
		...options,
	];
	const { PATH = '', HOME = '' } = process.env;
	const child = new TrackedProcess(process.execPath, program, {
		cwd: repositoryRoot,
		env: { PATH, HOME, ...env },
	});
	running.push(child);
	return child;
}

const keysOf = ({ apiKey, secret, url }: Pick<Simulator, 'apiKey' | 'secret' | 'url'>) => ({
	VIDEOSDK_API_KEY: ` ${apiKey}\n`,
	VIDEOSDK_SECRET: secret,
	VIDEOSDK_BASE_URL: url,
});

it('only reads by default, and tells and keeps no keys', async () => {
	const simulator = await start();
	const child = command(keysOf(simulator));
	expect([await child.exited, child.output]).toEqual([
		0,
		expect.stringMatching(/ 0 different, \d+ not tried/),
	]);
	expect(child.output).toContain('All answers are as test/schemas describes them.');
	expect(new Set(simulator.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
	const kept = readFileSync(ANSWERS, 'utf8');
	for (const text of [child.output, kept]) expect(text).not.toMatch(/sim-secret|sim-api-key|eyJ/);

	const comparing = command({}, '--compare', ANSWERS);
	expect([await comparing.exited, comparing.output]).toEqual([0, expect.stringContaining('All answers are')]);
	simulator.addFault({ kind: 'status', status: 200, body: { gateways: [] }, match: { path: /outbound/ } });
	const different = command(keysOf(simulator));
	expect(await different.exited).toBe(1);
	expect(different.output).toContain(
		"GET /v2/sip/outbound-gateways: it should have required property 'pageInfo'",
	);
});

const simulated = async (change: Partial<Simulator> = {}, options: SimulatorOptions = {}) =>
	keysOf({ ...(await start({ lifecycle: false, ...options })), ...change });

it('ends in a sentence, and starts nothing, if it cannot be done', async () => {
	type Case = [env: Promise<Record<string, string>>, options: string[], sentence: string];
	const asked = ['--start', 'ddv_support'];
	const cases: Case[] = [
		[simulated({ secret: 'wrong' }), [...asked, '--yes'], "VideoSDK didn't accept the keys (401)"],
		[
			simulated({}, { deployments: [] }),
			[...asked, '--yes'],
			'The project has no deployment of the ID given with --start (it has 0 in all). Nothing was started.',
		],
		[simulated(), asked, 'This is not a terminal, so no one can confirm. Add --yes. Nothing was started.'],
		[
			simulated(),
			['--webhook', 'http://127.0.0.1:9/', '--port', '0'],
			'The address given with --webhook does not lead here: it answered nothing.',
		],
	];
	const told = cases.map(async ([env, options]) => {
		const child = command(await env, ...options);
		return [await child.exited, child.output.trim().split('\n').at(-1)];
	});
	const sentences = cases.map(([, , sentence]) => [1, expect.stringContaining(sentence)]);
	expect(await Promise.all(told)).toEqual(sentences);
});

it('Ctrl+C: ends the session that it started', async () => {
	const simulator = await start();
	const child = command(keysOf(simulator), '--start', 'ddv_support', '--yes');
	await until(() => child.output.includes(' started;'), 'the start', 20_000);
	child.signal('SIGINT');
	expect(await child.exited).not.toBe(0);
	expect(child.output).toContain('Ending the session: done.');
	expect([...simulator.sessions.values()]).toMatchObject([{ status: 'completed' }]);
});

it('Ctrl+C while it rings: finds the call, of which no ID is known yet, and hangs up', async () => {
	const simulator = await start({ callBehaviour: { ringForMs: null } });
	const child = command(keysOf(simulator), ...CALL);
	await until(() => simulator.calls.size === 1, 'the call', 20_000);
	child.signal('SIGINT');
	expect(await child.exited).not.toBe(0);
	expect([...simulator.calls.values()]).toMatchObject([{ status: 'ended' }]);
});

it('says what it could not end', async () => {
	const simulator = await start();
	simulator.addFault({ kind: 'status', status: 500, match: { path: /sessions.end$/, times: 9 } });
	const child = command(keysOf(simulator), '--start', 'ddv_support', '--yes');
	await until(() => child.output.includes(' started;'), 'the start', 20_000);
	child.signal('SIGINT');
	expect(await child.exited).not.toBe(0);
	expect(child.output).toContain('Ending the session: FAILED (status 500). Do it in the VideoSDK dashboard.');
	const [sessionId] = simulator.sessions.keys();
	expect((await call(simulator, 'GET', `/ai/v1/ai-deployment-sessions/${sessionId}`)).json.status).toBe(
		'queued',
	);
});
