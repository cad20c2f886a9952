import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, statfsSync, writeFileSync } from 'node:fs';
import { arch, homedir, platform } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import {
	commandExists,
	PlainError,
	removeFolder,
	repositoryRoot,
	run,
	runNpm,
	sha256,
	withLock,
} from './processes';

/** The current version of n8n, on which everything is tested. */
export const DEFAULT_N8N_VERSION = '2.41.1';
/** The oldest one that is supported: the first of which an execution has a token for resuming it, see n8n/mayRunTwice.ts. */
export const OLDEST_N8N_VERSION = '2.14.2';

/** @returns the versions on which the contract, random workflows, and the main jobs run: those of `N8N_VERSIONS`, separated by commas */
export const testedVersions = (): string[] => (process.env.N8N_VERSIONS ?? DEFAULT_N8N_VERSION).split(',');

export interface Runtime {
	version: string;
	folder: string;
	node: string;
	/** The script to run with that Node.js. */
	n8n: string;
}

const NEEDED_SPACE_BYTES = 5_000_000_000;
const N8N_NODE_MAJOR = 24;
const PROGRESS_INTERVAL_MS = 10_000;
const MARKER_FILE = '.complete';
const PINNED_RUNTIMES = join(repositoryRoot, 'test', 'n8n', 'runtimes');

export function cacheFolder(): string {
	if (process.env.N8N_RUNTIME_DIR) return process.env.N8N_RUNTIME_DIR;
	const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
	return join(cache, 'n8n-nodes-videosdk-agent-cloud');
}

/** The pinned Node.js of a runtime folder, or this machine's own where no pinned binary exists. */
function nodeOf(folder: string): { binary: string; headers?: string } {
	const packageFolder = join(folder, 'node_modules', `node-${platform()}-${arch()}`);
	const binary = join(packageFolder, 'bin', 'node');
	if (existsSync(binary)) return { binary, headers: packageFolder };
	if (Number(process.versions.node.split('.')[0]) === N8N_NODE_MAJOR) return { binary: process.execPath };
	throw new PlainError(
		`n8n needs Node.js ${N8N_NODE_MAJOR}, and none can be installed for ${platform()} on ${arch()}. Install Node.js ${N8N_NODE_MAJOR} and run this again with it.`,
	);
}

/** An environment in which programs find the given Node.js first. */
export function withNodeInPath(node: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	return { ...env, PATH: `${dirname(node)}${delimiter}${env.PATH ?? ''}` };
}

function checkMachine(parent: string) {
	// Where a pinned Node.js exists it is not installed yet: only the other systems are judged here.
	if (platform() === 'darwin' && Number(process.versions.node.split('.')[0]) !== N8N_NODE_MAJOR)
		nodeOf(parent);
	const missing = ['make', 'g++', 'python3'].filter((command) => !commandExists(command));
	if (missing.length > 0)
		throw new PlainError(
			`To compile n8n's database driver, install ${missing.join(' and ')} (Debian and Ubuntu: apt-get install g++ make python3; macOS: xcode-select --install), then run this again.`,
		);
	const { bavail, bsize } = statfsSync(parent);
	if (bavail * bsize < NEEDED_SPACE_BYTES)
		throw new PlainError(
			`n8n needs about ${NEEDED_SPACE_BYTES / 1e9} GB in ${parent}, and only ${((bavail * bsize) / 1e9).toFixed(1)} GB are free there. Free some space, or set N8N_RUNTIME_DIR to a folder on another disk.`,
		);
}

/** What is installed for a version that has no folder of its own in `test/n8n/runtimes`. */
function packageJsonOf(version: string): string {
	const pinned = join(PINNED_RUNTIMES, DEFAULT_N8N_VERSION, 'package.json');
	const [major = 0, minor = 0] = version.split('.').map(Number);
	const description = JSON.parse(readFileSync(pinned, 'utf8')) as object;
	return JSON.stringify({
		...description,
		description: `n8n ${version} and the Node.js it runs on`,
		dependencies: { n8n: version },
		// Before 2.41 n8n takes its xlsx from outside the registry.
		...(major < 2 || (major === 2 && minor < 41) ? { overrides: { xlsx: '0.18.5' } } : {}),
	});
}

