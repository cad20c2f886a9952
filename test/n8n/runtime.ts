import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, statfsSync, writeFileSync } from 'node:fs';
import { arch, homedir, platform } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import {
	commandExists,
	isWindows,
	PlainError,
	removeFolder,
	repositoryRoot,
	run,
	runNpm,
	sha256,
	withLock,
} from './processes';

/** The n8n versions this package is tested on: the current line and the last of the 1.x line. */
export type N8nVersion = '2.41.1' | '1.123.81';

export const DEFAULT_N8N_VERSION: N8nVersion = '2.41.1';

/** An n8n that can be started. */
export interface Runtime {
	version: N8nVersion;
	folder: string;
	/** The Node.js that runs it. */
	node: string;
	/** The script to run with that Node.js. */
	n8n: string;
}

const NEEDED_SPACE_BYTES = 5_000_000_000;
const N8N_NODE_MAJOR = 24;
const PROGRESS_INTERVAL_MS = 10_000;
const MARKER_FILE = '.complete';

function cacheFolder(): string {
	if (process.env.N8N_RUNTIME_DIR) return process.env.N8N_RUNTIME_DIR;
	const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
	return join(cache, 'n8n-nodes-videosdk-agent-cloud');
}

/** The pinned Node.js of a runtime folder, or this machine's own where no pinned binary exists. */
function nodeOf(folder: string): { binary: string; headers?: string } {
	const os = isWindows ? 'win' : platform();
	const packageFolder = join(folder, 'node_modules', `node-${os}-${arch()}`);
	const binary = join(packageFolder, 'bin', isWindows ? 'node.exe' : 'node');
	if (existsSync(binary)) return { binary, headers: packageFolder };
	if (Number(process.versions.node.split('.')[0]) === N8N_NODE_MAJOR) return { binary: process.execPath };
	throw new PlainError(
		`n8n needs Node.js ${N8N_NODE_MAJOR}, and none can be installed for ${platform()} on ${arch()}: install Node.js ${N8N_NODE_MAJOR} and run this again with it.`,
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
	const missing: string[] = [];
	if (!isWindows) {
		if (!commandExists('make')) missing.push('make');
		if (!commandExists('g++') && !commandExists('c++')) missing.push('g++');
		if (!commandExists('python3')) missing.push('python3');
	}
	if (missing.length > 0) {
		throw new PlainError(
			`n8n's database driver has to be compiled, and ${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing: install ${missing.length > 1 ? 'them' : 'it'} (Debian and Ubuntu: apt-get install g++ make python3; macOS: xcode-select --install) and run this again.`,
		);
	}
	const { bavail, bsize } = statfsSync(parent);
	if (bavail * bsize < NEEDED_SPACE_BYTES) {
		throw new PlainError(
			`n8n needs about ${NEEDED_SPACE_BYTES / 1e9} GB in ${parent}, and only ${((bavail * bsize) / 1e9).toFixed(1)} GB are free there. Free some space, or set N8N_RUNTIME_DIR to a folder on another disk.`,
		);
	}
}

/** The sentence for a failed npm run. */
function npmFailure(what: string, output: string): PlainError {
	const reason = /ENOSPC|no space left/i.test(output)
		? 'the disk is full'
		: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i.test(output)
			? "npm's registry cannot be reached; check the network"
			: 'the last lines of npm are above';
	const lines = output.split('\n').filter((line) => /^npm (err|error)|gyp ERR|error:/i.test(line));
	return new PlainError(`${lines.slice(-12).join('\n')}\n${what} failed: ${reason}.`);
}

async function install(version: N8nVersion, folder: string, log: (line: string) => void) {
	const sources = join(repositoryRoot, 'test', 'n8n', 'runtimes', version);
	mkdirSync(folder, { recursive: true });
	for (const file of ['package.json', 'package-lock.json']) cpSync(join(sources, file), join(folder, file));

	const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
		packages: Record<string, unknown>;
	};
	const total = Object.keys(lock.packages).length - 1;
	const startedAt = Date.now();
	const seconds = () => Math.round((Date.now() - startedAt) / 1000);
	let fetched = 0;
	let step = '';
	const progress = setInterval(() => {
		const fetching = fetched < total ? `, ${fetched} of about ${total} packages` : ', unpacking';
		const count = step === '' ? fetching : step;
		log(`  ${seconds()} s${count}`);
	}, PROGRESS_INTERVAL_MS);
	try {
		// Scripts are not run: one of them downloads and fails, and only sqlite3 needs its own.
		const installed = await runNpm(
			['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-progress', '--loglevel=http'],
			{
				cwd: folder,
				env: process.env,
				onLine: (line) => {
					if (/^npm http (fetch|cache)/.test(line)) fetched++;
				},
			},
		);
		if (installed.code !== 0) throw npmFailure(`Installing n8n ${version}`, installed.output);

		step = ', compiling the database driver';
		const { binary, headers } = nodeOf(folder);
		const rebuilt = await runNpm(['rebuild', 'sqlite3', '--foreground-scripts'], {
			cwd: folder,
			env: {
				...process.env,
				// Built from the pinned sources and headers; nothing unpinned is downloaded.
				npm_config_build_from_source: 'true',
				...(headers ? { npm_config_nodedir: headers } : {}),
			},
		});
		if (
			rebuilt.code !== 0 ||
			!existsSync(join(folder, 'node_modules/sqlite3/build/Release/node_sqlite3.node'))
		) {
			throw npmFailure("Compiling n8n's database driver", rebuilt.output);
		}

		step = ', checking n8n';
		const checked = await run(binary, [join(folder, 'node_modules/n8n/bin/n8n'), '--version'], {
			cwd: folder,
			env: withNodeInPath(binary, { ...process.env, N8N_USER_FOLDER: folder, NODE_OPTIONS: '' }),
		});
		if (checked.code !== 0 || !checked.output.includes(version)) {
			throw new PlainError(
				`n8n ${version} was installed but does not start:\n${checked.output.slice(-2000)}`,
			);
		}
		removeFolder(join(folder, '.n8n'));
	} finally {
		clearInterval(progress);
	}
	log(`  n8n ${version} is installed (${seconds()} s)`);
}

/**
 * Makes sure that n8n of that version is installed, in a folder of its own outside the clone, and returns it.
 * The first time takes some minutes; afterwards the folder is re-used for as long as the lock file is the same.
 */
export async function ensureRuntime(
	version: N8nVersion = DEFAULT_N8N_VERSION,
	log: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Promise<Runtime> {
	const lockFile = join(repositoryRoot, 'test', 'n8n', 'runtimes', version, 'package-lock.json');
	const lockHash = sha256(readFileSync(lockFile)).slice(0, 12);
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
				log(`  Installing n8n ${version} into ${folder} (once, some minutes, about 3 GB) ...`);
				const unfinished = join(parent, `${basename(folder)}.unfinished`);
				removeFolder(unfinished);
				try {
					await install(version, unfinished, log);
					writeFileSync(join(unfinished, MARKER_FILE), `${new Date().toISOString()}\n`);
					removeFolder(folder);
					renameSync(unfinished, folder);
				} catch (error) {
					removeFolder(unfinished);
					throw error;
				}
			},
			() => log(`  Another process is installing n8n ${version}: waiting for it ...`),
		);
	}
	return { version, folder, node: nodeOf(folder).binary, n8n: join(folder, 'node_modules/n8n/bin/n8n') };
}
