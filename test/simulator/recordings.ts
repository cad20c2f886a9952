/** Recordings of all kinds; they are listed once they are ready. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { FileInput, Files } from './files';
import { latestFirst, matches, page } from './lists';
import { ApiError, type Call } from './request';

/** The lists in which the API shows recordings: their paths, and the files in them. */
const KINDS = {
	room: ['/v2/recordings', 'mp4', 'video/mp4'],
	participant: ['/v2/recordings/participant', 'webm', 'video/webm'],
	track: ['/v2/recordings/participant/track', 'mp3', 'audio/mpeg'],
	merge: ['/v2/recordings/participant/merge', 'mp3', 'audio/mpeg'],
} as const;
/** So long after its end it is listed. */
const READY_MS = 50;
type Kind = keyof typeof KINDS;

/** What a recording is made of. */
export interface RecordingInput {
	/** Default `room`. */
	kind?: Kind;
	roomId: string;
	sessionId?: string;
	participantId?: string;
	/** Default: two kilobytes. */
	file?: FileInput;
	/** Milliseconds until it is listed (a merged one: until it is `completed`). */
	readyAfterMs?: number;
	/** Default: now, as the end. */
	start?: string;
	end?: string;
}

type SimulatedRecording = ReturnType<Recordings['add']>;

/** The recordings of the account. */
export class Recordings {
	readonly byId = new Map<string, SimulatedRecording>();

	constructor(private readonly files: Files) {}

	add(input: RecordingInput) {
		const { kind = 'room', file, readyAfterMs = READY_MS, ...whose } = input;
		const id = randomBytes(12).toString('hex');
		const now = new Date().toISOString();
		const [, extension, contentType] = KINDS[kind];
		const name = file?.name ?? `${kind}-${id}.${extension}`;
		const recording = {
			id,
			kind,
			start: now,
			end: now,
			...whose,
			fileUrl: this.files.add({ contentType, ...file, name }),
			filePath: `recordings/${name}`,
			readyAtMs: Date.now() + readyAfterMs,
		};
		this.byId.set(id, recording);
		return recording;
	}

	routes(app: FastifyInstance): void {
		app.delete<Call>(`${KINDS.room[0]}/:id`, ({ params: { id } }) => {
			if (this.byId.get(id)?.kind !== 'room') throw new ApiError(404, 'Recording not found');
			this.byId.delete(id);
			return 'Recording deleted successfully';
		});
		for (const kind of Object.keys(KINDS) as Kind[]) {
			app.get<Call>(KINDS[kind][0], (request) => {
				const wanted = latestFirst(this.byId).filter((recording) => {
					const { id, roomId, sessionId, participantId } = recording;
					const status = kind === 'merge' ? mergeStatus(recording) : undefined;
					return (
						recording.kind === kind &&
						(kind === 'merge' || isReady(recording)) &&
						matches({ id, roomId, sessionId, participantId, status, query: roomId }, request.query)
					);
				});
				return page(request, wanted.map(shown), kind === 'merge' ? { key: 'recordings' } : {});
			});
		}
	}
}

const isReady = ({ readyAtMs }: SimulatedRecording): boolean => readyAtMs <= Date.now();
const mergeStatus = (recording: SimulatedRecording) => (isReady(recording) ? 'completed' : 'processing');

function shown(recording: SimulatedRecording): object {
	const { id, kind, roomId, sessionId, participantId, fileUrl, filePath, start, end } = recording;
	const common = { id, roomId, sessionId, start, end };
	const file = { fileUrl, filePath };
	if (kind === 'room') {
		const duration = (Date.parse(end) - Date.parse(start)) / 1000;
		return { ...common, file: { ...file, meta: { duration } } };
	}
	if (kind !== 'merge') return { ...common, participantId, participantName: participantId, files: [file] };
	const status = mergeStatus(recording);
	return { ...common, meetingId: roomId, status, ...(status === 'completed' && { file }) };
}
