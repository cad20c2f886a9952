import type { FastifyInstance } from 'fastify';
import type { Call } from '../request';
import { isReady, type RecordingKind, type Recordings, type SimulatedRecording } from '../state/recordings';
import type { SimulatedTranscription, Transcriptions } from '../state/transcriptions';
import { ApiError } from '../validate';
import { matches } from './filters';
import { page, type ListShape } from './pages';
import { shownTranscription } from './transcriptions';

const LISTS: Record<RecordingKind, { path: string } & ListShape> = {
	room: { path: '/v2/recordings' },
	participant: { path: '/v2/recordings/participant' },
	track: { path: '/v2/recordings/participant/track' },
	merge: { path: '/v2/recordings/participant/merge', key: 'recordings' },
};

/** Recordings of all kinds, once they are ready. */
export function recordingRoutes(
	app: FastifyInstance,
	recordings: Recordings,
	transcriptions: Transcriptions,
): void {
	for (const kind of Object.keys(LISTS) as RecordingKind[]) {
		const { path, ...shape } = LISTS[kind];
		const ofKind = (): SimulatedRecording[] =>
			[...recordings.byId.values()]
				.reverse()
				.filter((recording) => recording.kind === kind && (kind === 'merge' || isReady(recording)));
		const shown = (recording: SimulatedRecording, query: Record<string, string>): object => {
			const { id } = recording;
			const made = [...transcriptions.byId.values()].find(({ recordingId }) => recordingId === id);
			return SHOWN[kind](recording, query.withTranscription === 'true' ? made : undefined);
		};
		app.get<Call>(path, (request) => {
			const { query } = request;
			const wanted = ofKind().filter((recording) => {
				const { id, roomId, sessionId, participantId } = recording;
				const status = kind === 'merge' ? mergeStatus(recording) : undefined;
				return (
					matches({ id, roomId, sessionId, participantId, status }, query) &&
					(query.query === undefined || query.query === roomId)
				);
			});
			return page(
				request,
				wanted.map((recording) => shown(recording, query)),
				shape,
			);
		});
		app.get<Call>(`${path}/:id`, (request) => {
			const recording = ofKind().find(({ id }) => id === request.params.id);
			if (!recording) throw new ApiError(404, 'Recording not found');
			return shown(recording, request.query);
		});
	}
}

type Show = (recording: SimulatedRecording, transcription: SimulatedTranscription | undefined) => object;

const SHOWN: Record<RecordingKind, Show> = {
	room: (recording, transcription) => ({
		...common(recording),
		file: { ...file(recording), meta: { duration: secondsOf(recording) } },
		transcription: transcription && shownTranscription(transcription),
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
