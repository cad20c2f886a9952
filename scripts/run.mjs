// Runs one of the project's TypeScript programs on a fresh clone: `node scripts/run.mjs <file.ts> [arguments]`.
// Installs the dependencies first if they are not what the lock file says.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MINIMUM_NODE = [20, 15];
const NEEDED_SPACE_BYTES = 1_500_000_000;
const ORPHAN_CHECK_INTERVAL_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function fail(sentence) {
	process.stderr.write(`\n${sentence}\n`);
	process.exit(1);
}

/** Tells who started this process: npm's shell and, where Linux shows it, npm itself. */
function lineage() {
	try {
		const [, name, , grandparent] = readFileSync(`/proc/${process.ppid}/stat`, 'utf8').split(' ');
		return name === '(sh)' ? `${process.ppid} ${grandparent}` : `${process.ppid}`;
	} catch {
		return `${process.ppid}`;
	}
}

/** Runs a program to its end; what ends this process is passed on to it, and it decides when to end. */
async function run(command, commandArguments, options) {
	const child = spawn(command, commandArguments, { cwd: root, ...options });
	const forward = (signal) => child.kill(signal);
	for (const signal of SIGNALS) process.on(signal, forward);
	// A signal to npm alone ends npm or its shell, and is not passed on.
	const startedBy = lineage();
	const orphanCheck = setInterval(() => {
		if (process.env.npm_lifecycle_event && lineage() !== startedBy) forward('SIGTERM');
	}, ORPHAN_CHECK_INTERVAL_MS);
	try {
		return await new Promise((resolve, reject) => {
			child.once('error', reject);
			child.once('close', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : code));
		});
	} finally {
		clearInterval(orphanCheck);
		for (const signal of SIGNALS) process.off(signal, forward);
	}
}

/** Whether node_modules holds what the lock file says. npm writes its own record there when it has finished. */
function isInstalled() {
	const packagesOf = (file) => JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
	const record = 'node_modules/.package-lock.json';
	const found = existsSync(join(root, record)) ? packagesOf(record) : {};
	return Object.entries(packagesOf('package-lock.json')).every(
		([path, { version, optional, peer }]) =>
			path === '' || found[path]?.version === version || (!found[path] && (optional || peer)),
	);
}

async function installIfNeeded() {
	if (isInstalled()) return;
	const { bavail, bsize } = statfsSync(root);
	if (bavail * bsize < NEEDED_SPACE_BYTES) {
		const freeGigabytes = ((bavail * bsize) / 1e9).toFixed(1);
		fail(`The dependencies need about 1.5 GB, but the disk with ${root} has only ${freeGigabytes} GB free.`);
	}
	process.stderr.write("Installing the project's development packages (once, about a minute) ...\n");
	const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
		stdio: ['ignore', 2, 2],
	});
	if (code !== 0) fail("The dependencies couldn't be installed: see npm's messages above.");
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor < MINIMUM_NODE[1]))
	fail(`Node.js ${MINIMUM_NODE.join('.')} or newer is needed; this is ${process.version}.`);
await installIfNeeded();

const [program, ...programArguments] = process.argv.slice(2);
process.exit(
	await run(process.execPath, ['--import', 'tsx', join(root, program), ...programArguments], {
		stdio: 'inherit',
		// The program ends when this process does, however that comes about.
		env: { ...process.env, RUN_PARENT_PID: String(process.pid) },
	}),
);
