import './environment';
import { DataDeduplicationService } from 'n8n-core';
import type {
	DeduplicationItemTypes,
	DeduplicationScope,
	ICheckProcessedContextData,
	IDataDeduplicator,
} from 'n8n-workflow';

/** How long the database takes between reading and writing. */
const QUERY_MS = 5;

const entries = new Map<string, DeduplicationItemTypes[]>();
/** The workflows for which n8n's store of processed items is out of order. */
export const broken = new Set<string>();

function keyOf(scope: DeduplicationScope, { node, workflow }: ICheckProcessedContextData): string {
	if (broken.has(workflow.id)) throw new Error('The database is away');
	// That of the workflow is the user's: n8n's Remove Duplicates has it.
	if (scope !== 'node') throw new Error(`The list of the ${scope} is not ours`);
	return `${workflow.id}:${node?.id}`;
}

/** What n8n keeps in its database table `processed_data`, for the mode "entries", as far as the package uses it. */
const inMemory: Pick<IDataDeduplicator, 'checkProcessedAndRecord'> = {
	async checkProcessedAndRecord(items, scope, contextData, { maxEntries }) {
		const key = keyOf(scope, contextData);
		const known = entries.get(key) ?? [];
		// A query, and an update of the whole list: n8n has no lock for the time between them.
		await new Promise((resolve) => setTimeout(resolve, QUERY_MS));
		const isNew = items.filter((item) => !known.includes(item));
		entries.set(key, [...known, ...isNew].slice(-(maxEntries ?? Infinity)));
		return { new: isNew, processed: items.filter((item) => known.includes(item)) };
	},
};

/** Forgets what was recorded for a workflow, as when another process writes back the list that it had read before. */
export function overwriteDeduplication(workflowId: string): void {
	for (const key of entries.keys()) if (key.startsWith(`${workflowId}:`)) entries.delete(key);
}

/** n8n's service of this kind exists once in a process, so the workflows of all engines of a test file share it; each file begins anew. */
Object.assign(DataDeduplicationService, { instance: undefined });
export const deduplicationReady = DataDeduplicationService.init(inMemory as IDataDeduplicator);
