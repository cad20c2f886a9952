import { type IDataObject, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { clientOf } from '../api/client';
import { makeSearchable } from '../shared/searchable';
import { type Details, subjectOf } from './details';
import { isFirstExecution } from './firstExecution';
import { type ReceivedItem } from './receive';

/** Adds the event's session or call in its current state. If it cannot be fetched, the event goes on without it. */
async function withDetails(
	context: IExecuteFunctions,
	event: IDataObject,
	details: Details,
): Promise<IDataObject> {
	const subject = subjectOf(event);
	if (subject === undefined || !details[subject.field]) return event;
	const { [subject.field]: fetched, ...rest } = event;
	// It was fetched before the event was accepted, or could not be: one request for each event.
	if (fetched !== undefined) return fetched === null ? rest : event;
	try {
		return { ...event, [subject.field]: await subject.fetch(clientOf(context)) };
	} catch (error) {
		context.logger.warn(`VideoSDK Agent Cloud: the ${subject.field} of an event couldn't be fetched`, {
			reason: (error as Error).message,
		});
		return event;
	}
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
		const { isAgain = false, ...event } = json as ReceivedItem;
		const receivedAtMs = Date.parse(event.receivedAt);
		if (skipDuplicates && !(await isFirstExecution(context, event, { receivedAtMs, isAgain }))) continue;
		items.push({ json: await withDetails(context, event, details), pairedItem: { item: index } });
	}
	makeSearchable(
		context,
		items.map(({ json }) => json),
	);
	return items;
}
