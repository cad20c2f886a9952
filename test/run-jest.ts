/** `npm test`: builds the package, runs jest (arguments are passed on) and ends with "N passed, N failed". */
import { buildPackage } from './n8n/package';
import { runMain } from './n8n/processes';
import { runJest } from './jest';

runMain(async () => {
	await buildPackage();
	return await runJest(process.argv.slice(2));
});
