import { join } from 'node:path';
import { placePackage } from '../../scripts/placePackage';
import { PACKAGE } from '../e2e/nodes';
import type { N8n } from '../n8n/instance';
import { unpackPackage } from '../n8n/package';
import { PlainError, run } from '../n8n/processes';
import { RestError } from '../n8n/rest';

const OUR_NODES = [
	{ name: 'VideoSDK Agent Cloud', type: 'videoSdkAgentCloud', latestVersion: 1 },
	{ name: 'VideoSDK Agent Cloud Trigger', type: 'videoSdkAgentCloudTrigger', latestVersion: 1.1 },
];

/**
 * Does what n8n's own installer does (Settings > Community nodes) with what it has downloaded from the registry, and notes the package
 * and its nodes in n8n's database. n8n itself takes another registry than npmjs.com only with a licence. n8n has to be restarted
 * afterwards.
 */
export async function installAsN8nDoes(
	{ userFolder, runtime }: N8n,
	tarball: string,
	nodes = OUR_NODES,
): Promise<void> {
	const { name, version } = placePackage(await unpackPackage(tarball), join(userFolder, '.n8n'));
	const file = join(userFolder, '.n8n', 'database.sqlite');
	// In the Node.js of n8n: ours may be too old for its module for SQLite.
	const { code, output } = await run(runtime.node, [
		'--no-warnings',
		'-e',
		`const { DatabaseSync } = require('node:sqlite');
		const [file, name, version, nodes] = ${JSON.stringify([file, name, version, nodes])};
		const database = new DatabaseSync(file);
		database.exec('PRAGMA busy_timeout = 30000; PRAGMA foreign_keys = ON; BEGIN IMMEDIATE');
		database.prepare('DELETE FROM installed_nodes WHERE package = ?').run(name);
		database.prepare('DELETE FROM installed_packages WHERE packageName = ?').run(name);
		database.prepare('INSERT INTO installed_packages (packageName, installedVersion) VALUES (?, ?)').run(name, version);
		const note = database.prepare('INSERT INTO installed_nodes (name, type, latestVersion, package) VALUES (?, ?, ?, ?)');
		for (const node of nodes) note.run(node.name, name + '.' + node.type, node.latestVersion, name);
		database.exec('COMMIT');
		database.close();`,
	]);
	if (code !== 0) throw new PlainError(`${output.slice(-1500)}\nThe database of n8n could not be used.`);
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
