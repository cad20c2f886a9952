import { eventProblem } from '../../schemas/check';
import type { Courier } from '../courier';
import type { Timers } from '../timers';
import type { EventFaults } from '../types';

const RETRY_AFTER_MS = 1_000;

/** An event on its way to one address. */
export interface Outgoing {
	/** Whose event it is: only events of the same subject are put out of order. */
	subject: string;
	/** As `drop` is told. */
	event: string;
	/** Whether another event of the subject follows, so that this one may be held back. */
	followed: boolean;
	endPoint: string;
	body: object;
}

/** Sends the events that come by themselves, with the faults and retries that are set for these. */
export class Outbox {
	faults: EventFaults = {};
	private readonly held = new Map<string, () => Promise<unknown>>();

	constructor(
		private readonly courier: Courier,
		private readonly timers: Timers,
		private readonly retries: number,
		private readonly log: (line: string) => void,
	) {}

	async send(outgoing: Outgoing): Promise<void> {
		if (this.courier.closed) return;
		const { event, subject, followed, body } = outgoing;
		const problem = eventProblem(body);
		if (problem) throw new Error(`The event ${event} is not as described: ${problem}`);
		const { duplicate = 0, outOfOrder, drop } = this.faults;
		if (drop?.(event)) {
			this.log(`event ${event} dropped on request`);
			return;
		}
		const send = async (): Promise<unknown> =>
			await Promise.all(
				Array.from({ length: 1 + duplicate }, async () => {
					await this.sendWithRetries(outgoing, this.retries);
				}),
			);
		if (outOfOrder && !this.held.has(subject) && followed) {
			this.held.set(subject, send);
			return;
		}
		// The next event may come before this one has arrived.
		const sendHeld = this.take(subject);
		await send();
		await sendHeld?.();
	}

	/** Sends what is held back for a subject. */
	async release(subject: string): Promise<void> {
		await this.take(subject)?.();
	}

	private take(subject: string): (() => Promise<unknown>) | undefined {
		const send = this.held.get(subject);
		this.held.delete(subject);
		return send;
	}

	private async sendWithRetries(outgoing: Outgoing, retries: number): Promise<void> {
		const { status } = await this.courier.deliver(outgoing.endPoint, outgoing.body);
		if ((status !== undefined && status < 400) || retries <= 0) return;
		this.timers.after(RETRY_AFTER_MS, () => void this.sendWithRetries(outgoing, retries - 1));
	}
}
