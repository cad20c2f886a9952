/** Rooms, who is in them, and their events. A room that was never made through the API can be joined, too. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { between, latestFirst, matches, page } from './lists';
import { ApiError, type Call } from './request';
import type { Webhook } from './sessions';
import type { World } from './world';

/** A room, as the API answers it, too. */
interface SimulatedRoom {
	id: string;
	/** Three groups of four letters or digits. */
	roomId: string;
	customRoomId?: string;
	disabled: boolean;
	webhook?: Webhook;
	autoCloseConfig?: object;
	/** What is arranged for its recording. */
	autoStartConfig?: {
		recording?: { transcription?: { enabled?: boolean; summary?: { enabled?: boolean } } };
	};
	createdAt: string;
	updatedAt: string;
}

/** Someone in a room's session, or who was. */
interface Participant {
	participantId: string;
	name: string;
	timelog: Array<{ start: string; end: string | null }>;
}

/** One live occupancy of a room. */
type SimulatedRoomSession = ReturnType<Rooms['begin']>;

type RoomInput = Omit<SimulatedRoom, 'id' | 'roomId' | 'disabled' | 'createdAt' | 'updatedAt'>;

const ROOMS = '/v2/rooms';
const SESSIONS = '/v2/sessions';

const isPresent = ({ timelog }: Participant): boolean => timelog.at(-1)?.end === null;

/** The rooms of the account. */
export class Rooms {
	readonly byId = new Map<string, SimulatedRoom>();
	readonly sessions = new Map<string, SimulatedRoomSession>();
	/** The current session of each room. */
	readonly live = new Map<string, SimulatedRoomSession>();
	private readonly whenRemoved = new WeakMap<Participant, () => void>();

	constructor(private readonly world: World) {}

