import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import { VideoSdkAgentCloud } from '../../../nodes/VideoSdkAgentCloud/VideoSdkAgentCloud.node';
import { putExecutionToWait, readWaitingExecution } from '../../../nodes/VideoSdkAgentCloud/n8n/wait';

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

it.each([true, false])('n8n that has lost an execution lets it wait, if it waits: %j', async (waits) => {
	const runExecutionData: { waitTill?: Date } = {};
	const context = {
		getContext: () => ({}),
		getExecuteData: () => ({ data: {}, node: {} }),
		runExecutionData,
		putExecutionToWait: async (until: Date) => {
			if (waits) runExecutionData.waitTill = until;
			throw new Error('No active execution found');
		},
	} as unknown as IExecuteFunctions;
	const put = putExecutionToWait(context, 'stored', [], Date.now());
	await (waits ? expect(put).resolves.toBeUndefined() : expect(put).rejects.toThrow('No active execution'));
});

it('n8n can hand the node no message of a chat: 1.x calls whatever is there, and 2.x only a function', () => {
	const { onMessage } = new VideoSdkAgentCloud();
	expect(onMessage).toBeTruthy();
	expect(typeof onMessage).not.toBe('function');
});
