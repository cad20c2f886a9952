import { workFolder } from './environment';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { PackageDirectoryLoader } from 'n8n-core';
import { forgetModules } from '../../jest/nativeModules';

const ROOT = join(__dirname, '../../..');
/** Another build can be tested, such as an older one. */
const DIST = process.env.PACKAGE_DIST ?? join(ROOT, 'dist');
const COPY = join(workFolder, 'package');

afterAll(() => forgetModules(COPY));

/** Copies the built package once for each test file, so that a build meanwhile does no harm. */
function copyPackage(): void {
	if (existsSync(COPY)) return;
	if (!existsSync(join(DIST, 'nodes'))) throw new Error('The package is not built: run "npx gulp build"');
	mkdirSync(join(COPY, 'node_modules'), { recursive: true });
	symlinkSync(join(ROOT, 'node_modules/n8n-workflow'), join(COPY, 'node_modules/n8n-workflow'), 'junction');
	for (const name of ['package.json', 'index.js']) cpSync(join(ROOT, name), join(COPY, name));
	cpSync(DIST, join(COPY, 'dist'), { recursive: true });
}

/** Loads the built package as n8n does: what its modules keep in memory begins empty, as in a new process. */
export async function loadPackage(): Promise<PackageDirectoryLoader> {
	copyPackage();
	forgetModules(COPY);
	const loader = new PackageDirectoryLoader(COPY);
	await loader.loadAll();
	return loader;
}
