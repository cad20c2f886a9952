/** The command itself, as a process of its own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, temporaryFolder, TrackedProcess } from '../n8n/processes';
import type { Simulator } from '../simulator';
import { start, until } from '../simulator/testRig';

const CALL = ['--call', '+15550107777', '--rule', 'rule_out_01', '--from', '+15550102001', '--yes'];
const ANSWERS = join(temporaryFolder('verify-api'), 'answers.json');
const running: TrackedProcess[] = [];

afterEach(async () => {
	for (const child of running.splice(0)) await child.kill();
});

function command(env: Record<string, string>, ...options: string[]): TrackedProcess {
	const file = join(repositoryRoot, 'test/verify/run.ts');
	const program = ['--import', 'tsx', file, '--answers', ANSWERS, ...options];
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
});

it('Ctrl+C while it rings: finds the call, of which no ID is known yet, and hangs up', async () => {
	const simulator = await start({ callBehaviour: { ringForMs: null } });
	const child = command(keysOf(simulator), ...CALL);
	await until(() => simulator.calls.size === 1, 'the call', 20_000);
	child.signal('SIGINT');
	expect(await child.exited).not.toBe(0);
	expect([...simulator.calls.values()]).toMatchObject([{ status: 'ended' }]);
});
