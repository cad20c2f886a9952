/** Sessions of agents, the clock that moves them on, and their events. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { type Delivery, short } from './courier';
import { latestFirst, olderPage } from './lists';
import { ApiError, type Call, parsed } from './request';
import { talkOf } from './transcriptText';
import type { World } from './world';

/** The five stages of a session's life, as `emit` names them. */
export type EventStatus = 'starting' | 'started' | 'stopping' | 'stopped' | 'failed';

/** What the API reports for a session. It documents no status for starting: a session is queued until it runs. */
type SessionStatus = 'queued' | 'running' | 'stopping' | 'stopped' | 'failed' | 'completed';

/** Milliseconds after the start at which each event happens; null: never. */
export type Lifecycle = Record<'startingMs' | 'startedMs' | 'stoppingMs' | 'stoppedMs', number | null>;

/** The webhook that is given with a session or room. */
export type Webhook = { endPoint: string; events: string[] };

/** A session as the simulator holds it; the API's answers are cut from it. */
export interface SimulatedSession {
	sessionId: string;
	status: SessionStatus;
	deploymentId: string;
	tag: string;
	env?: Record<string, string>;
	metaData?: Record<string, unknown>;
	webhook?: Webhook;
	start: string;
	end?: string;
	/** Seconds, once the session has ended. */
	duration?: number;
	createdAt: string;
	updatedAt: string;
}

type StartBody = Pick<SimulatedSession, 'deploymentId' | 'env' | 'metaData' | 'webhook'> & { tag?: string };

type Step = { event: EventStatus; dueMs: number };

const PATH = '/ai/v1/ai-deployment-sessions';
/** A session that takes about two and a half seconds, short enough to watch. */
const DEFAULT_LIFECYCLE: Lifecycle = { startingMs: 100, startedMs: 300, stoppingMs: 2000, stoppedMs: 2300 };
/** How soon the events of stopping follow when it is ended. */
const ENDING = { stoppingMs: 50, stoppedMs: 150 };
const STAGE: Record<EventStatus, number> = { starting: 0, started: 1, stopping: 2, stopped: 3, failed: 3 };
const statusAfter = (event: EventStatus): SessionStatus =>
	event === 'starting' ? 'queued' : event === 'started' ? 'running' : event;

const isOver = ({ status }: SimulatedSession) => ['completed', 'stopped', 'failed'].includes(status);

/** The sessions of the account. */
export class Sessions {
	readonly byId = new Map<string, SimulatedSession>();
	private readonly clocks = new Map<SimulatedSession, { timer?: NodeJS.Timeout; steps: Step[] }>();
	private readonly lifecycle: Partial<Lifecycle>;

	constructor(
		private readonly world: World,
		lifecycle: Partial<Lifecycle> | false = {},
	) {
		this.lifecycle = lifecycle === false ? {} : { ...DEFAULT_LIFECYCLE, ...lifecycle };
	}

	/** Moves a session on and sends the event, if it was subscribed to; `extra` goes into its `data`. */
	async emit(session: SimulatedSession, event: EventStatus, extra = {}): Promise<Delivery | undefined> {
		this.advance(session, event);
		const { sessionId, webhook } = session;
		const webhookType = `ai-deployment-session-${event}`;
		if (webhook?.events.includes(webhookType)) {
			return await this.world.courier.send(event, webhook.endPoint, {
				webhookType,
				// The documented sample puts this prefix before the id that the REST API knows.
				data: { sessionId: `session-${sessionId}`, ...extra },
			});
		}
		const why = webhook ? 'not among the events of its webhook' : 'it was started without a webhook';
		this.world.log(`event ${event} for session ${short(sessionId)} not sent: ${why}`);
		return undefined;
	}

	routes(app: FastifyInstance): void {
		const { deployments } = this.world;
		app.post<Call<StartBody>>(`${PATH}/start`, (request) => {
			if (!deployments.byId.has(request.body.deploymentId)) throw new ApiError(404, 'Deployment not found');
			return { message: 'Session started successfully', data: shown(this.start(request.body)) };
		});
		app.post<Call<{ sessionId: string }>>(`${PATH}/end`, (request) => {
			const session = this.found(request.body.sessionId);
			if (isOver(session)) throw new ApiError(409, 'Session has already ended');
			this.end(session);
			return { message: 'Session ended successfully', data: shown(session) };
		});
		app.get<Call>(PATH, (request) => {
			const rows = this.world.listed(latestFirst(this.byId));
			return olderPage(
				request,
				rows.map((session) => listed(session, this.world)),
			);
		});
		app.get<Call>(`${PATH}/:id`, ({ params }) => shown(this.found(params.id)));
	}

