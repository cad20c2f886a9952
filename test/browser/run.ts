/** `npm run test:browser`: the tests in a real browser, and of the installation. Arguments are passed on to jest. */
import { runJest, withoutNightly } from '../jest';
import { ensureSeed } from '../n8n/instance';
import { packPackage } from '../n8n/package';
import { runMain, temporaryFolder } from '../n8n/processes';
import { DEFAULT_N8N_VERSION, ensureRuntime } from '../n8n/runtime';
import { ensureChromium } from './chromium';

runMain(async () => {
	// Once for all test files.
	const chromium = await ensureChromium(console.log);
	const tarball = await packPackage();
	await ensureSeed(await ensureRuntime(DEFAULT_N8N_VERSION, console.log));
	return await runJest(
		['--config', 'test/browser/jest.config.js', ...withoutNightly(process.argv.slice(2))],
		{
			PACKAGE_TARBALL: tarball,
			CHROMIUM_PATH: chromium,
			// Each n8n compiles the same thousands of files.
			NODE_COMPILE_CACHE: temporaryFolder('videosdk-compile-cache'),
		},
	);
});
