import { type IDataObject, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { clientOf } from '../api/client';
import { within } from '../api/pause';
import { makeSearchable } from '../n8n/searchable';
import { detailOf, type Details, withDetails } from './details';
import { isFirstExecution } from './firstExecution';
import { type ReceivedItem } from './receive';

/** For a call's record. The workflow is better served by the event alone than by an API that takes long. */
const CALL_TIMEOUT_MS = 10_000;

/** @returns the record to be added to an event; undefined if there is none, or it cannot be fetched */
async function fetchRecord(
	context: IExecuteFunctions,
	event: IDataObject,
	details: Details,
): Promise<IDataObject | undefined> {
	const subject = detailOf(event, details);
	if (subject === undefined) return undefined;
	const fetched =
		subject.field === 'session'
			? subject.fetch(clientOf(context))
			: within(CALL_TIMEOUT_MS, subject.fetch(clientOf(context, { maxAttempts: 1 })));
	return await fetched.catch((error: Error) => {
		context.logger.warn(`VideoSDK Agent Cloud: the ${subject.field} of an event couldn't be fetched`, {
			reason: error.message,
		});
		return undefined;
	});
}

/**
 * Gives the events to the nodes that follow. Runs at the beginning of the execution that an event started, when the sender already
 * has the answer.
 */
export async function emit(
	context: IExecuteFunctions,
	{ skipDuplicates, details }: { skipDuplicates: boolean; details: Details },
): Promise<INodeExecutionData[]> {
	const items: INodeExecutionData[] = [];
	for (const [index, { json }] of context.getInputData().entries()) {
		const { record: early, ...event } = json as ReceivedItem;
		if (skipDuplicates && !(await isFirstExecution(context, event))) continue;
		const record = early === undefined ? await fetchRecord(context, event, details) : (early ?? undefined);
		items.push({ json: withDetails(event, details, record), pairedItem: { item: index } });
	}
	makeSearchable(
		context,
		items.map(({ json }) => json),
	);
	return items;
}
