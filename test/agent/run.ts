/** `npm run test:vendor`: VideoSDK's own programs against n8n and the simulator. Arguments are passed on to jest. */
import { runJest } from '../jest';
import { ensureSeed } from '../n8n/instance';
import { packPackage } from '../n8n/package';
import { runMain } from '../n8n/processes';
import { DEFAULT_N8N_VERSION, ensureRuntime } from '../n8n/runtime';
import { ensureVenv } from './venv';

runMain(async () => {
	const python = await ensureVenv(console.log);
	if (!python) {
		console.log("skipped: PyPI isn't reached");
		return 0;
	}
	const tarball = await packPackage();
	await ensureSeed(await ensureRuntime(DEFAULT_N8N_VERSION, console.log));
	return await runJest(['--config', 'test/agent/jest.config.js', ...process.argv.slice(2)], {
		VENDOR_PYTHON: python,
		PACKAGE_TARBALL: tarball,
	});
});
