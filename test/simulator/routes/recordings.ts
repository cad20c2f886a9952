import type { FastifyInstance } from 'fastify';
import type { Call } from '../request';
import { isReady, type RecordingKind, type Recordings, type SimulatedRecording } from '../state/recordings';
import { matches } from './filters';
import { page, type ListShape } from './pages';

const LISTS: Record<RecordingKind, { path: string } & ListShape> = {
	room: { path: '/v2/recordings' },
	participant: { path: '/v2/recordings/participant' },
	track: { path: '/v2/recordings/participant/track' },
	merge: { path: '/v2/recordings/participant/merge', key: 'recordings' },
};

/** Recordings of all kinds, once they are ready. */
export function recordingRoutes(app: FastifyInstance, recordings: Recordings): void {
	for (const kind of Object.keys(LISTS) as RecordingKind[]) {
		const { path, ...shape } = LISTS[kind];
		app.get<Call>(path, (request) => {
			const wanted = [...recordings.byId.values()].reverse().filter((recording) => {
				const { id, roomId, sessionId, participantId } = recording;
				const status = kind === 'merge' ? mergeStatus(recording) : undefined;
				return (
					recording.kind === kind &&
					(kind === 'merge' || isReady(recording)) &&
					matches({ id, roomId, sessionId, participantId, status, query: roomId }, request.query)
				);
			});
			return page(request, wanted.map(SHOWN[kind]), shape);
		});
	}
}

const SHOWN: Record<RecordingKind, (recording: SimulatedRecording) => object> = {
	room: (recording) => ({
		...common(recording),
		file: { ...file(recording), meta: { duration: secondsOf(recording) } },
	}),
	participant: individual,
	track: individual,
	merge: (recording) => {
		const status = mergeStatus(recording);
		const done = status === 'completed' ? { file: file(recording) } : {};
		return { ...common(recording), meetingId: recording.roomId, status, ...done };
	},
};

function individual(recording: SimulatedRecording): object {
	const { participantId } = recording;
	return { ...common(recording), participantId, participantName: participantId, files: [file(recording)] };
}

function common({ id, roomId, sessionId, start, end }: SimulatedRecording): object {
	return { id, roomId, sessionId, start, end };
}

function file({ fileUrl, filePath }: SimulatedRecording): object {
	return { fileUrl, filePath };
}

function secondsOf({ start, end }: SimulatedRecording): number {
	return (Date.parse(end) - Date.parse(start)) / 1000;
}

function mergeStatus(recording: SimulatedRecording): string {
	return isReady(recording) ? 'completed' : 'processing';
}
