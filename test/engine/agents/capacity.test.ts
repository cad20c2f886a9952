/** How many conversations an agent takes at once: what n8n says is what happens, and whoever is beyond it hears silence. */
import { byRule, RULE } from '../rig/callRig';
import { byId, jsonOf, later, parametersOf, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });

const participants = (sessionId?: string) => rig.simulator.roomSessions.get(String(sessionId))!.participants;

/** Deploys an agent for the rule. @returns its ID, and how many conversations it's said to take */
async function deployed(): Promise<{ agentId: string; conversationsAtOnce: number }> {
	const [output] = await rig.json(parametersOf('agent', 'deploy', { agentName: 'Busy agent' }));
	const { agentId, conversationsAtOnce } = output as { agentId: string; conversationsAtOnce: number };
	rig.simulator.telephony.routingRules.find(({ id }) => id === RULE.routingRuleId)!.agentId = agentId;
	return { agentId, conversationsAtOnce };
}

/** Calls people, who all pick up at once. @returns the calls in which an agent is */
async function pickUp(people: number): Promise<string[]> {
	const items = Array.from({ length: people }, (_, row) => ({ row }));
	const calls = jsonOf(await rig.run(byRule({ recording: 'transcribe' }), { items }));
	const ids = calls.map(({ callId }) => String(callId));
	for (const id of ids) await rig.simulator.moveCall(id, 'answered');
	return ids.filter((id) => participants(rig.simulator.calls.get(id)?.sessionId).length > 1);
}

it('Of 20 people who pick up at once, as many hear the agent as Deploy says, and the others nothing', async () => {
	const { conversationsAtOnce } = await deployed();
	rig.simulator.setAgents({ perCopy: 4, copies: 2, coldStartMs: 0 });
	const talking = await pickUp(20);
	expect(talking).toHaveLength(conversationsAtOnce);
	const others = [...rig.simulator.calls.keys()].filter((id) => !talking.includes(id));
	expect(others).toHaveLength(20 - conversationsAtOnce);
	for (const id of rig.simulator.calls.keys()) await rig.simulator.moveCall(id, 'ended');
	const [call] = await rig.json(parametersOf('call', 'get', { callId: byId(String(others[0])) }));
	// Charged like any other.
	expect(call).toMatchObject({ outcome: 'answered', answered: true });
	const [said] = await rig.json(parametersOf('transcription', 'get', { roomId: call?.roomId }));
	expect(said?.text).toBe('Caller: Hello?');
	// When they have hung up, there's time for others.
	rig.simulator.calls.clear();
	expect(await pickUp(conversationsAtOnce)).toHaveLength(conversationsAtOnce);
});

it('An agent without a copy that runs comes later, and the next one at once', async () => {
	await deployed();
	rig.simulator.setAgents({ perCopy: 4, copies: 2, coldStartMs: 20_000 });
	expect(await pickUp(1)).toEqual([]);
	await later(19_000);
	const [first] = rig.simulator.calls.values();
	expect(participants(first?.sessionId)).toHaveLength(1);
	await later(2_000);
	expect(participants(first?.sessionId)).toHaveLength(2);
	expect(await pickUp(3)).toHaveLength(3);
	// The second copy has to start.
	expect(await pickUp(1)).toEqual([]);
});
