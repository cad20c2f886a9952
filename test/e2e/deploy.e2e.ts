/** Agent: Deploy and Agent: Take Down in a real n8n, while people talk to the agent: what runs, and so costs money, is what should. */
import { outputOf } from '../n8n/rest';
import { runByHand } from './deliveries';
import { actionNode, inMode } from './nodes';
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
