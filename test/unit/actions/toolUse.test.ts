import type { IExecuteFunctions } from 'n8n-workflow';
import type { Outcome, Run } from '../../../nodes/VideoSdkAgentCloud/actions/run/outcome';
import { claimUse } from '../../../nodes/VideoSdkAgentCloud/actions/run/toolUse';
import { operation as ask } from '../../../nodes/VideoSdkAgentCloud/actions/call/sendAndWait.operation';
import { operation as start } from '../../../nodes/VideoSdkAgentCloud/actions/session/start.operation';
import { NODE } from '../support';

/** What an AI agent with this many items starts by a tool: what one field holds; what came of it. */
function uses(
	items: number,
	operation = start,
	executeOnce = false,
): (text: string, outcome?: Outcome) => void {
	const kept = {};
	const agent = {
		node: { executeOnce },
		metadata: { nodeWasResumed: true },
		data: { main: [Array(items).fill({ json: {} })] },
	};
	return (text, outcome) => {
		const context = {
			getNode: () => ({ ...NODE, type: 'videoSdkAgentCloudTool' }),
			getContext: () => kept,
			getExecutionId: () => '1',
			getNodeParameter: (name: string) => (['tag', 'message'].includes(name) ? text : ''),
			runExecutionData: { executionData: { nodeExecutionStack: [agent] } },
		} as unknown as IExecuteFunctions;
		claimUse({ context, operation } as Run, 0, undefined)?.(outcome);
	};
}
const STARTED = { records: [{ sessionId: 'x-1', callId: 'x-1' }] };

it.each([
	['session', start],
	['question', ask],
])('A %s is started once for several items of an AI agent', (_what, operation) => {
	const use = uses(2, operation);
	use('a', STARTED);
	use('b', STARTED);
	expect(() => use('a', STARTED)).toThrow(/already (started|made) \(x-1\).*Loop Over Items/);
});

it('It may be started again for one item, or if it certainly was not started', () => {
	for (const once of [uses(1), uses(2, start, true)]) {
		once('a', STARTED);
		once('a', STARTED);
	}
	const use = uses(2);
	use('a', { error: new Error('402') });
	use('a');
	use('a', { isInDoubt: true });
	expect(() => use('a')).toThrow(/may already have been started/);
});
