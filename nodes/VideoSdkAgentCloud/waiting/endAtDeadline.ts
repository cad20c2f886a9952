import type { IDataObject } from 'n8n-workflow';
import { failureOf } from '../api/client';
import { isInDoubt } from '../api/failure';
import type { Conversation } from './conversation';
import type { CredentialSource } from './credentialSource';
import type { Outcome } from './ends';

/**
 * Ends a conversation that is still running at the deadline.
 *
 * @param last its record, if known
 * @param untilMs after this time, in ms since 1970, nothing is sent
 * @returns the outcome, which says whether that worked and if not, why
 */
export async function endAtDeadline(
	{ end, get, endOf, endedField }: Conversation,
	source: CredentialSource,
	id: string,
	last: IDataObject | undefined,
	untilMs: number,
): Promise<Outcome> {
	const send = source.sender({ maxAttempts: 1, untilMs });
	try {
		const { alreadyOver, ...record } = await end(send, id);
		const endOfRecord = alreadyOver ? endOf(record) : undefined;
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
