/** `npm run test:e2e`: the tests in a real n8n, and the figures that they measured. Arguments are passed on to jest. */
import { join } from 'node:path';
import { runJest } from '../jest';
import { packPackage } from '../n8n/package';
import { runMain, temporaryFolder } from '../n8n/processes';
import { ensureRuntime } from '../n8n/runtime';
import { FIGURES_FILE_VARIABLE } from './figures';

runMain(async () => {
	// Once for all test files.
	const tarball = await packPackage();
	for (const version of process.env.N8N_VERSIONS?.split(',') ?? ['2.41.1', '1.123.81'])
		await ensureRuntime(version, console.log);
	const figuresFile = join(temporaryFolder('videosdk-e2e'), 'figures.jsonl');
	return await runJest(['--config', 'test/e2e/jest.config.js', ...process.argv.slice(2)], {
		PACKAGE_TARBALL: tarball,
		[FIGURES_FILE_VARIABLE]: figuresFile,
	});
});
