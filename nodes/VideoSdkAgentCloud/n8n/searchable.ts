import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

/** n8n logs an error each time a longer value is set. */
const MAX_VALUE_LENGTH = 255;
const ID_FIELDS = ['sessionId', 'callId', 'roomId'];

/** @returns the IDs with one more, unless they have it or there is no room left for it */
function withId(text: string, id: string): string {
	const ids = text === '' ? [] : text.split(', ');
	const longer = [...ids, id].join(', ');
	return ids.includes(id) || longer.length > MAX_VALUE_LENGTH ? text : longer;
}

/**
 * Lets users find the execution by the IDs of its sessions, calls and rooms ("Highlighted data" in the filter of n8n's executions).
 * n8n 2.41 offers that to nodes, and 2.14 doesn't yet.
 */
export function makeSearchable(context: IExecuteFunctions, records: IDataObject[]): void {
	for (const field of ID_FIELDS) {
		const ids = records
			.map(({ [field]: id }) => id)
			.filter((id): id is string => typeof id === 'string' && id !== '');
		if (ids.length === 0) continue;
		try {
			// Another node, or this one in an earlier round of a loop, may have set some.
			const earlier: string = context.customData?.get(field) ?? '';
			const value = ids.reduce(withId, earlier);
			if (value !== earlier) context.customData?.set(field, value);
		} catch (error) {
			// While a workflow is tried out, n8n throws at what it would else only log.
			context.logger.debug("VideoSDK Agent Cloud: n8n couldn't save an ID for searching executions", {
				reason: (error as Error).message,
			});
		}
	}
}
