import { join } from 'node:path';
import { PlainError, run } from '../../n8n/processes';
import type { Runtime } from '../../n8n/runtime';

/** Modules are found as in n8n, and Node.js says nothing about running TypeScript. */
const QUIET = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--disable-warning=ExperimentalWarning'];

/**
 * Runs one of the programs in `child/` with n8n's own Node.js, without anything that would change how modules are loaded.
 *
 * @returns the JSON that it wrote in its last line
 */
export async function runChild<T>(
	runtime: Runtime,
	name: string,
	childArguments: string[],
	nodeArguments: string[] = [],
): Promise<T> {
	const { code, output } = await run(
		runtime.node,
		[...QUIET, ...nodeArguments, join(__dirname, '..', 'child', `${name}.ts`), ...childArguments],
		{ env: { ...process.env, NODE_OPTIONS: '', NODE_PATH: join(runtime.folder, 'node_modules') } },
	);
	if (code !== 0) throw new PlainError(`${output}\n${name} ended with code ${code}.`);
	const lastLine = output.trim().split('\n').pop();
	return JSON.parse(lastLine || 'null') as T;
}
