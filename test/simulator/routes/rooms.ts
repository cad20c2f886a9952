import type { FastifyInstance } from 'fastify';
import type { Call } from '../request';
import type { SimulatedRoom } from '../state/room';
import type { RoomInput, Rooms } from '../state/rooms';
import { ApiError } from '../validate';
import { page } from './pages';

const PATH = '/v2/rooms';
/** Rooms: make, read, deactivate. */
export function roomRoutes(app: FastifyInstance, rooms: Rooms): void {
	app.post<Call<RoomInput>>(PATH, (request) => {
		const room = rooms.create(request.body);
		request.note = `room ${room.roomId} created`;
		return shown(room);
	});
	app.get<Call>(PATH, (request) => {
		const { query } = request.query;
		const all = [...rooms.byId.values()].reverse();
		const wanted = all.filter((room) => !query || [room.roomId, room.customRoomId].includes(query));
		return page(request, wanted.map(shown));
	});
	app.get<Call>(`${PATH}/:id`, (request) => {
		const room = rooms.find(request.params.id);
		if (!room) throw new ApiError(404, 'Room not found');
		return shown(room);
	});
	app.post<Call<{ roomId: string }>>(`${PATH}/deactivate`, (request) => {
		const room = rooms.byId.get(request.body.roomId);
		// Also for a customRoomId.
		if (!room) throw new ApiError(402, 'Room not found');
		rooms.deactivate(room);
		request.note = `room ${room.roomId} deactivated`;
		return shown(room);
	});
}

function shown(room: SimulatedRoom): object {
	return {
		...room,
		links: { get_room: `${PATH}/${room.roomId}`, get_session: `/v2/sessions?roomId=${room.roomId}` },
	};
}
