// Runs one of the project's TypeScript programs on a fresh clone: `node scripts/run.mjs <file.ts> [arguments]`.
// Installs the dependencies first if the lock file has changed since they were last installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MINIMUM_NODE_MAJOR = 20;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, 'node_modules', '.installed-lock-sha256');
const isWindows = process.platform === 'win32';

function fail(sentence) {
	process.stderr.write(`\n${sentence}\n`);
	process.exit(1);
}

function installIfNeeded() {
	const lockHash = createHash('sha256')
		.update(readFileSync(join(root, 'package-lock.json')))
		.digest('hex');
	if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lockHash) return;
	process.stderr.write('Installing the dependencies (once, about a minute) ...\n');
	// No install script is needed, so none is run.
	const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
		cwd: root,
		stdio: ['ignore', 'inherit', 'inherit'],
		shell: isWindows,
	});
	if (status !== 0) {
		fail('The dependencies could not be installed: read the lines of npm above. No network and a full disk are the usual reasons.');
	}
	mkdirSync(dirname(stampFile), { recursive: true });
	writeFileSync(stampFile, lockHash);
}

if (Number(process.versions.node.split('.')[0]) < MINIMUM_NODE_MAJOR) {
	fail(`Node.js ${MINIMUM_NODE_MAJOR} or newer is needed; this is ${process.version}.`);
}
installIfNeeded();

const [program, ...programArguments] = process.argv.slice(2);
const { status, signal } = spawnSync(
	process.execPath,
	[join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs'), join(root, program), ...programArguments],
	{ cwd: root, stdio: 'inherit' },
);
process.exit(signal ? 130 : (status ?? 1));
