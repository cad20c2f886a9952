import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
	commandExists,
	freePorts,
	PlainError,
	removeFolder,
	run,
	temporaryFolder,
	TrackedProcess,
	waitFor,
} from './processes';

const START_TIMEOUT_MS = 120_000;
const POSTGRES_USER = 'n8n';
const POSTGRES_DATABASE = 'n8n';

/** Keeps Debian's packages from starting services, for as long as it is there. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';

/** Installs Debian packages without letting them start services of their own. */
export async function aptInstall(packages: string[], log: (line: string) => void): Promise<void> {
	if (process.getuid?.() !== 0 || !commandExists('apt-get'))
		throw new PlainError(
			`${packages.join(' and ')} must be installed for this test (Debian 13: apt-get install ${packages.join(' ')}).`,
		);
	const names = packages.join(', ');
	log(`  Installing ${names} from Debian ...`);
	const isPolicyOurs = !existsSync(POLICY_FILE);
	if (isPolicyOurs) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
	// In a session of its own and awaited without a pause, since dpkg must not be killed half way. Another one is waited for.
	const apt = (...words: string[]) =>
		spawnSync('setsid', ['--wait', 'apt-get', '-qq', '-y', '-o', 'DPkg::Lock::Timeout=600', ...words], {
			encoding: 'utf8',
			env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
		});
	const install = () => apt('install', '--no-install-recommends', ...packages);
	try {
		if (install().status === 0) return;
		apt('update');
		const { status, stdout, stderr } = install();
		if (status !== 0)
			throw new PlainError(`${stdout}${stderr}`.slice(-1500) + `\n${names} could not be installed.`);
	} finally {
		if (isPolicyOurs) removeFolder(POLICY_FILE);
	}
}

function postgresBinaries(): string | undefined {
	const root = '/usr/lib/postgresql';
	if (!existsSync(root)) return undefined;
	// n8n warns below 17.
	const version = readdirSync(root)
		.map(Number)
		.filter((candidate) => candidate >= 17 && existsSync(join(root, String(candidate), 'bin', 'initdb')))
		.sort((first, second) => first - second)[0];
	return version === undefined ? undefined : join(root, String(version), 'bin');
}

function idsOf(user: string): { uid: number; gid: number } {
	const id = (flag: string) => Number(spawnSync('id', [flag, user], { encoding: 'utf8' }).stdout.trim());
	return { uid: id('-u'), gid: id('-g') };
}

const show = (line: string) => void process.stderr.write(`${line}\n`);

async function service(
	name: string,
	folder: string,
	port: number,
	env: Record<string, string>,
	launch: () => TrackedProcess,
	isReady: () => Promise<boolean>,
	stopSignal: NodeJS.Signals,
) {
	let child = launch();
	const ready = async () =>
		await waitFor(
			`${name} to start`,
			async () => {
				if (!child.running)
					throw new PlainError(`${child.output.slice(-1500)}\n${name} ended while starting.`);
				return await isReady();
			},
			START_TIMEOUT_MS,
			50,
		);
	await ready();
	return {
		port,
		env,
		get pid() {
			return child.pid;
		},
		/** Ends exactly this process and removes its data. */
		async stop() {
			await child.stop(10_000, stopSignal);
			removeFolder(folder);
		},
		/** Ends it at once, as in a power failure; the data stay. */
		async kill() {
			await child.kill();
		},
		async restart() {
			await child.stop(10_000, stopSignal);
			child = launch();
			await ready();
		},
	};
}

export type Postgres = Awaited<ReturnType<typeof startPostgres>>;

/** Starts a Postgres 17 or newer on loopback, with a database of its own in a temporary folder. */
export async function startPostgres() {
	if (!postgresBinaries()) await aptInstall(['postgresql-17'], show);
	const binaries = postgresBinaries()!;
	const folder = temporaryFolder('videosdk-postgres');
	// Postgres refuses to run as root.
	const ids = process.getuid?.() === 0 ? idsOf('postgres') : undefined;
	if (ids) chownSync(folder, ids.uid, ids.gid);
	const options = { cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' }, ...ids };
	const data = join(folder, 'data');
	const created = await run(
		join(binaries, 'initdb'),
		['--pgdata', data, '--username', POSTGRES_USER, '--auth', 'trust', '--encoding', 'UTF8', '--no-sync'],
		options,
	);
	if (created.code !== 0)
		throw new PlainError(`${created.output}\nThe Postgres database could not be created.`);

	const [port = 0] = await freePorts(1);
	const psql = async (database: string, sql: string) =>
		await run(
			join(binaries, 'psql'),
			['-h', '127.0.0.1', '-p', String(port), '-U', POSTGRES_USER, '-d', database, '-tAc', sql],
			options,
		);
	const started = await service(
		'Postgres',
		folder,
		port,
		{
			DB_TYPE: 'postgresdb',
			DB_POSTGRESDB_HOST: '127.0.0.1',
			DB_POSTGRESDB_PORT: String(port),
			DB_POSTGRESDB_DATABASE: POSTGRES_DATABASE,
			DB_POSTGRESDB_USER: POSTGRES_USER,
			DB_POSTGRESDB_PASSWORD: 'any',
		},
		() =>
			new TrackedProcess(
				join(binaries, 'postgres'),
				['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-k', folder],
				options,
			),
		async () => (await psql('postgres', 'select 1')).code === 0,
		// Fast shutdown: open connections are ended.
		'SIGINT',
	);
	const database = await psql('postgres', `create database ${POSTGRES_DATABASE}`);
	if (database.code !== 0) {
		await started.stop();
		throw new PlainError(`${database.output}\nThe Postgres database could not be created.`);
	}
	/** Runs SQL beside n8n. @returns the rows, a line each */
	const query = async (sql: string): Promise<string> => {
		const { code, output } = await psql(POSTGRES_DATABASE, sql);
		if (code !== 0) throw new PlainError(output);
		return output.trim();
	};
	// Not a copy: its values are read when they are asked for.
	return Object.assign(started, { query });
}

/** Starts a Redis on loopback, with its data in a temporary folder (it survives `kill` and `restart`). */
export async function startRedis() {
	if (!commandExists('redis-server')) await aptInstall(['redis-server'], show);
	const folder = temporaryFolder('videosdk-redis');
	const [port = 0] = await freePorts(1);
	return await service(
		'Redis',
		folder,
		port,
		{ QUEUE_BULL_REDIS_HOST: '127.0.0.1', QUEUE_BULL_REDIS_PORT: String(port) },
		() =>
			new TrackedProcess(
				'redis-server',
				['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', ''],
				{ cwd: folder, env: { PATH: process.env.PATH } },
			),
		async () => (await run('redis-cli', ['-p', String(port), 'ping'])).code === 0,
		'SIGTERM',
	);
}
