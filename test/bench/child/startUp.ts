/**
 * Loads a package as n8n does, in a fresh process: `node startUp.ts <n8n-core's folder> <another package> <package>`. Before the
 * clock starts n8n-core is loaded and has loaded another package, as n8n its own nodes: the first one also sets up its logger
 * and configuration.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

interface Loader {
	loadAll(): Promise<void>;
	nodeTypes: object;
}

const [coreFolder = '', otherFolder = '', packageFolder = ''] = process.argv.slice(2);
const { PackageDirectoryLoader } = createRequire(join(coreFolder, 'index.js'))(coreFolder) as {
	PackageDirectoryLoader: new (folder: string) => Loader;
};

async function main(): Promise<void> {
	await new PackageDirectoryLoader(otherFolder).loadAll();
	const cpuAtStart = process.cpuUsage();
	const startedAt = performance.now();
	const loader = new PackageDirectoryLoader(packageFolder);
	await loader.loadAll();
	const wallMs = performance.now() - startedAt;
	const { user, system } = process.cpuUsage(cpuAtStart);
	if (Object.keys(loader.nodeTypes).length === 0) throw new Error('No node was loaded.');
	process.stdout.write(`${JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 })}\n`);
	process.exit(0);
}

void main();
