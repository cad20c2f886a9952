import { randomBytes } from 'crypto';
import { type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { type KindName, KINDS } from '../conversation/kinds';
import { type WaitPolicy } from '../conversation/nextStep';
import { putExecutionToWait } from '../n8n/waitingState';
import { isUnreachableFrom, originOf } from '../security/publicAddress';
import { PendingConversation } from './polling/pendingConversation';
import { budgetOf, budgetOfWait } from './budget';
import { type Plan, planWait, type WaitOptions } from './planWait';
import { resumeUrlOf } from './resuming/resumeUrl';
import { type StoredWait, VERSION } from './storedWait';
import type { WaitState } from './waitState';
import { type Poller } from './polling/poller';

/** Cancels scheduled ends, because an execution that has started a conversation, and waits for it, decides when it's ended. */
function takeBackEnds({ scheduledEnds }: WaitState, kind: KindName, { awaited }: Plan): void {
	for (const [id, { startedByNode }] of awaited) if (startedByNode) scheduledEnds.get(`${kind} ${id}`)?.();
}

/**
 * Schedules the ends at Max Wait of conversations for which the execution doesn't wait, because it was stopped, or failed, after the
 * start.
 */
export function endAtMaxWait(state: WaitState, kind: KindName, plan: Plan): void {
	takeBackEnds(state, kind, plan);
	const { poller, sinceMs } = plan;
	const ended = [...plan.awaited.values()].filter(({ policy }) => policy.isEnded);
	for (const { policy, known } of ended) {
		const limits = budgetOf(policy.deadlineMs, 0, ended.length);
		const one = new PendingConversation(KINDS[kind], { ...policy, include: [] }, limits, sinceMs, known);
		const name = `${kind} ${one.id}`;
		const remove = () => {
			poller?.remove([one]);
			state.scheduledEnds.delete(name);
		};
		one.onReady = remove;
		state.scheduledEnds.set(name, remove);
		poller?.add([one]);
	}
}

/** Adds a hint to the output panel if no event from VideoSDK can arrive, with what happens instead. */
async function hintIfUnreachable(
	context: IExecuteFunctions,
	stored: StoredWait,
	poller: Poller,
): Promise<void> {
	const { kind, resumeUrl } = stored;
	const { data } = await poller.account.read();
	if (!isUnreachableFrom(resumeUrl, data?.baseUrl)) return;
	context.addExecutionHints({
		message: `VideoSDK can't reach n8n at ${originOf(resumeUrl)}, so n8n asks whether the ${kind}s have ended, at least every 30 seconds in the first hour, then less often. To continue as soon as they end, give n8n a public URL: 'Public URL' in the docs says how.`,
		type: 'info',
		location: 'outputPane',
	});
}

/** Groups the IDs of conversations by their policy, which most of them share. */
function grouped({ awaited }: Plan): StoredWait['awaited'] {
	const groups = new Map<string, string[]>();
	for (const [id, { policy }] of awaited) {
		const text = JSON.stringify(policy);
		groups.set(text, [...(groups.get(text) ?? []), id]);
	}
	return [...groups].map(([text, ids]) => ({ ...(JSON.parse(text) as WaitPolicy), ids }));
}

/**
 * Puts the execution to wait, once for all items, until all that was started is over and its artifacts are there, or Max Wait has ended
 * for each item. It doesn't wait if nothing is left to wait for, or if it was stopped.
 *
 * @param output one item for each input item: the whole record of what was started, or why nothing was
 * @returns the output if the execution doesn't wait
 */
export async function putToWait(
	context: IExecuteFunctions,
	output: INodeExecutionData[],
	options: WaitOptions,
): Promise<INodeExecutionData[]> {
	const plan = await planWait(context, output, options);
	if (plan.poller === undefined) return plan.outputNow;
	const { kind, state } = options;
	takeBackEnds(state, kind, plan);
	if (context.getExecutionCancelSignal()?.aborted) {
		endAtMaxWait(state, kind, plan);
		return plan.outputNow;
	}
	const stored: StoredWait = {
		version: VERSION,
		kind,
		key: randomBytes(32).toString('hex'),
		executionId: context.getExecutionId(),
		resumeUrl: resumeUrlOf(context),
		sinceMs: plan.sinceMs,
		awaited: grouped(plan),
		// A question is asked in an execution of its own, so it's that of the first item.
		question: options.sentOf(0)?.question,
	};
	await putExecutionToWait(
		context,
		JSON.stringify(stored),
		plan.outputAtDeadline,
		budgetOfWait(stored).n8nDeadlineMs,
	);
	const wait = state.register(stored);
	wait.isOfThisProcess = true;
	wait.merge([...plan.awaited.values()].map(({ known }) => known));
	wait.askBy(plan.poller);
	await hintIfUnreachable(context, stored, plan.poller).catch(() => undefined);
	return plan.outputNow;
}
