import { type IWebhookFunctions } from 'n8n-workflow';
import { warnSparingly } from '../../../nodes/VideoSdkAgentCloud/webhook/warnSparingly';
import { NODE } from '../support';

it('warns once a minute of each matter and node, and of no matter less because of another', () => {
	const logged: string[] = [];
	const contextOf = (id: string) =>
		({
			getNode: () => ({ ...NODE, id }),
			getWorkflow: () => ({ id: 'w' }),
			logger: {
				warn: (text: string) => logged.push(`warn ${text.slice(-1)}`),
				debug: (text: string) => logged.push(`debug ${text.slice(-1)}`),
			},
		}) as unknown as IWebhookFunctions;
	for (const [node, matter, sentence] of [
		['a', 'rejection', '1'],
		['a', 'context', '2'],
		['b', 'rejection', '3'],
		['a', 'rejection', '4'],
	] as const)
		warnSparingly(contextOf(node), matter, sentence);
	expect(logged).toEqual(['warn 1', 'warn 2', 'warn 3', 'debug 4']);
});
