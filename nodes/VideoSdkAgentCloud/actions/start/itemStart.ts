import { type IDataObject, type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import { type StartKind, STARTS } from '../../api/startWords';
import { type ItemReader } from '../../fields/kit/reader';
import { type RetryNote } from '../../n8n/retryNote';
import { type SentWait } from '../../waiting/planWait';
import { type ItemRequests, NotSent } from '../itemRequests';
import { NotNow } from '../notCalled';
import type { StartingItem } from '../operation';
import type { CalledBefore, Placing } from './calledBefore';
import type { Claim, Doubt, Started } from './claims';
import type { Once } from './once';
import type { StartSearch } from './search';
import { contentOf } from './startKey';
import type { StartState } from './startState';
import type { ToolUses } from './toolUse';

/** What a failed node leaves of one start to a user's Retry: the record of what was started, or the error of a start in doubt. */
export interface Left {
	record?: IDataObject;
	wait?: SentWait;
	/** See Started. */
	content?: string;
	message?: string;
	/** The room that was created for a start in doubt. */
	roomId?: string;
	/** When it was sent, in ms since 1970. */
	sentAtMs: number;
}

/** What all starts of one run of a node have in common. */
export interface StartRun {
	context: IExecuteFunctions;
	/** What the operation starts. */
	kind: StartKind;
	/** Whether the execution waits for what is started. */
	isAwaited: boolean;
	/** Whether the operation asks a person a question. */
	isQuestion: boolean;
	/** See `baseOf`. */
	base?: string;
	/** What the failed execution has left, if a user retries it. */
	note?: RetryNote<Left>;
	state: StartState;
	/** What is found out once for all items. */
	once: Once;
	/** The searches for what may have been started, by account. */
	searches: Map<string, StartSearch>;
	/** Whether a room that no one asked for couldn't be created, after which none is asked for. */
	hasNoRooms?: boolean;
}

/** The start of one item, on its way through the steps of startItem.ts. */
export interface ItemStart {
	readonly run: StartRun;
	readonly itemIndex: number;
	readonly read: ItemReader;
	readonly item: StartingItem;
	/** What it is to bring about, see `aimOf`. */
	readonly aim: string;
	/** The number that it has alone among equal starts of the node, see `placesOf`. */
	place: number;
	readonly requests: ItemRequests;
	/** What the AI tools of the execution have started. */
	readonly uses: ToolUses;
	/** What this process knows of it. Until `takeClaim`, that's nothing. */
	claim: Claim;
	/** The call, once it may be placed. */
	placing?: Placing;
	calledBefore?: CalledBefore;
	/** Notes the ID of what an AI tool has started, or that it has certainly failed. */
	settleUse?: ReturnType<ToolUses['note']>;
	/** The room that was made for it, which is closed if it then certainly fails. */
	roomId?: string;
}

/** What has become of a start, see `StartEnd`. */
export type StartEnd =
	/** It existed before: this execution's own, or another's. */
	| { name: 'adopted'; started: Started }
	| { name: 'started'; started: Started }
	/** It isn't to be made now. Nothing was started, and nothing has failed. */
	| { name: 'refused'; output: IDataObject }
	/** It certainly wasn't made. */
	| { name: 'failed'; error: Error }
	/** It may have been made. */
	| { name: 'inDoubt'; error: Error }
	/** Nothing was sent, because another item had failed, or the execution was stopped. */
	| { name: 'notBegun' };

/** @returns how a start ends that an error keeps from being made */
export function endBy(error: unknown): StartEnd {
	if (error instanceof NotNow) return { name: 'refused', output: error.output };
	if (error instanceof NotSent) return { name: 'notBegun' };
	return { name: 'failed', error: error as Error };
}

/** @returns what was started. @param record as the API returned it */
export function startedAs({ item, roomId }: ItemStart, record: IDataObject): Started {
	const { wait } = item.start;
	return { record, wait: wait && { ...wait, roomId }, content: contentOf(item.start) };
}

/** @returns the number to call, if it's a call */
export const calleeOf = ({ item }: ItemStart): string | undefined => item.start.call?.to;

/** Makes the error of what may have been started before. */
export function doubtError(
	{ context, kind }: Pick<StartRun, 'context' | 'kind'>,
	{ message, description = STARTS[kind].check }: Doubt,
): NodeOperationError {
	return new NodeOperationError(context.getNode(), message, { description });
}
