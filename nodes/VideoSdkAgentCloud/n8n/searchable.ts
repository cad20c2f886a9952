import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

/** The longest value for which n8n doesn't log an error (setWorkflowExecutionMetadata). */
const MAX_VALUE_LENGTH = 255;
const ID_FIELDS = ['sessionId', 'callId', 'roomId'];

/** @returns the IDs with one more, unless it's among them or there is no space left */
function withId(text: string, id: string): string {
	const ids = text === '' ? [] : text.split(', ');
	const longer = [...ids, id].join(', ');
	return ids.includes(id) || longer.length > MAX_VALUE_LENGTH ? text : longer;
}

/**
 * Lets users find the execution by the IDs of its sessions, calls and rooms ("Highlighted data" in the filter of n8n's executions). n8n
 * 2.14 has no `customData` for nodes yet, and 2.41 has.
 */
export function makeSearchable(context: IExecuteFunctions, records: IDataObject[]): void {
	for (const field of ID_FIELDS) {
		const ids = records
			.map(({ [field]: id }) => id)
			.filter((id): id is string => typeof id === 'string' && id !== '');
		if (ids.length === 0) continue;
		try {
			// Another node, or this one in an earlier round of a loop, may have set IDs already.
			const earlier: string = context.customData?.get(field) ?? '';
			const value = ids.reduce(withId, earlier);
			if (value !== earlier) context.customData?.set(field, value);
		} catch (error) {
			// In a manual execution, n8n throws an error that it otherwise only logs.
			context.logger.debug("VideoSDK Agent Cloud: n8n couldn't save an ID for searching executions", {
				reason: (error as Error).message,
			});
		}
	}
}
