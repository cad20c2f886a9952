/** Routing Rule: Set Agent changes the agent of a rule, what it is told, and nothing else. */
import type { IDataObject } from 'n8n-workflow';
import { byId, expectNoSecrets, parametersOf, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: { ringForMs: 10, talkMs: 10 } });

const INBOUND = 'rule_in_01';
const OUTBOUND = 'rule_out_01';
const TOOL = 'https://n8n.example.com/webhook/a/mcp';
const agentTools = { tools: [{ tool: TOOL }] };
const setAgent = (routingRuleId: string, more: IDataObject) =>
	parametersOf('routingRule', 'setAgent', { routingRuleId: byId(routingRuleId), ...more });
const rule = (id: string) => rig.simulator.telephony.routingRules.find((one) => one.id === id)!;
const patches = () => rig.requests.filter(({ method }) => method === 'PATCH');
const handed = (id: string) =>
	rule(id).agentMetadata.n8nTools as Array<{ headers: { Authorization: string } }>;

it('Set Agent gives a rule its agent and task, and repeats what VideoSDK might set back', async () => {
	Object.assign(rule(OUTBOUND), { recording: true, agentMetadata: { own: 17, n8nAgent: { voice: 'old' } } });
	const before = structuredClone(rule(OUTBOUND));
	const settings = { settings: { language: 'de-DE' } };
	const fields = { agentId: 'ag_1', instructions: 'Be kind.', options: { agentSettings: settings } };
	const n8nAgent = { instructions: 'Be kind.', language: 'de-DE' };
	const agentMetadata = { own: 17, n8nAgent };
	const [output] = await rig.json(setAgent(OUTBOUND, fields));
	expect(patches().map(({ body }) => body)).toEqual([
		{
			agentId: 'ag_1',
			agentMetadata,
			recording: true,
			dtmf: true,
			noiseCancellation: true,
			hidePhoneNumber: false,
		},
	]);
	expect(rule(OUTBOUND)).toEqual({ ...before, agentId: 'ag_1', agentMetadata });
	expect(output).toEqual(rule(OUTBOUND));
	expect(rig.requests.map(({ method }) => method)).toEqual(['GET', 'PATCH', 'GET']);
});

it('Set Agent leaves what was left empty as it is, tools with their tokens too, which come out nowhere', async () => {
	const outputs = await rig.json(setAgent(INBOUND, { firstMessage: 'Hello', agentTools }));
	const [{ headers }] = handed(INBOUND) as [{ headers: { Authorization: string } }];
	const { agentId } = rule(INBOUND);
	outputs.push(...(await rig.json(setAgent(INBOUND, { firstMessage: 'Good morning' }))));
	expect(handed(INBOUND)).toMatchObject([{ url: TOOL, headers }]);
	outputs.push(...(await rig.json(setAgent(INBOUND, { agentTools }))));
	expect(rule(INBOUND)).toMatchObject({
		agentId,
		agentMetadata: { n8nAgent: { firstMessage: 'Good morning' } },
	});
	expect(JSON.stringify(outputs)).not.toMatch(/n8nTools|n8ntool1_/);
	expectNoSecrets(rig, outputs);
});

it.each([
	[undefined, 720],
	[24, 24],
])('Set Agent hands tools over for %s hours: %d', async (toolsValidFor, hours) => {
	await rig.json(setAgent(INBOUND, { agentTools, ...(toolsValidFor && { options: { toolsValidFor } }) }));
	const [{ headers }] = handed(INBOUND) as [{ headers: { Authorization: string } }];
	const payload = headers.Authorization.replace(/^Bearer n8ntool1_.{22}/, '');
	const [, expiresAtS] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [string, number];
	expect(Math.abs(expiresAtS * 1_000 - Date.now() - hours * 3_600_000)).toBeLessThan(60_000);
});

it.each<[string, string, IDataObject, RegExp, number]>([
	['tools on an outbound rule', OUTBOUND, { agentTools }, /only be set on an inbound routing rule/, 1],
	['nothing', INBOUND, {}, /There is nothing to set/, 0],
	[
		'an expression that gives nothing',
		INBOUND,
		{ instructions: '={{ $json.x }}' },
		/'Instructions' is empty/,
		0,
	],
])('Set Agent refuses %s', async (_what, id, fields, message, requests) => {
	expect((await rig.failure(setAgent(id, fields))).message).toMatch(message);
	expect([patches().length, rig.requests.length]).toEqual([0, requests]);
});

it.each<[string, IDataObject]>([
	['dtmf', { dtmf: false }],
	['agentId', { agentId: 'agent_09' }],
	['agentMetadata', { agentMetadata: {} }],
	['numbers', { numbers: [] }],
])('Set Agent says that %s is not as it should be, if VideoSDK has it otherwise', async (name, wrong) => {
	const { id, ...after } = {
		...rule(INBOUND),
		agentId: 'ag_1',
		agentMetadata: { n8nAgent: { instructions: 'Hi' } },
	};
	const body = { id, ...after, ...wrong };
	const match = { method: 'GET', path: /routing-rule\/./ };
	rig.simulator.addFault({ kind: 'delay', match });
	rig.simulator.addFault({ kind: 'noData', body, match });
	const { message } = await rig.failure(setAgent(INBOUND, { agentId: 'ag_1', instructions: 'Hi' }));
	expect(message).toContain(`VideoSDK didn't change the routing rule as asked: ${name} isn't`);
	expectNoSecrets(rig, message);
});

it('Set Agent takes what VideoSDK writes as null for what is missing', async () => {
	const before = { ...rule(INBOUND), room: undefined };
	const match = { method: 'GET', path: /routing-rule\/./ };
	rig.simulator.addFault({ kind: 'noData', body: before, match });
	rig.simulator.addFault({ kind: 'noData', body: { ...before, agentId: 'ag_1', room: null }, match });
	expect(await rig.json(setAgent(INBOUND, { agentId: 'ag_1' }))).toMatchObject([{ agentId: 'ag_1' }]);
});

it("An incoming call's agent is told what the rule says, unless the call itself says it", async () => {
	await rig.json(setAgent(INBOUND, { firstMessage: 'Hello from the rule' }));
	const roomId = await rig.room('transcribe');
	const input = { to: '+15550102001', from: '+15550003001', roomId };
	const { callId } = rig.simulator.incomingCall(input, false);
	await rig.talk([callId]);
	const [transcript] = await rig.json(parametersOf('transcription', 'get', { roomId }));
	expect(transcript?.text).toContain('Agent: Hello from the rule');
});

it('Set Agent shows the change in a dry run, without access to tools', async () => {
	await rig.json(setAgent(INBOUND, { agentTools }));
	const before = structuredClone(rule(INBOUND));
	rig.simulator.requests.length = 0;
	const dry = { instructions: 'Be kind.', options: { dryRun: true } };
	const [output] = await rig.json(setAgent(INBOUND, dry));
	expect(output).toMatchObject({ dryRun: true, request: { method: 'PATCH', body: { agentId: 'agent_01' } } });
	const { agentMetadata } = (output?.request as { body: { agentMetadata: IDataObject } }).body;
	expect(agentMetadata).toEqual({ n8nAgent: { instructions: 'Be kind.' }, n8nTools: [{ url: TOOL }] });
	expect(JSON.stringify(output)).not.toContain('n8ntool1_');
	expect([patches(), rule(INBOUND)]).toEqual([[], before]);
});
