/**
 * Each operation in the editor, as a new node begins: filled in by picking and typing what is required, then executed. To look at
 * them: `PICTURES=<folder> npm run test:browser -- operations` keeps a picture of each.
 */
import { RESOURCES } from '../../nodes/VideoSdkAgentCloud/actions';
import { chain, n8nNode, ourNode } from '../e2e/setup';
import { outputOf } from '../n8n/rest';
import { browserTest, keepPicture, type Stage, startStage } from './browserTest';
import type { Editor } from './editor';
import { eventually } from './eventually';

const TO = '+15550003000';
/** Its calls end by themselves. */
const SHORT = '+15550003001';
/** It rings until the execution waits for the response. */
const ASKED = '+15550003002';

let stage: Stage;
let sessionId: string;
let roomId: string;

beforeAll(async () => {
	stage = await startStage({ lifecycle: false, callBehaviour: { ringForMs: 0, talkMs: null } });
	stage.simulator.setCallBehaviour({ ringForMs: 0, talkMs: 100 }, SHORT);
	stage.simulator.setCallBehaviour({ ringForMs: 1_500, talkMs: null }, ASKED);
	// A session, and a room in which someone has talked.
	const { id } = await stage.n8n.rest.createWorkflow(
		chain('Seed', [
			n8nNode('Manual', 'manualTrigger'),
			ourNode(stage, 'Start', 'videoSdkAgentCloud', {
				resource: 'session',
				operation: 'start',
				deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
			}),
			ourNode(stage, 'Create', 'videoSdkAgentCloud', {
				resource: 'room',
				operation: 'create',
				recording: 'summarize',
			}),
		]),
	);
	const run = await stage.n8n.rest.runWorkflow(id);
	sessionId = String(outputOf(run, 'Start')[0]?.sessionId);
	roomId = String(outputOf(run, 'Create')[0]?.roomId);
	stage.simulator.joinRoom(roomId, { name: 'Ada' });
	stage.simulator.endRoomSession(roomId);
});

afterAll(async () => await stage?.stop());

/** A call in which someone talks. @returns what its entry in the list is found by */
async function answeredCall(): Promise<string> {
	const { callId } = stage.simulator.incomingCall({ to: TO, from: '+15550009999' });
	await eventually(async () => expect(stage.simulator.calls.get(callId)?.status).toBe('answered'));
	return callId.slice(0, 8);
}

async function fillMake(editor: Editor, to: string): Promise<void> {
	await editor.fill('to', to);
	await editor.pick('routingRuleId', 'Outbound rule 03');
	await editor.pick('from', 'Line 03');
}

async function fillStart(editor: Editor): Promise<void> {
	await editor.pick('deploymentId', 'Support agent');
	await editor.pick('tag', 'v1');
}

interface Case {
	fill?(editor: Editor): Promise<void>;
	/** The body of the last request. */
	sent?: object;
	/** What happens at VideoSDK while the node runs. @param sessions how many there were before */
	meanwhile?(sessions: number): Promise<void>;
	/** Of the first item. */
	output: Record<string, unknown>;
}

const fillRoom = async (editor: Editor) => await editor.fill('roomId', roomId);
const pickSession = async (editor: Editor) => await editor.pick('sessionId', sessionId.slice(0, 8));
const pickCall = async (editor: Editor) => await editor.pick('callId', await answeredCall());

const CASES: Record<string, Case> = {
	'account.checkSetup': { fill: fillStart, output: { check: 'credential', ok: 'true' } },
	'agent.dispatch': {
		async fill(editor) {
			await editor.pick('agentId', 'Cloud agent 03');
			await editor.fill('meetingId', roomId);
		},
		sent: { agentId: 'agent_03' },
		output: { status: 'assigned' },
	},
	'call.get': { fill: pickCall, output: { status: 'answered', from: '+15550009999' } },
	'call.getAll': { fill: async () => void (await answeredCall()), output: { type: 'inbound' } },
	'call.hangUp': { fill: pickCall, output: { status: 'ended' } },
	'call.make': {
		fill: async (editor) => await fillMake(editor, TO),
		sent: { sipCallTo: TO, sipCallFrom: '+15550102003', routingRuleId: 'rule_out_03' },
		output: { to: TO, type: 'outbound' },
	},
	'call.makeAndWait': {
		fill: async (editor) => await fillMake(editor, SHORT),
		output: { to: SHORT, status: 'ended' },
	},
	'call.sendAndWait': {
		async fill(editor) {
			await fillMake(editor, ASKED);
			await editor.fill('message', 'May we pay the bakery?');
		},
		output: { outcome: 'answered', responded: 'true', to: ASKED },
	},
	'call.transfer': {
		async fill(editor) {
			await pickCall(editor);
			await editor.fill('transferTo', '+15550009000');
		},
		sent: { transferTo: '+15550009000' },
		output: { status: 'transfer-initiated' },
	},
	'deployment.create': {
		async fill(editor) {
			await editor.fill('name', 'Night agent');
			await editor.fill('description', 'Answers calls at night');
		},
		output: { name: 'Night agent' },
	},
	'deployment.get': { fill: fillStart, output: { id: 'ddv_support', tag: 'v1' } },
	'deployment.getAll': { output: { tag: 'latest' } },
	'recording.download': {
		async fill(editor) {
			const recording = [...stage.simulator.recordings.values()].at(-1);
			await editor.fill('url', recording?.fileUrl ?? '');
		},
		output: { mimeType: 'video/mp4', fileSize: '2048' },
	},
	'recording.getAll': { output: { roomId: expect.any(String) } },
	'room.create': {
		fill: async (editor) => await editor.choose('recording', 'Recording, Transcript, and Summary'),
		output: { roomId: expect.any(String) },
	},
	'room.deactivate': { fill: fillRoom, output: { roomId: expect.any(String) } },
	'room.endSession': {
		async fill(editor) {
			stage.simulator.joinRoom(roomId);
			await fillRoom(editor);
		},
		output: { end: expect.any(String) },
	},
	'room.get': { fill: fillRoom, output: { roomId: expect.any(String) } },
	'room.getAll': { output: { roomId: expect.any(String) } },
	'session.end': { fill: pickSession, output: { status: 'completed' } },
	'session.get': { fill: pickSession, output: { deploymentId: 'ddv_support' } },
	'session.getAll': { output: { deploymentId: 'ddv_support' } },
	'session.start': { fill: fillStart, output: { status: 'queued', tag: 'v1' } },
	'session.startAndWait': {
		fill: fillStart,
		async meanwhile(sessions) {
			await eventually(async () => expect(stage.simulator.sessions.size).toBeGreaterThan(sessions));
			await eventually(async () =>
				expect(await stage.n8n.rest.listExecutions({ status: ['waiting'] })).not.toEqual([]),
			);
			const id = [...stage.simulator.sessions.keys()].at(-1) ?? '';
			// 409: a poll found the end before the event was there.
			expect([200, 409]).toContain((await stage.simulator.emit(id, 'stopped'))?.status);
		},
		output: { status: 'stopped', event: 'stopped' },
	},
	'session.waitForStatus': {
		async fill(editor) {
			await pickSession(editor);
			await stage.simulator.emit(sessionId, 'stopped');
		},
		output: { status: 'completed' },
	},
	'transcription.get': { fill: fillRoom, output: { status: 'completed', text: expect.any(String) } },
	'transcription.getAll': { output: { status: 'completed' } },
	'transcription.startRealtime': {
		async fill(editor) {
			stage.simulator.joinRoom(roomId);
			await fillRoom(editor);
		},
		output: { status: 'running' },
	},
	'transcription.stopRealtime': { fill: fillRoom, output: { status: 'pending' } },
};

