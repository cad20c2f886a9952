import { randomUUID } from 'node:crypto';
import type { Timers } from '../timers';
import { isOver, isRinging, type CallInput, type CallStatus, type SimulatedCall } from './call';
import { CALL_NUMBERS, DEFAULT_BEHAVIOUR, type CallBehaviour } from './callBehaviour';
import type { Rooms } from './rooms';

const STEP_MS = 5;
const TRANSFER_STEPS = ['transfer-accepted', 'transferring', 'transfer-ringing', 'transferred'] as const;

/** The calls, and the clock that moves them on. */
export class Calls {
	readonly byId = new Map<string, SimulatedCall>();
	private readonly behaviours = new Map<string, Partial<CallBehaviour>>();
	private readonly holds = new Map<string, Promise<void>>();
	private readonly clocks = new Map<string, NodeJS.Timeout>();
	private readonly waiting = new Set<{ call: SimulatedCall; resolve: () => void }>();

	constructor(
		private general: Partial<CallBehaviour> | false,
		private readonly rooms: Rooms,
		private readonly timers: Timers,
		/** Called when the API or the clock has moved a call on. */
		private readonly onEvent: (call: SimulatedCall) => void,
		/** Called when a call is over. */
		private readonly onOver: (call: SimulatedCall) => void,
	) {}

	setBehaviour(behaviour: Partial<CallBehaviour>, to?: string): void {
		if (to === undefined) this.general = behaviour;
		else this.behaviours.set(to, behaviour);
	}

	begin(input: CallInput, own?: Partial<CallBehaviour> | false): SimulatedCall {
		const now = new Date().toISOString();
		const call: SimulatedCall = {
			callId: randomUUID(),
			status: input.type === 'outbound' ? 'initiated' : 'incoming',
			metadata: {},
			recordAudio: false,
			...input,
			roomId: input.roomId ?? this.rooms.create({}).roomId,
			start: now,
			end: null,
			timelog: [],
		};
		this.byId.set(call.callId, call);
		this.step(call, call.status);
		const behaviour = this.behaviourOf(call, own);
		if (behaviour) this.ring(call, behaviour);
		return call;
	}

	/** Moves a call on, without an event. */
	move(call: SimulatedCall, status: CallStatus): void {
		call.status = status;
		call.timelog.push({ status, timestamp: new Date().toISOString() });
		if (status === 'answered') this.enterRoom(call);
		if (isOver(call)) {
			this.stopClock(call);
			call.end = new Date().toISOString();
			this.leaveRoom(call);
			this.onOver(call);
		}
		for (const waiter of [...this.waiting]) {
			if (waiter.call !== call || isRinging(call)) continue;
			this.waiting.delete(waiter);
			waiter.resolve();
		}
	}

	/** Resolves once a call rings no more, whatever became of it. */
	async rungOut(call: SimulatedCall): Promise<void> {
		if (!isRinging(call)) return;
		await new Promise<void>((resolve) => this.waiting.add({ call, resolve }));
	}

	end(call: SimulatedCall): void {
		this.step(call, 'ended');
	}

	/** The call leaves VideoSDK for another number, in steps of some milliseconds. */
	transfer(call: SimulatedCall, to: string): void {
		call.transfer = { to };
		this.step(call, 'transfer-initiated');
		if (!this.behaviourOf(call)) return;
		const steps: CallStatus[] = [...TRANSFER_STEPS];
		const next = (): void => {
			const status = steps.shift();
			if (!status || isOver(call)) return;
			this.step(call, status);
			this.after(call, STEP_MS, next);
		};
		this.after(call, STEP_MS, next);
	}

	/** A call does not end by its clock before something is done. */
	hold({ callId }: SimulatedCall, until: Promise<void>): void {
		this.holds.set(callId, until);
		void until.then(() => this.holds.delete(callId));
	}

	stopClock({ callId }: SimulatedCall): void {
		this.timers.cancel(this.clocks.get(callId));
		this.clocks.delete(callId);
	}

	private behaviourOf(call: SimulatedCall, own?: Partial<CallBehaviour> | false): CallBehaviour | undefined {
		const outcome = (Object.keys(CALL_NUMBERS) as Array<keyof typeof CALL_NUMBERS>).find(
			(name) => CALL_NUMBERS[name] === call.to,
		);
		const general = this.general && { ...this.general, ...(outcome && { outcome }) };
		const chosen = own ?? this.behaviours.get(call.to) ?? general;
		return chosen ? { ...DEFAULT_BEHAVIOUR, ...chosen } : undefined;
	}

	private ring(call: SimulatedCall, { ringAfterMs, ringForMs, ...behaviour }: CallBehaviour): void {
		const limitMs = (call.ringingTimeout ?? Infinity) * 1000;
		const isTooLong = (ringForMs ?? Infinity) > limitMs;
		const ringMs = isTooLong ? limitMs : ringForMs;
		const outcome = isTooLong ? 'missed' : behaviour.outcome;
		this.after(call, ringAfterMs, () => {
			this.step(call, 'ringing');
			this.after(call, Number.isFinite(ringMs) ? ringMs : null, () => {
				this.step(call, outcome);
				if (outcome !== 'answered') return;
				const talkMs = Math.min(behaviour.talkMs ?? Infinity, (call.maxCallDuration ?? Infinity) * 1000);
				this.after(call, Number.isFinite(talkMs) ? talkMs : null, () =>
					this.whenFree(call, () => this.step(call, 'ended')),
				);
			});
		});
	}

	private whenFree(call: SimulatedCall, action: () => void): void {
		const hold = this.holds.get(call.callId);
		if (hold === undefined) action();
		else void hold.then(() => isOver(call) || action());
	}

	private after(call: SimulatedCall, ms: number | null, action: () => void): void {
		this.stopClock(call);
		const timer = ms === null ? undefined : this.timers.after(ms, action);
		if (timer) this.clocks.set(call.callId, timer);
	}

	private step(call: SimulatedCall, status: CallStatus): void {
		this.move(call, status);
		this.onEvent(call);
	}

	private enterRoom(call: SimulatedCall): void {
		const hungUp = (): void => {
			if (!isOver(call)) this.step(call, 'ended');
		};
		const { callId, agentId, participant, type, to, from } = call;
		const number = type === 'outbound' ? to : (from ?? 'unknown');
		const caller = { participantId: participant?.id ?? `sip-${callId}`, name: participant?.name ?? number };
		call.sessionId = this.rooms.join(call.roomId, caller, hungUp).id;
		if (agentId) this.rooms.join(call.roomId, { participantId: `agent-${callId}`, name: agentId });
	}

	private leaveRoom({ roomId, callId, participant }: SimulatedCall): void {
		this.rooms.leave(roomId, `agent-${callId}`);
		this.rooms.leave(roomId, participant?.id ?? `sip-${callId}`);
	}
}
