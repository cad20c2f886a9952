import './environment';
import { DataDeduplicationService } from 'n8n-core';
import type {
	DeduplicationItemTypes,
	DeduplicationScope,
	ICheckProcessedContextData,
	ICheckProcessedOptions,
	IDataDeduplicator,
	IDeduplicationOutput,
} from 'n8n-workflow';

/** How long the database takes between reading and writing. */
const QUERY_MS = 5;

const entries = new Map<string, DeduplicationItemTypes[]>();
const broken = new Set<string>();

function keyOf(scope: DeduplicationScope, { node, workflow }: ICheckProcessedContextData): string {
	if (broken.has(workflow.id)) throw new Error('The database is away');
	return `${workflow.id}:${scope === 'node' ? node?.id : ''}`;
}

/** What n8n keeps in its database table `processed_data`, for the mode "entries". */
const inMemory: IDataDeduplicator = {
	async checkProcessedAndRecord(
		items: DeduplicationItemTypes[],
		scope: DeduplicationScope,
		contextData: ICheckProcessedContextData,
		{ maxEntries }: ICheckProcessedOptions,
	): Promise<IDeduplicationOutput> {
		const key = keyOf(scope, contextData);
		const known = entries.get(key) ?? [];
		// A query, and an update of the whole list: n8n has no lock for the time between them.
		await new Promise((resolve) => setTimeout(resolve, QUERY_MS));
		const isNew = items.filter((item) => !known.includes(item));
		entries.set(key, [...known, ...isNew].slice(-(maxEntries ?? Infinity)));
		return { new: isNew, processed: items.filter((item) => known.includes(item)) };
	},
	async removeProcessed(items, scope, contextData): Promise<void> {
		const key = keyOf(scope, contextData);
		entries.set(
			key,
			(entries.get(key) ?? []).filter((item) => !items.includes(item)),
		);
	},
	async clearAllProcessedItems(scope, contextData): Promise<void> {
		entries.delete(keyOf(scope, contextData));
	},
	async getProcessedDataCount(scope, contextData): Promise<number> {
		return entries.get(keyOf(scope, contextData))?.length ?? 0;
	},
};

/** n8n's service of this kind exists once in a process, so the workflows of all engines of a test file share it; each file begins anew. */
Object.assign(DataDeduplicationService, { instance: undefined });
const initialised = DataDeduplicationService.init(inMemory);

/** Makes n8n's store of processed items usable for a workflow, or break whenever that workflow asks it. */
export async function prepareDeduplication(workflowId: string, isUsable: boolean): Promise<void> {
	await initialised;
	if (isUsable) broken.delete(workflowId);
	else broken.add(workflowId);
}

/** Forgets what was recorded for a workflow, as when another process writes back the list that it had read before. */
export function overwriteDeduplication(workflowId: string): void {
	for (const key of entries.keys()) if (key.startsWith(`${workflowId}:`)) entries.delete(key);
}
