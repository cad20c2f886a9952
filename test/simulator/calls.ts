/** Calls, and the clock that moves them on. */
import { randomUUID } from 'node:crypto';
import { personIn } from './people';
import { SILENCE, talkOf, type TranscriptLine } from './transcriptText';
import type { World } from './world';

const BEFORE_ANSWER = ['initiated', 'incoming', 'ringing', 'verified'] as const;
const OUTCOMES = ['missed', 'not-answered', 'rejected', 'failed', 'abandoned'] as const;
const TERMINAL = ['ended', 'transferred', ...OUTCOMES] as const;

/** The statuses that the official SDK knows. */
export type CallStatus =
	| (typeof BEFORE_ANSWER | typeof TERMINAL)[number]
	| `switch-room-${'initiated' | 'completed' | 'failed'}`
	| ('answered' | 'transferring' | `transfer-${'initiated' | 'accepted' | 'ringing' | 'failed'}`);

/** A call as the simulator holds it. */
export interface SimulatedCall {
	callId: string;
	type: 'inbound' | 'outbound';
	status: CallStatus;
	to: string;
	from?: string;
	roomId: string;
	/** Of the room's session, once the call was answered. */
	sessionId?: string;
	ruleId?: string;
	agentId?: string;
	metadata: Record<string, unknown>;
	recordAudio: boolean;
	/** Both in seconds. */
	ringingTimeout?: number;
	maxCallDuration?: number;
	transfer?: { to: string };
	start: string;
	end: string | null;
	timelog: Array<{ status: CallStatus; timestamp: string }>;
}

/** What a call begins with. */
export type CallInput = Partial<Omit<SimulatedCall, 'callId' | 'status' | 'start' | 'end' | 'timelog'>> &
	Pick<SimulatedCall, 'type' | 'to'>;

/** What becomes of a call. */
export interface CallBehaviour {
	outcome: 'answered' | (typeof OUTCOMES)[number];
	/** Milliseconds until it rings; null: never. */
	ringAfterMs: number | null;
	/** How long it rings, in milliseconds, unless `ringingTimeout` is shorter; null: until it is moved on by hand. */
	ringForMs: number | null;
	/** From the answer to the end, in milliseconds, unless `maxCallDuration` is shorter; null: until it is ended. */
	talkMs: number | null;
}

type Behaviour = Partial<CallBehaviour> | false;

/** How the API writes the records of calls, where that is not as in the official SDK. */
export interface CallSpelling {
	/** The words for statuses. */
	words?: Partial<Record<CallStatus, string>>;
	/** The statuses that no timelog has. */
	unlogged?: CallStatus[];
	/** Whether no record has its `end`. */
	hidesEnd?: boolean;
}

const DEFAULT_BEHAVIOUR: CallBehaviour = { outcome: 'answered', ringAfterMs: 20, ringForMs: 50, talkMs: 200 };
const TRANSFER_MS = 20;

const isOneOf = (statuses: readonly string[], status: string): boolean => statuses.includes(status);
/** True for a status that nothing follows. */
export const isOver = ({ status }: SimulatedCall): boolean => isOneOf(TERMINAL, status);
const isRinging = ({ status }: SimulatedCall): boolean => isOneOf(BEFORE_ANSWER, status);
/** True while someone talks. */
export const isConnected = (call: SimulatedCall): boolean => !isOver(call) && !isRinging(call);

/** @returns the shorter of two times, of which each may be none; null if both are */
function shorter(ms: number | null, limitS: number | undefined): number | null {
	const least = Math.min(ms ?? Infinity, (limitS ?? Infinity) * 1000);
	return Number.isFinite(least) ? least : null;
}

/** The calls of the account. */
export class Calls {
	readonly byId = new Map<string, SimulatedCall>();
	spelling: CallSpelling = {};
	private readonly behaviours = new Map<string, Behaviour>();
	/** Those whose agent had no time: someone talks to silence. */
	private readonly silent = new Set<string>();
	private readonly holds = new Map<string, Promise<void>>();
	private readonly clocks = new Map<string, NodeJS.Timeout>();
	private readonly waiting = new Map<SimulatedCall, () => void>();

