import { randomBytes } from 'crypto';
import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { type Includable, reasonMissing } from '../conversation/kept';
import { type KindName, KINDS } from '../conversation/kinds';
import { learn, unknown } from '../conversation/known';
import { isOver, outcomeOf, type Want } from '../conversation/wait';
import { putExecutionToWait } from '../n8n/wait';
import { isUnreachable } from '../webhook/address';
import { type Account, findAccount, type ReadCredential } from './account';
import { resumeUrlOf } from './resumeUrl';
import { type StoredWait, VERSION } from './storedWait';
import { budgetOfWait, keepWait } from './wait';

/** How the items of an operation wait. */
export interface WaitOptions {
	kind: KindName;
	/** An item's Max Wait, in ms. */
	maxWaitMs: (itemIndex: number) => number;
	/** Whether it is ended then. */
	endsAtDeadline: (itemIndex: number) => boolean;
	/** Whether it comes out simplified. */
	simplifies: (itemIndex: number) => boolean;
	/** What was said is put out, too. If anything, its room was made for it alone. */
	include: (itemIndex: number) => Includable[];
	/** How long to wait for that after the end, in ms. */
	includeWaitMs: (itemIndex: number) => number;
	/** Reads an item's credential. */
	credential: (itemIndex: number) => ReadCredential;
}

const indexOf = ({ pairedItem }: INodeExecutionData) => (pairedItem as { item: number }).item;

/** Says in the output panel that no event from VideoSDK can arrive, and what happens instead. */
async function hintIfUnreachable(
	context: IExecuteFunctions,
	kind: KindName,
	resumeUrl: string,
	accounts: Iterable<Account>,
): Promise<void> {
	// Older versions of n8n have no such hints.
	if (!isUnreachable(resumeUrl) || typeof context.addExecutionHints !== 'function') return;
	for (const account of accounts) {
		const { data } = await account.read();
		if (isUnreachable(readBaseUrl(data?.baseUrl).href)) return;
	}
	context.addExecutionHints({
		message: `VideoSDK can't reach n8n at ${new URL(resumeUrl).origin}, so n8n asks VideoSDK whether the ${kind}s have ended, at least every 30 seconds in the first hour, then less often. To continue as soon as they end, give n8n a public URL (N8N_WEBHOOK_URL; before n8n 2.35: WEBHOOK_URL)${kind === 'call' ? " and turn on the option 'Own Room'" : ''}.`,
		type: 'info',
		location: 'outputPane',
	});
}

/** Groups IDs by what is wanted of them. */
function grouped(wanted: Map<string, Want>): StoredWait['awaited'] {
	const groups = new Map<string, string[]>();
	for (const [id, want] of wanted) {
		const text = JSON.stringify(want);
		groups.set(text, [...(groups.get(text) ?? []), id]);
	}
	return [...groups].map(([text, ids]) => ({ ...(JSON.parse(text) as Want), ids }));
}

/**
 * Makes the execution wait, once, until all that was started is over and what was said is there: each item until its own Max Wait.
 * It does not wait if nothing is left to wait for.
 *
 * @param output one item for each input item: what was started, as a whole record, or why it was not
 * @returns the output if the execution does not wait
 */
export async function putToWait(
	context: IExecuteFunctions,
	output: INodeExecutionData[],
	options: WaitOptions,
): Promise<INodeExecutionData[]> {
	const kind = KINDS[options.kind];
	const sinceMs = Date.now();
	const wanted = new Map<string, Want>();
	const accounts = new Map<Account, string[]>();
	const wholeIds: string[] = [];
	const hasErrorOutput = context.getNode().onError === 'continueErrorOutput';
	let common: Account | undefined;
	let isCredentialByItem = false;
	const show = (item: INodeExecutionData, json: IDataObject): INodeExecutionData => ({
		...item,
		json: options.simplifies(indexOf(item)) ? kind.simplify(json) : json,
	});
	const shown: INodeExecutionData[] = [];
	/** What comes out at n8n's own deadline. */
	const last: INodeExecutionData[] = [];
	const known = [];
	for (const item of output) {
		const id = item.json[kind.idField];
		if (typeof id !== 'string' || id === '') {
			shown.push(item);
			// What is stored with the execution moves to the error output only like this, see `toErrorOutput`.
			const { error } = item.json;
			last.push(hasErrorOutput && error ? { ...item, json: { error } } : item);
			continue;
		}
		const index = indexOf(item);
		const keep = options.include(index);
		const { roomId } = item.json;
		const want: Want = {
			deadlineMs: sinceMs + options.maxWaitMs(index),
			isEnded: options.endsAtDeadline(index),
			keep,
			...(keep.length > 0 && roomId && { ownRoomId: String(roomId) }),
			keepMs: options.includeWaitMs(index),
		};
		const one = learn(kind, unknown(id), { record: item.json });
		const outcome = outcomeOf(kind, one, want);
		const isDone =
			isOver(one, want, sinceMs) && (want.keep.length === 0 || reasonMissing(kind, outcome) !== undefined);
		shown.push(show(item, isDone ? outcome : item.json));
		last.push(show(item, isDone ? outcome : { ...item.json, timedOut: true }));
		if (!options.simplifies(index)) wholeIds.push(id);
		// Two items may have the same conversation.
		if (isDone || wanted.has(id)) continue;
		wanted.set(id, want);
		known.push(one);
		const account: Account = common ?? (await findAccount(context, index, options.credential(index)));
		if (wanted.size === 1) {
			isCredentialByItem = !(await account.isAsStored(context));
			if (!isCredentialByItem) common = account;
		}
		accounts.set(account, [...(accounts.get(account) ?? []), id]);
	}
	if (wanted.size === 0 || context.getExecutionCancelSignal()?.aborted) return shown;
	const stored: StoredWait = {
		version: VERSION,
		kind: options.kind,
		key: randomBytes(32).toString('hex'),
		executionId: context.getExecutionId(),
		resumeUrl: resumeUrlOf(context),
		sinceMs,
		awaited: grouped(wanted),
		wholeIds,
		isCredentialByItem,
	};
	await putExecutionToWait(context, JSON.stringify(stored), last, budgetOfWait(stored).n8nDeadlineMs);
	const wait = keepWait(stored);
	wait.join(known);
	for (const [account, ids] of accounts) wait.watch(account, ids);
	await hintIfUnreachable(context, options.kind, stored.resumeUrl, accounts.keys()).catch(() => undefined);
	return shown;
}