	/** The same `customRoomId` gives the same room. */
	create(input: RoomInput = {}): SimulatedRoom {
		const known = input.customRoomId === undefined ? undefined : this.find(input.customRoomId);
		if (known) return known;
		const now = new Date().toISOString();
		const room: SimulatedRoom = {
			id: randomBytes(12).toString('hex'),
			roomId: randomUUID().slice(9, 23),
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
		const isIt = (room: SimulatedRoom) => room.customRoomId === id || room.id === id;
		return this.byId.get(id) ?? [...this.byId.values()].find(isIt);
	}

	/** Begins a session if there is none. `removed` is called if others end the participant's stay. */
	join(
		roomId: string,
		{ participantId = randomUUID().slice(0, 8), name }: { participantId?: string; name?: string } = {},
		removed: () => void = () => undefined,
	): SimulatedRoomSession {
		const session = this.live.get(roomId) ?? this.begin(roomId);
		let participant = session.participants.find((other) => other.participantId === participantId);
		if (participant && isPresent(participant)) return session;
		if (!participant) {
			participant = { participantId, name: name ?? participantId, timelog: [] };
			session.participants.push(participant);
		}
		participant.timelog.push({ start: new Date().toISOString(), end: null });
		this.whenRemoved.set(participant, removed);
		this.tell(session, 'participant-joined', { participantId, participantName: participant.name });
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

	/** Ends a room's session, if there is one, for everyone in it. */
	end(roomId: string, reason = 'session-ended'): void {
		const session = this.live.get(roomId);
		if (!session) return;
		const present = session.participants.filter(isPresent);
		const removals = present.map((participant) => this.whenRemoved.get(participant));
		for (const participant of present) this.seeOff(session, participant, reason);
		this.close(session);
		for (const removed of removals) removed?.();
	}

	/** Sends an event of a room's session to the address that was given when the room was made. */
	tell(session: SimulatedRoomSession, event: string, data: object = {}): void {
		const webhook = this.byId.get(session.roomId)?.webhook;
		if (!webhook?.events.includes(event)) return;
		this.tellAt(webhook.endPoint, session, event, data);
	}

	/** Sends it to an address that was given for one matter, such as a transcription. */
	tellAt(endPoint: string, { roomId, id }: SimulatedRoomSession, event: string, data: object): void {
		const body = { webhookType: event, data: { meetingId: roomId, sessionId: id, ...data } };
		void this.world.courier.send(event, endPoint, body);
	}

	routes(app: FastifyInstance): void {
		app.post<Call<RoomInput>>(ROOMS, ({ body }) => withLinks(this.create(body)));
		app.get<Call>(ROOMS, (request) => {
			const { query } = request.query;
			const isWanted = (room: SimulatedRoom) => !query || [room.roomId, room.customRoomId].includes(query);
			return page(request, latestFirst(this.byId).filter(isWanted).map(withLinks));
		});
		app.get<Call>(`${ROOMS}/:id`, (request) => {
			const room = this.find(request.params.id);
			if (!room) throw new ApiError(404, 'Room not found');
			return withLinks(room);
		});
		app.post<Call<{ roomId: string }>>(`${ROOMS}/deactivate`, (request) => {
			const room = this.byId.get(request.body.roomId);
			// Also for a customRoomId.
			if (!room) throw new ApiError(402, 'Room not found');
			this.end(room.roomId, 'room-deactivated');
			room.disabled = true;
			room.updatedAt = new Date().toISOString();
			return withLinks(room);
		});
		app.get<Call>(SESSIONS, (request) => {
			const { query } = request;
			const wanted = latestFirst(this.sessions).filter(
				({ roomId, customRoomId, status, start }) =>
					matches({ roomId, customRoomId, status }, query) &&
					(query.query === undefined || [roomId, customRoomId].includes(query.query)) &&
					between(start, query),
			);
			return page(request, wanted.map(withLinks));
		});
		app.post<Call<{ roomId: string; sessionId?: string }>>(`${SESSIONS}/end`, (request) => {
			const { roomId, sessionId } = request.body;
			const ongoing = this.live.get(roomId);
			if (!ongoing || (sessionId && ongoing.id !== sessionId))
				throw new ApiError(404, 'No active session in this room');
			this.end(roomId);
			return withLinks(ongoing);
		});
	}

	begin(roomId: string) {
		const room = this.byId.get(roomId);
		const session = {
			id: randomBytes(12).toString('hex'),
			roomId,
			customRoomId: room?.customRoomId,
			start: new Date().toISOString(),
			end: null as string | null,
			status: 'ongoing' as 'ongoing' | 'ended',
			participants: [] as Participant[],
		};
		this.sessions.set(session.id, session);
		this.live.set(roomId, session);
		this.tell(session, 'session-started', { start: session.start });
		if (room?.autoStartConfig?.recording) this.tell(session, 'recording-started');
		return session;
	}

	private close(session: SimulatedRoomSession): void {
		this.live.delete(session.roomId);
		this.keep(session);
		session.end = new Date().toISOString();
		session.status = 'ended';
		const { start, end } = session;
		this.tell(session, 'session-ended', { start, end, reason: 'session-ended', error: null });
	}

	/** The recording and transcript that were arranged when the room was made. */
	private keep(session: SimulatedRoomSession): void {
		const { recordings, transcriptions, remains } = this.world;
		const { id: sessionId, roomId } = session;
		const arranged = this.byId.get(roomId)?.autoStartConfig?.recording;
		if (!arranged) return;
		const { recording, transcription } = remains(roomId);
		const recorded = { roomId, sessionId, start: session.start, ...recording };
		const { id, fileUrl, filePath } = recordings.add(recorded);
		this.tell(session, 'recording-stopped', { id, fileUrl, filePath });
		if (!arranged.transcription?.enabled) return;
		const input = { roomId, sessionId, recordingId: id, ...transcription };
		if (!arranged.transcription.summary?.enabled) input.summary = null;
		const made = transcriptions.add(input, ({ status }) => {
			const event = status === 'failed' ? 'transcription-failed' : 'transcription-stopped';
			this.tell(session, event, { id: made.id, type: 'post' });
		});
		this.tell(session, 'transcription-started', { id: made.id, type: 'post' });
	}

	private seeOff(session: SimulatedRoomSession, participant: Participant, reason: string): void {
		const { participantId, name: participantName, timelog } = participant;
		timelog.at(-1)!.end = new Date().toISOString();
		this.whenRemoved.delete(participant);
		this.tell(session, 'participant-left', { participantId, participantName, reason });
	}
}

function withLinks(made: { roomId: string }): object {
	const { roomId } = made;
	return { ...made, links: { get_room: `${ROOMS}/${roomId}`, get_session: `${SESSIONS}?roomId=${roomId}` } };
}
