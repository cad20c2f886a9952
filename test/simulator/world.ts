import type { Courier } from './courier';
import { CallEvents } from './events/callEvents';
import { RoomEvents } from './events/roomEvents';
import { SessionEvents } from './events/sessionEvents';
import type { SimulatorOptions } from './simulator';
import { defaultAgents, type SimulatedAgent } from './state/agents';
import type { SimulatedCall } from './state/call';
import { Calls } from './state/calls';
import { CallWebhooks } from './state/callWebhooks';
import { defaultDeployments, Deployments } from './state/deployments';
import { Files } from './state/files';
import { Recordings } from './state/recordings';
import { Rooms, type RoomObserver } from './state/rooms';
import { DEFAULT_LIFECYCLE, isTerminal, Sessions } from './state/sessions';
import { defaultTelephony, type Telephony } from './state/telephony';
import { ToolAgent, toolsIn } from './state/toolAgent';
import { Transcriptions } from './state/transcriptions';
import type { Timers } from './timers';
import type { SimulatedSession } from './types';

/** Everything that exists at VideoSDK, as the simulator has it. */
export interface World {
	sessions: Sessions;
	sessionEvents: SessionEvents;
	deployments: Deployments;
	agents: SimulatedAgent[];
	telephony: Telephony;
	calls: Calls;
	callEvents: CallEvents;
	callWebhooks: CallWebhooks;
	rooms: Rooms;
	roomEvents: RoomEvents;
	recordings: Recordings;
	transcriptions: Transcriptions;
	files: Files;
	toolAgent: ToolAgent;
}

interface Surroundings {
	courier: Courier;
	timers: Timers;
	log: (line: string) => void;
	baseUrl: () => string;
}

/** Makes all parts, and connects what happens in one with what follows in others. */
export function createWorld(options: SimulatorOptions, around: Surroundings): World {
	const { courier, timers, log } = around;
	const { lifecycle = {}, callBehaviour = {} } = options;
	const files = new Files(around.baseUrl);
	const recordings = new Recordings(files, options.recordingReadyMs ?? 50);
	const transcriptions = new Transcriptions(files, timers, options.transcriptionReadyMs ?? 100);
	const deployments = new Deployments(options.deployments ?? defaultDeployments());

	const roomEvents: RoomEvents = new RoomEvents(courier, (roomId) => rooms.byId.get(roomId));
	const rooms: Rooms = new Rooms(watchRooms(roomEvents, recordings, transcriptions));

	const toolAgent = new ToolAgent(log);
	const callWebhooks = new CallWebhooks();
	const callEvents = new CallEvents(courier, callWebhooks);
	const calls: Calls = new Calls(
		callBehaviour,
		rooms,
		timers,
		(call) => {
			void callEvents.send(call);
			if (call.status === 'answered') calls.hold(call, useTools(call, toolAgent, transcriptions));
		},
		(call) => {
			const { recordAudio, sessionId, roomId } = call;
			if (recordAudio && sessionId) recordings.add({ roomId, sessionId });
		},
	);

	const sessions: Sessions = new Sessions(
		lifecycle && { ...DEFAULT_LIFECYCLE, ...lifecycle },
		timers,
		(session, event) => void sessionEvents.send(session, event),
		(session, event) => {
			follow(session, rooms, sessions, deployments);
			if (event === 'started') void useSessionTools(session, toolAgent, transcriptions);
		},
	);
	const sessionEvents = new SessionEvents(courier, log);
	return {
		sessions,
		sessionEvents,
		deployments,
		agents: defaultAgents(),
		telephony: { ...defaultTelephony(), ...options.telephony },
		calls,
		callEvents,
		callWebhooks,
		rooms,
		roomEvents,
		recordings,
		transcriptions,
		files,
		toolAgent,
	};
}

/** In the middle of a call its agent asks n8n, and tells it who calls. */
async function useTools(
	call: SimulatedCall,
	agent: ToolAgent,
	transcriptions: Transcriptions,
): Promise<void> {
	const { callId, from, to, type, roomId, metadata } = call;
	const about = {
		'x-call-id': callId,
		'x-call-to': to,
		'x-call-type': type,
		...(from && { 'x-call-from': from }),
	};
	await agent.use(callId, toolsIn(metadata.n8nTools), about, (line) => transcriptions.say(roomId, line));
}

/** As `useTools`, for a session. */
async function useSessionTools(
	{ sessionId, env }: SimulatedSession,
	agent: ToolAgent,
	transcriptions: Transcriptions,
): Promise<void> {
	const roomId = env?.VIDEOSDK_ROOM_ID;
	await agent.use(sessionId, toolsIn(env?.N8N_TOOLS), {}, (line) => {
		if (roomId) transcriptions.say(roomId, line);
	});
}

/** An agent that was handed a room is in it while its session runs; into a deactivated one it does not get. */
function follow(session: SimulatedSession, rooms: Rooms, sessions: Sessions, deployments: Deployments): void {
	const roomId = session.env?.VIDEOSDK_ROOM_ID;
	if (!roomId || rooms.byId.get(roomId)?.disabled) return;
	const participantId = `agent-${session.sessionId}`;
	if (isTerminal(session.status)) rooms.leave(roomId, participantId);
	else if (session.status === 'running') {
		const name = deployments.name(session.deploymentId);
		rooms.join(roomId, { participantId, name }, () => sessions.stop(session));
	}
}

/** The events of a room, and the recording and transcript that were arranged when it was made. */
function watchRooms(
	events: RoomEvents,
	recordings: Recordings,
	transcriptions: Transcriptions,
): RoomObserver {
	return {
		sessionStarted: (session, room) => {
			events.send(session, 'session-started', { start: session.start });
			if (room?.autoStartConfig?.recording) events.send(session, 'recording-started');
		},
		joined: (session, { participantId, name }) =>
			events.send(session, 'participant-joined', { participantId, participantName: name }),
		left: (session, { participantId, name }, reason) =>
			events.send(session, 'participant-left', { participantId, participantName: name, reason }),
		sessionEnding: (session, room) => {
			const arranged = room?.autoStartConfig?.recording;
			if (!arranged) return;
			const { id: sessionId, roomId } = session;
			const { id, fileUrl, filePath } = recordings.add({ roomId, sessionId }, session.start);
			events.send(session, 'recording-stopped', { id, fileUrl, filePath });
			if (!arranged.transcription?.enabled) return;
			const summary = arranged.transcription.summary?.enabled ? undefined : null;
			const made = transcriptions.add({ roomId, sessionId, recordingId: id, summary }, ({ status }) => {
				const event = status === 'failed' ? 'transcription-failed' : 'transcription-stopped';
				events.send(session, event, { id: made.id, type: 'post' });
			});
			events.send(session, 'transcription-started', { id: made.id, type: 'post' });
		},
		sessionEnded: (session) => {
			const { start, end } = session;
			events.send(session, 'session-ended', { start, end, reason: 'session-ended', error: null });
		},
	};
}
