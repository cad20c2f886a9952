import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onShutdown, repositoryRoot, temporaryFolder } from './n8n/processes';

interface JestResults {
	numPassedTests: number;
	numFailedTests: number;
	numRuntimeErrorTestSuites: number;
}

/**
 * Runs jest and prints "N passed, N failed" as the last line.
 *
 * @param jestArguments as on jest's command line
 * @param env what jest gets beside this process's environment
 * @param beforeSummary called when jest is done, for what is to be printed before the last line
 * @returns the exit code: 0 only if at least one test ran and none failed
 */
export async function runJest(
	jestArguments: string[],
	env: Record<string, string> = {},
	beforeSummary: () => void = () => {},
): Promise<number> {
	const resultFile = join(temporaryFolder('videosdk-jest'), 'results.json');
	const jest = spawn(
		process.execPath,
		[
			join(repositoryRoot, 'node_modules/jest/bin/jest.js'),
			...jestArguments,
			'--json',
			`--outputFile=${resultFile}`,
		],
		// jest writes its report to stderr; with --json its stdout repeats the results as one huge line.
		{ cwd: repositoryRoot, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } },
	);
	onShutdown(() => void jest.kill());
	const code = await new Promise<number>((resolve) => {
		jest.once('error', () => resolve(127));
		jest.once('close', (exitCode) => resolve(exitCode ?? 1));
	});

	let passed = 0;
	let failed = 0;
	if (existsSync(resultFile)) {
		const results = JSON.parse(readFileSync(resultFile, 'utf8')) as JestResults;
		passed = results.numPassedTests;
		// A file that cannot even be loaded holds no test that could fail.
		failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
	}
	if (failed === 0 && (code !== 0 || passed === 0)) {
		process.stderr.write(passed === 0 ? 'No test was run.\n' : `jest ended with code ${code}.\n`);
		failed = 1;
	}
	beforeSummary();
	process.stdout.write(`${passed} passed, ${failed} failed\n`);
	return failed === 0 ? 0 : 1;
}
