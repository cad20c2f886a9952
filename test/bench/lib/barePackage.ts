import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CREDENTIAL_TYPE } from '../../e2e/setup';

export const BARE_PACKAGE = 'n8n-nodes-bench-bare-trigger';
/** As n8n knows it. */
export const BARE_TRIGGER = `${BARE_PACKAGE}.bareTrigger`;

/**
 * Takes every delivery and hands on its body: what any trigger that is not n8n's own costs at least. Most are of version 1, for
 * which n8n does more than for a later one.
 */
const SOURCE = `
exports.BareTrigger = class {
	description = {
		displayName: 'Bare Trigger',
		name: 'bareTrigger',
		group: ['trigger'],
		version: [1, 2],
		description: 'Starts the workflow, whoever calls',
		defaults: { name: 'Bare Trigger' },
		inputs: [],
		outputs: ['main'],
		// It reads none; n8n itself checks the one of a node at each run.
		credentials: [{ name: '${CREDENTIAL_TYPE}', required: false }],
		webhooks: [
			{ name: 'default', httpMethod: 'POST', responseMode: 'onReceived', responseData: 'noData', path: 'webhook' },
		],
		properties: [],
	};
	webhookMethods = {
		default: { checkExists: async () => false, create: async () => true, delete: async () => true },
	};
	async webhook() {
		return { workflowData: [[{ json: this.getBodyData() }]] };
	}
};
`;

/** Writes the package with the bare trigger into a folder. */
export function writeBarePackage(folder: string): void {
	mkdirSync(join(folder, 'dist'), { recursive: true });
	const manifest = {
		name: BARE_PACKAGE,
		version: '1.0.0',
		keywords: ['n8n-community-node-package'],
		n8n: { n8nNodesApiVersion: 1, nodes: ['dist/BareTrigger.node.js'] },
	};
	writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
	writeFileSync(join(folder, 'dist', 'BareTrigger.node.js'), SOURCE);
}
