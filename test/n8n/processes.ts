import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const repositoryRoot = dirname(dirname(__dirname));

const LOCK_TOUCH_INTERVAL_MS = 5_000;
const LOCK_STALE_AFTER_MS = 60_000;
const ORPHAN_CHECK_INTERVAL_MS = 500;
const REPEATED_SIGNAL_WINDOW_MS = 3_000;
/** Systems give other ports to programs by themselves: no one takes one of these while its n8n starts, or starts again. */
const FIRST_PORT = 11_000;
const LAST_PORT = 29_999;
const PORT_ATTEMPTS = 50;

/** A failure that is explained by its message alone: shown without a stack trace. */
export class PlainError extends Error {
	override name = 'PlainError';
}

const living = new Set<ChildProcess>();
const temporaryFolders = new Set<string>();
const shutdownHooks: Array<() => Promise<void> | void> = [];
let exitHandlersInstalled = false;

function killGroup(child: ChildProcess, signal: NodeJS.Signals) {
	if (child.pid === undefined) return;
	try {
		// Each tracked process leads a group of its own, so its children (n8n's task runner) go with it.
		process.kill(-child.pid, signal);
	} catch {
		// It is gone already.
	}
}

function installExitHandlers() {
	if (exitHandlersInstalled) return;
	exitHandlersInstalled = true;
	process.on('exit', () => {
		for (const child of living) killGroup(child, 'SIGKILL');
		for (const folder of temporaryFolders) removeFolder(folder);
	});
	let firstSignalAt = 0;
	const onSignal = (signal: NodeJS.Signals) => {
		const exitCode = 128 + (constants.signals[signal] ?? 15);
		if (firstSignalAt !== 0) {
			// npm, the shell and the terminal may each pass on the same Ctrl+C.
			if (Date.now() - firstSignalAt > REPEATED_SIGNAL_WINDOW_MS) process.exit(exitCode);
			return;
		}
		firstSignalAt = Date.now();
		void (async () => {
			// The remaining hooks still have to run; the exit handler kills what is left.
			for (const hook of shutdownHooks.reverse())
				await Promise.resolve()
					.then(hook)
					.catch(() => undefined);
			process.exit(exitCode);
		})();
	};
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
	const parent = Number(process.env.RUN_PARENT_PID);
	if (parent !== process.ppid) return; // Not started by scripts/run.mjs.
	setInterval(() => {
		if (process.ppid !== parent && firstSignalAt === 0) onSignal('SIGTERM');
	}, ORPHAN_CHECK_INTERVAL_MS).unref();
}

/** Runs `hook` before the process ends by Ctrl+C or another signal; it may call `process.exit` itself. */
export function onShutdown(hook: () => Promise<void> | void): void {
	installExitHandlers();
	shutdownHooks.push(hook);
}

/** Removes a folder and does not mind if it cannot. */
export function removeFolder(folder: string): void {
	temporaryFolders.delete(folder);
	try {
		rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
	} catch {
		// A leftover in the temporary folder is no reason to fail.
	}
}

/** A new temporary folder, removed when this process ends. */
export function temporaryFolder(prefix: string): string {
	installExitHandlers();
	const folder = mkdtempSync(join(tmpdir(), `${prefix}-`));
	temporaryFolders.add(folder);
	return folder;
}

/** All files below a folder, by their paths from there. */
export const filesIn = (folder: string): string[] =>
	readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map(({ parentPath, name }) => relative(folder, join(parentPath, name)));

interface StartOptions {
	cwd?: string;
	env?: NodeJS.ProcessEnv;
	uid?: number;
	gid?: number;
}

/** A process that does not outlive this one. */
export class TrackedProcess {
	readonly exited: Promise<number>;
	exitCode: number | undefined;
	private readonly child: ChildProcess;
	private chunks: string[] = [];

