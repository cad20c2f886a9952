/**
 * `npm run test:mutants`: has Stryker change one place at a time, and prints the changes that no test noticed. `-- ownRows brakes` takes
 * only files with one of these words in their path. Nightly, not part of `.ci/run`.
 *
 * Each file is a run of its own, kept in `.cache/mutants`: Stryker keeps nothing of a run that is cut off, and the whole takes hours.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { onShutdown, repositoryRoot, runMain, write } from '../n8n/processes';
import { CHANGED } from './changed';

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
	const words = process.argv.slice(2);
	const isChosen = (file: string) => words.length === 0 || words.some((word) => file.includes(word));
	let worst = 0;
	for (const [tests, paths] of Object.entries(CHANGED)) {
		for (const file of paths.flatMap(filesIn).filter(isChosen)) {
			write(`\n== ${file}`);
			worst = Math.max(worst, await mutate(tests, file));
		}
	}
	return worst;
});
