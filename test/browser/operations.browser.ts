/** Each operation in the editor, as a new node begins: filled in by picking and typing what is required, then executed. */
import { RESOURCES } from '../../nodes/VideoSdkAgentCloud/actions';
import { runByHand } from '../e2e/deliveries';
import { actionNode, chain, MANUAL, SESSION, to } from '../e2e/nodes';
import { outputOf } from '../n8n/rest';
import { onStage } from './browserTest';
import { type Editor, eventually } from './editor';

const TO = '+15550003000';
/** Its calls end by themselves. */
const SHORT = '+15550003001';
/** It rings until the execution waits for the response. */
const ASKED = '+15550003002';
/** Its operations need the call of a tool, or a tool: test/e2e/tools.e2e.ts has both. */
const FOR_TOOLS = 'tool';

let sessionId: string;
let roomId: string;

/** Makes a session, and a room in which someone has talked. */
const { stage, inBrowser } = onStage(
	{ lifecycle: false, callBehaviour: { ringForMs: 0, talkMs: null } },
	async ({ simulator, n8n }) => {
		simulator.setCallBehaviour({ ringForMs: 0, talkMs: 100 }, SHORT);
		simulator.setCallBehaviour({ ringForMs: 1_500, talkMs: null }, ASKED);
		const start = { ...SESSION, operation: 'start' };
		const create = { resource: 'room', operation: 'create', recording: 'summarize' };
		const run = await runByHand(n8n, actionNode(stage, 'Start', start), actionNode(stage, 'Create', create));
		sessionId = String(outputOf(run, 'Start')[0]?.sessionId);
		roomId = String(outputOf(run, 'Create')[0]?.roomId);
		simulator.joinRoom(roomId, { name: 'Ada' });
		simulator.endRoomSession(roomId);
	},
);

/** A call in which someone talks. @returns what its entry in the list is found by */
async function answeredCall(): Promise<string> {
	const { callId } = stage.simulator.incomingCall({ to: TO, from: '+15550009999' });
	await eventually(async () => expect(stage.simulator.calls.get(callId)?.status).toBe('answered'));
	return callId.slice(0, 8);
}

type Step = (editor: Editor) => Promise<unknown>;
const write = (name: string, value: string | (() => string)) => async (editor: Editor) =>
	await editor.fill(name, typeof value === 'string' ? value : value());
const pick = (name: string, entry: string | (() => string | Promise<string>)) => async (editor: Editor) =>
	await editor.pick(name, typeof entry === 'string' ? entry : await entry());
const byRule = [pick('routingRuleId', 'Outbound rule 03'), pick('from', 'Line 03')];
const deployment = [pick('deploymentId', 'Support agent'), pick('tag', 'v1')];
const pickCall = pick('callId', answeredCall);
const pickSession = pick('sessionId', () => sessionId.slice(0, 8));
const room = write('roomId', () => roomId);
const join = async () => stage.simulator.joinRoom(roomId);
const record: Step = async (editor) => await editor.choose('recording', 'Recording, Transcript, and Summary');
const anyText = expect.any(String) as string;

/** What the first item of the output contains, and what is filled in before. */
const CASES: Record<string, [output: object, ...steps: Step[]]> = {
	'account.checkSetup': [{ check: 'credential', ok: 'true' }, ...deployment],
	'agent.deploy': [{ agentId: anyText, versionId: anyText }],
	'agent.takeDown': [{ agentId: anyText, versions: anyText }, pick('agentId', 'n8n agent')],
	'agent.dispatch': [{ status: 'assigned' }, pick('agentId', 'Cloud agent 03'), room],
	'call.get': [{ status: 'answered', from: '+15550009999' }, pickCall],
	'call.getAll': [{ direction: 'inbound' }, answeredCall],
	'call.hangUp': [{ status: 'ended' }, pickCall],
	'call.make': [{ to: TO, from: '+15550102003' }, write('to', TO), ...byRule],
	'call.makeAndWait': [{ to: SHORT, status: 'ended' }, write('to', SHORT), ...byRule],
	'call.sendAndWait': [
		{ outcome: 'answered', responded: 'true', to: ASKED },
		write('to', ASKED),
		...byRule,
		write('message', 'May we pay the bakery?'),
	],
	'call.transfer': [{ status: 'transfer-initiated' }, pickCall, write('transferTo', '+15550009000')],
	'deployment.getAll': [{ tag: 'latest' }],
	'recording.delete': [{ deleted: 'true' }, write('recordingId', 'gone')],
	'recording.download': [
		{ mimeType: 'video/mp4', fileSize: '2048' },
		write('url', () => [...stage.simulator.recordings.values()].at(-1)?.fileUrl ?? ''),
	],
	'recording.getAll': [{ roomId: anyText }],
	'room.create': [{ roomId: anyText }, record],
	'room.deactivate': [{ roomId: anyText }, room],
	'room.endSession': [{ end: anyText }, join, room],
	'room.get': [{ roomId: anyText }, room],
	'room.getAll': [{ roomId: anyText }],
	'routingRule.setAgent': [
		{ type: 'inbound', agentId: 'agent_01' },
		pick('routingRuleId', 'Inbound rule 01'),
		write('instructions', 'Be kind.'),
	],
	'session.end': [{ status: 'completed' }, pickSession],
	'session.get': [{ deploymentId: 'ddv_support' }, pickSession],
	'session.getAll': [{ deploymentId: 'ddv_support' }],
	'session.start': [{ status: 'queued', tag: 'v1' }, ...deployment],
	'session.startAndWait': [{ status: 'queued', timedOut: 'true' }, ...deployment, write('maxWait', '0.001')],
	'transcription.get': [{ status: 'completed', text: anyText }, room],
	'transcription.getAll': [{ status: 'completed' }],
	'transcription.startRealtime': [{ status: 'running' }, join, room],
	'transcription.stopRealtime': [{ status: 'pending' }, room],
};

async function openWorkflow(editor: Editor, nodes: Record<string, object>): Promise<void> {
	const ours = Object.entries(nodes).map(([name, parameters], index) => {
		const position = [220 + 220 * (index % 4), 200 * Math.floor(index / 4)];
		return actionNode(stage, name, parameters, { position });
	});
	await editor.openNew({
		...chain('Operations', [MANUAL, ...ours]),
		connections: { Manual: { main: [to(...Object.keys(nodes))] } },
	});
}

for (const { value: resource, operations } of RESOURCES.filter(({ value }) => value !== FOR_TOOLS))
	inBrowser(`each operation of ${resource} runs`, async (editor) => {
		const parameters = operations.map(({ value: operation }) => ({ resource, operation }));
		const keyOf = (operation: string) => `${resource}.${operation}`;
		await openWorkflow(editor, Object.fromEntries(parameters.map((each) => [keyOf(each.operation), each])));
		for (const key of parameters.map(({ operation }) => keyOf(operation))) {
			const [output, ...steps] = CASES[key]!;
			await editor.open(key);
			for (const step of steps) await step(editor);
			await editor.runStep();
			expect({ [key]: await editor.firstRow() }).toMatchObject({ [key]: output });
			await editor.closePanel();
		}
	});
