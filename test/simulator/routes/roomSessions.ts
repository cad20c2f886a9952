import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Call } from '../request';
import { isPresent, type SimulatedParticipant, type SimulatedRoomSession } from '../state/room';
import type { Rooms } from '../state/rooms';
import { ApiError } from '../validate';
import { between, matches } from './filters';
import { page } from './pages';

const PATH = '/v2/sessions';

interface EndBody {
	roomId: string;
	sessionId?: string;
	ignoreClosed?: boolean;
}

interface RemoveBody {
	roomId?: string;
	sessionId?: string;
	participantId: string;
}

/** What goes on, and went on, in rooms. */
export function roomSessionRoutes(app: FastifyInstance, rooms: Rooms): void {
	const found = ({ params: { id } }: FastifyRequest<Call>): SimulatedRoomSession => {
		const session = rooms.sessions.get(id);
		if (!session) throw new ApiError(404, 'Session not found');
		return session;
	};
	app.get<Call>(PATH, (request) => {
		const wanted = [...rooms.sessions.values()].reverse().filter((session) => fits(session, request.query));
		return page(request, wanted.map(shown));
	});
	app.get<Call>(`${PATH}/:id`, (request) => shown(found(request)));
	const listParticipants = (path: string, which: (participant: SimulatedParticipant) => boolean): void => {
		app.get<Call>(path, (request) => {
			const session = found(request);
			const listed = page(request, session.participants.filter(which), { key: 'participants' });
			const { pageInfo, participants } = listed as Record<string, unknown>;
			// The page is of the participants, who stand in the session.
			return { pageInfo, data: { ...shown(session), participants } };
		});
	};
	listParticipants(`${PATH}/:id/participants`, () => true);
	listParticipants(`${PATH}/:id/participants/active`, isPresent);
	app.get<Call>(`${PATH}/:id/participants/:participantId`, (request) => {
		const { participantId } = request.params;
		const participant = found(request).participants.find((other) => other.participantId === participantId);
		if (!participant) throw new ApiError(404, 'Participant not found');
		return participant;
	});
	app.post<Call<EndBody>>(`${PATH}/end`, (request) => {
		const { roomId, sessionId, ignoreClosed } = request.body;
		const ongoing = rooms.ongoing(roomId);
		if (ongoing && (!sessionId || ongoing.id === sessionId)) {
			rooms.end(roomId);
			return shown(ongoing);
		}
		const last = [...rooms.sessions.values()].reverse().find((session) => session.roomId === roomId);
		if (ignoreClosed && last) return shown(last);
		throw new ApiError(404, 'No active session in this room');
	});
	app.post<Call<RemoveBody>>(`${PATH}/participants/remove`, (request) => {
		const { participantId, sessionId = '', roomId = rooms.sessions.get(sessionId)?.roomId } = request.body;
		if (!roomId || !rooms.remove(roomId, participantId)) throw new ApiError(404, 'Participant not found');
		return 'Participant removed successfully';
	});
}

function fits(session: SimulatedRoomSession, query: Record<string, string>): boolean {
	const { roomId, customRoomId, status, start } = session;
	return (
		matches({ roomId, customRoomId, status }, query) &&
		(query.query === undefined || [roomId, customRoomId].includes(query.query)) &&
		between(start, query)
	);
}

function shown(session: SimulatedRoomSession): SimulatedRoomSession & { links: object } {
	const links = { get_room: `/v2/rooms/${session.roomId}` };
	return { ...session, links };
}
