import { Courier } from './courier';
import { callEvent, callSummary } from './events/callEvents';
import { agentRoutes } from './routes/agents';
import { callRoutes } from './routes/calls';
import { callWebhookRoutes } from './routes/callWebhooks';
import { deploymentRoutes } from './routes/deployments';
import { fileRoutes } from './routes/files';
import { publicKeyRoutes } from './routes/publicKey';
import { recordingRoutes } from './routes/recordings';
import { roomRoutes } from './routes/rooms';
import { roomSessionRoutes } from './routes/roomSessions';
import { sessionRoutes } from './routes/sessions';
import { telephonyRoutes } from './routes/telephony';
import { transcriptionRoutes } from './routes/transcriptions';
import { ApiServer } from './server';
import { SigningKey } from './signingKey';
import type { Simulator, SimulatorOptions, Telecom } from './simulator';
import type { SimulatedCall } from './state/call';
import { Timers } from './timers';
import type { KeyFaultMode } from './types';
import { createWorld, type World } from './world';

export type * from './events/callEvents';
export type * from './simulator';
export type * from './state/agents';
export type * from './state/call';
export type * from './state/callWebhooks';
export type * from './state/files';
export type * from './state/recordings';
export type * from './state/room';
export type * from './state/toolAgent';
export type * from './state/transcriptions';
export type * from './state/transcriptText';
export type * from './types';
export { CALL_NUMBERS, type CallBehaviour } from './state/callBehaviour';
export { inWords } from './state/toolAgent';
export { SIP_PASSWORD, type Telephony } from './state/telephony';

/**
 * Starts a simulator of the VideoSDK API on 127.0.0.1.
 * @throws if the port is taken.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
	const { apiKey = 'sim-api-key', secret = 'sim-secret-key-0123456789abcdef' } = options;
	const timers = new Timers();
	const key = new SigningKey();
	const log = timestamped(options.log);
	const courier = new Courier(key, log, options.deliveryTimeoutMs);
	const world = createWorld(options, {
		courier,
		timers,
		log,
		baseUrl: () => `http://127.0.0.1:${port}`,
	});
	const { sessions } = world;
	let keyMode: KeyFaultMode = 'ok';
	const server = new ApiServer({
		apiKey,
		secret,
		open: (app) => {
			publicKeyRoutes(app, key, () => keyMode);
			fileRoutes(app, world.files);
		},
		api: (app) => {
			sessionRoutes(app, sessions, world.deployments);
			deploymentRoutes(app, world.deployments);
			agentRoutes(app, world.agents, world.rooms);
			callRoutes(app, world.calls, world.rooms, world.telephony);
			telephonyRoutes(app, world.telephony);
			callWebhookRoutes(app, world.callWebhooks);
			roomRoutes(app, world.rooms);
			roomSessionRoutes(app, world.rooms);
			recordingRoutes(app, world.recordings);
			transcriptionRoutes(app, world.transcriptions, world.rooms, world.roomEvents);
		},
		timers,
		log,
		latencyMs: options.latencyMs ?? 0,
	});
	const port = await server.listen(options.port ?? 0);
	let closing: Promise<void> | undefined;

	return {
		...telecom(world, courier, `http://localhost:${port}`),
		url: `http://127.0.0.1:${port}`,
		port,
		apiKey,
		secret,
		requests: server.requests,
		deliveries: courier.deliveries,
		sessions: sessions.byId,
		get publicKeyPem() {
			return key.publicKeyPem;
		},
		get keyRequests() {
			return server.keyRequests;
		},
		get latencyMs() {
			return server.latencyMs;
		},
		set latencyMs(ms) {
			server.latencyMs = ms;
		},
		addFault: (fault) => server.faults.add(fault),
		clearFaults: () => server.faults.clear(),
		setEventFaults: (faults) => {
			courier.faults = faults;
		},
		sign: (body) => key.sign(body),
		emit: async (sessionId, status, extra = {}) => {
			const session = known(sessions.byId, 'session', sessionId);
			sessions.advance(session, status);
			return await world.sessionEvents.send(session, status, extra);
		},
		deliver: async (endPoint, body, how) => await courier.deliver(endPoint, body, how),
		rotateKey: () => key.rotate(),
		keyFault: (mode) => {
			keyMode = mode;
		},
		close: async () => {
			timers.close();
			closing ??= Promise.all([courier.close(), server.close(), world.toolAgent.close()]).then(
				() => undefined,
			);
			await closing;
		},
	};
}

function telecom(world: World, courier: Courier, otherHostUrl: string): Telecom {
	const { calls, callEvents, callWebhooks, rooms, recordings, transcriptions } = world;
	const call = (callId: string): SimulatedCall => known(calls.byId, 'call', callId);
	return {
		otherHostUrl,
		calls: calls.byId,
		setCallBehaviour: (behaviour, to) => calls.setBehaviour(behaviour, to),
		incomingCall: (input, behaviour) => calls.begin({ type: 'inbound', ...input }, behaviour),
		moveCall: async (callId, status) => {
			calls.stopClock(call(callId));
			calls.move(call(callId), status);
			return await callEvents.send(call(callId));
		},
		emitCall: async (callId, event, extra) => await callEvents.send(call(callId), event, extra),
		callWebhooks: callWebhooks.byId,
		addCallWebhook: (url, events) => callWebhooks.add(url, events),
		sendCallEvent: async (endPoint, event, data = {}, how) =>
			await courier.deliver(endPoint, callEvent(event, data), how),
		sendCallSummary: async (endPoint, summary, how) =>
			await courier.deliver(endPoint, callSummary(summary), how),
		rooms: rooms.byId,
		roomSessions: rooms.sessions,
		joinRoom: (roomId, participant) => rooms.join(roomId, participant),
		leaveRoom: (roomId, participantId) => void rooms.leave(roomId, participantId),
		endRoomSession: (roomId) => void rooms.end(roomId),
		recordings: recordings.byId,
		addRecording: (recording) => recordings.add(recording),
		transcriptions: transcriptions.byId,
		toolUses: world.toolAgent.uses,
		heard: world.toolAgent.heard,
		addTranscription: (transcription) => transcriptions.add(transcription),
		addFile: (file) => world.files.add(file),
	};
}

function known<T>(map: Map<string, T>, what: string, id: string): T {
	const item = map.get(id);
	if (!item) throw new Error(`The simulator has no ${what} ${id}`);
	return item;
}

function timestamped(log: SimulatorOptions['log']): (line: string) => void {
	if (!log) return () => undefined;
	return (line) => {
		const time = new Date().toTimeString().slice(0, 8);
		// What a client sent must not be able to write lines, or colours, of its own.
		log(`${time} ${line.replace(/\p{Cc}+/gu, ' ')}`);
	};
}
