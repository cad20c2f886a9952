import { join } from 'node:path';
import { placePackage } from '../../scripts/placePackage';
import { PACKAGE } from '../e2e/setup';
import { noteInstalled } from '../n8n/database';
import type { N8n } from '../n8n/instance';
import { unpackPackage } from '../n8n/package';
import { RestError } from '../n8n/rest';

const OUR_NODES = [
	{ name: 'VideoSDK Agent Cloud', type: 'videoSdkAgentCloud', latestVersion: 1 },
	{ name: 'VideoSDK Agent Cloud Trigger', type: 'videoSdkAgentCloudTrigger', latestVersion: 1 },
];

/**
 * Does what n8n's own installer does (Settings > Community nodes) with what it has downloaded from the registry. n8n itself takes
 * another registry than npmjs.com only with a licence. n8n has to be restarted afterwards.
 */
export async function installAsN8nDoes(n8n: N8n, tarball: string, nodes = OUR_NODES): Promise<void> {
	const { name, version } = placePackage(await unpackPackage(tarball), join(n8n.userFolder, '.n8n'));
	await noteInstalled(n8n, name, version, nodes);
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
