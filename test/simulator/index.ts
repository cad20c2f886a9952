import { callEvent, callSummary, type CallSummary } from './callEvents';
import { callRoutes } from './callRoutes';
import type { BuildBehaviour, VersionBehaviour } from './cloud';
import type { AgentLimits } from './capacity';
import type { CallBehaviour, CallInput, CallSpelling, CallStatus } from './calls';
import type { Courier } from './courier';
import type { Fault } from './faults';
import type { FileInput } from './files';
import type { RecordingInput } from './recordings';
import { ApiServer } from './server';
import type { EventStatus } from './sessions';
import type { SigningKey } from './signingKey';
import { inboundRule, telephonyRoutes } from './telephony';
import type { TranscriptionInput } from './transcriptions';
import { World, type SimulatorOptions } from './world';

export type { SimulatedCallWebhook } from './callEvents';
export type { CallSpelling, CallStatus, SimulatedCall } from './calls';
export type { Delivery } from './courier';
export type { Fault } from './faults';
export { CALL_NUMBERS, peopleInLines } from './people';
export type { RecordedRequest } from './request';
export type { EventStatus, SimulatedSession } from './sessions';
export { SIP_PASSWORD } from './telephony';
export { inWords, type ToolUse } from './toolAgent';
export type { SimulatorOptions } from './world';

/** A running simulator. */
export type Simulator = Awaited<ReturnType<typeof startSimulator>>;

/**
 * Starts a simulator of the VideoSDK API on 127.0.0.1.
 * @throws if the port is taken.
 */
