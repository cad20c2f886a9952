/** Agent: Deploy and Agent: Take Down in a real n8n, while people talk to the agent: what runs, and so costs money, is what should. */
import { outputOf } from '../n8n/rest';
import { runByHand } from './deliveries';
import { actionNode, BY_RULE, inMode, itemNodes } from './nodes';
import { setUpAll } from './setup';

const setup = setUpAll({ n8n: {}, simulator: { callBehaviour: false } });

const INBOUND = 'rule_in_01';
const CALL = { to: '+15550102001', from: '+15550003001' };
const cloud = () => setup.simulator.cloud;
const agent = () => [...cloud().deployments.values()].at(-1)!;
const active = () =>
	cloud()
		.versions.filter((version) => version.agentId === agent().agentId && version.active)
		.map(({ id }) => id);

const checkSetup = () => actionNode(setup, 'Check', { resource: 'account', operation: 'checkSetup' });
const deployNode = () => actionNode(setup, 'Agent', { resource: 'agent', operation: 'deploy' });
const takeDownNode = (options: object = {}) => {
	const agentId = inMode('id', agent().agentId);
	return actionNode(setup, 'Agent', { resource: 'agent', operation: 'takeDown', agentId, options });
};
const run = async (...nodes: Array<ReturnType<typeof deployNode>>) =>
	outputOf(await runByHand(setup.n8n, ...nodes), 'Agent');

it('after deployments, a conversation, and an end, one version and one secret are left', async () => {
	const { simulator } = setup;
	// Check Setup puts out an item for each check, and the agent is deployed once.
	const deployed = await run(checkSetup(), deployNode());
	expect(deployed.length).toBeGreaterThan(1);
	const [first] = active();
	expect(deployed.every(({ versionId }) => versionId === first)).toBe(true);

	// Whoever is on the phone is cut off by neither a deployment nor Take Down.
	simulator.telephony.routingRules.find(({ id }) => id === INBOUND)!.agentId = agent().agentId;
	const { callId } = simulator.incomingCall(CALL);
	await simulator.moveCall(callId, 'answered');
	const [second] = await run(deployNode());
	expect(second).toMatchObject({ replaced: [], stillActive: [first] });
	expect(await run(takeDownNode())).toMatchObject([
		{ versions: [second?.versionId], stillActive: [first], next: expect.any(String) as string },
	]);
	expect(active()).toEqual([first]);
	expect(simulator.calls.get(callId)?.status).toBe('answered');

	await simulator.moveCall(callId, 'ended');
	const [third] = await run(deployNode());
	expect(third).toMatchObject({ agentId: second?.agentId, replaced: [first], stillActive: [] });
	expect(active()).toEqual([third?.versionId]);
	expect([...cloud().secrets.values()]).toMatchObject([{ id: agent().envSecret }]);
	expect(cloud().absence(agent().agentId)).toBeUndefined();

	expect(await run(takeDownNode())).toMatchObject([{ versions: [third?.versionId], stillActive: [] }]);
	expect(await run(takeDownNode())).toMatchObject([{ versions: [], alreadyOver: true }]);
	expect([active(), cloud().secrets.size]).toEqual([[], 0]);
});

it('of 20 people called at once, as many hear the agent as Deploy says, each with all that Set Agent has said', async () => {
	const { simulator } = setup;
	const [deployed] = await run(deployNode());
	const { agentId, conversationsAtOnce } = deployed as { agentId: string; conversationsAtOnce: number };
	// As the framework's worker takes them, and Deploy's own Max Replicas allows.
	simulator.setAgents({ perCopy: 4, copies: 2, coldStartMs: 0 });
	simulator.telephony.routingRules.find(({ id }) => id === BY_RULE.routingRuleId.value)!.agentId = agentId;
	const told = (more: object) =>
		actionNode(setup, 'Agent', {
			resource: 'routingRule',
			operation: 'setAgent',
			routingRuleId: inMode('id', INBOUND),
			agentId: inMode('id', agentId),
			...more,
		});
	await run(told({ instructions: 'Take a message.', firstMessage: 'Hello.' }));
	const task = { instructions: 'Take a message.', firstMessage: 'Good evening.' };
	expect(await run(told({ firstMessage: 'Good evening.' }))).toMatchObject([{ task }]);
	const rule = simulator.telephony.routingRules.find(({ id }) => id === INBOUND)!;
	expect(rule.agentMetadata).toMatchObject({ n8nAgent: task });

	const numbers = Array.from({ length: 20 }, (_, index) => `+155500031${String(index).padStart(2, '0')}`);
	const call = actionNode(setup, 'Agent', { ...BY_RULE, operation: 'make', to: '={{ $json.item }}' });
	const calls = await run(...itemNodes(numbers), call);
	expect(calls).toHaveLength(20);
	for (const { callId } of calls) await simulator.moveCall(String(callId), 'answered');
	const isHeard = ({ callId }: { callId?: unknown }) =>
		simulator.roomSessions.get(String(simulator.calls.get(String(callId))?.sessionId))!.participants.length >
		1;
	expect(calls.filter(isHeard)).toHaveLength(conversationsAtOnce);
});
