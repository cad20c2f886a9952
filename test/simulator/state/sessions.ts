import { randomUUID } from 'node:crypto';
import type { Timers } from '../timers';
import type { EventStatus, Lifecycle, SessionStatus, SimulatedSession } from '../types';

/** A call that takes about two and a half seconds, short enough to watch. */
export const DEFAULT_LIFECYCLE: Lifecycle = {
	startingMs: 100,
	startedMs: 300,
	stoppingMs: 2000,
	stoppedMs: 2300,
};

/** How soon after an end call its two events follow. */
const END_STOPPING_MS = 50;
const END_STOPPED_MS = 150;

const STAGE: Record<EventStatus, number> = { starting: 0, started: 1, stopping: 2, stopped: 3, failed: 3 };

// The API documents no status "starting": a session is queued until it runs.
const STATUS_AFTER: Record<EventStatus, SessionStatus> = {
	starting: 'queued',
	started: 'running',
	stopping: 'stopping',
	stopped: 'stopped',
	failed: 'failed',
};

/** True for a status that nothing follows. */
export function isTerminal(status: SessionStatus): boolean {
	return status === 'completed' || status === 'stopped' || status === 'failed';
}

type StartInput = Pick<SimulatedSession, 'deploymentId' | 'tag' | 'env' | 'metaData' | 'webhook'>;

interface Plan {
	timer: NodeJS.Timeout;
	dueMs: number;
}

/** The sessions and the clock that moves them on. */
export class Sessions {
	readonly byId = new Map<string, SimulatedSession>();
	private readonly plans = new WeakMap<SimulatedSession, Map<EventStatus, Plan>>();

	constructor(
		private readonly lifecycle: Lifecycle | false,
		private readonly timers: Timers,
		/** Called when the clock has moved a session on. */
		private readonly onEvent: (session: SimulatedSession, event: EventStatus) => void,
		/** Called whenever a session was moved on, by whatever. */
		private readonly onChange: (session: SimulatedSession, event: EventStatus | 'end') => void,
	) {}

	start(input: StartInput): SimulatedSession {
		const now = new Date().toISOString();
		const session: SimulatedSession = {
			sessionId: randomUUID(),
			status: 'queued',
			...input,
			start: now,
			createdAt: now,
			updatedAt: now,
		};
		this.byId.set(session.sessionId, session);
		if (this.lifecycle) {
			this.plan(session, 'starting', this.lifecycle.startingMs);
			this.plan(session, 'started', this.lifecycle.startedMs);
			this.plan(session, 'stopping', this.lifecycle.stoppingMs);
			this.plan(session, 'stopped', this.lifecycle.stoppedMs);
		}
		return session;
	}

	/** Completed at once, as the API answers; the events of stopping follow. */
	end(session: SimulatedSession): void {
		this.cancelPlans(session, () => true);
		this.finish(session, 'completed');
		this.note(session, 'end');
		this.planStop(session);
	}

	/** Its agent was sent out of the room: it stops by itself, soon. */
	stop(session: SimulatedSession): void {
		if (isTerminal(session.status)) return;
		this.cancelPlans(session, () => true);
		this.planStop(session);
	}

	/** Moves a session on; one that has ended keeps its status. What the clock still had before it is dropped. */
	advance(session: SimulatedSession, event: EventStatus): void {
		const stage = STAGE[event];
		this.cancelPlans(session, (planned) => stage === STAGE.stopped || STAGE[planned] <= stage);
		if (!isTerminal(session.status)) {
			const status = STATUS_AFTER[event];
			if (isTerminal(status)) this.finish(session, status);
			else session.status = status;
		}
		this.note(session, event);
	}

	private planStop(session: SimulatedSession): void {
		this.plan(session, 'stopping', END_STOPPING_MS);
		this.plan(session, 'stopped', END_STOPPED_MS);
	}

	private plan(session: SimulatedSession, event: EventStatus, ms: number | null | undefined): void {
		if (ms === null || ms === undefined) return;
		const dueMs = performance.now() + ms;
		const timer = this.timers.after(ms, () => this.run(session, dueMs));
		if (!timer) return;
		const plans = this.plans.get(session) ?? new Map<EventStatus, Plan>();
		this.plans.set(session, plans.set(event, { timer, dueMs }));
	}

	/** Under load Node may fire a later timer before an earlier one: all that is due by then goes first, in order. */
	private run(session: SimulatedSession, untilMs: number): void {
		const plans = this.plans.get(session) ?? new Map<EventStatus, Plan>();
		const due = [...plans]
			.filter(([, plan]) => plan.dueMs <= untilMs)
			.sort(([, a], [, b]) => a.dueMs - b.dueMs);
		for (const [event] of due) {
			// The event before may have been the last one.
			if (!plans.has(event)) continue;
			this.advance(session, event);
			this.onEvent(session, event);
		}
	}

	private cancelPlans(session: SimulatedSession, which: (planned: EventStatus) => boolean): void {
		const plans = this.plans.get(session);
		for (const [planned, { timer }] of plans ?? []) {
			if (!which(planned)) continue;
			this.timers.cancel(timer);
			plans?.delete(planned);
		}
	}

	private finish(session: SimulatedSession, status: SessionStatus): void {
		const now = new Date();
		session.status = status;
		session.end = now.toISOString();
		session.duration = Math.round((now.getTime() - Date.parse(session.start)) / 1000);
	}

	private note(session: SimulatedSession, event: EventStatus | 'end'): void {
		session.updatedAt = new Date().toISOString();
		this.onChange(session, event);
	}
}
