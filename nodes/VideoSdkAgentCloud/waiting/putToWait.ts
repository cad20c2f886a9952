import { randomBytes } from 'crypto';
import { type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { type KindName, KINDS } from '../conversation/kinds';
import { type Want } from '../conversation/wait';
import { placeIn } from '../n8n/nodeContext';
import { putExecutionToWait } from '../n8n/wait';
import { isUnreachableFrom, originOf } from '../webhook/address';
import { Awaited } from './awaited';
import { budgetOf, budgetOfWait } from './budget';
import { type Plan, planWait, type WaitOptions } from './planWait';
import { resumeUrlOf } from './resumeUrl';
import { type StoredWait, VERSION } from './storedWait';
import { findWaitAt, keepWait } from './wait';
import { type Watch } from './watch';

/**
 * Ends at Max Wait what is to be ended then, although the execution does not wait for it: it was stopped, or failed, after the start.
 *
 * @returns takes that back, for an execution that does wait after all
 */
export function endAtMaxWait(kind: KindName, { awaited, watch, sinceMs }: Plan): () => void {
	const ended = [...awaited.values()].filter(({ want }) => want.isEnded);
	const own = ended.map(({ want, known }) => {
		const limits = budgetOf(want.deadlineMs, 0, ended.length);
		const one = new Awaited(KINDS[kind], { ...want, keep: [] }, limits, sinceMs, known);
		one.onReady = () => watch?.remove([one]);
		return one;
	});
	watch?.add(own);
	return () => watch?.remove(own);
}

/** Says in the output panel that no event from VideoSDK can arrive, and what happens instead. */
async function hintIfUnreachable(
	context: IExecuteFunctions,
	stored: StoredWait,
	watch: Watch,
): Promise<void> {
	// Older versions of n8n have no such hints.
	if (typeof context.addExecutionHints !== 'function') return;
	const { kind, resumeUrl } = stored;
	const { data } = await watch.account.read();
	if (!isUnreachableFrom(resumeUrl, data?.baseUrl)) return;
	context.addExecutionHints({
		message: `VideoSDK can't reach n8n at ${originOf(resumeUrl)}, so n8n asks whether the ${kind}s have ended, at least every 30 seconds in the first hour, then less often. To continue as soon as they end, give n8n a public URL (N8N_WEBHOOK_URL; before n8n 2.35: WEBHOOK_URL)${kind === 'call' ? " and use 'Recording' or 'Own Room'" : ''}.`,
		type: 'info',
		location: 'outputPane',
	});
}

/** Groups IDs by what is wanted of them. */
function grouped({ awaited }: Plan): StoredWait['awaited'] {
	const groups = new Map<string, string[]>();
	for (const [id, { want }] of awaited) {
		const text = JSON.stringify(want);
		groups.set(text, [...(groups.get(text) ?? []), id]);
	}
	return [...groups].map(([text, ids]) => ({ ...(JSON.parse(text) as Want), ids }));
}

/**
 * Makes the execution wait, once, until all that was started is over and what was said is there: each item until its own Max Wait.
 * It does not wait if nothing is left to wait for, or if it was stopped.
 *
 * @param output one item for each input item: what was started, as a whole record, or why it was not
 * @returns the output if the execution does not wait
 */
export async function putToWait(
	context: IExecuteFunctions,
	output: INodeExecutionData[],
	options: WaitOptions,
): Promise<INodeExecutionData[]> {
	const plan = await planWait(context, output, options);
	if (plan.watch === undefined) return plan.shown;
	if (context.getExecutionCancelSignal()?.aborted) {
		endAtMaxWait(options.kind, plan);
		return plan.shown;
	}
	const stored: StoredWait = {
		version: VERSION,
		kind: options.kind,
		key: randomBytes(32).toString('hex'),
		executionId: context.getExecutionId(),
		resumeUrl: resumeUrlOf(context),
		sinceMs: plan.sinceMs,
		awaited: grouped(plan),
		...(options.question && { question: options.question }),
	};
	await putExecutionToWait(context, JSON.stringify(stored), plan.last, budgetOfWait(stored).n8nDeadlineMs);
	const wait = keepWait(stored);
	wait.place = { at: placeIn(context), items: plan.last };
	wait.join([...plan.awaited.values()].map(({ known }) => known));
	wait.askBy(plan.watch);
	await hintIfUnreachable(context, stored, plan.watch).catch(() => undefined);
	return plan.shown;
}

/**
 * Makes a second run of an execution wait for what the first one awaits at this node: n8n 2.x begins it once the first one waits, and
 * stores it in its place.
 *
 * @returns the output meanwhile; undefined if this process doesn't know that the execution waits at this run of the node: in a loop, the
 * second one may be at other items by now
 */
export async function waitAgain(context: IExecuteFunctions): Promise<INodeExecutionData[] | undefined> {
	const { stored, place } = findWaitAt(context.getExecutionId(), placeIn(context)) ?? {};
	if (stored === undefined || place === undefined) return undefined;
	const { n8nDeadlineMs } = budgetOfWait(stored);
	await putExecutionToWait(context, JSON.stringify(stored), place.items, n8nDeadlineMs);
	// n8n takes items out of the array for the error output (WorkflowExecute.handleNodeErrorOutput).
	return [...place.items];
}
