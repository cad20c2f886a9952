import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installPackage, packPackage } from './package';
import {
	freePorts,
	PlainError,
	removeFolder,
	sha256,
	temporaryFolder,
	TrackedProcess,
	waitFor,
} from './processes';
import { N8nRest, OWNER } from './rest';
import { DEFAULT_N8N_VERSION, ensureRuntime, type Runtime, withNodeInPath } from './installN8n';

export interface N8nOptions {
	version?: string;
	port?: number;
	/** A temporary one by default, removed by `stop`. A given one is kept. */
	userFolder?: string;
	env?: Record<string, string>;
	/** The packed package; `packPackage()` by default. `null` starts n8n without it. */
	tarball?: string | null;
	mode?: 'regular' | 'queue';
	logLevel?: 'error' | 'warn' | 'info' | 'debug';
}

/** A process of n8n under control, and its main process. */
export type N8nProcess = Awaited<ReturnType<typeof startProcess>>;
export type N8n = Awaited<ReturnType<typeof startN8n>>;

type Role = 'start' | 'worker' | 'webhook';

const START_TIMEOUT_MS = 300_000;
const START_ATTEMPTS = 3;

/** For throw-away instances on loopback only. */
const ENCRYPTION_KEY = 'key-of-a-throw-away-test-instance';

/** Settings of this shell that would change what is tested. */
const FOREIGN_SETTING =
	/^(N8N_|DB_|QUEUE_|EXECUTIONS_|WEBHOOK_URL$|VIDEOSDK_|CODE_|NODE_FUNCTION_|NODE_OPTIONS$|GENERIC_TIMEZONE$|npm_|OFFLOAD_|VUE_APP_)/i;

function environment(role: Role, options: N8nOptions, runtime: Runtime, userFolder: string, ports: number[]) {
	const inherited = Object.fromEntries(
		Object.entries(process.env).filter(([name]) => !FOREIGN_SETTING.test(name)),
	);
	const [port, brokerPort] = ports.map(String);
	const noProxy = [process.env.NO_PROXY ?? process.env.no_proxy, '127.0.0.1', 'localhost']
		.filter(Boolean)
		.join(',');
	return withNodeInPath(runtime.node, {
		...inherited,
		// As in n8n's Docker image: otherwise n8n's own answers hold stack traces. With jest's value it ends without a word.
		NODE_ENV: 'production',
		NO_PROXY: noProxy,
		no_proxy: noProxy,
		N8N_USER_FOLDER: userFolder,
		N8N_ENCRYPTION_KEY: ENCRYPTION_KEY,
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		...(role === 'worker'
			? { QUEUE_HEALTH_CHECK_ACTIVE: 'true', QUEUE_HEALTH_CHECK_PORT: port }
			: { N8N_PORT: port }),
		N8N_RUNNERS_BROKER_PORT: brokerPort,
		N8N_SECURE_COOKIE: 'false',
		N8N_LOG_LEVEL: options.logLevel ?? 'info',
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_DYNAMIC_BANNERS_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
		N8N_VERIFIED_PACKAGES_ENABLED: 'false',
		EXTERNAL_FRONTEND_HOOKS_URLS: '',
		// Of a machine that is busy n8n (5 s) says that its database is not ready, and refuses everything.
		DB_PING_TIMEOUT_MS: '60000',
		...(options.mode === 'queue' || role !== 'start' ? { EXECUTIONS_MODE: 'queue' } : {}),
		...options.env,
	});
}

const databaseOf = (userFolder: string) => join(userFolder, '.n8n', 'database.sqlite');

/** Beside the runtime: the database of an n8n after its first start, with tables and owner. */
const seedOf = (runtime: Runtime) =>
	join(runtime.folder, `first-start-${sha256(ENCRYPTION_KEY + JSON.stringify(OWNER)).slice(0, 12)}.sqlite`);

/** Makes what spares an empty n8n some seconds of its first start. Worth it for many starts only. */
export async function ensureSeed(runtime: Runtime): Promise<void> {
	const seed = seedOf(runtime);
	if (existsSync(seed)) return;
	const userFolder = temporaryFolder('videosdk-n8n-seed');
	const first = await startN8n({ version: runtime.version, tarball: null, userFolder });
	await first.stop();
	// Another run may be doing the same.
	const own = `${seed}.${process.pid}`;
	copyFileSync(databaseOf(userFolder), own);
	renameSync(own, seed);
	removeFolder(userFolder);
}

