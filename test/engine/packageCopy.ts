import { workFolder } from './environment';
import { cpSync, existsSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { PackageDirectoryLoader } from 'n8n-core';

const ROOT = join(__dirname, '../..');
/** Another build can be tested, such as an older one. */
const DIST = process.env.PACKAGE_DIST ?? join(ROOT, 'dist');

/**
 * Loads the built package as n8n does, from a folder of its own: what its modules keep in memory begins empty, as in a new
 * process.
 *
 * @throws if the package is not built
 */
export async function loadPackage(): Promise<PackageDirectoryLoader> {
	if (!existsSync(join(DIST, 'nodes'))) throw new Error('The package is not built: run "npx gulp build"');
	const folder = mkdtempSync(join(workFolder, 'package-'));
	mkdirSync(join(folder, 'node_modules'));
	symlinkSync(join(ROOT, 'node_modules/n8n-workflow'), join(folder, 'node_modules/n8n-workflow'), 'junction');
	for (const name of ['package.json', 'index.js']) cpSync(join(ROOT, name), join(folder, name));
	cpSync(DIST, join(folder, 'dist'), { recursive: true });
	const loader = new PackageDirectoryLoader(folder);
	await loader.loadAll();
	return loader;
}