	constructor(command: string, commandArguments: string[], options: StartOptions = {}) {
		installExitHandlers();
		this.child = spawn(...dyingWithParent(command, commandArguments, options), {
			...options,
			detached: true,
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		living.add(this.child);
		for (const stream of [this.child.stdout, this.child.stderr])
			stream?.setEncoding('utf8').on('data', (text: string) => this.chunks.push(text));
		this.exited = new Promise((resolve) => {
			const ended = (code: number) => {
				this.exitCode = code;
				living.delete(this.child);
				// What the process left behind in its group must not stay either.
				killGroup(this.child, 'SIGKILL');
				resolve(code);
			};
			this.child.once('error', (error) => {
				this.chunks.push(String(error));
				ended(127);
			});
			this.child.once('close', (code, signal) =>
				ended(code ?? 128 + (signal ? (constants.signals[signal] ?? 0) : 0)),
			);
		});
	}

	get pid(): number {
		return this.child.pid ?? -1;
	}

	get running(): boolean {
		return this.exitCode === undefined;
	}

	/** All it has written, stdout and stderr interleaved. */
	get output(): string {
		if (this.chunks.length > 1) this.chunks = [this.chunks.join('')];
		return this.chunks[0] ?? '';
	}

	signal(signal: NodeJS.Signals): void {
		if (this.running) this.child.kill(signal);
	}

	/** Asks the process to end, and kills it with its children when the grace period is over. */
	async stop(graceMs = 30_000, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
		if (!this.running) return;
		this.signal(signal);
		const timer = setTimeout(() => killGroup(this.child, 'SIGKILL'), graceMs);
		await this.exited;
		clearTimeout(timer);
	}

	async kill(): Promise<void> {
		if (!this.running) return;
		killGroup(this.child, 'SIGKILL');
		await this.exited;
	}
}

let setprivWorks: boolean | undefined;

/** On Linux the kernel ends the process even when this one is killed with SIGKILL and can clean up nothing. */
function dyingWithParent(
	command: string,
	commandArguments: string[],
	options: StartOptions,
): [string, string[]] {
	if (process.platform !== 'linux' || options.uid !== undefined) return [command, commandArguments];
	setprivWorks ??= spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0;
	return setprivWorks
		? ['setpriv', ['--pdeathsig', 'KILL', '--', command, ...commandArguments]]
		: [command, commandArguments];
}

export async function run(command: string, commandArguments: string[], options: StartOptions = {}) {
	const child = new TrackedProcess(command, commandArguments, options);
	return { code: await child.exited, output: child.output };
}

/** Runs npm in a folder. @returns what it printed @throws PlainError with its messages and what failed */
export async function runNpm(
	what: string,
	npmArguments: string[],
	{ env = process.env, ...options }: StartOptions & { cwd: string },
): Promise<string> {
	const { code, output } = await run('npm', npmArguments, { env, ...options });
	if (code === 0) return output.trim();
	const lines = output.split('\n').filter((line) => /^npm (err|error)|gyp ERR|error:/i.test(line));
	throw new PlainError(`${lines.slice(-12).join('\n')}\n${what} failed: see npm's messages above.`);
}

/** Runs it, because macOS has stand-ins for compilers that aren't installed. @param option what it tells its version by */
export const commandExists = (command: string, option = '--version'): boolean =>
	spawnSync(command, [option], { stdio: 'ignore' }).status === 0;

async function listen(port: number, host: string): Promise<Server> {
	const server = createServer().listen({ port, host, exclusive: true });
	await once(server, 'listening');
	return server;
}

const closeServer = async (server: Server) => await once(server.close(), 'close');

async function listenAnywhere(attemptsLeft = PORT_ATTEMPTS): Promise<Server> {
	const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1));
	return await listen(port, '127.0.0.1').catch(async (error: unknown) => {
		if (attemptsLeft <= 1) throw error;
		return await listenAnywhere(attemptsLeft - 1);
	});
}

/** Different ports that were free on loopback a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
	// All are held at the same time, so that none is given twice.
	const servers = await Promise.all(Array.from({ length: count }, async () => await listenAnywhere()));
	const ports = servers.map((server) => (server.address() as { port: number }).port);
	await Promise.all(servers.map(closeServer));
	return ports;
}

/** Whether a port is free on loopback and on all addresses. */
export async function isPortFree(port: number): Promise<boolean> {
	try {
		for (const host of ['127.0.0.1', '0.0.0.0']) await closeServer(await listen(port, host));
		return true;
	} catch {
		return false;
	}
}

/** Runs `action` while no other process holds the lock of that name. A lock whose holder died is taken over. */
export async function withLock<T>(folder: string, action: () => Promise<T>, onWait?: () => void): Promise<T> {
	mkdirSync(dirname(folder), { recursive: true });
	for (let waited = false; ; waited = true) {
		try {
			mkdirSync(folder);
			break;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
		}
		try {
			if (Date.now() - statSync(folder).mtimeMs > LOCK_STALE_AFTER_MS) {
				rmSync(folder, { recursive: true, force: true });
				continue;
			}
		} catch {
			continue; // It was given back in this moment.
		}
		if (!waited) onWait?.();
		await sleep(500);
	}
	const touch = setInterval(() => {
		const now = new Date();
		if (existsSync(folder)) utimesSync(folder, now, now);
	}, LOCK_TOUCH_INTERVAL_MS);
	temporaryFolders.add(folder);
	try {
		return await action();
	} finally {
		clearInterval(touch);
		removeFolder(folder);
	}
}

/** Repeats `attempt` until it yields something other than undefined and false. */
export async function waitFor<T>(
	what: string,
	attempt: () => Promise<T | false | undefined>,
	timeoutMs = 60_000,
	intervalMs = 100,
): Promise<T> {
	const deadline = Date.now() + timeoutMs;
	for (;;) {
		const result = await attempt();
		if (result !== undefined && result !== false) return result;
		if (Date.now() > deadline)
			throw new PlainError(`Waited ${Math.round(timeoutMs / 1000)} s in vain for ${what}.`);
		await sleep(intervalMs);
	}
}

export const write = (line = '') => process.stdout.write(`${line}\n`);

export const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

/** Runs a program's `main` and ends the process; a PlainError is shown as one sentence. */
export function runMain(main: () => Promise<number>): void {
	installExitHandlers();
	main().then(
		(code) => process.exit(code),
		(error: unknown) => {
			const text = error instanceof PlainError ? error.message : error instanceof Error ? error.stack : error;
			process.stderr.write(`\n${String(text)}\n`);
			process.exit(1);
		},
	);
}
