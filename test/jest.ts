import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { onShutdown, repositoryRoot, temporaryFolder } from './n8n/processes';

/** More than that are no accident. */
const MAX_FILES_AGAIN = 2;

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

/**
 * Runs all tests in real n8n. In CI a file that failed is run once more, and named as flaky if it passes then: it depends on the
 * times of some fifty processes of n8n, which a machine may stop for seconds, and says nothing about the change that is to land. It
 * is a defect all the same, so nightly runs (`FLAKY_FAILS=1`) fail at the first failure.
 *
 * @param config jest's configuration file
 * @param filters as on jest's command line; with any, nothing is run again
 */
export async function runInRealN8n(
	config: string,
	filters: string[],
	env: Record<string, string>,
): Promise<number> {
	const report = join(temporaryFolder('videosdk-failed-files'), 'report.json');
	const code = await runJest(['--config', config, ...filters], { ...env, FAILED_FILES: report });
	const isLenient = process.env.CI && !process.env.FLAKY_FAILS && filters.length === 0;
	if (code === 0 || !isLenient || !existsSync(report)) return code;
	const { files, passedInOthers } = JSON.parse(readFileSync(report, 'utf8')) as {
		files: string[];
		passedInOthers: number;
	};
	if (files.length === 0 || files.length > MAX_FILES_AGAIN) return code;
	const names = files.map((file) => relative(repositoryRoot, file)).join(', ');
	process.stdout.write(`\nFLAKY unless it fails again: ${names}\n\n`);
	return await runJest(['--config', config, '--runTestsByPath', ...files], {
		...env,
		PASSED_BEFORE: String(passedInOthers),
	});
}
