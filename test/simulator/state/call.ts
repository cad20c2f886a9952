/** The statuses that the official SDK knows. */
export type CallStatus =
	| 'initiated'
	| 'incoming'
	| 'ringing'
	| 'verified'
	| 'answered'
	| 'ended'
	| 'missed'
	| 'not-answered'
	| 'failed'
	| 'rejected'
	| 'abandoned'
	| 'transfer-initiated'
	| 'transfer-accepted'
	| 'transferring'
	| 'transfer-ringing'
	| 'transferred'
	| 'transfer-failed'
	| 'switch-room-initiated'
	| 'switch-room-completed'
	| 'switch-room-failed';

const TERMINAL = ['ended', 'missed', 'not-answered', 'failed', 'rejected', 'abandoned', 'transferred'];
const BEFORE_ANSWER = ['initiated', 'incoming', 'ringing', 'verified'];
/** True for a status that nothing follows. */
export const isOver = ({ status }: SimulatedCall): boolean => TERMINAL.includes(status);

/** True for a call that no one took yet. */
export const isRinging = ({ status }: SimulatedCall): boolean => BEFORE_ANSWER.includes(status);

/** True while someone talks. */
export const isConnected = (call: SimulatedCall): boolean => !isOver(call) && !isRinging(call);

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
	gatewayId?: string;
	ruleId?: string;
	agentId?: string;
	metadata: Record<string, unknown>;
	/** The caller's side in the room. */
	participant?: { id?: string; name?: string };
	recordAudio: boolean;
	/** Seconds. */
	ringingTimeout?: number;
	/** Seconds. */
	maxCallDuration?: number;
	transfer?: { to: string };
	start: string;
	end: string | null;
	timelog: Array<{ status: CallStatus; timestamp: string }>;
}

/** What a call begins with. */
export type CallInput = Partial<Omit<SimulatedCall, 'callId' | 'status' | 'start' | 'end' | 'timelog'>> &
	Pick<SimulatedCall, 'type' | 'to'>;
