import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import type { Includable } from '../api/conversation';
import { isUnreachable } from '../webhook/address';
import { type ConversationKind, CONVERSATIONS } from './conversation';
import { type CredentialSource, findSource, type ReadCredential } from './credentialSource';
import { shownItem } from './ends';
import { keyRequest } from './notify';
import { startPolling } from './pollers';
import { resumeUrlOf } from './resumeUrl';
import { graceMs } from './schedule';
import { storeWait, type StoredWait } from './storedWait';

/** How the items of an operation wait. */
export interface WaitOptions {
	kind: ConversationKind;
	/** How long an item waits, in ms. */
	maxWaitMs: (itemIndex: number) => number;
	/** Whether to end what still runs at the deadline. */
	endsAtDeadline: (itemIndex: number) => boolean;
	/** Whether an item comes out simplified. */
	simplifies?: (itemIndex: number) => boolean;
	/** What to include of an item once it has ended. */
	include: (itemIndex: number) => Includable[];
	/** How long to wait for that, in ms. */
	includeWaitMs: (itemIndex: number) => number;
	/** Reads an item's credential. */
	credential: (itemIndex: number) => ReadCredential;
}

const indexOf = ({ pairedItem }: INodeExecutionData) => (pairedItem as { item: number }).item;

/** Says in the output panel that no event from VideoSDK can arrive, and what happens instead. */
async function hintIfUnreachable(
	context: IExecuteFunctions,
	kind: ConversationKind,
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
		message: `VideoSDK can't reach n8n at ${new URL(resumeUrl).origin}, so n8n asks VideoSDK whether the ${kind}s have ended, every few seconds at first, then less and less often, up to 30 minutes apart. To continue as soon as they end, give n8n a public URL (N8N_WEBHOOK_URL; before n8n 2.35: WEBHOOK_URL)${kind === 'call' ? " and turn on the option 'Own Room'" : ''}.`,
		type: 'info',
		location: 'outputPane',
	});
}

/**
 * Makes the execution wait, once, until all that was started has ended and what is to be included is there, or until the deadline,
 * which is the longest of the items'. It does not wait if nothing is left to wait for.
 *
 * At its own deadline n8n passes this node's input through and does not run the node again (WorkflowExecute.handleDisabledNode). So
 * the input is replaced by what is to be the output then. The items before, which other nodes show, are left as they are.
 *
 * @param output one item for each input item: what was started, or why it was not
 * @returns the output if the execution does not wait
 */
export async function park(
	context: IExecuteFunctions,
	output: INodeExecutionData[],
	{
		kind,
		maxWaitMs,
		endsAtDeadline,
		include,
		includeWaitMs,
		credential,
		simplifies = () => true,
	}: WaitOptions,
): Promise<INodeExecutionData[]> {
	const { idField, endOf } = CONVERSATIONS[kind];
	const isStarted = ({ json }: INodeExecutionData) => Boolean(json[idField]);
	const items = output.map((item) =>
		isStarted(item) ? { ...item, json: { ...item.json, ...endOf(item.json) } as IDataObject } : item,
	);
	const started = items.filter(isStarted);
	const including = started.filter((item) => include(indexOf(item)).length > 0);
	// Of what has ended at once, something may be included, too.
	const isIncluding = new Set(including);
	const waiting = started.filter((item) => isIncluding.has(item) || endOf(item.json) === undefined);
	const idOf = ({ json }: INodeExecutionData) => String(json[idField]);
	const wholeIds = started.filter((item) => !simplifies(indexOf(item))).map(idOf);
	const shown = items.map((item) =>
		isStarted(item) ? { ...item, json: shownItem({ kind, wholeIds }, idOf(item), item.json) } : item,
	);
	if (waiting.length === 0 || context.getExecutionCancelSignal()?.aborted) return shown;
	const groups = new Map<CredentialSource, string[]>();
	// Two items may have the same one.
	for (const [id, item] of new Map(waiting.map((item) => [idOf(item), item]))) {
		const source = await findSource(context, indexOf(item), credential(indexOf(item)));
		const ids = groups.get(source) ?? [];
		ids.push(id);
		groups.set(source, ids);
	}
	const longestMs = Math.max(...waiting.map((item) => maxWaitMs(indexOf(item))));
	const deadlineMs = Date.now() + longestMs;
	const longestIncludeMs = Math.max(0, ...including.map((item) => includeWaitMs(indexOf(item))));
	const wanted = including.map((item) => {
		const { roomId, createdAt, start = createdAt } = item.json;
		const names = include(indexOf(item));
		return [
			idOf(item),
			{ names, ...(roomId && { roomId: String(roomId) }), ...(start && { start: String(start) }) },
		];
	});
	const resumeUrl = resumeUrlOf(context);
	const { wait, key } = storeWait(context, {
		kind,
		executionId: context.getExecutionId(),
		resumeUrl,
		deadlineMs,
		endIds: waiting.filter((item) => endsAtDeadline(indexOf(item))).map(idOf),
		...(wholeIds.length > 0 && { wholeIds }),
		...(wanted.length > 0 && {
			include: Object.fromEntries(wanted) as StoredWait['include'],
			includeWaitMs: longestIncludeMs,
		}),
	});
	const isWaiting = new Set(waiting);
	const hasErrorOutput = context.getNode().onError === 'continueErrorOutput';
	context.getExecuteData().data.main = [
		items.map((item) => {
			if (isWaiting.has(item)) return { ...item, json: { ...item.json, timedOut: true } };
			// What is stored with the execution moves to the error output only like this, see `toErrorOutput`.
			const { error } = item.json;
			return hasErrorOutput && error && !isStarted(item) ? { ...item, json: { error } } : item;
		}),
	];
	await context.putExecutionToWait(new Date(deadlineMs + longestIncludeMs + graceMs(waiting.length)));
	startPolling(wait, groups, (outcomes) => keyRequest(key, outcomes));
	await hintIfUnreachable(context, kind, resumeUrl, groups.keys()).catch(() => undefined);
	return shown;
}
