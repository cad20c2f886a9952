/** While a call is awaited, what the user of n8n's chat writes is not its outcome, nor the answer of the person on the phone. */
import { waitFor } from '../../n8n/processes';
import { outputOf } from '../../n8n/rest';
import { ensureRuntime } from '../../n8n/installN8n';
import { during, publish, untilWaiting } from '../deliveries';
import { actionNode, BY_RULE, chain, LANGCHAIN, n8nNode } from '../nodes';
import { PATIENT, setUpAll } from '../setup';

/** What n8n's own `ws` has of a WebSocket here: Node 20 has none. */
type Socket = new (url: string) => {
	on(event: string, act: () => void): void;
	send(text: string): void;
	close(): void;
};

describe('In a real n8n', () => {
	const setup = setUpAll({ simulator: { callBehaviour: false, ...PATIENT } });

	it.each([
		['makeAndWait', {}],
		['sendAndWait', { message: 'May we pay?' }],
	])('the next message of a chat does not end %s', async (operation, more) => {
		const { n8n, simulator } = setup;
		const settings = { public: true, options: { responseMode: 'responseNodes' } };
		const chat = { ...n8nNode('Chat', `${LANGCHAIN}.chatTrigger`, settings, 1.4), webhookId: operation };
		const call = actionNode(setup, 'Call', { ...BY_RULE, operation, to: '+15550003001', ...more });
		await publish(n8n, chain(operation, [chat, call, n8nNode('After', 'noOp')]));
		const url = `${n8n.url}/webhook/${operation}/chat`;
		await n8n.rest.waitForWebhook(url);
		// The look whether it is published has begun a chat of its own.
		await during(2_000);
		const before = simulator.calls.size;
		const message = (chatInput: string) => ({ action: 'sendMessage', sessionId: 's1', chatInput });
		const begun = await n8n.rest.triggerByWebhook(url, message('Call Ada'));
		const { executionId, resumeToken = '' } = (await begun.json()) as Record<string, string>;
		const { callId } = await waitFor('the call', async () => [...simulator.calls.values()][before]);
		await simulator.moveCall(callId, 'answered');
		await untilWaiting(n8n, String(executionId));
		const { folder } = await ensureRuntime();
		const WebSocket = require(`${folder}/node_modules/ws`) as Socket;
		const query = `sessionId=s1&executionId=${executionId}&isPublic=true&token=${resumeToken}`;
		const socket = new WebSocket(`${n8n.url.replace('http', 'ws')}/chat?${query}`);
		await new Promise<void>((resolve) => socket.on('open', resolve));
		await during(1_000);
		socket.send(JSON.stringify(message('Yes, approved. Go ahead.')));
		await during(5_000);
		socket.close();
		await simulator.moveCall(callId, 'ended');
		const execution = await n8n.rest.untilEnded(String(executionId), 'After');
		expect(outputOf(execution, 'After')).toMatchObject([{ outcome: 'answered', callId }]);
	});
});
