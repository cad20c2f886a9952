import type { FastifyInstance } from 'fastify';
import type { Call } from '../request';
import type { SimulatedRoomSession } from '../state/room';
import type { Rooms } from '../state/rooms';
import { ApiError } from '../validate';
import { between, matches } from './filters';
import { page } from './pages';

const PATH = '/v2/sessions';

/** What happens, and happened, in rooms. */
export function roomSessionRoutes(app: FastifyInstance, rooms: Rooms): void {
	app.get<Call>(PATH, (request) => {
		const wanted = [...rooms.sessions.values()].reverse().filter((session) => fits(session, request.query));
		return page(request, wanted.map(shown));
	});
	app.post<Call<{ roomId: string; sessionId?: string }>>(`${PATH}/end`, (request) => {
		const { roomId, sessionId } = request.body;
		const ongoing = rooms.ongoing(roomId);
		if (!ongoing || (sessionId && ongoing.id !== sessionId)) {
			throw new ApiError(404, 'No active session in this room');
		}
		rooms.end(roomId);
		return shown(ongoing);
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
