import { forgetNodes, PerNode } from '../../../nodes/VideoSdkAgentCloud/n8n/boundedStores';
import { NODE } from '../support';

const contextOf = (id: string, workflowId = 'w') =>
	({ getNode: () => ({ ...NODE, id }), getWorkflow: () => ({ id: workflowId }) }) as never;

it('2,000 nodes are kept, those that were used last', () => {
	forgetNodes();
	const [one, other] = [new PerNode(() => ({ count: 0 })), new PerNode(() => ({ count: 0 }))];
	for (let index = 0; index < 2_000; index++) one.of(contextOf(`${index}`)).count++;
	other.of(contextOf('0'));
	one.of(contextOf('one more'));
	expect(one.of(contextOf('0')).count).toBe(1);
	expect(one.of(contextOf('1')).count).toBe(0);
	expect(one.of(contextOf('0', 'a copy of it')).count).toBe(0);
	expect([one.all().length, other.all().length]).toEqual([2_000, 1]);
});
