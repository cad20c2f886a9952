import { type IDataObject, type IWebhookFunctions } from 'n8n-workflow';
import { BoundedMap } from '../api/boundedMap';

/** Anyone who knows the URL can make log lines, so warnings are few. */
const WARNING_INTERVAL_MS = 60_000;
const MAX_REMEMBERED = 1_000;

/** When each node last warned of each matter, in ms since 1970. */
const warnedAtMs = new BoundedMap<string, number>(MAX_REMEMBERED);

/** For tests: the next rejection of each node is a warning. */
export function forgetWarnings(): void {
	warnedAtMs.clear();
}

/**
 * Logs a sentence: as a warning at most once a minute per node and matter, else at debug level.
 *
 * @param matter what the sentence is about
 */
export function warnSparingly(
	context: IWebhookFunctions,
	matter: string,
	sentence: string,
	details: IDataObject = {},
): void {
	const { id, name } = context.getNode();
	const workflow = context.getWorkflow();
	const key = `${workflow.id}:${id}:${matter}`;
	const nowMs = Date.now();
	const isQuiet = nowMs - (warnedAtMs.get(key) ?? 0) < WARNING_INTERVAL_MS;
	if (!isQuiet) warnedAtMs.set(key, nowMs);
	context.logger[isQuiet ? 'debug' : 'warn'](`VideoSDK Agent Cloud: ${sentence}`, {
		workflowId: workflow.id,
		nodeName: name,
		...details,
	});
}