	private found(sessionId: string): SimulatedSession {
		const session = this.byId.get(sessionId);
		if (!session) throw new ApiError(404, 'Session not found');
		return session;
	}

	private start({ tag, ...input }: StartBody): SimulatedSession {
		const now = new Date().toISOString();
		const session: SimulatedSession = {
			sessionId: randomUUID(),
			status: 'queued',
			...input,
			tag: tag ?? 'latest',
			start: now,
			createdAt: now,
			updatedAt: now,
		};
		this.byId.set(session.sessionId, session);
		this.plan(session, this.lifecycle);
		return session;
	}

	/** Completed at once, as the API answers; the events of stopping follow. */
	private end(session: SimulatedSession): void {
		this.finish(session, 'completed');
		this.leaveRoom(session);
		this.plan(session, ENDING);
	}

	/** Moves a session on; one that has ended keeps its status. What the clock still had before it is dropped. */
	private advance(session: SimulatedSession, event: EventStatus): void {
		const { steps = [] } = this.clocks.get(session) ?? {};
		const isLast = STAGE[event] === STAGE.stopped;
		this.run(session, isLast ? [] : steps.filter((step) => STAGE[step.event] > STAGE[event]));
		if (!isOver(session)) {
			if (isLast) this.finish(session, statusAfter(event));
			else session.status = statusAfter(event);
		}
		session.updatedAt = new Date().toISOString();
		if (isOver(session)) this.leaveRoom(session);
		else if (session.status === 'running') this.enterRoom(session);
		if (event === 'started') void this.useTools(session);
	}

	private plan(session: SimulatedSession, lifecycle: Partial<Lifecycle>): void {
		const steps = (['starting', 'started', 'stopping', 'stopped'] as const).flatMap((event) => {
			const ms = lifecycle[`${event}Ms`];
			return typeof ms === 'number' ? [{ event, dueMs: performance.now() + ms }] : [];
		});
		this.run(session, steps);
	}

	/** One step after the other: of several timers Node may fire a later one first. */
	private run(session: SimulatedSession, steps: Step[]): void {
		const { timers } = this.world;
		timers.cancel(this.clocks.get(session)?.timer);
		const [next] = steps;
		const happens = () => void (next && this.emit(session, next.event));
		const timer = next && timers.after(Math.max(0, next.dueMs - performance.now()), happens);
		this.clocks.set(session, { timer, steps });
	}

	private finish(session: SimulatedSession, status: SessionStatus): void {
		const now = new Date();
		session.status = status;
		session.end = now.toISOString();
		session.updatedAt = session.end;
		session.duration = Math.round((now.getTime() - Date.parse(session.start)) / 1000);
	}

	/** An agent that was handed a room is in it while its session runs; into a deactivated one it does not get. */
	private enterRoom(session: SimulatedSession): void {
		const { sessionId, deploymentId, env } = session;
		const { rooms, deployments, transcriptions } = this.world;
		const roomId = env?.VIDEOSDK_ROOM_ID;
		if (!roomId || rooms.byId.get(roomId)?.disabled) return;
		const agent = { participantId: `agent-${sessionId}`, name: deployments.byId.get(deploymentId)?.name };
		transcriptions.setTalk(roomId, talkOf(parsed(env.N8N_AGENT ?? '')));
		// Sent out of the room, it stops by itself, soon.
		rooms.join(roomId, agent, () => isOver(session) || this.plan(session, ENDING));
	}

	private leaveRoom({ sessionId, env }: SimulatedSession): void {
		if (env?.VIDEOSDK_ROOM_ID) this.world.rooms.leave(env.VIDEOSDK_ROOM_ID, `agent-${sessionId}`);
	}

	private async useTools({ sessionId, env }: SimulatedSession): Promise<void> {
		const { toolAgent, transcriptions } = this.world;
		await toolAgent.use(sessionId, env?.N8N_TOOLS, {}, (line) => {
			if (env?.VIDEOSDK_ROOM_ID) transcriptions.say(env.VIDEOSDK_ROOM_ID, line);
		});
	}
}

/** JSON omits `end` and `duration` until the session has ended. */
function shown(session: SimulatedSession) {
	const { sessionId, status, deploymentId, tag, start, end, duration, createdAt, updatedAt } = session;
	return { sessionId, status, deploymentId, tag, start, end, duration, createdAt, updatedAt };
}

/** In the list the API spells `endpoint` and `metadata`. */
function listed(session: SimulatedSession, { listing }: World): object {
	const { webhook, metaData = {} } = session;
	return {
		...shown(session),
		webhook: webhook && { endpoint: webhook.endPoint, events: webhook.events },
		metadata: listing.hasMetadata ? metaData : {},
	};
}
