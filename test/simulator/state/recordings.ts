import { randomBytes } from 'node:crypto';
import type { FileInput, Files } from './files';

/** The four lists in which the API shows recordings. */
export type RecordingKind = 'room' | 'participant' | 'track' | 'merge';

/** What a recording is made of. */
export interface RecordingInput {
	/** Default `room`. */
	kind?: RecordingKind;
	roomId: string;
	sessionId?: string;
	participantId?: string;
	/** Default: two kilobytes. */
	file?: FileInput;
	/** Milliseconds until it is listed (a merged one: until it is `completed`). */
	readyAfterMs?: number;
}

/** A recording as the simulator holds it. */
export interface SimulatedRecording {
	id: string;
	kind: RecordingKind;
	roomId: string;
	sessionId?: string;
	participantId?: string;
	fileUrl: string;
	filePath: string;
	start: string;
	end: string;
	readyAtMs: number;
}

const FORMAT: Record<RecordingKind, [extension: string, contentType: string]> = {
	room: ['mp4', 'video/mp4'],
	participant: ['webm', 'video/webm'],
	track: ['mp3', 'audio/mpeg'],
	merge: ['mp3', 'audio/mpeg'],
};

/** The recordings of all kinds. */
export class Recordings {
	readonly byId = new Map<string, SimulatedRecording>();

	constructor(
		private readonly files: Files,
		private readonly readyMs: number,
	) {}

	add(input: RecordingInput, start = new Date().toISOString()): SimulatedRecording {
		const { kind = 'room', roomId, sessionId, participantId, file, readyAfterMs = this.readyMs } = input;
		const id = randomBytes(12).toString('hex');
		const [extension, contentType] = FORMAT[kind];
		const name = file?.name ?? `${kind}-${id}.${extension}`;
		const recording: SimulatedRecording = {
			id,
			kind,
			roomId,
			sessionId,
			participantId,
			fileUrl: this.files.add({ contentType, ...file, name }),
			filePath: `recordings/${name}`,
			start,
			end: new Date().toISOString(),
			readyAtMs: Date.now() + readyAfterMs,
		};
		this.byId.set(id, recording);
		return recording;
	}
}

/** True once a recording's file can be had. */
export function isReady({ readyAtMs }: SimulatedRecording): boolean {
	return readyAtMs <= Date.now();
}
