import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inDatabase } from '../n8n/database';
import type { N8n } from '../n8n/instance';
import { PACKAGE } from '../e2e/setup';
import { PlainError, run, runNpm, temporaryFolder } from '../n8n/processes';
import { RestError } from '../n8n/rest';

type PackageJson = Record<string, unknown> & { version: string; dependencies?: Record<string, string> };

const readJson = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as PackageJson;
const writeJson = (file: string, json: object) => writeFileSync(file, JSON.stringify(json, null, 2));

export const OUR_NODES = [
	{ name: 'VideoSDK Agent Cloud', type: 'videoSdkAgentCloud', latestVersion: 1 },
	{ name: 'VideoSDK Agent Cloud Trigger', type: 'videoSdkAgentCloudTrigger', latestVersion: 1 },
];

/** A copy of a package, with another version number. */
export function copyAs(version: string, packageFolder: string): string {
	const copy = temporaryFolder('videosdk-copy');
	cpSync(packageFolder, copy, { recursive: true });
	const file = join(copy, 'package.json');
	writeJson(file, { ...readJson(file), version });
	return copy;
}

async function succeed(what: string, work: Promise<{ code: number; output: string }>): Promise<string> {
	const { code, output } = await work;
	if (code !== 0) throw new PlainError(`${output.slice(-1500)}\n${what} failed.`);
	return output.trim();
}

/**
 * Does what n8n 2.41's own installer does (Settings > Community nodes), step by step. n8n itself takes another registry than
 * npmjs.com only with a licence. n8n has to be restarted afterwards.
 *
 * See `installOrUpdatePackage` and `downloadPackage` in n8n's community-packages.service.
 */
export async function installAsN8nDoes(
	n8n: N8n,
	registryUrl: string,
	name: string,
	version: string,
	nodes: Array<{ name: string; type: string; latestVersion: number }>,
): Promise<string> {
	const downloads = join(n8n.userFolder, '.n8n', 'nodes');
	const folder = join(downloads, 'node_modules', name);
	const backup = `${folder}.backup-${Date.now()}`;
	try {
		renameSync(folder, backup);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
	}
	mkdirSync(folder, { recursive: true });
	const registry = `--registry=${registryUrl}`;
	const inside = { cwd: folder, env: process.env };
	const beside = { cwd: downloads, env: process.env };

	const tarball = await succeed(
		'npm pack',
		runNpm(['pack', `${name}@${version}`, '--quiet', registry], beside),
	);
	await succeed('tar', run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'], beside));
	const packageJson = readJson(join(folder, 'package.json'));
	for (const unwanted of ['devDependencies', 'peerDependencies', 'optionalDependencies']) {
		delete packageJson[unwanted];
	}
	writeJson(join(folder, 'package.json'), packageJson);
	await succeed(
		'npm install',
		runNpm(
			[
				'install',
				'--audit=false',
				'--fund=false',
				'--bin-links=false',
				'--install-strategy=shallow',
				'--ignore-scripts=true',
				'--package-lock=false',
				registry,
			],
			inside,
		),
	);
	const ledger = readJson(join(downloads, 'package.json'));
	writeJson(join(downloads, 'package.json'), {
		...ledger,
		dependencies: { ...ledger.dependencies, [name]: packageJson.version },
	});
	rmSync(join(downloads, tarball));
	rmSync(backup, { recursive: true, force: true });

	await inDatabase(
		n8n,
		`const package_ = ${JSON.stringify({ name, version: packageJson.version })};
		const nodes = ${JSON.stringify(nodes)};
		database.prepare('DELETE FROM installed_nodes WHERE package = ?').run(package_.name);
		database.prepare('DELETE FROM installed_packages WHERE packageName = ?').run(package_.name);
		database.prepare('INSERT INTO installed_packages (packageName, installedVersion) VALUES (?, ?)')
			.run(package_.name, package_.version);
		for (const node of nodes) {
			database.prepare('INSERT INTO installed_nodes (name, type, latestVersion, package) VALUES (?, ?, ?, ?)')
				.run(node.name, package_.name + '.' + node.type, node.latestVersion, package_.name);
		}`,
	);
	return folder;
}

/** What n8n knows of our action node; undefined if nothing. */
export async function knownNode({ rest }: N8n): Promise<string | undefined> {
	try {
		const nodeInfos = [{ name: `${PACKAGE}.videoSdkAgentCloud`, version: 1 }];
		return JSON.stringify(await rest.call('POST', '/node-types', { nodeInfos }));
	} catch (error) {
		if (error instanceof RestError && error.body.includes('Unrecognized node type')) return undefined;
		throw error;
	}
}
