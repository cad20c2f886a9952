import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { isUnreachable } from '../webhook/address';
import type { CredentialSource, ReadCredential } from './credentialSource';
import { acquireSource } from './credentialSource';
import { keepOpenWait, watchFormerWaits } from './openWaits';
import { resumeAddress } from './resumeWebhook';
import { UNLIMITED_WAIT_MS } from './schedule';
import { storeWait } from './storedWait';
import type { WaitableKind } from './waitable';
import { WAITABLES } from './waitable';
import { watchOwn } from './watches';

/**
 * n8n's own deadline comes this long after ours, so that our last poll comes first. n8n sets a timer for each execution whose
 * deadline is less than 70 s away, and does not cancel it when the execution goes on (WaitTracker): it would then end the next wait
 * of the execution. So ours must be over before.
 */
export const GRACE_MS = 90_000;
/** The last poll of thousands takes its time. */
const GRACE_MS_PER_ITEM = 100;

/** How the items of an operation wait. */
export interface WaitOptions {
	kind: WaitableKind;
	/** How long an item waits, in ms; Infinity: no limit, then UNLIMITED_WAIT_MS. */
	maxWaitMs: (itemIndex: number) => number;
	/** Whether what still runs at the deadline is ended. */
	endsAtDeadline: (itemIndex: number) => boolean;
	/** Gives the credential of an item. */
	credential: (itemIndex: number) => ReadCredential;
}

/** @returns the resume URL of the execution */
export function resumeUrlOf(context: IExecuteFunctions): string {
	return resumeAddress(String(context.evaluateExpression('{{ $execution.resumeUrl }}', 0)));
}

const indexOf = ({ pairedItem }: INodeExecutionData) => (pairedItem as { item: number }).item;

/** @returns where the credential of each is read, by the ID of what is waited for */
async function sourcesOf(
	context: IExecuteFunctions,
	waiting: INodeExecutionData[],
	idField: string,
	credential: WaitOptions['credential'],
): Promise<Map<string, CredentialSource>> {
	const sources = new Map<string, CredentialSource>();
	for (const item of waiting) {
		const id = String(item.json[idField]);
		const index = indexOf(item);
		if (!sources.has(id)) sources.set(id, await acquireSource(context, index, credential(index)));
	}
	return sources;
}

/** Tells in the output panel that no event of VideoSDK can arrive, and what happens instead. */
async function hintIfUnreachable(
	context: IExecuteFunctions,
	resumeUrl: string,
	sources: Iterable<CredentialSource>,
): Promise<void> {
	// Older versions of n8n have no such hints.
	if (!isUnreachable(resumeUrl) || typeof context.addExecutionHints !== 'function') return;
	for (const source of sources) {
		const { data } = await source.read();
		if (isUnreachable(readBaseUrl(data?.baseUrl).href)) return;
	}
	context.addExecutionHints({
		message: `VideoSDK cannot reach this n8n at ${new URL(resumeUrl).origin}. Instead, n8n polls VideoSDK for the end of the sessions: every few seconds at first, then less often, down to every 30 minutes. To continue as soon as they end, give n8n a public address (N8N_WEBHOOK_URL).`,
		type: 'info',
		location: 'outputPane',
	});
}

/**
 * Makes the execution wait, once, until all that was started has ended, or the deadline: the longest one of the items. Where all has
 * ended already, or nothing could be started, it does not wait.
 *
 * At the deadline n8n passes the input of this node through and does not run it again (WorkflowExecute.handleDisabledNode). So the
 * input is replaced by what is to be the output then. The items before, which other nodes show, are left as they are.
 *
 * @param output one item for each input item: what was started, or why it was not
 * @returns the output if the execution does not wait
 */
export async function waitForEnds(
	context: IExecuteFunctions,
	output: INodeExecutionData[],
	{ kind, maxWaitMs, endsAtDeadline, credential }: WaitOptions,
): Promise<INodeExecutionData[]> {
	// This execution need not wait for it.
	void watchFormerWaits(context);
	const { idField, endOf } = WAITABLES[kind];
	const isStarted = ({ json }: INodeExecutionData) => Boolean(json[idField]);
	const items = output.map((item) =>
		isStarted(item) ? { ...item, json: { ...item.json, ...endOf(item.json) } as IDataObject } : item,
	);
	const waiting = items.filter((item) => isStarted(item) && endOf(item.json) === undefined);
	if (waiting.length === 0 || context.getExecutionCancelSignal()?.aborted) return items;
	const sources = await sourcesOf(context, waiting, idField, credential);
	const longestMs = Math.max(...waiting.map((item) => maxWaitMs(indexOf(item))));
	const deadlineMs = Date.now() + (longestMs === Infinity ? UNLIMITED_WAIT_MS : longestMs);
	const resumeUrl = resumeUrlOf(context);
	const { wait, key } = storeWait(context, {
		kind,
		executionId: context.getExecutionId(),
		resumeUrl,
		deadlineMs,
		endIds: waiting.filter((item) => endsAtDeadline(indexOf(item))).map(({ json }) => String(json[idField])),
	});
	const isWaiting = new Set(waiting);
	context.getExecuteData().data.main = [
		items.map((item) => (isWaiting.has(item) ? { ...item, json: { ...item.json, timedOut: true } } : item)),
	];
	const graceMs = GRACE_MS + GRACE_MS_PER_ITEM * waiting.length;
	await context.putExecutionToWait(new Date(deadlineMs + graceMs));
	watchOwn(wait, key, sources);
	keepOpenWait(context, wait);
	if (kind === 'session')
		await hintIfUnreachable(context, resumeUrl, sources.values()).catch(() => undefined);
	return items;
}
