import type { IDataObject } from 'n8n-workflow';
import { describeCall } from '../api/callRecord';
import { failureOf } from '../api/client';
import { describeSession } from '../api/sessionRecord';
import type { CredentialSource } from './credentialSource';
import type { Waitable } from './waitable';

/** What became of one that was waited for. Without a record, the one that the execution holds stands. */
export interface Outcome {
	record?: IDataObject;
	/** What the output says besides the record. */
	extra: IDataObject;
}

/** @returns the output item, made from the one that waited */
export function finishedItem(waiting: IDataObject, { record, extra }: Outcome): IDataObject {
	const last = { ...waiting };
	delete last.timedOut;
	// What only the start told, such as the room, stays.
	const item: IDataObject = { ...last, ...record, ...extra };
	return 'callId' in item ? describeCall(item) : describeSession(item);
}

/** The API has no such session or call, or does not show it with this credential. */
const REJECTED_STATUSES = [401, 402, 403, 404];

/** @returns whether the API itself rejects the request: a passing trouble is none */
export function isRejection(error: Error): boolean {
	const failure = failureOf(error);
	return failure?.kind === 'status' && REJECTED_STATUSES.includes(failure.status ?? 0);
}

/** @returns the outcome of what is over as only its event tells: the API lags behind it, or gave no record */
export function outcomeByEvent(event: string, record?: IDataObject): Outcome {
	return record ? { record, extra: { event } } : { extra: { status: event, event } };
}

/** Ends what still runs at the deadline. The request is sent once. @returns the outcome, which tells whether it was ended */
export async function endAtDeadline(
	source: CredentialSource,
	waitable: Waitable,
	id: string,
	last: IDataObject | undefined,
): Promise<Outcome> {
	const { endedField } = waitable;
	try {
		const { alreadyOver, ...record } = await waitable.end(source.send, id);
		const end = alreadyOver && waitable.endOf(record);
		if (end) return { record, extra: end };
		return { record, extra: { timedOut: true, [endedField]: true } };
	} catch (error) {
		// It may have just ended on its own.
		const record = await waitable.get(source.send, id).catch(() => last);
		const end = record && waitable.endOf(record);
		if (end) return { record, extra: end };
		return { record, extra: { timedOut: true, [endedField]: false, endError: (error as Error).message } };
	}
}
