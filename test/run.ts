/**
 * `npm test`, `test:e2e`, `test:browser`, and `test:vendor`: builds the package, installs what the tests need, and runs jest, to which
 * further arguments are passed on.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureVenv } from './agent/venv';
import { ensureChromium } from './browser/chromium';
import { ensureSeed } from './n8n/instance';
import { buildPackage, packPackage } from './n8n/package';
import { onShutdown, repositoryRoot, runMain, temporaryFolder } from './n8n/processes';
import { DEFAULT_N8N_VERSION, ensureRuntime, testedVersions } from './n8n/installN8n';

interface Suite {
	roots: string[];
	testMatch: string[];
	/** Files at a time, each of which starts processes of its own. Most of it is waiting. */
	maxWorkers: number;
	versions?: string[];
	/** What else the tests need. @returns the environment that names it; undefined if it can't be had */
	prepare?(): Promise<Record<string, string> | undefined>;
}

// As in docs/dev/compatibility.md.
if (process.env.EACH_VERSION) process.env.N8N_VERSIONS ??= '2.41.1,2.35.7,2.22.6,2.14.2,1.123.81';

const SUITES: Record<string, Suite> = {
	e2e: {
		roots: ['test/e2e'],
		testMatch: ['**/*.e2e.ts'],
		maxWorkers: 3,
		versions: testedVersions(),
	},
	browser: {
		roots: ['test/browser', 'test/install'],
		testMatch: ['**/*.browser.ts', '**/*.install.ts'],
		maxWorkers: 2,
		prepare: async () => ({ CHROMIUM_PATH: await ensureChromium(console.log) }),
	},
	vendor: {
		roots: ['test/agent'],
		testMatch: ['**/*.vendor.ts'],
		maxWorkers: 1,
		async prepare() {
			const python = await ensureVenv(console.log);
			return python ? { VENDOR_PYTHON: python } : undefined;
		},
	},
};

async function jest(jestArguments: string[], env: Record<string, string> = {}): Promise<number> {
	const program = [join(repositoryRoot, 'node_modules/jest/bin/jest.js'), ...jestArguments];
	const options = { cwd: repositoryRoot, stdio: 'inherit', env: { ...process.env, ...env } } as const;
	const child = spawn(process.execPath, program, options);
	onShutdown(() => void child.kill());
	return await new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code) => resolve(code ?? 1));
	});
}

/** In folders called `nightly` is what is left out, unless `NIGHTLY` is set or a file is named. */
const isWhole = (words: string[]) => process.env.NIGHTLY || words.some((word) => !word.startsWith('-'));

runMain(async () => {
	const [name = '', ...words] = process.argv.slice(2);
	const suite = SUITES[name];
	if (!suite) {
		await buildPackage();
		return await jest([name, ...words].filter(Boolean));
	}
	const { roots, testMatch, maxWorkers, versions = [DEFAULT_N8N_VERSION], prepare } = suite;
	const env = prepare ? await prepare() : {};
	if (!env) {
		console.log("skipped: PyPI isn't reached");
		return 0;
	}
	// Once for all test files.
	const PACKAGE_TARBALL = await packPackage();
	for (const version of versions) await ensureSeed(await ensureRuntime(version, console.log));
	const config = {
		...(require(join(repositoryRoot, 'jest.config.js')) as object),
		rootDir: repositoryRoot,
		roots: roots.map((root) => join(repositoryRoot, root)),
		testMatch,
		maxWorkers,
		testTimeout: 600_000,
		...(!isWhole(words) && { testPathIgnorePatterns: ['/nightly/'] }),
	};
	return await jest(['--config', JSON.stringify(config), ...words], {
		...env,
		PACKAGE_TARBALL,
		// Each n8n compiles the same thousands of files.
		NODE_COMPILE_CACHE: temporaryFolder('videosdk-compile-cache'),
	});
});
