import { short, type Courier } from '../courier';
import type { Delivery, EventStatus, SimulatedSession } from '../types';

/** The events of an agent's session, which go to the address given at its start. */
export class SessionEvents {
	constructor(
		private readonly courier: Courier,
		private readonly log: (line: string) => void,
	) {}

	async send(
		{ sessionId, webhook }: SimulatedSession,
		event: EventStatus,
		extra: object = {},
	): Promise<Delivery | undefined> {
		const webhookType = `ai-deployment-session-${event}`;
		if (webhook?.events.includes(webhookType)) {
			return await this.courier.send(event, webhook.endPoint, {
				webhookType,
				// The documented sample puts this prefix before the id that the REST API knows.
				data: { sessionId: `session-${sessionId}`, ...extra },
			});
		}
		const why = webhook ? 'not among the events of its webhook' : 'it was started without a webhook';
		this.log(`event ${event} for session ${short(sessionId)} not sent: ${why}`);
		return undefined;
	}
}
