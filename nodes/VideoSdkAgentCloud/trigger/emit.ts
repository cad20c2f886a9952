import { type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { makeSearchable } from '../n8n/searchable';
import { detailOf, type Details, fetchDetail, withDetails } from './details';
import { isFirstExecution } from './duplicateInStore';
import { type ReceivedItem } from './receive';

/**
 * Outputs the events, with their details and without duplicates. It runs at the beginning of the execution that an event has started, when
 * the sender already has the response.
 */
export async function emit(
	context: IExecuteFunctions,
	{ skipDuplicates, details }: { skipDuplicates: boolean; details: Details },
): Promise<INodeExecutionData[]> {
	const items: INodeExecutionData[] = [];
	for (const [index, { json }] of context.getInputData().entries()) {
		const { record: early, ...event } = json as ReceivedItem;
		if (skipDuplicates && !(await isFirstExecution(context, event))) continue;
		const subject = detailOf(event, details);
		const record = subject && (await fetchDetail(context, subject, early));
		items.push({ json: withDetails(event, details, record), pairedItem: { item: index } });
	}
	makeSearchable(
		context,
		items.map(({ json }) => json),
	);
	return items;
}
