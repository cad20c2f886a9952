import { type IDataObject } from 'n8n-workflow';
import type { ItemOutcome } from '../api/callOutcome';

/** Why a call was not made, as workflows branch on it. */
export type ReasonCode =
	'alreadyAsked' | 'calledBefore' | 'dryRun' | 'failed' | 'hours' | 'notAllowed' | 'refused' | 'sameNumber';

/** Thrown if something isn't to be started now. Its item has neither started anything nor failed. */
export class NotNow extends Error {
	/** @param output the item's output */
	constructor(readonly output: IDataObject) {
		super();
	}
}

/** @returns the error for a call that isn't made. @param more further fields of the output */
export const notCalled = (
	to: string | undefined,
	reason: string,
	reasonCode: ReasonCode,
	more?: IDataObject,
): NotNow => {
	const outcome: ItemOutcome = 'notCalled';
	return new NotNow({ outcome, to, reason, reasonCode, ...more });
};

/** Marks an error with why nothing was started, as the output says it. */
export function withReason<E extends Error & { context: IDataObject }>(error: E, reasonCode: ReasonCode): E {
	error.context.reasonCode = reasonCode;
	return error;
}
