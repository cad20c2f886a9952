import type { IDataObject } from 'n8n-workflow';
import { failureOf } from '../api/client';
import { isInDoubt } from '../api/failure';
import { type Conversation, CONVERSATIONS } from './conversation';
import type { CredentialSource } from './credentialSource';
import type { Ends, Outcome } from './ends';
import { endBudgetMs } from './schedule';
import type { StoredWait } from './storedWait';

/** The answer to an end may show less of a call than the record did, and whether someone had answered must not get lost. */
function longerTimelog(last: IDataObject = {}, answer: IDataObject): IDataObject {
	const lengthOf = ({ timelog }: IDataObject) => (Array.isArray(timelog) ? timelog.length : 0);
	return lengthOf(last) > lengthOf(answer) ? { timelog: last.timelog } : {};
}

/**
 * Ends a conversation that is still running at the deadline.
 *
 * @param last its record, if known
 * @param untilMs after this time, in ms since 1970, nothing is sent
 * @returns the outcome, which says whether that worked and if not, why
 */
async function endAtDeadline(
	{ end, get, endOf, endedField }: Conversation,
	source: CredentialSource,
	id: string,
	last: IDataObject | undefined,
	untilMs: number,
): Promise<Outcome> {
	const send = source.sender({ untilMs });
	try {
		const { alreadyOver, ...answer } = await end(send, id);
		const endOfRecord = alreadyOver ? endOf(answer) : undefined;
		const record = { ...answer, ...longerTimelog(last, answer) };
		return { record, extra: endOfRecord ?? { timedOut: true, [endedField]: true } };
	} catch (error) {
		const record = await get(send, id).catch(() => last);
		const endOfRecord = record && endOf(record);
		if (endOfRecord === undefined) {
			const endError = (error as Error).message;
			return { record, extra: { timedOut: true, [endedField]: false, endError } };
		}
		// Without a clear answer it was most likely our request that ended it. Otherwise it has just ended on its own.
		const failure = failureOf(error as Error);
		const isOurs = failure !== undefined && isInDoubt(failure);
		return { record, extra: isOurs ? { timedOut: true, [endedField]: true } : endOfRecord };
	}
}

/**
 * Settles those that are still running at the deadline: as last known, or ended.
 *
 * @param running the records that the last poll has found, by ID
 */
export async function finishAtDeadline(
	{ kind, endIds, deadlineMs }: StoredWait,
	groups: Map<CredentialSource, string[]>,
	ends: Ends,
	running: Map<string, IDataObject>,
): Promise<void> {
	const toEnd = new Set(endIds);
	const untilMs = deadlineMs + endBudgetMs(ends.size);
	const finish = async (source: CredentialSource, id: string): Promise<void> => {
		const record = running.get(id);
		const outcome = toEnd.has(id)
			? await endAtDeadline(CONVERSATIONS[kind], source, id, record, untilMs)
			: { record, extra: { timedOut: true } };
		ends.settle(id, outcome);
	};
	const open = new Set(ends.takeRunning(toEnd));
	await Promise.all(
		[...groups].flatMap(([source, ids]) =>
			ids.filter((id) => open.has(id)).map(async (id) => await finish(source, id)),
		),
	);
}