	constructor(
		private readonly world: World,
		private general: Behaviour = {},
	) {}

	/** For one number called, or without `to` for all. */
	setBehaviour(behaviour: Partial<CallBehaviour>, to?: string): void {
		if (to === undefined) this.general = behaviour;
		else this.behaviours.set(to, behaviour);
	}

	begin(input: CallInput, own?: Behaviour): SimulatedCall {
		const call: SimulatedCall = {
			callId: randomUUID(),
			status: input.type === 'outbound' ? 'initiated' : 'incoming',
			metadata: {},
			recordAudio: false,
			...input,
			roomId: input.roomId ?? this.world.rooms.create().roomId,
			start: new Date().toISOString(),
			end: null,
			timelog: [],
		};
		this.byId.set(call.callId, call);
		this.step(call, call.status);
		const behaviour = this.behaviourOf(call, own);
		if (behaviour) this.ring(call, behaviour);
		return call;
	}

	/** @returns a call as the API writes it */
	spelled(
		call: SimulatedCall,
	): Omit<SimulatedCall, 'status' | 'timelog'> & { status: string; timelog: object[] } {
		const { unlogged = [], hidesEnd } = this.spelling;
		const words = { ...this.spelling.words, ...personIn(call)?.words };
		const spell = (status: CallStatus) => words[status] ?? status;
		const logged = call.timelog.filter(({ status }) => !unlogged.includes(status));
		const timelog = logged.map(({ status, timestamp }) => ({ status: spell(status), timestamp }));
		return { ...call, status: spell(call.status), timelog, end: hidesEnd ? null : call.end };
	}

	/** Moves a call on by hand, without an event; its clock stops. */
	move(call: SimulatedCall, status: CallStatus): void {
		this.stopClock(call);
		const timestamp = new Date().toISOString();
		call.status = status;
		call.timelog.push({ status, timestamp });
		if (status === 'answered') this.enterRoom(call);
		if (isOver(call)) {
			call.end = timestamp;
			this.leaveRoom(call);
		}
		if (!isRinging(call)) this.waiting.get(call)?.();
	}

	/** Resolves once a call rings no more, whatever became of it. */
	async rungOut(call: SimulatedCall): Promise<void> {
		if (isRinging(call)) await new Promise<void>((resolve) => this.waiting.set(call, resolve));
	}

	/** The call leaves VideoSDK for another number. */
	transfer(call: SimulatedCall, to: string): void {
		call.transfer = { to };
		this.step(call, 'transfer-initiated');
		if (this.behaviourOf(call)) this.after(call, TRANSFER_MS, () => this.step(call, 'transferred'));
	}

	private behaviourOf(call: SimulatedCall, own?: Behaviour): CallBehaviour | undefined {
		const general = this.general && { ...this.general, ...personIn(call)?.behaviour };
		const chosen = own ?? this.behaviours.get(call.to) ?? general;
		return chosen ? { ...DEFAULT_BEHAVIOUR, ...chosen } : undefined;
	}

	private ring(call: SimulatedCall, { outcome, ringAfterMs, ringForMs, talkMs }: CallBehaviour): void {
		const ringMs = shorter(ringForMs, call.ringingTimeout);
		this.after(call, ringAfterMs, () => {
			this.step(call, 'ringing');
			this.after(call, ringMs, () => {
				this.step(call, ringMs === ringForMs ? outcome : 'missed');
				if (call.status !== 'answered') return;
				this.after(call, shorter(talkMs, call.maxCallDuration), () => this.endWhenFree(call));
			});
		});
	}

