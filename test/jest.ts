import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onShutdown, repositoryRoot } from './n8n/processes';

/**
 * Leaves out what is in folders called `nightly`, unless `ALL_VERSIONS` is set or a file is named.
 *
 * @param words as on jest's command line
 */
export const withoutNightly = (words: string[]): string[] =>
	process.env.ALL_VERSIONS || words.some((word) => !word.startsWith('-'))
		? words
		: ['--testPathIgnorePatterns=/nightly/', ...words];

/**
 * Runs jest.
 *
 * @param jestArguments as on jest's command line
 * @param env what jest gets beside this process's environment
 * @returns jest's exit code
 */
export async function runJest(jestArguments: string[], env: Record<string, string> = {}): Promise<number> {
	const jest = spawn(
		process.execPath,
		[join(repositoryRoot, 'node_modules/jest/bin/jest.js'), ...jestArguments],
		{ cwd: repositoryRoot, stdio: 'inherit', env: { ...process.env, ...env } },
	);
	onShutdown(() => void jest.kill());
	return await new Promise((resolve, reject) => {
		jest.once('error', reject);
		jest.once('close', (code) => resolve(code ?? 1));
	});
}
