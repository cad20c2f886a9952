/** Transcripts of recordings, and of what is being said. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { latestFirst, matches, page } from './lists';
import type { Person } from './people';
import { ApiError, type Call } from './request';
import { SAMPLE_LINES, SAMPLE_SUMMARY, type TranscriptLine } from './transcriptText';
import type { World } from './world';

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
	/** Default: now. */
	start?: string;
}

/** A transcription as the simulator holds it; it has no files until it is completed. */
type SimulatedTranscription = ReturnType<Transcriptions['make']>;

type Status = 'pending' | 'running' | 'completed' | 'failed';
/** So long it is pending. */
const READY_MS = 100;
const PATHS = { post: '/ai/v1/post-transcriptions', realtime: '/ai/v1/realtime-transcriptions' };

/** Transcriptions of both types, and the clock that completes them. */
export class Transcriptions {
	readonly byId = new Map<string, SimulatedTranscription>();
	/** What was said in a room beside the usual. */
	private readonly said = new Map<string, TranscriptLine[]>();
	/** The usual in a room, if it differs from the sample. */
	private readonly talks = new Map<string, Person['talk']>();

	constructor(private readonly world: World) {}

	/** Notes what someone says in a room. */
	say(roomId: string, line: TranscriptLine): void {
		this.said.set(roomId, [...(this.said.get(roomId) ?? []), line]);
	}

	/** Sets what is usually said in a room, of which `say` is a part. */
	setTalk(roomId: string, talk: Person['talk']): void {
		this.talks.set(roomId, talk);
	}

	/** Made of a recording: pending at first. `done` is called at its end. */
	add(input: TranscriptionInput, done?: (made: SimulatedTranscription) => void): SimulatedTranscription {
		const made = this.make('post', 'pending', input);
		this.finishLater(made, input, done);
		return made;
	}

	routes(app: FastifyInstance): void {
		for (const type of ['post', 'realtime'] as const) {
			const all = () => latestFirst(this.byId).filter((made) => made.type === type);
			app.get<Call>(PATHS[type], (request) => {
				const wanted = all().filter(({ roomId, sessionId, status }) =>
					matches(type === 'post' ? { roomId, sessionId } : { status }, request.query),
				);
				return page(request, wanted.map(shown), { key: 'transcriptions' });
			});
			app.get<Call>(`${PATHS[type]}/:id`, (request) => {
				const made = all().find(({ id }) => id === request.params.id);
				if (!made) throw new ApiError(404, 'Transcription not found');
				return shown(made);
			});
		}
		app.post<Call<{ roomId: string; webhookUrl?: string; summary?: { enabled?: boolean } }>>(
			`${PATHS.realtime}/start`,
			({ body: { roomId, webhookUrl, summary } }) => {
				const sessionId = this.world.rooms.live.get(roomId)?.id;
				if (!sessionId) throw new ApiError(400, 'The room has no active session');
				if (this.running(roomId)) throw new ApiError(409, 'Transcription is already running');
				const wanted = { roomId, sessionId, ...(!summary?.enabled && { summary: null }) };
				const made = Object.assign(this.make('realtime', 'running', wanted), { webhookUrl });
				this.tell(made, 'transcription-started');
				return shown(made);
			},
		);
		app.post<Call<{ roomId: string }>>(`${PATHS.realtime}/end`, ({ body: { roomId } }) => {
			const made = this.running(roomId);
			if (!made) throw new ApiError(404, 'No transcription is running in this room');
			made.status = 'pending';
			made.end = new Date().toISOString();
			this.finishLater(made, {});
			this.tell(made, 'transcription-stopped');
			return shown(made);
		});
	}

	private running(roomId: string): SimulatedTranscription | undefined {
		return [...this.byId.values()].find((made) => made.roomId === roomId && made.status === 'running');
	}

	private tell({ id, type, sessionId = '', webhookUrl }: SimulatedTranscription, event: string): void {
		const { rooms } = this.world;
		const session = rooms.sessions.get(sessionId)!;
		rooms.tell(session, event, { id, type });
		if (webhookUrl) rooms.tellAt(webhookUrl, session, event, { id, type });
	}

	/** Of a recording, or while people talk. */
	make(type: 'post' | 'realtime', status: Status, input: TranscriptionInput) {
		const made = {
			id: randomBytes(12).toString('hex'),
			type,
			status,
			start: new Date().toISOString(),
			lines: SAMPLE_LINES,
			summary: SAMPLE_SUMMARY as string | null,
			...this.talks.get(input.roomId),
			...input,
			end: null as string | null,
			transcriptionFilePaths: {} as Record<string, string>,
			summarizedFilePaths: {} as Record<string, string>,
			webhookUrl: undefined as string | undefined,
		};
		this.byId.set(made.id, made);
		return made;
	}

	private finishLater(
		made: SimulatedTranscription,
		{ readyAfterMs = READY_MS, fails = false }: Partial<TranscriptionInput>,
		done?: (made: SimulatedTranscription) => void,
	): void {
		this.world.timers.after(readyAfterMs, () => {
			made.status = fails ? 'failed' : 'completed';
			made.end ??= new Date().toISOString();
			if (!fails) this.write(made);
			done?.(made);
		});
	}

	/** Makes the texts of a transcription. */
	private write(made: SimulatedTranscription): void {
		const { files } = this.world;
		const said = this.said.get(made.roomId) ?? [];
		// What else was said stands before the last line.
		const lines = [...made.lines.slice(0, -1), ...said, ...made.lines.slice(-1)];
		const content = lines.map(({ speaker, text }) => `${speaker}: ${text}`).join('\n');
		const add = (name: string, text: string) =>
			files.add({ name: `${made.id}${name}.txt`, content: text, contentType: 'text/plain' });
		made.transcriptionFilePaths.txt = add('', content);
		if (made.summary !== null) made.summarizedFilePaths.txt = add('-summary', made.summary);
	}
}

/** A transcription as the API answers it; only one of a recording names its room on the outside. */
function shown(made: SimulatedTranscription): object {
	const { id, type, status, roomId, sessionId, recordingId, start, end } = made;
	const { transcriptionFilePaths, summarizedFilePaths } = made;
	const common = { id, status, start, end, transcriptionFilePaths, summarizedFilePaths };
	if (type === 'post') return { ...common, roomId, sessionId, recordingId };
	return { ...common, extension: { enabled: true, extensionConfig: { roomId, sessionId } } };
}
