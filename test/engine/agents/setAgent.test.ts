/** Routing Rule: Set Agent changes the agent of a rule, what it is told, and nothing else. */
import type {
	IDataObject,
	INodeProperties,
	INodePropertyCollection,
	INodePropertyOptions,
} from 'n8n-workflow';
import { ZONE, byId, expectNoSecrets, parametersOf, useRig } from '../rig/rig';

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
	const n8nAgent = { ...ZONE, voice: 'old', instructions: 'Be kind.', language: 'de-DE' };
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
	expect(output).toEqual({ ...rule(OUTBOUND), task: n8nAgent });
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

it("Set Agent sets the time zone that's entered, else keeps the rule's, else sets the workflow's", async () => {
	const zone = () => (rule(INBOUND).agentMetadata.n8nAgent as { timeZone?: string }).timeZone;
	const withZone = (timeZone: string) => ({ options: { agentSettings: { settings: { timeZone } } } });
	await rig.json(setAgent(INBOUND, { agentId: 'ag_1' }));
	expect(zone()).toBe(ZONE.timeZone);
	await rig.json(setAgent(INBOUND, withZone('Europe/Berlin')));
	expect(zone()).toBe('Europe/Berlin');
	await rig.json(setAgent(INBOUND, { instructions: 'Be kind.' }));
	expect(zone()).toBe('Europe/Berlin');
});

it.each([
	['firstMessage', { firstMessage: 'New' }],
	['instructions', { instructions: 'New' }],
	['language', { options: { agentSettings: { settings: { language: 'New' } } } }],
])('Set Agent with %s alone leaves the rest of the task as it is', async (name, fields) => {
	const task = {
		...ZONE,
		instructions: 'A',
		firstMessage: 'B',
		language: 'de-DE',
		endOnSilence: 20,
		later: 'x',
	};
	rule(INBOUND).agentMetadata = { own: 1, n8nAgent: task };
	const [output] = await rig.json(setAgent(INBOUND, fields));
	expect(rule(INBOUND).agentMetadata).toEqual({ own: 1, n8nAgent: { ...task, [name]: 'New' } });
	expect(output?.task).toEqual({ ...task, [name]: 'New' });
});

it('Set Agent empties what is to be cleared, and nothing else', async () => {
	const task = { ...ZONE, instructions: 'A', firstMessage: 'B', voice: 'Kore' };
	rule(INBOUND).agentMetadata = { n8nAgent: task };
	const options = { clear: ['firstMessage', 'voice', 'model'] };
	expect(await rig.json(setAgent(INBOUND, { options }))).toMatchObject([{ task: { instructions: 'A' } }]);
	expect(rule(INBOUND).agentMetadata).toEqual({ n8nAgent: { ...ZONE, instructions: 'A' } });
	await rig.json(setAgent(INBOUND, { firstMessage: 'New', options: { clear: ['instructions'] } }));
	expect(rule(INBOUND).agentMetadata).toEqual({ n8nAgent: { ...ZONE, firstMessage: 'New' } });
	const [output] = await rig.json(setAgent(INBOUND, { options: { clear: ['firstMessage'] } }));
	expect(output?.task).toEqual(ZONE);
});

it('Set Agent can clear each field of the task', async () => {
	const { properties } = rig.engine.nodeType('videoSdkAgentCloud').description;
	const ofRule = properties.filter(({ displayOptions }) =>
		displayOptions?.show?.operation?.includes('setAgent'),
	);
	const option = (name: string) =>
		(ofRule.find((one) => one.name === 'options')?.options as INodeProperties[]).find(
			(one) => one.name === name,
		)!;
	const [settings] = option('agentSettings').options as INodePropertyCollection[];
	const names = ['instructions', 'firstMessage', ...settings!.values.map(({ name }) => name)];
	const cleared = option('clear').options as INodePropertyOptions[];
	expect(cleared.map(({ value }) => value).sort()).toEqual(names.sort());
});

it('Set Agent keeps what the user has entered if metadata comes as text', async () => {
	const before = rule(INBOUND);
	const agentMetadata = JSON.stringify({ team: 'vip', n8nAgent: { instructions: 'A' } });
	const match = { method: 'GET', path: /routing-rule\/./ };
	rig.simulator.addFault({ kind: 'noData', body: { ...before, agentMetadata }, match });
	await rig.json(setAgent(INBOUND, { firstMessage: 'B' }));
	expect(rule(INBOUND).agentMetadata).toEqual({
		team: 'vip',
		n8nAgent: { ...ZONE, instructions: 'A', firstMessage: 'B' },
	});
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
		'a value for what is cleared',
		INBOUND,
		{ firstMessage: 'Hi', options: { clear: ['firstMessage'] } },
		/'Clear' contains First Message, which has a value as well/,
		0,
	],
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
])('Set Agent says that %s is not as it should be, if VideoSDK has it otherwise', async (name, wrong) => {
	const { id, ...after } = {
		...rule(INBOUND),
		agentId: 'ag_1',
		agentMetadata: { n8nAgent: { ...ZONE, instructions: 'Hi' } },
	};
	const body = { id, ...after, ...wrong };
	const match = { method: 'GET', path: /routing-rule\/./ };
	rig.simulator.addFault({ kind: 'delay', match });
	rig.simulator.addFault({ kind: 'noData', body, match });
	const { message } = await rig.failure(setAgent(INBOUND, { agentId: 'ag_1', instructions: 'Hi' }));
	expect(message).toContain(`VideoSDK didn't change the routing rule as asked: ${name} isn't`);
	expectNoSecrets(rig, message);
});

it('Set Agent does not mind what VideoSDK derives, such as the name of the agent', async () => {
	const before = { ...rule(INBOUND), room: undefined, agentId: undefined };
	const match = { method: 'GET', path: /routing-rule\/./ };
	rig.simulator.addFault({ kind: 'noData', body: before, match });
	const derived = { room: null, numbers: [], name: 'Another name', agentId: null };
	const agentMetadata = { n8nAgent: { ...ZONE, instructions: 'Hi' } };
	rig.simulator.addFault({ kind: 'noData', body: { ...before, ...derived, agentMetadata }, match });
	expect(await rig.json(setAgent(INBOUND, { instructions: 'Hi' }))).toMatchObject([{ agentId: null }]);
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
	expect(agentMetadata).toEqual({
		n8nAgent: { ...ZONE, instructions: 'Be kind.' },
		n8nTools: [{ url: TOOL }],
	});
	expect(JSON.stringify(output)).not.toContain('n8ntool1_');
	expect([patches(), rule(INBOUND)]).toEqual([[], before]);
});
