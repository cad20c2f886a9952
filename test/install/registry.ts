import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
	freePorts,
	PlainError,
	removeFolder,
	repositoryRoot,
	runNpm,
	temporaryFolder,
	TrackedProcess,
	waitFor,
	withLock,
} from '../n8n/processes';
import { DEFAULT_N8N_VERSION, ensureRuntime } from '../n8n/runtime';

/** A registry of npm packages on loopback that knows only what is published to it. */
export interface Registry {
	readonly url: string;
	/** Publishes what is in a folder. */
	publish(folder: string): Promise<void>;
	stop(): Promise<void>;
}

const { isInstalled } = require('../../scripts/installed') as { isInstalled(folder: string): boolean };

const HOME = join(__dirname, 'registry');
const START_TIMEOUT_MS = 120_000;

async function ensureVerdaccio(): Promise<string> {
	const program = join(HOME, 'node_modules', 'verdaccio', 'bin', 'verdaccio');
	await withLock(join(repositoryRoot, '.cache', 'verdaccio.lock'), async () => {
		if (isInstalled(HOME)) return;
		const { code, output } = await runNpm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
			cwd: HOME,
			env: process.env,
		});
		if (code !== 0) throw new PlainError(`${output.slice(-1500)}\nVerdaccio could not be installed.`);
	});
	return program;
}

/** Starts Verdaccio with nothing in it, for this machine only, and without an outside registry to ask. */
export async function startRegistry(): Promise<Registry> {
	const program = await ensureVerdaccio();
	// Verdaccio needs a newer Node.js than this package.
	const { node } = await ensureRuntime(DEFAULT_N8N_VERSION);
	const folder = temporaryFolder('videosdk-registry');
	const [port = 0] = await freePorts(1);
	const url = `http://127.0.0.1:${port}`;
	const config = join(folder, 'config.yaml');
	writeFileSync(
		config,
		[
			`storage: ${JSON.stringify(join(folder, 'storage'))}`,
			'uplinks: {}',
			'web: { enable: false }',
			'max_body_size: 10mb',
			`auth: { htpasswd: { file: ${JSON.stringify(join(folder, 'htpasswd'))}, max_users: -1 } }`,
			"packages: { '**': { access: $all, publish: $all } }",
			'log: { type: stdout, level: warn }',
		].join('\n'),
	);
	const child = new TrackedProcess(node, [program, '--config', config, '--listen', `127.0.0.1:${port}`], {
		cwd: folder,
		env: { PATH: process.env.PATH, HOME: folder, NODE_ENV: 'production' },
	});
	await waitFor(
		'the local npm registry to start',
		async () => {
			if (!child.running) {
				throw new PlainError(`${child.output.slice(-1500)}\nThe local npm registry ended while starting.`);
			}
			return await fetch(`${url}/-/ping`).then(
				({ ok }) => ok || undefined,
				() => undefined,
			);
		},
		START_TIMEOUT_MS,
	);
	return {
		url,
		async publish(packageFolder) {
			const { code, output } = await runNpm(
				[
					'publish',
					'--ignore-scripts',
					'--provenance=false',
					`--registry=${url}`,
					// npm insists on a token; this registry asks for none.
					`--//127.0.0.1:${port}/:_authToken=any`,
				],
				{ cwd: packageFolder, env: process.env },
			);
			if (code !== 0) throw new PlainError(`${output.slice(-1500)}\nThe package could not be published.`);
		},
		async stop() {
			await child.stop();
			removeFolder(folder);
		},
	};
}
