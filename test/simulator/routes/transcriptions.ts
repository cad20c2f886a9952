import type { FastifyInstance } from 'fastify';
import type { RoomEvents } from '../events/roomEvents';
import type { Call } from '../request';
import type { Rooms } from '../state/rooms';
import type { SimulatedTranscription, Transcriptions } from '../state/transcriptions';
import { ApiError } from '../validate';
import { matches } from './filters';
import { page } from './pages';

const POST = '/ai/v1/post-transcriptions';
const REALTIME = '/ai/v1/realtime-transcriptions';
const KEY = 'transcriptions';

interface StartBody {
	roomId: string;
	webhookUrl?: string;
	summary?: { enabled?: boolean };
}

/** Transcripts of recordings, and of what is being said. */
export function transcriptionRoutes(
	app: FastifyInstance,
	transcriptions: Transcriptions,
	rooms: Rooms,
	events: RoomEvents,
): void {
	const ofType = (type: SimulatedTranscription['type']): SimulatedTranscription[] =>
		[...transcriptions.byId.values()].reverse().filter((made) => made.type === type);
	const found = (type: SimulatedTranscription['type'], id: string): object => {
		const made = ofType(type).find((other) => other.id === id);
		if (!made) throw new ApiError(404, 'Transcription not found');
		return shown(made);
	};
	app.get<Call>(POST, (request) => {
		const wanted = ofType('post').filter(({ roomId, sessionId }) =>
			matches({ roomId, sessionId }, request.query),
		);
		return page(request, wanted.map(shown), { key: KEY });
	});
	app.get<Call>(`${POST}/:id`, (request) => found('post', request.params.id));

	app.get<Call>(REALTIME, (request) => {
		const wanted = ofType('realtime').filter(({ status }) => matches({ status }, request.query));
		return page(request, wanted.map(shown), { key: KEY });
	});
	app.get<Call>(`${REALTIME}/:id`, (request) => found('realtime', request.params.id));
	app.post<Call<StartBody>>(`${REALTIME}/start`, (request) => {
		const { roomId, webhookUrl, summary } = request.body;
		const session = rooms.ongoing(roomId);
		if (!session) throw new ApiError(400, 'The room has no active session');
		if (transcriptions.running(roomId)) throw new ApiError(409, 'Transcription is already running');
		const made = transcriptions.startRealtime({
			roomId,
			webhookUrl,
			sessionId: session.id,
			...(!summary?.enabled && { summary: null }),
		});
		tell(made, 'transcription-started');
		return shown(made);
	});
	app.post<Call<{ roomId: string }>>(`${REALTIME}/end`, (request) => {
		const made = transcriptions.running(request.body.roomId);
		if (!made) throw new ApiError(404, 'No transcription is running in this room');
		transcriptions.stopRealtime(made);
		tell(made, 'transcription-stopped');
		return shown(made);
	});

	const tell = ({ id, type, sessionId, webhookUrl }: SimulatedTranscription, event: string): void => {
		const session = rooms.sessions.get(sessionId ?? '');
		if (!session) return;
		events.send(session, event, { id, type });
		if (webhookUrl) events.sendTo(webhookUrl, session, event, { id, type });
	};
}

/** A transcription as the API answers it; only one of a recording names its room on the outside. */
function shown(made: SimulatedTranscription): object {
	const { id, type, status, roomId, sessionId, recordingId, start, end } = made;
	const { transcriptionFilePaths, summarizedFilePaths } = made;
	const common = { id, status, start, end, transcriptionFilePaths, summarizedFilePaths };
	if (type === 'post') return { ...common, roomId, sessionId, recordingId };
	return { ...common, extension: { enabled: true, extensionConfig: { roomId, sessionId } } };
}
