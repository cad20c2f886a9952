import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { configureGlobal } from 'fast-check';

const folder = join(__dirname, '..', 'unit');
/** Replaces a module for the whole file. */
const RUNS_ALONE = join('api', 'http', 'client.test.ts');

// A mutant is caught by any counterexample: no smaller one is looked for.
configureGlobal({ endOnFailure: true });

// The unit tests as one file, so that what they import is loaded once for a mutant instead of once for each of them.
for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
	if (/\w\/\w+\.test\.ts$/.test(path) && path !== RUNS_ALONE)
		describe(path, () => void require(join(folder, path)));
}
