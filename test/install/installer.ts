import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE } from '../e2e/setup';
import { noteInstalled } from '../n8n/database';
import type { N8n } from '../n8n/instance';
import { unpackPackage } from '../n8n/package';
import { runNpm } from '../n8n/processes';
import { RestError } from '../n8n/rest';

type PackageJson = Record<string, unknown> & {
	name: string;
	version: string;
	dependencies?: Record<string, string>;
};

const readJson = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as PackageJson;
const writeJson = (file: string, json: object) => writeFileSync(file, JSON.stringify(json, null, 2));

const OUR_NODES = [
	{ name: 'VideoSDK Agent Cloud', type: 'videoSdkAgentCloud', latestVersion: 1 },
	{ name: 'VideoSDK Agent Cloud Trigger', type: 'videoSdkAgentCloudTrigger', latestVersion: 1 },
];

/**
 * Does what n8n 2.41's own installer does (Settings > Community nodes) with what it has downloaded from the registry, step by step.
 * n8n itself takes another registry than npmjs.com only with a licence. n8n has to be restarted afterwards.
 *
 * See `installOrUpdatePackage` and `downloadPackage` in n8n's community-packages.service.
 *
 * @returns the folder of the package
 */
export async function installAsN8nDoes(n8n: N8n, tarball: string, nodes = OUR_NODES): Promise<string> {
	const downloads = join(n8n.userFolder, '.n8n', 'nodes');
	const unpacked = await unpackPackage(tarball);
	const packageJson = readJson(join(unpacked, 'package.json'));
	const { name, version } = packageJson;
	for (const unwanted of ['devDependencies', 'peerDependencies', 'optionalDependencies']) {
		delete packageJson[unwanted];
	}
	const folder = join(downloads, 'node_modules', name);
	const backup = `${folder}.backup-${Date.now()}`;
	if (existsSync(folder)) renameSync(folder, backup);
	cpSync(unpacked, folder, { recursive: true });
	writeJson(join(folder, 'package.json'), packageJson);
	const options = ['--audit=false', '--fund=false', '--bin-links=false', '--install-strategy=shallow'];
	const more = ['--ignore-scripts=true', '--package-lock=false', '--offline'];
	await runNpm('npm install', ['install', ...options, ...more], { cwd: folder });
	const ledger = readJson(join(downloads, 'package.json'));
	const dependencies = { ...ledger.dependencies, [name]: version };
	writeJson(join(downloads, 'package.json'), { ...ledger, dependencies });
	rmSync(backup, { recursive: true, force: true });
	await noteInstalled(n8n, name, version, nodes);
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
