import type { CallSummary } from './events/callEvents';
import type { CallBehaviour } from './state/callBehaviour';
import type { CallStatus, SimulatedCall } from './state/call';
import type { SimulatedCallWebhook } from './state/callWebhooks';
import type { FileInput } from './state/files';
import type { RecordingInput, SimulatedRecording } from './state/recordings';
import type { SimulatedRoom, SimulatedRoomSession } from './state/room';
import type { Telephony } from './state/telephony';
import type { ToolUse } from './state/toolAgent';
import type { SimulatedTranscription, TranscriptionInput } from './state/transcriptions';
import type {
	DeliverOptions,
	Delivery,
	EventFaults,
	EventStatus,
	Fault,
	KeyFaultMode,
	Lifecycle,
	RecordedRequest,
	SimulatedDeployment,
	SimulatedSession,
} from './types';

/** Settings of a simulator; all have a default. */
export interface SimulatorOptions {
	/** 0, the default, is a free one. Always on 127.0.0.1. */
	port?: number;
	apiKey?: string;
	secret?: string;
	latencyMs?: number;
	/** false: a session stays queued until it is driven by hand. */
	lifecycle?: Partial<Lifecycle> | false;
	log?: (line: string) => void;
	deployments?: SimulatedDeployment[];
	/** How long an address may take to answer an event, default 10 s. */
	deliveryTimeoutMs?: number;
	/** Of all calls; false: a call stays as it began until it is driven by hand. */
	callBehaviour?: Partial<CallBehaviour> | false;
	telephony?: Partial<Telephony>;
	/** How long after its end a recording is listed, default 50. */
	recordingReadyMs?: number;
	/** How long a transcription is pending, default 100. */
	transcriptionReadyMs?: number;
}

/** A call from outside. */
export interface IncomingCall {
	to: string;
	from: string;
	roomId?: string;
	agentId?: string;
	metadata?: Record<string, unknown>;
}

/** What calls, rooms, and what remains of them, can be driven by. */
export interface Telecom {
	/** By `callId`. */
	readonly calls: Map<string, SimulatedCall>;
	/** For one number called, or without `to` for all. */
	setCallBehaviour(behaviour: Partial<CallBehaviour>, to?: string): void;
	incomingCall(call: IncomingCall, behaviour?: Partial<CallBehaviour> | false): SimulatedCall;
	/** Moves a call on and sends the event of that status; its clock stops. */
	moveCall(callId: string, status: CallStatus): Promise<Delivery[]>;
	/** Sends an event of a call to every webhook that subscribed to it; `extra` goes into its `data`. */
	emitCall(callId: string, event: string, extra?: object): Promise<Delivery[]>;

	/** By `id`, also those that were deleted through the API. */
	readonly callWebhooks: Map<string, SimulatedCallWebhook>;
	addCallWebhook(url: string, events: string[]): SimulatedCallWebhook;

	/** Events to any address, signed unless told otherwise. Never reject. */
	sendCallEvent(endPoint: string, event: string, data?: object, how?: DeliverOptions): Promise<Delivery>;
	sendCallSummary(endPoint: string, summary: CallSummary, how?: DeliverOptions): Promise<Delivery>;

	/** By `roomId`. */
	readonly rooms: Map<string, SimulatedRoom>;
	/** By `id`. */
	readonly roomSessions: Map<string, SimulatedRoomSession>;
	/** Joins the session of a room, which begins if there is none. */
	joinRoom(roomId: string, participant?: { participantId?: string; name?: string }): SimulatedRoomSession;
	/** The last one to leave ends the session. */
	leaveRoom(roomId: string, participantId: string): void;
	endRoomSession(roomId: string): void;

	/** By `id`. */
	readonly recordings: Map<string, SimulatedRecording>;
	addRecording(recording: RecordingInput): SimulatedRecording;
	/** Of both types, by `id`. */
	readonly transcriptions: Map<string, SimulatedTranscription>;
	/** What agents asked n8n during calls and sessions that were started with tools. */
	readonly toolUses: ToolUse[];
	/** What callers say, by the names of the arguments that agents make of it. */
	readonly heard: Record<string, unknown>;
	addTranscription(transcription: TranscriptionInput): SimulatedTranscription;
	/** @returns the file's URL, which asks for no token. */
	addFile(file: FileInput): string;
	/** This simulator under another host name, for `redirectTo`. */
	readonly otherHostUrl: string;
}

/** A running simulator. */
export interface Simulator extends Telecom {
	readonly url: string;
	readonly port: number;
	readonly apiKey: string;
	readonly secret: string;
	/** PKCS#1. */
	readonly publicKeyPem: string;
	readonly requests: RecordedRequest[];
	readonly deliveries: Delivery[];
	readonly sessions: Map<string, SimulatedSession>;
	readonly keyRequests: number;
	latencyMs: number;
	addFault(fault: Fault): void;
	clearFaults(): void;
	setEventFaults(options: EventFaults): void;
	/** Base64 of RSA-SHA256, PKCS#1 v1.5. */
	sign(body: Buffer | string): string;
	/** Moves the session on and sends the event, if it was subscribed to; `extra` goes into its `data`. */
	emit(sessionId: string, status: EventStatus, extra?: object): Promise<Delivery | undefined>;
	/** Delivers anything to any address, signed unless told otherwise. Never rejects. */
	deliver(endPoint: string, body: object | Buffer | string, options?: DeliverOptions): Promise<Delivery>;
	/** A new RSA key from now on. */
	rotateKey(): void;
	keyFault(mode: KeyFaultMode): void;
	/** Ends all timers, requests and sockets, also the hanging ones. */
	close(): Promise<void>;
}
