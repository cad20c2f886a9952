import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { pushBounded, type Timers } from './timers';
import type {
	DeliverOptions,
	Delivery,
	EventFamily,
	EventFaults,
	EventStatus,
	SimulatedSession,
} from './types';

const DELIVERY_TIMEOUT_MS = 10_000;
const RETRY_AFTER_MS = 1_000;
const MAX_RESPONSE_TEXT = 64 * 1024;

interface KeyPair {
	privateKey: KeyObject;
	publicKeyPem: string;
}

function newKeyPair(): KeyPair {
	const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
	return { privateKey, publicKeyPem: publicKey.export({ type: 'pkcs1', format: 'pem' }).toString() };
}

// Making a key takes up to a few tenths of a second, so the simulators of one process share the first.
let sharedKeyPair: KeyPair | undefined;

/** The RSA key that signs events. */
export class SigningKey {
	private own: KeyPair | undefined;

	private get pair(): KeyPair {
		return this.own ?? (sharedKeyPair ??= newKeyPair());
	}

	get publicKeyPem(): string {
		return this.pair.publicKeyPem;
	}

	sign(body: Buffer | string): string {
		return createSign('RSA-SHA256').update(body).sign(this.pair.privateKey, 'base64');
	}

	rotate(): void {
		this.own = newKeyPair();
	}
}

/** Settings of a courier. */
export interface CourierOptions {
	family: EventFamily;
	retries: number;
	max: number;
	log: (line: string) => void;
	/** The events that a session will still have. */
	planned: (session: SimulatedSession) => EventStatus[];
}

/** Sends events to the address of their session. */
export class Courier {
	readonly deliveries: Delivery[] = [];
	faults: EventFaults = {};
	private readonly held = new Map<string, () => Promise<unknown>>();
	private readonly open = new Set<http.ClientRequest>();
	private closed = false;

	constructor(
		private readonly key: SigningKey,
		private readonly timers: Timers,
		private readonly options: CourierOptions,
	) {}

	/** An event of the life cycle, with the faults that are set for these. */
	async sendFromLifecycle(session: SimulatedSession, event: EventStatus): Promise<void> {
		if (!this.wants(session, event)) return;
		const { duplicate = 0, outOfOrder, drop } = this.faults;
		if (drop?.(event)) {
			this.options.log(`event ${event} for session ${short(session.sessionId)} dropped on request`);
			return;
		}
		const send = async (): Promise<unknown> =>
			await Promise.all(
				Array.from({ length: 1 + duplicate }, async () => {
					await this.sendWithRetries(session, event, this.options.retries);
				}),
			);
		const somethingFollows = this.options.planned(session).some((planned) => subscribed(session, planned));
		if (outOfOrder && !this.held.has(session.sessionId) && somethingFollows) {
			this.held.set(session.sessionId, send);
			return;
		}
		await send();
		await this.releaseHeld(session);
	}

	/** An event sent by hand: once, without faults. */
	async sendByHand(
		session: SimulatedSession,
		event: EventStatus,
		extra: object,
	): Promise<Delivery | undefined> {
		const delivery = this.wants(session, event) ? await this.send(session, event, extra) : undefined;
		await this.releaseHeld(session);
		return delivery;
	}

