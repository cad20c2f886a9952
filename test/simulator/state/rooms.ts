import { randomBytes, randomUUID } from 'node:crypto';
import { isPresent, newRoomId } from './room';
import type { SimulatedParticipant, SimulatedRoom, SimulatedRoomSession } from './room';

/** What others do when something happens in a room; `room` is missing if only its ID is known. */
export interface RoomObserver {
	sessionStarted(session: SimulatedRoomSession, room: SimulatedRoom | undefined): void;
	sessionEnding(session: SimulatedRoomSession, room: SimulatedRoom | undefined): void;
	sessionEnded(session: SimulatedRoomSession): void;
	joined(session: SimulatedRoomSession, participant: SimulatedParticipant): void;
	left(session: SimulatedRoomSession, participant: SimulatedParticipant, reason: string): void;
}

/** What a room is made with. */
export type RoomInput = Omit<SimulatedRoom, 'id' | 'roomId' | 'disabled' | 'createdAt' | 'updatedAt'>;

/** The rooms, and who is in them. A room that was never made through the API can be joined, too. */
export class Rooms {
	readonly byId = new Map<string, SimulatedRoom>();
	readonly sessions = new Map<string, SimulatedRoomSession>();
	private readonly live = new Map<string, SimulatedRoomSession>();
	private readonly whenRemoved = new WeakMap<SimulatedParticipant, () => void>();

	constructor(private readonly observer: RoomObserver) {}

	/** The same `customRoomId` gives the same room. */
	create(input: RoomInput): SimulatedRoom {
		const known = input.customRoomId === undefined ? undefined : this.find(input.customRoomId);
		if (known) return known;
		const now = new Date().toISOString();
		const room: SimulatedRoom = {
			id: randomBytes(12).toString('hex'),
			roomId: newRoomId(),
			...input,
			disabled: false,
			createdAt: now,
			updatedAt: now,
		};
		this.byId.set(room.roomId, room);
		return room;
	}

	/** By any of its three IDs. */
	find(id: string): SimulatedRoom | undefined {
		const room = this.byId.get(id);
		if (room) return room;
		return [...this.byId.values()].find((other) => other.customRoomId === id || other.id === id);
	}

	deactivate(room: SimulatedRoom): void {
		this.end(room.roomId, 'room-deactivated');
		room.disabled = true;
		room.updatedAt = new Date().toISOString();
	}

	/** The current session of a room. */
	ongoing(roomId: string): SimulatedRoomSession | undefined {
		return this.live.get(roomId);
	}

	/** Begins a session if there is none. `removed` is called if others end the participant's stay. */
	join(
		roomId: string,
		{ participantId = randomUUID().slice(0, 8), name }: { participantId?: string; name?: string } = {},
		removed: () => void = () => undefined,
	): SimulatedRoomSession {
		const session = this.live.get(roomId) ?? this.begin(roomId);
		const now = new Date().toISOString();
		let participant = session.participants.find((other) => other.participantId === participantId);
		if (participant && isPresent(participant)) return session;
		if (!participant) {
			participant = { participantId, name: name ?? participantId, timelog: [] };
			session.participants.push(participant);
		}
		participant.timelog.push({ start: now, end: null });
		this.whenRemoved.set(participant, removed);
		this.observer.joined(session, participant);
		return session;
	}

	/** The last one to leave ends the session. */
	leave(roomId: string, participantId: string): void {
		const session = this.live.get(roomId);
		const participant = session?.participants.find((other) => other.participantId === participantId);
		if (!session || !participant || !isPresent(participant)) return;
		this.seeOff(session, participant, 'leave');
		if (!session.participants.some(isPresent)) this.close(session);
	}

	/** Ends a room's session for everyone in it. @returns undefined if there is none. */
	end(roomId: string, reason = 'session-ended'): SimulatedRoomSession | undefined {
		const session = this.live.get(roomId);
		if (!session) return undefined;
		const present = session.participants.filter(isPresent);
		const removals = present.map((participant) => this.whenRemoved.get(participant));
		for (const participant of present) this.seeOff(session, participant, reason);
		this.close(session);
		for (const removed of removals) removed?.();
		return session;
	}

	private begin(roomId: string): SimulatedRoomSession {
		const room = this.byId.get(roomId);
		const session: SimulatedRoomSession = {
			id: randomBytes(12).toString('hex'),
			roomId,
			customRoomId: room?.customRoomId,
			start: new Date().toISOString(),
			end: null,
			status: 'ongoing',
			participants: [],
		};
		this.sessions.set(session.id, session);
		this.live.set(roomId, session);
		this.observer.sessionStarted(session, room);
		return session;
	}

	private close(session: SimulatedRoomSession): void {
		this.live.delete(session.roomId);
		this.observer.sessionEnding(session, this.byId.get(session.roomId));
		session.end = new Date().toISOString();
		session.status = 'ended';
		this.observer.sessionEnded(session);
	}

	private seeOff(session: SimulatedRoomSession, participant: SimulatedParticipant, reason: string): void {
		const stay = participant.timelog.at(-1);
		if (stay) stay.end = new Date().toISOString();
		this.whenRemoved.delete(participant);
		this.observer.left(session, participant, reason);
	}
}
