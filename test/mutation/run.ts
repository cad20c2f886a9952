/**
 * `npm run test:mutants`: has Stryker change one place at a time, and prints the changes that no test noticed. `-- ownRows brakes` takes
 * only files with one of these words in their path; `-- --shard=2/6` takes the second of six parts. Nightly, not part of `.ci/run`.
 *
 * Each file is a run of its own, kept in `.cache/mutants`: Stryker keeps nothing of a run that is cut off, and the whole takes hours.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { onShutdown, repositoryRoot, runMain, write } from '../n8n/processes';
import { CHANGED } from './mutatedFiles';

const NODES = 'nodes/VideoSdkAgentCloud';

const filesIn = (path: string) =>
	path.endsWith('.ts')
		? [path]
		: readdirSync(join(repositoryRoot, NODES, path)).map((name) => `${path}/${name}`);

let stryker: ChildProcess | undefined;
onShutdown(() => void stryker?.kill());

/** Runs Stryker over one file to its end. @returns its exit code */
async function mutate(tests: string, file: string): Promise<number> {
	const program = join(repositoryRoot, 'node_modules/@stryker-mutator/core/bin/stryker.js');
	const config = `test/mutation/${tests}.config.mjs`;
	const kept = `.cache/mutants/${file.replaceAll('/', '-')}.json`;
	const words = ['run', config, '--mutate', `${NODES}/${file}`, '--incrementalFile', kept];
	stryker = spawn(process.execPath, [program, ...words], { cwd: repositoryRoot, stdio: 'inherit' });
	const [code] = (await once(stryker, 'close')) as [number | null];
	return code ?? 1;
}

runMain(async () => {
	const { values, positionals: words } = parseArgs({
		options: { shard: { type: 'string', default: '1/1' } },
		allowPositionals: true,
	});
	const [shard = 1, shards = 1] = values.shard.split('/').map(Number);
	const files = Object.entries(CHANGED)
		.flatMap(([tests, paths]) => paths.flatMap(filesIn).map((file) => ({ tests, file })))
		.filter(({ file }) => words.length === 0 || words.some((word) => file.includes(word)))
		.filter((_one, index) => index % shards === shard - 1);
	let worst = 0;
	for (const { tests, file } of files) {
		write(`\n== ${file}`);
		worst = Math.max(worst, await mutate(tests, file));
	}
	return worst;
});