/** Opens a workflow with a node for each of some parameters, side by side. */
async function openWorkflow(editor: Editor, nodes: Record<string, object>): Promise<void> {
	const names = Object.keys(nodes);
	const { id } = await stage.n8n.rest.createWorkflow({
		name: names.join(', '),
		nodes: [
			n8nNode('Manual', 'manualTrigger'),
			...names.map((name, index) => ({
				...ourNode(stage, name, 'videoSdkAgentCloud', nodes[name] ?? {}),
				position: [220 + 220 * (index % 4), 200 * Math.floor(index / 4)] as [number, number],
			})),
		],
		connections: { Manual: { main: [names.map((node) => ({ node, type: 'main', index: 0 }))] } },
	});
	await editor.openWorkflow(id);
}

/** Its operations need the call of a tool, or a tool: test/e2e/tools.e2e.ts has both. */
const FOR_TOOLS = 'tool';

for (const { value: resource, operations } of RESOURCES.filter(({ value }) => value !== FOR_TOOLS)) {
	browserTest(
		`each operation of ${resource} runs`,
		() => stage,
		async (editor) => {
			const keyOf = (operation: string) => `${resource}.${operation}`;
			await openWorkflow(
				editor,
				Object.fromEntries(
					operations.map(({ value: operation }) => [keyOf(operation), { resource, operation }]),
				),
			);
			for (const key of operations.map(({ value }) => keyOf(value))) {
				const { fill, sent, meanwhile, output } = CASES[key] as Case;
				await editor.open(key);
				await keepPicture(editor, `${key}.new`);
				await fill?.(editor);
				const before = stage.simulator.requests.length;
				const sessions = stage.simulator.sessions.size;
				await editor.runStep();
				await meanwhile?.(sessions);
				expect({ [key]: await editor.firstRow() }).toMatchObject({ [key]: output });
				if (sent) {
					const bodies = stage.simulator.requests.slice(before).map(({ body }) => body);
					expect(bodies).toContainEqual(expect.objectContaining(sent));
				}
				await keepPicture(editor, key);
				await editor.closePanel();
			}
		},
	);
}

browserTest(
	'Call: Make has the fields of the way to call',
	() => stage,
	async (editor) => {
		await openWorkflow(editor, { Make: { resource: 'call', operation: 'make', to: 'Ada' } });
		await editor.open('Make');
		const rest = ['Recording', 'Max Call Duration', 'Specify Metadata', 'Metadata', 'Agent Tools', 'Options'];
		const first = ['Credential', 'Resource', 'Operation', 'To', 'Call Via'];
		await editor.expectFields([...first, 'Routing Rule', 'From', ...rest]);
		await editor.choose('callVia', 'Gateway');
		await editor.expectFields([...first, 'Gateway', 'From', ...rest]);
		await editor.pick('gatewayId', 'Outbound gateway 02');
		await editor.runStep();
		const { title, description } = await editor.failure();
		expect(title).toBe("'To' isn't a phone number: Ada [item 0]");
		expect(description).toContain('a plus sign and the country code');
		await editor.fill('to', TO);
		await editor.runStep();
		await editor.firstRow();
		// The editor may fill its lists again at any time.
		const posts = stage.simulator.requests.filter(({ method }) => method === 'POST');
		expect(posts.at(-1)?.body).toEqual({
			sipCallTo: TO,
			gatewayId: 'gw_out_02',
			maxCallDuration: 600,
		});
	},
);