	/** Any body to any address; an error is told in the delivery. */
	async deliver(
		endPoint: string,
		body: object | Buffer | string,
		{ signature, headers }: DeliverOptions = {},
	): Promise<Delivery> {
		const bytes = Buffer.isBuffer(body)
			? body
			: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body), 'utf8');
		const sent = signature === undefined ? this.key.sign(bytes) : signature;
		const delivery: Delivery = {
			...described(bytes),
			body: bytes,
			signature: sent ?? '',
			endPoint,
			atMs: Date.now(),
		};
		try {
			await this.post(delivery, {
				'content-type': 'application/json',
				'user-agent': 'agent-cloud-simulator',
				...(sent === null ? {} : { 'videosdk-signature': sent }),
				...headers,
			});
		} catch (error) {
			delivery.error = reason(error);
		}
		pushBounded(this.deliveries, delivery, this.options.max);
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

	private async send(session: SimulatedSession, event: EventStatus, extra: object = {}): Promise<Delivery> {
		const body = {
			webhookType: `${this.options.family}-${event}`,
			// The documented sample puts this prefix before the id that the REST API knows.
			data: { sessionId: `session-${session.sessionId}`, ...extra },
		};
		return await this.deliver(session.webhook?.endPoint ?? '', body);
	}

	private async sendWithRetries(
		session: SimulatedSession,
		event: EventStatus,
		retries: number,
	): Promise<void> {
		const { status } = await this.send(session, event);
		if ((status !== undefined && status < 400) || retries <= 0) return;
		this.timers.after(RETRY_AFTER_MS, () => void this.sendWithRetries(session, event, retries - 1));
	}

	private wants(session: SimulatedSession, event: EventStatus): boolean {
		if (this.closed) return false;
		if (subscribed(session, event)) return true;
		const why = session.webhook ? 'not among the events of its webhook' : 'it was started without a webhook';
		this.options.log(`event ${event} for session ${short(session.sessionId)} not sent: ${why}`);
		return false;
	}

	private async releaseHeld(session: SimulatedSession): Promise<void> {
		const send = this.held.get(session.sessionId);
		this.held.delete(session.sessionId);
		await send?.();
	}

	private async post(delivery: Delivery, headers: Record<string, string>): Promise<void> {
		if (this.closed) throw new Error('the simulator was closed');
		const url = new URL(delivery.endPoint);
		await new Promise<void>((resolve, reject) => {
			// No kept-alive socket: the receiver may have closed it at the very moment of the next event.
			const request = (url.protocol === 'https:' ? https : http).request(url, {
				method: 'POST',
				agent: false,
				headers: { ...headers, 'content-length': String(delivery.body.length) },
			});
			const deadline = setTimeout(() => {
				request.destroy(new Error(`no answer within ${DELIVERY_TIMEOUT_MS / 1000} s`));
			}, DELIVERY_TIMEOUT_MS);
			this.open.add(request);
			request.on('close', () => {
				clearTimeout(deadline);
				this.open.delete(request);
				reject(new Error('the connection was closed before the answer'));
			});
			request.on('error', reject);
			request.on('response', (response) => {
				delivery.status = response.statusCode;
				let text = '';
				response.setEncoding('utf8');
				response.on('data', (chunk: string) => {
					if (text.length < MAX_RESPONSE_TEXT) text += chunk;
				});
				response.on('error', reject);
				response.on('end', () => {
					delivery.responseText = text.slice(0, MAX_RESPONSE_TEXT);
					resolve();
				});
			});
			request.end(delivery.body);
		});
	}

	private logDelivery({ event, sessionId, endPoint, status, error }: Delivery): void {
		const what = `event ${event || 'without a type'} for session ${short(sessionId) || 'unknown'}`;
		this.options.log(`${what} -> ${shownUrl(endPoint)} ${error ? `failed: ${error}` : status}`);
	}
}

/** The start of an id, enough to tell sessions apart in the log. */
export function short(sessionId: string): string {
	return sessionId.length > 8 ? `${sessionId.slice(0, 4)}…` : sessionId;
}

function subscribed(session: SimulatedSession, event: EventStatus): boolean {
	return session.webhook?.events.includes(`ai-deployment-session-${event}`) ?? false;
}

function described(body: Buffer): { sessionId: string; event: string } {
	try {
		const { webhookType, type, data } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
		const sessionId = (data as { sessionId?: unknown } | undefined)?.sessionId;
		return {
			sessionId: typeof sessionId === 'string' ? sessionId.replace(/^session-/, '') : '',
			event: String(webhookType ?? type ?? '').replace(/^(ai-deployment|agent)-session-/, ''),
		};
	} catch {
		return { sessionId: '', event: '' };
	}
}

// A query or a user name in the address may be secret.
function shownUrl(endPoint: string): string {
	if (!URL.canParse(endPoint)) return '(not a URL)';
	const { origin, pathname } = new URL(endPoint);
	return origin + pathname;
}

function reason(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	// Node leaves the message empty when several addresses were tried in vain.
	return error.message || (error as NodeJS.ErrnoException).code || error.name;
}