const portTaken = (output: string) => /EADDRINUSE|port is already in use|port \d+ .*in use/i.test(output);

/** Starts a process of n8n, on loopback. In queue mode, `env` must name the same Postgres and Redis for each. */
export async function startProcess(role: Role, options: N8nOptions) {
	const userFolder = options.userFolder ?? temporaryFolder(`videosdk-n8n-${role}`);
	const isTemporary = options.userFolder === undefined;
	mkdirSync(userFolder, { recursive: true });
	const [runtime] = await Promise.all([
		ensureRuntime(options.version ?? DEFAULT_N8N_VERSION),
		(async () => {
			if (options.tarball === null) return;
			await installPackage(userFolder, options.tarball ?? (await packPackage()));
		})(),
	]);

	const isEmpty = role === 'start' && isTemporary && options.env?.DB_TYPE === undefined;
	if (isEmpty && existsSync(seedOf(runtime))) {
		mkdirSync(dirname(databaseOf(userFolder)), { recursive: true });
		copyFileSync(seedOf(runtime), databaseOf(userFolder));
	}

	let ports: number[] = [];
	/** The present one is the last. */
	const launched: TrackedProcess[] = [];
	const launch = async () => {
		const current = new TrackedProcess(
			runtime.node,
			[runtime.n8n, ...(role === 'worker' ? ['worker', '--concurrency=5'] : [role])],
			{ cwd: userFolder, env: environment(role, options, runtime, userFolder, ports) },
		);
		launched.push(current);
		// A worker has no REST interface; the others answer readiness before their routes exist.
		const probe = `http://127.0.0.1:${ports[0]}${role === 'start' ? '/rest/settings' : '/healthz/readiness'}`;
		await waitFor(
			`n8n ${runtime.version} (${role}) to start`,
			async () => {
				if (!current.running) {
					const lastLines = current.output.trim().split('\n').slice(-25).join('\n');
					const ended = `n8n (${role}) ended while starting, with code ${current.exitCode}.`;
					throw new PlainError(`${lastLines}\n${ended}`);
				}
				try {
					const response = await fetch(probe);
					const text = await response.text();
					return response.ok && (role !== 'start' || text.startsWith('{')) ? true : undefined;
				} catch {
					return undefined;
				}
			},
			START_TIMEOUT_MS,
			150,
		);
	};

	for (let attempt = 1; ; attempt++) {
		ports = await freePorts(2);
		if (options.port !== undefined) ports[0] = options.port;
		try {
			await launch();
			break;
		} catch (error) {
			await launched.at(-1)?.kill();
			// Another program may have taken a port between our look and n8n's start.
			const mayTryAgain = options.port === undefined && attempt < START_ATTEMPTS;
			if (mayTryAgain && portTaken(launched.at(-1)?.output ?? '')) continue;
			if (isTemporary) removeFolder(userFolder);
			throw error;
		}
	}

	return {
		get port() {
			return ports[0] ?? 0;
		},
		get url() {
			return `http://127.0.0.1:${ports[0]}`;
		},
		get pid() {
			return launched.at(-1)?.pid;
		},
		userFolder,
		runtime,
		/** All it has written so far, restarts included. */
		get logs() {
			return launched.map(({ output }) => output).join('');
		},
		get running() {
			return launched.at(-1)?.running ?? false;
		},
		/** Ends it and removes its temporary folder. */
		async stop() {
			await launched.at(-1)?.stop();
			if (isTemporary) removeFolder(userFolder);
		},
		/** SIGKILL to it and its children; its folder stays. */
		async kill() {
			await launched.at(-1)?.kill();
		},
		/** Ends it if it runs and starts it again on the same port and folder. */
		async restart() {
			await launched.at(-1)?.stop();
			await launch();
		},
	};
}

/** Starts a real n8n with the package installed, on loopback; its owner account is set up and logged in. */
export async function startN8n(options: N8nOptions = {}) {
	const main = await startProcess('start', options);
	const rest = new N8nRest(main.url, main.runtime.version);
	try {
		await rest.setupOwner();
	} catch (error) {
		await main.stop();
		throw error;
	}
	// Not a copy: what it tells is asked for when it is read.
	return Object.assign(main, { rest });
}
