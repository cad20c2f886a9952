import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { reasonMissing, showArtifacts } from '../conversation/artifact';
import { type ReadCredential } from '../api/http/credential';
import { type KindName, KINDS } from '../conversation/kinds';
import { type Known, mergeFact, unknown } from '../conversation/known';
import { isOver, type WaitPolicy } from '../conversation/nextStep';
import { outputRecord } from '../conversation/output';
import { type Question, withoutResponse } from './question';
import { type Poller } from './polling/poller';
import type { WaitState } from './waitState';

/** How the execution waits for what was started, as far as the record doesn't tell. */
export interface SentWait {
	/** The limit after which VideoSDK hangs up because of Max Wait, in ms; undefined: there is none. */
	limitMs?: number;
	/** The room that was created for it alone. */
	roomId?: string;
	question?: Question;
	/** The artifacts that were found already. Only Call: Get has them, which waits for a call without having made it. */
	artifacts?: Known['artifacts'];
}

/** How long after the end of its call a response still counts. */
const RESPONSE_MS = 5_000;

/** How one item waits. */
export interface ItemWait extends Pick<WaitPolicy, 'isEnded' | 'isSimplified' | 'include' | 'fetchMs'> {
	maxWaitMs: number;
}

/** How the items of an operation wait. */
export interface WaitOptions {
	kind: KindName;
	/** Reads how an item waits; undefined: the execution doesn't wait for it. */
	ofItem: (itemIndex: number) => ItemWait | undefined;
	sentOf: (itemIndex: number) => SentWait | undefined;
	state: WaitState;
	/** Returns the reader for an item's credential. All items have the same account. */
	credential: (itemIndex: number) => ReadCredential;
}

/** The conversations to wait for, and the outputs of the items without and with a wait. */
export type Plan = Awaited<ReturnType<typeof planWait>>;

/**
 * Finds out for which conversations the execution has to wait.
 *
 * @param output one item for each input item: the whole record of what was started, or why nothing was
 */
export async function planWait(
	context: IExecuteFunctions,
	output: INodeExecutionData[],
	options: WaitOptions,
) {
	const kind = KINDS[options.kind];
	const hasErrorOutput = context.getNode().onError === 'continueErrorOutput';
	const plan = {
		/** When Max Wait begins, in ms since 1970. */
		sinceMs: Date.now(),
		awaited: new Map<string, { policy: WaitPolicy; known: Known; startedByNode: boolean }>(),
		/** The poller for the conversations; undefined if there are none. */
		poller: undefined as Poller | undefined,
		/** The output if the execution doesn't wait. */
		outputNow: [] as INodeExecutionData[],
		/** The output at n8n's own deadline. */
		outputAtDeadline: [] as INodeExecutionData[],
	};
	const { sinceMs } = plan;
	for (const item of output) {
		const id = String(item.json[kind.idField] ?? '');
		const { item: index } = item.pairedItem as { item: number };
		const itemWait = id === '' ? undefined : options.ofItem(index);
		if (itemWait === undefined) {
			plan.outputNow.push(item);
			// n8n moves a stored item to the error output only in this form, see `toErrorOutput`.
			const { error } = item.json;
			plan.outputAtDeadline.push(hasErrorOutput && error ? { ...item, json: { error } } : item);
			continue;
		}
		const { maxWaitMs, ...wait } = itemWait;
		const { limitMs, roomId, question, artifacts } = options.sentOf(index) ?? {};
		const policy: WaitPolicy = {
			...wait,
			deadlineMs: sinceMs + maxWaitMs,
			limitMs,
			ownRoomId: roomId,
			...(question && { responseMs: RESPONSE_MS }),
		};
		const show = (json: IDataObject): INodeExecutionData => {
			if (question) return { ...item, json: withoutResponse(question, json) };
			return { ...item, json: wait.isSimplified ? kind.simplify(json) : json };
		};
		const known = mergeFact(kind, mergeFact(kind, unknown(id), { record: item.json }), {
			artifacts: artifacts ?? {},
		});
		// A conversation that is over before the wait wasn't ended by Max Wait, whatever the clocks say.
		const outcome = outputRecord(kind, known, { ...policy, deadlineMs: Infinity });
		const isDone =
			isOver(known, policy, sinceMs) &&
			(policy.include.length === 0 || reasonMissing(kind, outcome) !== undefined);
		plan.outputNow.push(show(isDone ? outcome : item.json));
		plan.outputAtDeadline.push(
			show(
				isDone ? outcome : { ...item.json, ...showArtifacts(wait.include, known.artifacts), timedOut: true },
			),
		);
		// Two items may have the same conversation.
		if (isDone || plan.awaited.has(id)) continue;
		plan.poller ??= await options.state.pollerFor(context, index, options.credential(index));
		plan.awaited.set(id, { policy, known, startedByNode: artifacts === undefined });
	}
	return plan;
}