/** The folder with the lock file of a version: the project's own, or one that is made when first needed, and kept. */
async function ensureLock(version: string, log: (line: string) => void): Promise<string> {
	const pinned = join(PINNED_RUNTIMES, version);
	if (existsSync(pinned)) return pinned;
	const folder = join(cacheFolder(), 'locks', version);
	const packageJson = packageJsonOf(version);
	const isMade = () =>
		existsSync(join(folder, 'package-lock.json')) &&
		readFileSync(join(folder, 'package.json'), 'utf8') === packageJson;
	await withLock(`${folder}.lock`, async () => {
		if (isMade()) return;
		log(`  Looking up the packages of n8n ${version} ...`);
		removeFolder(folder);
		mkdirSync(folder, { recursive: true });
		writeFileSync(join(folder, 'package.json'), packageJson);
		const npmArguments = ['install', '--package-lock-only', '--ignore-scripts', '--no-audit'];
		await runNpm(`Looking up n8n ${version}`, npmArguments, { cwd: folder });
	});
	return folder;
}

async function install(version: string, sources: string, folder: string, log: (line: string) => void) {
	mkdirSync(folder, { recursive: true });
	for (const file of ['package.json', 'package-lock.json']) cpSync(join(sources, file), join(folder, file));

	const startedAt = Date.now();
	const seconds = () => Math.round((Date.now() - startedAt) / 1000);
	let step = 'fetching packages';
	const progress = setInterval(() => log(`  ${seconds()} s, ${step}`), PROGRESS_INTERVAL_MS);
	try {
		// Scripts are not run: one of them downloads and fails, and only sqlite3 needs its own.
		const npmArguments = ['ci', '--ignore-scripts', '--no-audit', '--no-progress'];
		await runNpm(`Installing n8n ${version}`, npmArguments, { cwd: folder });

		step = 'compiling the database driver';
		const { binary, headers } = nodeOf(folder);
		// npm hands the `ignore-scripts` of our .npmrc on to what `npm start` runs.
		const rebuild = ['rebuild', 'sqlite3', '--ignore-scripts=false', '--foreground-scripts'];
		await runNpm("Compiling n8n's database driver", rebuild, {
			cwd: folder,
			env: {
				...process.env,
				// Built from the pinned sources and headers; nothing unpinned is downloaded.
				npm_config_build_from_source: 'true',
				...(headers ? { npm_config_nodedir: headers } : {}),
			},
		});

		step = 'checking n8n';
		const checked = await run(binary, [join(folder, 'node_modules/n8n/bin/n8n'), '--version'], {
			cwd: folder,
			env: withNodeInPath(binary, { ...process.env, N8N_USER_FOLDER: folder, NODE_OPTIONS: '' }),
		});
		if (checked.code !== 0 || !checked.output.includes(version))
			throw new PlainError(`n8n ${version} was installed but doesn't start:\n${checked.output.slice(-2000)}`);
		removeFolder(join(folder, '.n8n'));
	} finally {
		clearInterval(progress);
	}
	log(`  n8n ${version} is installed (${seconds()} s)`);
}

/** Installs n8n into a folder of its own outside the clone, unless it is there: re-used as long as the lock file is the same. */
export async function ensureRuntime(
	version: string = DEFAULT_N8N_VERSION,
	log: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Promise<Runtime> {
	const sources = await ensureLock(version, log);
	const lockHash = sha256(readFileSync(join(sources, 'package-lock.json'))).slice(0, 12);
	const parent = cacheFolder();
	const folder = join(parent, `n8n-${version}-${lockHash}`);
	const marker = join(folder, MARKER_FILE);

	if (!existsSync(marker)) {
		mkdirSync(parent, { recursive: true });
		await withLock(
			`${folder}.lock`,
			async () => {
				if (existsSync(marker)) return;
				checkMachine(parent);
				log(`  Installing n8n ${version} into ${folder} (once; takes a few minutes and about 3 GB) ...`);
				const unfinished = join(parent, `${basename(folder)}.unfinished`);
				removeFolder(unfinished);
				try {
					await install(version, sources, unfinished, log);
					writeFileSync(join(unfinished, MARKER_FILE), `${new Date().toISOString()}\n`);
					removeFolder(folder);
					renameSync(unfinished, folder);
				} catch (error) {
					removeFolder(unfinished);
					throw error;
				}
			},
			() => log(`  Waiting for another process that is installing n8n ${version} ...`),
		);
	}
	return { version, folder, node: nodeOf(folder).binary, n8n: join(folder, 'node_modules/n8n/bin/n8n') };
}
