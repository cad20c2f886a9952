import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { reasonMissing, showArtifacts } from '../conversation/artifact';
import { type ReadCredential } from '../api/http/credential';
import { type KindName, KINDS } from '../conversation/kinds';
import { type Known, mergeFact, unknown } from '../conversation/known';
import { isOver, type WaitPolicy } from '../conversation/nextStep';
import { outputRecord } from '../conversation/output';
import { type Question, withoutResponse } from './question';
import { findPoller, type Poller } from './polling/poller';

/** What the record of a call or session doesn't tell of its start. */
export interface SentWait {
	/** After so long VideoSDK hangs up because of Max Wait, in ms; undefined: never. */
	limitMs?: number;
	/** The room that was made for it alone. */
	roomId?: string;
	/** What is asked. */
	question?: Question;
	/** What was found already of what is kept. Of a call that this execution has not made: it only looks. */
	artifacts?: Known['artifacts'];
}

/** A response that the agent hands in while its call ends still counts. */
const RESPONSE_MS = 5_000;

/** How one item waits. */
export interface ItemWait extends Pick<WaitPolicy, 'isEnded' | 'isSimplified' | 'include' | 'fetchMs'> {
	maxWaitMs: number;
}

/** How the items of an operation wait. */
export interface WaitOptions {
	kind: KindName;
	/** Undefined: the item is not waited for. */
	ofItem: (itemIndex: number) => ItemWait | undefined;
	/** What the start of an item tells, see SentWait. */
	sentOf: (itemIndex: number) => SentWait | undefined;
	/** Reads an item's credential. All items have the same account. */
	credential: (itemIndex: number) => ReadCredential;
}

/** What is to be awaited of the items of a node, and what they show meanwhile. */
export type Plan = Awaited<ReturnType<typeof planWait>>;

/**
 * Finds out what is to be awaited.
 *
 * @param output one item for each input item: what was started, as a whole record, or why it was not
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
		/** The conversations, by their IDs. */
		awaited: new Map<string, { policy: WaitPolicy; known: Known; isOwn: boolean }>(),
		/** Asks for them; undefined if there are none. */
		poller: undefined as Poller | undefined,
		/** The output if the execution does not wait. */
		shown: [] as INodeExecutionData[],
		/** The output at n8n's own deadline. */
		last: [] as INodeExecutionData[],
	};
	const { sinceMs } = plan;
	for (const item of output) {
		const id = String(item.json[kind.idField] ?? '');
		const { item: index } = item.pairedItem as { item: number };
		const itemWait = id === '' ? undefined : options.ofItem(index);
		if (itemWait === undefined) {
			plan.shown.push(item);
			// What is stored with the execution moves to the error output only like this, see `toErrorOutput`.
			const { error } = item.json;
			plan.last.push(hasErrorOutput && error ? { ...item, json: { error } } : item);
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
		// What is over before it's waited for wasn't cut by Max Wait, whatever the clocks show.
		const outcome = outputRecord(kind, known, { ...policy, deadlineMs: Infinity });
		const isDone =
			isOver(known, policy, sinceMs) &&
			(policy.include.length === 0 || reasonMissing(kind, outcome) !== undefined);
		plan.shown.push(show(isDone ? outcome : item.json));
		plan.last.push(
			show(
				isDone ? outcome : { ...item.json, ...showArtifacts(wait.include, known.artifacts), timedOut: true },
			),
		);
		// Two items may have the same conversation.
		if (isDone || plan.awaited.has(id)) continue;
		plan.poller ??= await findPoller(context, index, options.credential(index));
		plan.awaited.set(id, { policy, known, isOwn: artifacts === undefined });
	}
	return plan;
}
