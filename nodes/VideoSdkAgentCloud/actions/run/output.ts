import { type INodeExecutionData, type NodeOperationError } from 'n8n-workflow';
import type { ItemOutcome } from '../../api/callOutcome';
import { simplifyCall } from '../../api/callRecord';
import { failureOf } from '../../api/http/client';
import { ItemReader } from '../../fields/kit/reader';
import { toErrorOutput } from '../../n8n/errorOutput';
import { makeSearchable } from '../../n8n/searchable';
import { continuesOnFail } from '../../n8n/tool';
import { type Run, startedBy, stopError } from './itemOutcome';

/** @returns the output of an item that has started something if the operation's `complete` has failed */
export function withError(
	run: Run,
	item: INodeExecutionData,
	index: number,
	message: string,
): INodeExecutionData {
	const { context, operation } = run;
	const { starts, show = (_read, record) => record } = operation;
	if (item.json.error || startedBy({ records: [item.json] }).length === 0) return item;
	const json = { ...(starts === 'call' ? simplifyCall(item.json) : item.json), error: message };
	return toErrorOutput(context, { ...item, json: show(new ItemReader(context, index), json) });
}

/** @returns why an item certainly started nothing, as a code for workflows. By default, it's `failed` after a request, else `refused` */
function reasonCodeOf(error: Error): string {
	const { reasonCode } = (error as NodeOperationError).context;
	return String(reasonCode ?? (failureOf(error) ? 'failed' : 'refused'));
}

/**
 * @returns the output items in the order of the input
 * @throws the error of the first item that failed, unless each item has its own outcome
 */
export function toOutput(items: Run): INodeExecutionData[] {
	const { context, operation, outcomes, callees } = items;
	// An execution can be found by single records only, because a list of records isn't about the execution.
	const single = outcomes.flatMap(({ records = [] } = {}) => (records.length === 1 ? records : []));
	makeSearchable(context, single);
	return outcomes.flatMap(({ records, binary, error, isInDoubt } = {}, itemIndex): INodeExecutionData[] => {
		const pairedItem = { item: itemIndex };
		if (records) return records.map((json) => ({ json, pairedItem, ...(binary && { binary }) }));
		if (error === undefined) return [];
		if (!continuesOnFail(context)) throw stopError(items, error);
		if (operation.starts !== 'call') return [{ json: { error: error.message }, pairedItem }];
		// The item also says whether the call may have been made, and to whom.
		const to = callees[itemIndex];
		const outcome: ItemOutcome = isInDoubt ? 'inDoubt' : 'notCalled';
		const json = {
			outcome,
			...(to && { to }),
			...(!isInDoubt && { reasonCode: reasonCodeOf(error) }),
			error: error.message,
		};
		return [toErrorOutput(context, { json, pairedItem })];
	});
}
