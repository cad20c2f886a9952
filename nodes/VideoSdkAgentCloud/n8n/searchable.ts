import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

/** n8n cuts longer values. */
const MAX_VALUE_LENGTH = 512;
const ID_FIELDS = ['sessionId', 'callId', 'roomId'];

/**
 * Lets users find the execution by the IDs of its sessions, calls and rooms ("Highlighted data" in the filter of n8n's executions).
 * n8n 2.41 offers that to nodes, and 2.14 doesn't yet.
 */
export function makeSearchable(context: IExecuteFunctions, records: IDataObject[]): void {
	for (const field of ID_FIELDS) {
		const ids = new Set(
			records.map(({ [field]: id }) => id).filter((id) => typeof id === 'string' && id !== ''),
		);
		if (ids.size === 0) continue;
		try {
			// Another node, or this one in an earlier round of a loop, may have set some.
			const earlier = context.customData?.get(field)?.split(', ') ?? [];
			const value = [...new Set([...earlier, ...ids])].join(', ');
			const isLong = value.length > MAX_VALUE_LENGTH;
			const end = isLong ? value.lastIndexOf(', ', MAX_VALUE_LENGTH) : undefined;
			context.customData?.set(field, value.slice(0, end));
		} catch (error) {
			// While a workflow is tried out, n8n throws at what it would else only log.
			context.logger.debug("VideoSDK Agent Cloud: n8n couldn't save an ID for searching executions", {
				reason: (error as Error).message,
			});
		}
	}
}
