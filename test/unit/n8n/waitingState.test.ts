import type { IWebhookFunctions } from 'n8n-workflow';
import { readWaitingExecution } from '../../../nodes/VideoSdkAgentCloud/n8n/waitingState';

/** What the node "Ask" reads of an execution that waits at a node. */
function read(waitsAt: string, text: unknown = 'stored') {
	const kept = { agentCloudWait: text };
	return readWaitingExecution({
		getNode: () => ({ name: 'Ask' }),
		runExecutionData: {
			executionData: {
				contextData: { 'node:Ask': kept },
				nodeExecutionStack: [{ node: { name: waitsAt }, data: { main: [[{ json: { row: 1 } }]] } }],
			},
		},
	} as unknown as IWebhookFunctions);
}

it('Only what waits at the node itself is its wait: the execution may have come to another one', () => {
	expect(read('Ask')).toEqual({ text: 'stored', items: [{ row: 1 }] });
	expect(read('Ask again')).toBeUndefined();
	expect(read('Ask', 5)).toBeUndefined();
});