export async function startSimulator(options: SimulatorOptions = {}) {
	const { apiKey = 'sim-api-key', secret = 'sim-secret-key-0123456789abcdef' } = options;
	const world = new World(options, { apiKey, secret }, timestamped(options.log));
	const { courier, key, sessions, calls, callEvents, rooms, recordings, transcriptions } = world;
	const server = new ApiServer({
		apiKey,
		secret,
		open: (app) => {
			[key, world.files].forEach((part) => part.routes(app));
			world.cloud.openRoutes(app);
		},
		api: (app) => {
			const parts = [sessions, world.deployments, world.cloud, callEvents, rooms, recordings, transcriptions];
			parts.forEach((part) => part.routes(app));
			callRoutes(app, world);
			telephonyRoutes(app, world.telephony);
		},
		timers: world.timers,
		log: world.log,
		latencyMs: options.latencyMs ?? 0,
	});
	const port = await server.listen(options.port ?? 0);
	world.baseUrl = `http://127.0.0.1:${port}`;
	let closing: Promise<unknown> | undefined;

	return {
		url: world.baseUrl,
		port,
		apiKey,
		secret,
		requests: server.requests,
		get keyRequests() {
			return server.keyRequests;
		},
		get latencyMs() {
			return server.latencyMs;
		},
		set latencyMs(ms) {
			server.latencyMs = ms;
		},
		/** How the lists show what was started, see World. */
		setListing: (listing: Partial<World['listing']>) => void Object.assign(world.listing, listing),
		addFault: (fault: Fault) => server.faults.add(fault),
		clearFaults: () => server.faults.clear(),
		/** Until it is set to undefined, this befalls every request but the public key's. */
		setTrouble: (fault: Fault | undefined) => void (server.trouble = fault),

		deliveries: courier.deliveries,
		setEventFaults: (faults: Courier['faults']) => void (courier.faults = faults),
		/** Delivers anything to any address, signed unless told otherwise. Never rejects. */
		deliver: async (...given: Parameters<Courier['deliver']>) => await courier.deliver(...given),
		sendCallEvent: async (endPoint: string, event: string, data: object) =>
			await courier.deliver(endPoint, callEvent(event, data)),
		sendCallSummary: async (endPoint: string, summary: CallSummary) =>
			await courier.deliver(endPoint, callSummary(summary)),
		/** PKCS#1. */
		get publicKeyPem() {
			return key.publicKeyPem;
		},
		sign: (body: Buffer | string) => key.sign(body),
		/** A new RSA key from now on. */
		rotateKey: () => key.rotate(),
		keyFault: (mode: SigningKey['mode']) => void (key.mode = mode),

		sessions: sessions.byId,
		/** Moves the session on and sends the event, if it was subscribed to; `extra` goes into its `data`. */
		emit: async (sessionId: string, status: EventStatus, extra: object = {}) =>
			await sessions.emit(known(sessions.byId, sessionId), status, extra),

		calls: calls.byId,
		/** For one number called, or without `to` for all. */
		setCallBehaviour: (behaviour: Partial<CallBehaviour>, to?: string) => calls.setBehaviour(behaviour, to),
		/** How all calls' records are written from now on. */
		spellCalls: (spelling: CallSpelling) => void (calls.spelling = spelling),
		/** A call from outside, by the rule of the number called. */
		incomingCall: (input: Omit<CallInput, 'type'>, behaviour?: Partial<CallBehaviour> | false) => {
			const rule = inboundRule(world.telephony, input.to);
			return calls.begin({ type: 'inbound', ruleId: rule?.id, agentId: rule?.agentId, ...input }, behaviour);
		},
		/** What the agent of a call gets, of its rule, too. */
		metadataOf: (callId: string) => calls.metadataOf(known(calls.byId, callId)),
		/** Moves a call on and sends the event of that status; its clock stops. */
		moveCall: async (callId: string, status: CallStatus) => {
			calls.move(known(calls.byId, callId), status);
			return await callEvents.send(known(calls.byId, callId));
		},
		/** Sends an event of a call to every webhook that subscribed to it; `extra` goes into its `data`. */
		emitCall: async (callId: string, event: string, extra?: object) =>
			await callEvents.send(known(calls.byId, callId), event, extra),
		callWebhooks: callEvents.webhooks,
		addCallWebhook: (url: string, events: string[]) => callEvents.add(url, events),
		/** Agents, secrets, builds, and versions. */
		cloud: world.cloud,
		/** What becomes of builds from now on. */
		setBuilds: (behaviour: Partial<BuildBehaviour>) => void Object.assign(world.cloud.behaviour, behaviour),
		/** What becomes of versions from now on. */
		setVersions: (behaviour: Partial<VersionBehaviour>) =>
			void Object.assign(world.cloud.versionBehaviour, behaviour),
		/** How many conversations agents take from now on; undefined: all. */
		setAgents: (limits: AgentLimits | undefined) => void (world.capacity.limits = limits),
		telephony: world.telephony,
		/** What agents asked n8n during calls and sessions that were started with tools. */
		toolUses: world.toolAgent.uses,
		heard: world.toolAgent.heard,

		/** By `roomId`. */
		rooms: rooms.byId,
		/** By `id`. */
		roomSessions: rooms.sessions,
		/** Joins the session of a room, which begins if there is none. */
		joinRoom: (roomId: string, participant?: { participantId?: string; name?: string }) =>
			rooms.join(roomId, participant),
		/** The last one to leave ends the session. */
		leaveRoom: (roomId: string, participantId: string) => rooms.leave(roomId, participantId),
		endRoomSession: (roomId: string) => rooms.end(roomId),
		recordings: recordings.byId,
		addRecording: (recording: RecordingInput) => recordings.add(recording),
		/** Of both types. */
		transcriptions: transcriptions.byId,
		addTranscription: (transcription: TranscriptionInput) => transcriptions.add(transcription),
		/** @returns the file's URL, which asks for no token. */
		addFile: (file: FileInput) => world.files.add(file),

		/** Ends all timers, requests and sockets, also the hanging ones. */
		close: async () => {
			world.timers.close();
			closing ??= Promise.all([courier.close(), server.close(), world.toolAgent.close()]);
			await closing;
		},
	};
}

function known<T>(map: Map<string, T>, id: string): T {
	const item = map.get(id);
	if (!item) throw new Error(`The simulator has no ${id}`);
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
