/** `npm run test:e2e`: the tests in a real n8n. Arguments are passed on to jest. */
import { runJest, withoutNightly } from '../jest';
import { ensureSeed } from '../n8n/instance';
import { packPackage } from '../n8n/package';
import { runMain, temporaryFolder } from '../n8n/processes';
import { ensureRuntime } from '../n8n/runtime';

runMain(async () => {
	// Once for all test files.
	const tarball = await packPackage();
	for (const version of process.env.N8N_VERSIONS?.split(',') ?? ['2.41.1', '1.123.81'])
		await ensureSeed(await ensureRuntime(version, console.log));
	return await runJest(['--config', 'test/e2e/jest.config.js', ...withoutNightly(process.argv.slice(2))], {
		PACKAGE_TARBALL: tarball,
		// Each n8n compiles the same thousands of files.
		NODE_COMPILE_CACHE: temporaryFolder('videosdk-compile-cache'),
	});
});
