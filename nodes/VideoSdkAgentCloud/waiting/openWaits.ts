import type { IDataObject, IExecuteFunctions, IRunExecutionData } from 'n8n-workflow';
import { CREDENTIAL_TYPE, credentialId, credentialOf, isAsStored } from '../api/credential';
import type { StoredWait } from './storedWait';
import { currentWait } from './storedWait';
import { idsOfWaiting } from './waitable';
import { watchOf } from './watches';

/** The process behind a wait that began earlier may be gone. */
const PROCESS_BEGAN_AT_MS = Date.now();
/** In the node's static data, which n8n loads with each execution of the workflow. */
const FIELD = 'openWaits';
const MAX_KEPT = 100;

/** An execution of the node that is waiting, or was a while ago. */
interface OpenWait extends IDataObject {
	executionId: string;
	beganAtMs: number;
	deadlineMs: number;
}

/** The executions that this process has looked at: once is enough. */
const lookedAt = new Set<string>();

/** Those of this process, by workflow and node: executions at the same time overwrite each other's static data, which has no lock. */
const ofProcess = new Map<string, OpenWait[]>();

function recall(context: IExecuteFunctions): OpenWait[] {
	const kept = (context.getWorkflowStaticData('node')[FIELD] ?? []) as OpenWait[];
	return kept.filter(({ deadlineMs }) => deadlineMs > Date.now());
}

/** Remembers that an execution is waiting. n8n stores that with the workflow, except in manual executions. */
export function keepOpenWait(context: IExecuteFunctions, { executionId, deadlineMs }: StoredWait): void {
	const node = `${context.getWorkflow().id} ${context.getNode().id}`;
	const own = (ofProcess.get(node) ?? []).filter((wait) => wait.deadlineMs > Date.now());
	const began: OpenWait = { executionId, beganAtMs: Date.now(), deadlineMs };
	// One of an execution, the latest: it may wait several times.
	const byExecution = new Map([...recall(context), ...own, began].map((wait) => [wait.executionId, wait]));
	const open = [...byExecution.values()].sort((a, b) => a.beganAtMs - b.beganAtMs).slice(-MAX_KEPT);
	ofProcess.set(node, open);
	context.getWorkflowStaticData('node')[FIELD] = open;
}

/** @returns the wait of an execution and the IDs of what it waits for, if it waits at a node with the same credential */
function findWait(
	context: IExecuteFunctions,
	data: IRunExecutionData | undefined,
): { wait: StoredWait; ids: string[] } | undefined {
	const wait = data && currentWait(data);
	const entry = data?.executionData?.nodeExecutionStack[0];
	if (wait === undefined || entry?.node.credentials?.[CREDENTIAL_TYPE]?.id !== credentialId(context)) {
		return undefined;
	}
	const items = (entry.data.main?.[0] ?? []).map(({ json }) => json);
	return { wait, ids: idsOfWaiting(wait.kind, items) };
}

/**
 * Resumes polling for the executions of this node that were already waiting when this process started: n8n runs none of our code at
 * its start, so the next execution of the node does it. Never throws: n8n's own deadline remains.
 */
export async function watchFormerWaits(context: IExecuteFunctions): Promise<void> {
	try {
		const former = recall(context).filter(
			({ executionId, beganAtMs }) => beganAtMs < PROCESS_BEGAN_AT_MS && !lookedAt.has(executionId),
		);
		// Whether they belong to the project of our first item is not known otherwise.
		if (former.length === 0 || !(await isAsStored(context, await credentialOf(context, 0)()))) return;
		for (const { executionId } of former) {
			const found = findWait(context, await context.getExecutionDataById(executionId));
			lookedAt.add(executionId);
			if (found) await watchOf(context, found.wait, found.ids);
		}
	} catch (error) {
		context.logger.warn(
			'VideoSDK Agent Cloud: polling could not be resumed for executions that were waiting before a restart',
			{
				reason: (error as Error).message,
			},
		);
	}
}
