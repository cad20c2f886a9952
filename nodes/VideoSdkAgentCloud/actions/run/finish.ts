import { type INodeExecutionData, NodeOperationError } from 'n8n-workflow';
import { simplifyCall } from '../../api/callRecord';
import { ItemReader } from '../../fields/reader';
import { toErrorOutput } from '../../n8n/errorOutput';
import { continuesOnFail } from '../../n8n/tool';
import { type Run, stopError } from './outcome';
import { isTriedAgain, type Try } from './tries';

/** @returns the output of an item that was started, while the operation's last step failed */
function withError(run: Run, item: INodeExecutionData, index: number, message: string): INodeExecutionData {
	const { context, operation } = run;
	const { starts, show = (_read, record) => record } = operation;
	if (item.json.error || item.json.outcome === 'notCalled') return item;
	const json = { ...(starts === 'call' ? simplifyCall(item.json) : item.json), error: message };
	return toErrorOutput(context, { ...item, json: show(new ItemReader(context, index), json) });
}

/** Does what is left to do, unless n8n will run the node again: an execution must not wait for one try while another runs. */
export async function complete(
	run: Run,
	current: Try,
	output: INodeExecutionData[],
): Promise<INodeExecutionData[]> {
	const { context, operation, credentialOfItem } = run;
	if (operation.complete === undefined || isTriedAgain(context, current, output)) return output;
	const { data } = context.getExecuteData();
	const input = data.main;
	try {
		current.final = await operation.complete(context, output, credentialOfItem);
		return current.final;
	} catch (error) {
		// The next try reads the same items again.
		if (input) data.main = input;
		// What was started is still running, so the error names it.
		const nodeError = new NodeOperationError(context.getNode(), error as Error);
		if (operation.starts !== undefined && continuesOnFail(context)) {
			return output.map((item, index) => withError(run, item, index, nodeError.message));
		}
		throw stopError(run, nodeError);
	}
}

/** Sees to what was started, since the execution will not wait for it. Never throws. @returns takes that back */
export async function stop(run: Run): Promise<(() => void) | undefined> {
	const { context, operation, outcomes, credentialOfItem } = run;
	if (operation.stop === undefined) return undefined;
	const started = outcomes.flatMap(({ records = [] } = {}, item) =>
		records.map((json) => ({ json, pairedItem: { item } })),
	);
	return await operation.stop(context, started, credentialOfItem).catch(({ message }: Error) => {
		context.logger.warn(`What was started can't be ended when Max Wait ends. ${message}`);
		return undefined;
	});
}
