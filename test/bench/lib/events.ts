import { randomBytes, randomUUID } from 'node:crypto';
import type { SimulatorProcess } from './simulatorProcess';

/** An event as VideoSDK delivers it. */
export interface SignedEvent {
	body: string;
	signature: string;
}

/** Of an event as VideoSDK sends them, with some metadata. */
const EVENT_BYTES = 1_000;

/** An event of a session of its own, filled up to a size. */
function eventBody(): string {
	const event = {
		webhookType: 'ai-deployment-session-started',
		data: { sessionId: `session-${randomUUID()}`, deploymentId: 'ddv_support', note: '' },
	};
	const missing = Math.max(0, EVENT_BYTES - JSON.stringify(event).length);
	event.data.note = randomBytes(missing).toString('base64').slice(0, missing);
	return JSON.stringify(event);
}

/** Events, each of another session, signed beforehand. */
export async function signedEvents(simulator: SimulatorProcess, count: number): Promise<SignedEvent[]> {
	const bodies = Array.from({ length: count }, () => eventBody());
	const signatures = await simulator.sign(bodies);
	return bodies.map((body, index) => ({ body, signature: signatures[index] ?? '' }));
}

/** The same events, with a signature of the right length that is of another event. */
export function forged(events: SignedEvent[]): SignedEvent[] {
	return events.map(({ body }, index) => ({
		body,
		signature: events[(index + 1) % events.length]?.signature ?? '',
	}));
}