	/** A call does not end by its clock before its agent has used its tools. */
	private endWhenFree(call: SimulatedCall): void {
		const hold = this.holds.get(call.callId);
		if (hold === undefined) this.step(call, 'ended');
		else void hold.then(() => isOver(call) || this.step(call, 'ended'));
	}

	private after(call: SimulatedCall, ms: number | null, action: () => void): void {
		this.stopClock(call);
		const timer = ms === null ? undefined : this.world.timers.after(ms, action);
		if (timer) this.clocks.set(call.callId, timer);
	}

	private stopClock({ callId }: SimulatedCall): void {
		this.world.timers.cancel(this.clocks.get(callId));
		this.clocks.delete(callId);
	}

	/** Moves a call on as the API or the clock does it: with its event. */
	step(call: SimulatedCall, status: CallStatus): void {
		this.move(call, status);
		void this.world.callEvents.send(call);
		if (status === 'answered') this.holds.set(call.callId, this.useTools(call));
	}

	/** In the middle of a call its agent asks n8n, and tells it who calls. */
	private async useTools(call: SimulatedCall): Promise<void> {
		const { callId, from, to, type, roomId } = call;
		const { toolAgent, transcriptions, timers } = this.world;
		const person = personIn(call);
		const { thinksMs } = person ?? {};
		if (thinksMs) await new Promise<void>((resolve) => timers.after(thinksMs, resolve));
		if (isOver(call) || this.silent.has(callId)) return;
		const caller: Record<string, string> = from ? { 'x-call-from': from } : {};
		const about = { 'x-call-id': callId, 'x-call-to': to, 'x-call-type': type, ...caller };
		const say = (line: TranscriptLine) => transcriptions.say(roomId, line);
		await toolAgent.use(callId, this.metadataOf(call).n8nTools, about, say, person);
		this.holds.delete(callId);
	}

	/** @returns what the agent gets: of its rule, and of the call, which goes before it */
	metadataOf({ ruleId, metadata }: SimulatedCall): Record<string, unknown> {
		const rule = this.world.telephony.routingRules.find(({ id }) => id === ruleId);
		return { ...rule?.agentMetadata, ...metadata };
	}

	private enterRoom(call: SimulatedCall): void {
		const hungUp = () => void (isOver(call) || this.step(call, 'ended'));
		const { callId, roomId, agentId, type, to, from } = call;
		const caller = { participantId: `sip-${callId}`, name: type === 'outbound' ? to : from };
		const { rooms, transcriptions, cloud } = this.world;
		const absence = agentId && cloud.absence(agentId);
		if (absence) this.world.log(`The agent ${agentId} doesn't come: ${absence}`);
		const task = absence ? undefined : this.metadataOf(call).n8nAgent;
		const comesInMs = agentId && !absence ? this.world.capacity.take(agentId, () => isOver(call)) : 0;
		if (comesInMs === undefined) {
			this.world.log(`The agent ${agentId} doesn't come: all of its copies are busy`);
			this.silent.add(callId);
		}
		const talk = personIn(call)?.talk ?? talkOf(task);
		transcriptions.setTalk(roomId, comesInMs === undefined ? SILENCE : talk);
		call.sessionId = rooms.join(roomId, caller, hungUp).id;
		if (!agentId || absence || comesInMs === undefined) return;
		const comes = () => {
			rooms.join(roomId, { participantId: `agent-${callId}`, name: agentId });
			cloud.join(agentId, callId, {
				leave: () => rooms.leave(roomId, `agent-${callId}`),
				isOver: () => isOver(call),
			});
		};
		if (comesInMs === 0) comes();
		else this.world.timers.after(comesInMs, () => void (isOver(call) || comes()));
	}

	private leaveRoom({ roomId, sessionId, callId, recordAudio }: SimulatedCall): void {
		const { rooms, recordings } = this.world;
		rooms.leave(roomId, `agent-${callId}`);
		rooms.leave(roomId, `sip-${callId}`);
		if (recordAudio && sessionId) recordings.add({ roomId, sessionId });
	}
}
