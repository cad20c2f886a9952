import { chain, CREDENTIAL_TYPE, n8nNode, ourNode } from '../e2e/setup';
import { PlainError } from '../n8n/processes';
import type { N8nRest, StoredWorkflow } from '../n8n/rest';
import { EXAMPLES, pathsOf, SELECTED } from './examples';
import { importedExamples, setUp } from './setUp';
import { createTables, type Tables } from './tables';
import type { Target } from './target';

/** What `npm start` has put into n8n. */
export interface Imported {
	credential: { id: string; name: string };
	/** By the name of the example's file. */
	workflows: Record<string, StoredWorkflow>;
	tables: Tables;
}

/** Puts the credentials, the tables, and all workflows of `examples/` into n8n, set up for this n8n and this target. */
export async function importExamples(n8n: { rest: N8nRest; url: string }, target: Target): Promise<Imported> {
	const { rest } = n8n;
	const add = async (name: string, type: string, data: Record<string, unknown>) => ({
		id: (await rest.createCredential({ name, type, data })).id,
		name,
	});
	const { apiKey, secretKey, baseUrl } = target;
	const name = target.isReal ? 'VideoSDK account' : 'VideoSDK account (simulator)';
	const credential = await add(name, CREDENTIAL_TYPE, { apiKey, secretKey, baseUrl });
	const email = target.email && (await add('Email (simulator)', 'smtp', target.email.account));
	const tables = await createTables(rest, !target.isReal);
	const entered = {
		...{ target, credential, email },
		webhooksUrl: `${target.publicUrl ?? n8n.url}/webhook`,
		tablesById: rest.version.startsWith('1.') ? tables : undefined,
	};
	const examples = importedExamples();
	const workflows: Imported['workflows'] = {};
	for (const file of EXAMPLES) workflows[file] = await rest.createWorkflow(setUp(file, examples, entered));
	return { credential, workflows, tables };
}

/** Publishes what other examples have selected: it answers, and calls no one. */
export async function publishSelected(rest: N8nRest, { workflows }: Imported): Promise<StoredWorkflow[]> {
	const selected = [...new Set(Object.values(SELECTED))].map((file) => workflows[file]!);
	for (const workflow of selected) {
		await rest.activate(workflow.id);
		for (const path of pathsOf(workflow)) await rest.waitForWebhook(path);
	}
	return selected;
}

/** Ends a session through the package's own End operation. */
export async function endSession(rest: N8nRest, { credential }: Imported, sessionId: string): Promise<void> {
	const parameters = { resource: 'session', operation: 'end', sessionId };
	const end = ourNode({ credentialId: credential.id }, 'End', 'videoSdkAgentCloud', parameters);
	const workflow = chain(`End session ${sessionId}`, [n8nNode('Manual', 'manualTrigger'), end]);
	const execution = await rest.runWorkflow((await rest.createWorkflow(workflow)).id);
	if (execution.status !== 'success') {
		throw new PlainError(
			`Session ${sessionId} could not be ended: ${execution.data.resultData.error?.message ?? execution.status}`,
		);
	}
}
