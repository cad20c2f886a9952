import { short, type Courier } from '../courier';
import type { Delivery, EventFamily, EventStatus, SimulatedSession } from '../types';
import type { Outbox } from './outbox';

/** The events of an agent's session, which go to the address given at its start. */
export class SessionEvents {
	constructor(
		private readonly courier: Courier,
		private readonly outbox: Outbox,
		private readonly family: EventFamily,
		/** The events that a session will still have. */
		private readonly planned: (session: SimulatedSession) => EventStatus[],
		private readonly log: (line: string) => void,
	) {}

	/** An event of the life cycle. */
	async send(session: SimulatedSession, event: EventStatus): Promise<void> {
		if (!this.wants(session, event)) return;
		await this.outbox.send({
			subject: session.sessionId,
			event,
			followed: this.planned(session).some((planned) => subscribed(session, planned)),
			endPoint: session.webhook?.endPoint ?? '',
			body: this.body(session, event),
		});
	}

	/** An event sent by hand: once, without faults. */
	async sendByHand(
		session: SimulatedSession,
		event: EventStatus,
		extra: object,
	): Promise<Delivery | undefined> {
		const delivery = this.wants(session, event)
			? await this.courier.deliver(session.webhook?.endPoint ?? '', this.body(session, event, extra))
			: undefined;
		await this.outbox.release(session.sessionId);
		return delivery;
	}

	private body(session: SimulatedSession, event: EventStatus, extra: object = {}): object {
		return {
			webhookType: `${this.family}-${event}`,
			// The documented sample puts this prefix before the id that the REST API knows.
			data: { sessionId: `session-${session.sessionId}`, ...extra },
		};
	}

	private wants(session: SimulatedSession, event: EventStatus): boolean {
		if (this.courier.closed) return false;
		if (subscribed(session, event)) return true;
		const why = session.webhook ? 'not among the events of its webhook' : 'it was started without a webhook';
		this.log(`event ${event} for session ${short(session.sessionId)} not sent: ${why}`);
		return false;
	}
}

function subscribed(session: SimulatedSession, event: EventStatus): boolean {
	return session.webhook?.events.includes(`ai-deployment-session-${event}`) ?? false;
}
