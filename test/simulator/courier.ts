import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import http from 'node:http';
import https from 'node:https';
import { eventProblem } from '../schemas/check';
import type { SigningKey } from './signingKey';
import { jitterMs } from './timers';

/** One attempt to bring an event to its address; listed once it has ended, well or not. */
export interface Delivery {
	/** Without the prefix `session-`; empty if the event names none, as the next one. */
	sessionId: string;
	callId: string;
	/** The short name (`started`) of an event of an agent's session, else the type as sent, or `call-summary`. */
	event: string;
	body: Buffer;
	endPoint: string;
	status?: number;
	responseText?: string;
	error?: string;
}

/** What goes wrong with events. VideoSDK doesn't say whether it sends one again that wasn't accepted. */
interface EventFaults {
	/** Given the name as in a `Delivery`: true if it is never sent. */
	drop?: (event: string) => boolean;
	/** How often one is sent that isn't accepted, and how long after it was refused. Default: once. */
	tries?: { times: number; pauseMs: number };
}

const DELIVERY_TIMEOUT_MS = 10_000;

/** Brings signed bodies to their addresses, and keeps a record of each attempt. */
export class Courier {
	readonly deliveries: Delivery[] = [];
	/** Of events, not of what is sent by `deliver`. */
	faults: EventFaults = {};
	closed = false;
	private readonly open = new Set<http.ClientRequest>();

	constructor(
		private readonly key: SigningKey,
		private readonly log: (line: string) => void,
		private readonly timeoutMs = DELIVERY_TIMEOUT_MS,
	) {}

	/** An event of VideoSDK's, unless it is to be lost. @returns the last attempt */
	async send(event: string, endPoint: string, body: object): Promise<Delivery | undefined> {
		if (this.closed) return undefined;
		const problem = eventProblem(body);
		if (problem) throw new Error(`The event ${event} is not as described: ${problem}`);
		const { drop, tries = { times: 1, pauseMs: 0 } } = this.faults;
		if (drop?.(event)) {
			this.log(`event ${event} dropped on request`);
			return undefined;
		}
		for (let tried = 1; ; tried++) {
			const delivery = await this.deliver(endPoint, body);
			if (isAccepted(delivery) || tried >= tries.times || this.closed) return delivery;
			await sleep(tries.pauseMs);
		}
	}

	/**
	 * Any body to any address; an error is told in the delivery.
	 *
	 * @param how a signature of one's own; null: no such header; undefined: the genuine one
	 */
	async deliver(endPoint: string, body: object | Buffer | string, how: { signature?: string | null } = {}) {
		const bytes = Buffer.isBuffer(body)
			? body
			: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body), 'utf8');
		const { signature = this.key.sign(bytes) } = how;
		const delivery: Delivery = { ...described(bytes), body: bytes, endPoint };
		try {
			const lateMs = jitterMs();
			if (lateMs > 0) await sleep(lateMs);
			await this.post(delivery, {
				'content-type': 'application/json',
				'user-agent': 'agent-cloud-simulator',
				...(signature === null ? {} : { 'videosdk-signature': signature }),
			});
		} catch (error) {
			const { message, code, name } = error as NodeJS.ErrnoException;
			// Node leaves the message empty when several addresses were tried in vain.
			delivery.error = message || code || name;
		}
		this.deliveries.push(delivery);
		this.logDelivery(delivery);
		return delivery;
	}

	async close(): Promise<void> {
		this.closed = true;
		await Promise.all(
			[...this.open].map(async (request) => {
				const closed = once(request, 'close').catch(() => undefined);
				request.destroy(new Error('the simulator was closed'));
				await closed;
			}),
		);
	}

	private async post(delivery: Delivery, headers: Record<string, string>): Promise<void> {
		if (this.closed) throw new Error('the simulator was closed');
		const url = new URL(delivery.endPoint);
		// No kept-alive socket: the receiver may have closed it at the very moment of the next event.
		const request = (url.protocol === 'https:' ? https : http).request(url, {
			method: 'POST',
			agent: false,
			headers: { ...headers, 'content-length': String(delivery.body.length) },
		});
		const deadline = setTimeout(() => {
			request.destroy(new Error(`no answer within ${this.timeoutMs / 1000} s`));
		}, this.timeoutMs);
		this.open.add(request);
		request.on('close', () => {
			clearTimeout(deadline);
			this.open.delete(request);
		});
		const answered = once(request, 'response') as Promise<[http.IncomingMessage]>;
		// Once the answer has begun, reading it fails instead.
		request.on('error', () => undefined);
		request.end(delivery.body);
		const [response] = await answered;
		delivery.status = response.statusCode;
		delivery.responseText = await text(response);
	}

	private logDelivery({ event, sessionId, callId, endPoint, status, error }: Delivery): void {
		const subject = callId ? `call ${short(callId)}` : `session ${short(sessionId) || 'unknown'}`;
		const outcome = error ? `failed: ${error}` : status;
		this.log(`event ${event || 'without a type'} for ${subject} -> ${shownUrl(endPoint)} ${outcome}`);
	}
}

const isAccepted = ({ status = 0 }: Delivery): boolean => status >= 200 && status < 300;

/** The start of an id, enough to tell sessions apart in the log. */
export const short = (id: string): string => (id.length > 8 ? `${id.slice(0, 4)}…` : id);

function described(body: Buffer): Pick<Delivery, 'sessionId' | 'callId' | 'event'> {
	const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
	try {
		const whole = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
		const isSummary = 'call-summary' in whole;
		const data = (isSummary ? whole['customer-data'] : whole.data) as Record<string, unknown> | undefined;
		const type = String(whole.webhookType ?? whole.type ?? (isSummary ? 'call-summary' : ''));
		return {
			sessionId: textOf(data?.sessionId).replace(/^session-/, ''),
			callId: textOf(data?.callId),
			event: type.replace(/^(ai-deployment|agent)-session-/, ''),
		};
	} catch {
		return { sessionId: '', callId: '', event: '' };
	}
}

// A query or a user name in the address may be secret.
function shownUrl(endPoint: string): string {
	if (!URL.canParse(endPoint)) return '(not a URL)';
	const { origin, pathname } = new URL(endPoint);
	return origin + pathname;
}
