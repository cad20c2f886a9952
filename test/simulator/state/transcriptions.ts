import { randomBytes } from 'node:crypto';
import type { Timers } from '../timers';
import type { Files } from './files';
import { filesOf, SAMPLE_LINES, SAMPLE_SUMMARY, type TranscriptLine, withSaid } from './transcriptText';

/** What is said about a transcription that is made by hand. */
export interface TranscriptionInput {
	roomId: string;
	sessionId?: string;
	recordingId?: string;
	lines?: TranscriptLine[];
	/** null: none was asked for. */
	summary?: string | null;
	/** Milliseconds for which it is `pending`. */
	readyAfterMs?: number;
	/** It ends as `failed`. */
	fails?: boolean;
}

/** A transcription as the simulator holds it. */
export interface SimulatedTranscription {
	id: string;
	/** Made of a recording, or while people talk. */
	type: 'post' | 'realtime';
	status: 'pending' | 'running' | 'completed' | 'failed';
	roomId: string;
	sessionId?: string;
	recordingId?: string;
	start: string;
	end: string | null;
	/** Empty until it is completed. */
	transcriptionFilePaths: Record<string, string>;
	summarizedFilePaths: Record<string, string>;
	lines: TranscriptLine[];
	summary: string | null;
	webhookUrl?: string;
}

/** Transcriptions of both types, and the clock that completes them. */
export class Transcriptions {
	readonly byId = new Map<string, SimulatedTranscription>();
	/** What was said in a room beside the usual. */
	private readonly said = new Map<string, Array<Pick<TranscriptLine, 'speaker' | 'text'>>>();

	constructor(
		private readonly files: Files,
		private readonly timers: Timers,
		private readonly readyMs: number,
	) {}

	/** Notes what someone says in a room. */
	say(roomId: string, line: Pick<TranscriptLine, 'speaker' | 'text'>): void {
		this.said.set(roomId, [...(this.said.get(roomId) ?? []), line]);
	}

	/** Made of a recording: pending at first. `done` is called at its end. */
	add(input: TranscriptionInput, done: (made: SimulatedTranscription) => void = () => undefined) {
		const made = this.make('post', 'pending', input);
		this.finishLater(made, input, done);
		return made;
	}

	/** While people talk: running until it is stopped. */
	startRealtime(
		input: Omit<TranscriptionInput, 'readyAfterMs' | 'fails'> & { webhookUrl?: string },
	): SimulatedTranscription {
		const made = this.make('realtime', 'running', input);
		made.webhookUrl = input.webhookUrl;
		return made;
	}

	/** The one that runs in a room. */
	running(roomId: string): SimulatedTranscription | undefined {
		return [...this.byId.values()].find((made) => made.roomId === roomId && made.status === 'running');
	}

	stopRealtime(made: SimulatedTranscription): void {
		made.status = 'pending';
		made.end = new Date().toISOString();
		this.finishLater(made, {});
	}

	private make(
		type: SimulatedTranscription['type'],
		status: SimulatedTranscription['status'],
		{ roomId, sessionId, recordingId, lines = SAMPLE_LINES, summary = SAMPLE_SUMMARY }: TranscriptionInput,
	): SimulatedTranscription {
		const made: SimulatedTranscription = {
			id: randomBytes(12).toString('hex'),
			type,
			status,
			roomId,
			sessionId,
			recordingId,
			start: new Date().toISOString(),
			end: null,
			transcriptionFilePaths: {},
			summarizedFilePaths: {},
			lines,
			summary,
		};
		this.byId.set(made.id, made);
		return made;
	}

	private summarize({ id, summary, summarizedFilePaths }: SimulatedTranscription): void {
		if (summary === null) return;
		const file = { name: `${id}-summary.txt`, content: summary, contentType: 'text/plain' };
		summarizedFilePaths.txt = this.files.add(file);
	}

	private finishLater(
		made: SimulatedTranscription,
		{ readyAfterMs = this.readyMs, fails = false }: Partial<TranscriptionInput>,
		done: (made: SimulatedTranscription) => void = () => undefined,
	): void {
		this.timers.after(readyAfterMs, () => {
			made.status = fails ? 'failed' : 'completed';
			made.end ??= new Date().toISOString();
			if (!fails) {
				made.lines = withSaid(made.lines, this.said.get(made.roomId) ?? []);
				for (const { format, content, contentType } of filesOf(made.lines)) {
					const name = `${made.id}.${format}`;
					made.transcriptionFilePaths[format] = this.files.add({ name, content, contentType });
				}
				this.summarize(made);
			}
			done(made);
		});
	}
}
