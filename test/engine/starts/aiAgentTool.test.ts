/** As a tool of an AI agent: what is thrown reaches a person, and only what is put out reaches the model. */
import {
	type INode,
	type INodeParameters,
	type INodePropertyOptions,
	type INodeType,
	NodeHelpers,
} from 'n8n-workflow';
import { VideoSdkAgentCloud } from '../../../nodes/VideoSdkAgentCloud/VideoSdkAgentCloud.node';
import type { Fault } from '../../simulator';
import { byRule } from '../rig/callRig';
import type { RunResult } from '../rig/engine';
import { NODE_NAME, TOOL } from '../rig/engine';
import {
	byId,
	expectNoSecrets,
	jsonOf,
	parametersOf,
	retryOnFail,
	startParameters,
	useRig,
} from '../rig/rig';

const rig = useRig();

const dispatch = parametersOf('agent', 'dispatch', { agentId: 'agent_support', roomId: 'room' });
const getMany = parametersOf('session', 'getAll');
const startAndWait = startParameters({ operation: 'startAndWait' });

const call = async (parameters: INodeParameters, node: object = {}): Promise<RunResult> =>
	await rig.run(parameters, { nodeType: TOOL, node });

describe('The model is told', () => {
	it('of the session that was started', async () => {
		const [session] = jsonOf(await call(startParameters()));
		expect(session).toMatchObject({ sessionId: [...rig.simulator.sessions.keys()][0], status: 'queued' });
	});

	const REFUSAL: Fault = { kind: 'status', status: 403, body: { message: 'Not in your plan' } };
	const impatient = startParameters({ options: { timeout: 150 } });
	it.each<[string, INodeParameters, Fault, RegExp]>([
		['was refused', startParameters(), REFUSAL, /doesn't allow this.*Not in your plan/],
		['may have begun', impatient, { kind: 'hang', status: 500 }, /the session may have been started/],
		['may have begun in a room', dispatch, { kind: 'reset' }, /may have/],
		['was none', getMany, { kind: 'status', status: 400, body: { message: 'Bad page' } }, /Bad page/],
	])('why it failed: what %s', async (_what, parameters, fault, told) => {
		rig.simulator.addFault(fault);
		const result = await call(parameters);
		expect(jsonOf(result)).toEqual([{ error: expect.stringMatching(told) }]);
		expect(rig.requests.filter(({ method }) => method === 'POST').length).toBeLessThanOrEqual(1);
		expectNoSecrets(rig, result.run);
	});

	it.each<[string, INodeParameters, RegExp]>([
		['a field is empty', startParameters({ deploymentId: byId('={{ $json.no }}') }), /Deployment.*is empty/],
		['it would have to wait', startAndWait, /Start and Wait can't be used as a tool/],
	])('why nothing was sent: %s', async (_why, parameters, told) => {
		expect(jsonOf(await call(parameters))).toEqual([{ error: expect.stringMatching(told) }]);
		expect(rig.requests).toHaveLength(0);
	});
});

it.each<[string, INodeParameters, string]>([
	['call', byRule(), 'callId'],
	['session', startParameters(), 'sessionId'],
])("n8n's own Agents use it without an execution: %s", async (_what, parameters, idField) => {
	expect((await rig.engine.useWithoutExecution(parameters))[0]).toHaveProperty(idField);
});

describe('A tool that is used again', () => {
	const TO = '+14155550142';
	const callTo = (to = TO, options = {}) => byRule({ to, options });
	const posts = () => rig.requests.filter(({ method }) => method === 'POST');
	const again = async (first: RunResult, parameters: INodeParameters, where?: 'retry' | 'secondRun') =>
		jsonOf(await rig.engine.useAgain(first, parameters, where))[0];

	it('calls a number once in an execution, whichever operation calls it, and tells the model of the call', async () => {
		const first = await call(callTo());
		const callId = String(jsonOf(first)[0]?.callId);
		const error = expect.stringMatching(`${callId}.*'Allow Same Number'`) as string;
		const refused = { outcome: 'notCalled', to: TO, reasonCode: 'sameNumber', error };
		expect(await again(first, callTo(` 001 (415) 555-0142`))).toEqual(refused);
		const question = byRule({ to: TO, operation: 'sendAndWait', message: 'Ready?' });
		expect(await again(first, question)).toMatchObject({ ...refused, responded: false });
		expect(posts()).toHaveLength(1);
		expect(await again(first, callTo('+14155550143'))).toHaveProperty('callId');
		expect(await again(first, callTo(TO, { allowSameNumber: true }))).toHaveProperty('callId');
		expect(await again(await call(callTo()), callTo('+14155550143'))).toHaveProperty('callId');
		expect(posts()).toHaveLength(5);
		const sip = await call(callTo('sip:ada@example.com'));
		expect(await again(sip, callTo('SIP:Ada@example.com'))).toHaveProperty('error');
	});

	it.each([true, false])(
		'in a retry finds what it has called, also if that was in doubt: %j',
		async (isInDoubt) => {
			const allowed = callTo(TO, { allowSameNumber: true });
			rig.simulator.setListing({ hasMetadata: false });
			if (isInDoubt) rig.simulator.addFault({ kind: 'reset', match: { method: 'POST' } });
			const first = await call(allowed);
			// What was in doubt is found in the list alone.
			rig.simulator.setListing({ hasMetadata: isInDoubt });
			const [made] = [...rig.simulator.calls.keys()];
			expect(JSON.stringify(first.run.data).includes(String(made))).toBe(!isInDoubt);
			for (const parameters of [callTo(), allowed]) {
				expect(await again(first, parameters, 'retry')).toMatchObject({ callId: made, alreadyStarted: true });
			}
			expect(posts()).toHaveLength(1);
		},
	);

	it('in a retry is in doubt about a call that no list shows, and does not make it', async () => {
		rig.simulator.setListing({ hasMetadata: false });
		rig.simulator.addFault({ kind: 'reset', match: { method: 'POST' } });
		const first = await call(callTo());
		const error = expect.stringMatching(`The call to \\${TO} may have been made before`) as string;
		expect(await again(first, callTo(), 'retry')).toMatchObject({ outcome: 'inDoubt', error });
		expect(posts()).toHaveLength(1);
	});

	it('in a retry refuses to start again what VideoSDK does not list', async () => {
		const first = await call(dispatch);
		const error = expect.stringMatching(/^This tool was already used.*nothing was sent/) as string;
		expect(await again(first, dispatch, 'retry')).toEqual({ error });
		expect(posts()).toHaveLength(1);
	});

	it('calls a number again that certainly was not called, and none that may have been', async () => {
		const days = [((new Date().getUTCDay() + 2) % 7) + 1];
		const hours = { hours: { days, from: '09:00', to: '17:00', timeZone: 'UTC' } };
		rig.simulator.addFault({ kind: 'status', status: 402, match: { method: 'POST' } });
		const refused = await call(callTo());
		expect(await again(refused, callTo())).toHaveProperty('callId');
		const notNow = await call(callTo(TO, { callingHours: hours }));
		expect(jsonOf(notNow)[0]).toHaveProperty('reason');
		expect(await again(notNow, callTo())).toHaveProperty('callId');
		rig.simulator.addFault({ kind: 'status', status: 500, match: { method: 'POST' } });
		const doubtful = await call(callTo());
		const known = rig.simulator.calls.size;
		const error = expect.stringContaining('may already have') as string;
		expect(await again(doubtful, callTo())).toMatchObject({ error });
		expect(rig.simulator.calls.size).toBe(known);
	});

	it('starts more sessions in an execution, but none again in a retry of the run of the agent that failed', async () => {
		for (const isNextItem of [false, true]) {
			const before = posts().length;
			const first = await call(startParameters());
			// What follows the node stands for the agent.
			first.workflow.connectionsBySourceNode[NODE_NAME]!.ai_tool = [
				[{ node: 'Success', type: 'ai_tool', index: 0 }],
			];
			const second = await rig.engine.useAgain(first, startParameters());
			const { sessionId } = jsonOf(second)[0]!;
			// In a loop, the agent has come to the next item.
			if (!isNextItem) second.run.data.resultData.runData.Success?.splice(-1);
			const retried = await again(second, startParameters(), 'retry');
			if (isNextItem) expect(retried).not.toHaveProperty('alreadyStarted');
			else expect(retried).toMatchObject({ sessionId, alreadyStarted: true });
			expect(posts()).toHaveLength(before + (isNextItem ? 3 : 2));
		}
		expect(await again(await call(getMany), getMany, 'retry')).toBeDefined();
	});
});

it.each<[string, INodeParameters]>([
	['call', byRule({ options: { allowSameNumber: true } })],
	['session', startParameters()],
])('A tool starts once what a second run of the execution starts, too: %s', async (_what, parameters) => {
	const first = await call(parameters);
	const second = await rig.engine.useAgain(first, parameters, 'secondRun');
	expect(jsonOf(second)).toEqual(jsonOf(first));
	expect(rig.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
});

describe.each([
	['call', 'make', 'costs money and calls a person', /costs money and reaches a real person/],
	['session', 'start', 'costs money and may call a person', /costs money.*may call a real person/],
	['room', 'create', 'costs money if the room is recorded', /Recording costs money/],
	['room', 'endSession', 'disconnects everyone', /Disconnect everyone from a room/],
	['transcription', 'startRealtime', 'costs money', /costs money/],
])('What a use of the tool %s: %s does', (resource, operation, consequence, told) => {
	const { description } = new VideoSdkAgentCloud();
	const asTool = { ...description, name: `${description.name}Tool` };

	it('is read by the person who sets it up', () => {
		const notice = description.properties.find(
			({ name, displayOptions: { show } = {} }) =>
				name === 'toolNotice' && show?.resource?.includes(resource) && show.operation?.includes(operation),
		);
		expect(notice?.displayName).toContain(consequence);
		expect(notice?.displayOptions?.show).toHaveProperty('@tool', [true]);
	});

	it('is read by the model, unless the user wrote something else', () => {
		const read = (given: INodeParameters) => {
			const node = { typeVersion: 1, parameters: { resource, operation, ...given } } as unknown as INode;
			const { parameters } = node;
			const filled = NodeHelpers.getNodeParameters(asTool.properties, parameters, true, false, node, asTool);
			return NodeHelpers.getToolDescriptionForNode({ ...node, parameters: filled ?? {} }, {
				description: asTool,
			} as INodeType);
		};
		expect(read({})).toMatch(told);
		expect(read({ toolDescription: 'Only for invoices.' })).toBe('Only for invoices.');
	});
});

it('As a tool, the node offers no operation that waits or deletes, and no resource without another', () => {
	const hidden = new VideoSdkAgentCloud().description.properties
		.filter(({ name }) => ['resource', 'operation'].includes(name))
		.flatMap(({ options }) => options as INodePropertyOptions[])
		.filter(({ displayOptions }) => displayOptions?.hide?.['@tool']?.includes(true));
	expect(hidden.map(({ value }) => value).sort()).toEqual([
		'answer',
		'createAccess',
		'delete',
		'deploy',
		'makeAndWait',
		'routingRule',
		'setAgent',
		'startAndWait',
		'takeDown',
		'tool',
	]);
});

describe('Retry On Fail', () => {
	it('starts something once, as without an AI agent', async () => {
		for (const parameters of [startParameters(), byRule()]) {
			rig.simulator.requests.length = 0;
			rig.simulator.addFault({ kind: 'status', status: 402, match: { method: 'POST' } });
			rig.simulator.addFault({ kind: 'reset', match: { method: 'POST' } });
			const [record] = jsonOf(await call(parameters, retryOnFail));
			expect(record).not.toHaveProperty('error');
			expect(rig.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
		}
	});

	it('tries a tool again that costs nothing', async () => {
		rig.simulator.addFault({ kind: 'status', status: 400 });
		expect((await call(getMany, retryOnFail)).error).toBeUndefined();
		expect(rig.requests).toHaveLength(2);
	});
});
