import { type IDataObject, type IHookFunctions, type IWebhookFunctions } from 'n8n-workflow';
import { PerNode } from '../n8n/boundedStores';

/** The shortest time between two warnings, because anyone who knows the URL can cause them. */
const WARNING_INTERVAL_MS = 60_000;

/** When each node last warned about each matter, in ms since 1970. */
const warnings = new PerNode(() => new Map<string, number>());

/** Logs a sentence that begins with the node's name. */
export function log(
	context: IHookFunctions | IWebhookFunctions,
	level: 'debug' | 'warn',
	sentence: string,
	details: IDataObject = {},
): void {
	const { name: nodeName } = context.getNode();
	const workflowId = context.getWorkflow().id;
	const text = `VideoSDK Agent Cloud: '${nodeName}' ${sentence}`;
	context.logger[level](text, { workflowId, nodeName, ...details });
}

/**
 * Logs a sentence that begins with the node's name: as a warning at most once a minute for each node and matter, else at debug level.
 *
 * @param matter what the sentence is about
 */
export function warnSparingly(
	context: IWebhookFunctions,
	matter: 'rejection' | 'tool set-up' | 'tool token',
	sentence: string,
	details?: IDataObject,
): void {
	const warnedAtMs = warnings.of(context);
	const nowMs = Date.now();
	const isQuiet = nowMs - (warnedAtMs.get(matter) ?? 0) < WARNING_INTERVAL_MS;
	if (!isQuiet) warnedAtMs.set(matter, nowMs);
	log(context, isQuiet ? 'debug' : 'warn', sentence, details);
}
