// Runs one of the project's TypeScript programs on a fresh clone: `node scripts/run.mjs <file.ts> [arguments]`.
// Installs the dependencies first if they are not what the lock file says.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isInstalled } from './installed.js';

const MINIMUM_NODE = [20, 15];
const NEEDED_SPACE_BYTES = 1_500_000_000;
const PROGRESS_INTERVAL_MS = 10_000;
const ORPHAN_CHECK_INTERVAL_MS = 500;
const LOCK_CHECK_INTERVAL_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isWindows = process.platform === 'win32';

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
			for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => options.onData?.(data));
		});
	} finally {
		clearInterval(orphanCheck);
		for (const signal of SIGNALS) process.off(signal, forward);
	}
}

/** Waits while another command installs in this clone. The lock names its process, and is left behind only if that was killed. */
async function lockInstallation() {
	const lock = join(root, '.cache', 'installing.pid');
	mkdirSync(dirname(lock), { recursive: true });
	for (;;) {
		try {
			writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
			process.once('exit', () => rmSync(lock, { force: true }));
			return () => rmSync(lock, { force: true });
		} catch (error) {
			if (error.code !== 'EEXIST') throw error;
		}
		try {
			process.kill(Number(readFileSync(lock)), 0);
			await sleep(LOCK_CHECK_INTERVAL_MS);
		} catch {
			rmSync(lock, { force: true });
		}
	}
}

async function installIfNeeded() {
	if (isInstalled(root)) return;
	const unlock = await lockInstallation();
	if (!isInstalled(root)) await install();
	unlock();
}

async function install() {
	const { bavail, bsize } = statfsSync(root);
	if (bavail * bsize < NEEDED_SPACE_BYTES) {
		const freeGigabytes = ((bavail * bsize) / 1e9).toFixed(1);
		fail(`The dependencies need about 1.5 GB, but the disk with ${root} has only ${freeGigabytes} GB free.`);
	}

	const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
	const total = Object.keys(packages).length - 1;
	process.stderr.write(`Installing the project's ${total} development packages (once, about a minute) ...\n`);
	const startedAt = Date.now();
	let output = '';
	const progress = setInterval(() => {
		const fetched = output.match(/npm http (fetch|cache)/g)?.length ?? 0;
		const step = fetched < total ? `${fetched} of ${total} packages` : 'unpacking';
		process.stderr.write(`  ${Math.round((Date.now() - startedAt) / 1000)} s, ${step}\n`);
	}, PROGRESS_INTERVAL_MS);
	const code = await run('npm', ['ci', '--no-progress', '--loglevel=http'], {
		stdio: ['ignore', 'pipe', 'pipe'],
		shell: isWindows,
		onData: (data) => (output += data),
	}).catch((error) => fail(`npm couldn't be started: ${error.message}.`));
	clearInterval(progress);
	if (code !== 0) {
		if (code > 128) process.exit(code);
		const errors = output.split('\n').filter((line) => /^npm (err|error)/i.test(line));
		process.stderr.write(`${errors.slice(-12).join('\n')}\n`);
		const reason = /ENOSPC/.test(output)
			? 'the disk is full'
			: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/.test(output)
				? "npm's registry can't be reached; check the network"
				: "see npm's messages above";
		fail(`The dependencies couldn't be installed: ${reason}.`);
	}
	process.stderr.write(`  installed (${Math.round((Date.now() - startedAt) / 1000)} s)\n`);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor < MINIMUM_NODE[1])) {
	fail(`Node.js ${MINIMUM_NODE.join('.')} or newer is needed; this is ${process.version}.`);
}
await installIfNeeded();

const [program, ...programArguments] = process.argv.slice(2);
process.exit(
	await run(process.execPath, ['--import', 'tsx', join(root, program), ...programArguments], {
		stdio: 'inherit',
		// The program ends when this process does, however that comes about.
		env: { ...process.env, RUN_PARENT_PID: String(process.pid) },
	}),
);
