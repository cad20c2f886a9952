import { setTimeout as sleep } from 'node:timers/promises';
import { signToken } from '../../credentials/signToken';
import { PlainError } from '../n8n/processes';
import type { Evidence, Exchange, Json, Received } from './evidence';
import type { Receiver } from './receiver';

const TIMEOUT_MS = 60_000;
/** As the package asks for lists. */
export const FIRST_PAGE = { page: '1', perPage: '50' };

/** What `verify` is to do, and with which account. */
export interface Plan {
	apiKey: string;
	secretKey: string;
	baseUrl: string;
	start?: { deploymentId: string; tag?: string };
	call?: { to: string; from: string; ruleId: string };
	/** The public address that leads to the receiver. */
	webhook?: { url: string; receiver: Receiver };
	/** How long something may take to happen. */
	patienceMs: number;
	pollMs: number;
	/** Ends it early; what was started is ended all the same. */
	signal: AbortSignal;
	write(line: string): void;
}

interface Request {
	/** What the `:name`s of the endpoint stand for. */
	ids?: Record<string, string>;
	query?: Record<string, string>;
	body?: Json;
	/** Sent also when the rest has been stopped. */
	isCleanUp?: boolean;
}

/** Sends requests as they stand, so that the wire is seen, and keeps the answers. */
export class Client {
	constructor(
		readonly plan: Plan,
		readonly evidence: Evidence,
	) {}

	/**
	 * Sends a request once and keeps it under its step, in the place of a former one.
	 *
	 * @param endpoint as in test/schemas/api.ts
	 * @throws PlainError if the API cannot be reached, or the plan was stopped. A time-out is no error: the status is 0 then.
	 */
	async send(step: string, endpoint: string, request: Request = {}): Promise<Exchange> {
		const { apiKey, secretKey, baseUrl, signal } = this.plan;
		const { ids = {}, query = {}, body, isCleanUp } = request;
		const [method, path = ''] = endpoint.split(' ');
		const target = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(ids[name] ?? ''));
		const exchange: Exchange = { step, endpoint, query, body, status: 0, answer: undefined };
		const timeout = AbortSignal.timeout(TIMEOUT_MS);
		try {
			if (!isCleanUp) signal.throwIfAborted();
			const response = await fetch(`${baseUrl}${target}?${new URLSearchParams(query)}`.replace(/\?$/, ''), {
				method,
				redirect: 'manual',
				headers: {
					accept: 'application/json',
					authorization: signToken(apiKey, secretKey),
					...(body && { 'content-type': 'application/json' }),
				},
				body: body && JSON.stringify(body),
				signal: isCleanUp ? timeout : AbortSignal.any([signal, timeout]),
			});
			const text = await response.text();
			exchange.status = response.status;
			exchange.answer = parsed(text);
		} catch (error) {
			if (signal.aborted && !isCleanUp) throw new PlainError('Stopped before the end: there is no report.');
			if (!timeout.aborted)
				throw new PlainError(`${new URL(baseUrl).host} can't be reached: ${reason(error)}`);
		}
		const { exchanges } = this.evidence;
		const former = exchanges.findIndex((other) => other.step === step);
		if (former >= 0) exchanges.splice(former, 1);
		exchanges.push(exchange);
		return exchange;
	}

	/** What has come to our address. */
	received(): Received[] {
		return this.plan.webhook?.receiver.events(this.evidence.answer('key').publicKey) ?? [];
	}

	/** Waits for an event whose body fits. */
	async untilEvent(pattern: RegExp): Promise<void> {
		await this.until(() => this.received().some(({ body }) => pattern.test(JSON.stringify(body))));
	}

	/** Repeats `attempt` until it is true, or patience ends. @returns whether it was true */
	async until(attempt: () => boolean | Promise<boolean>): Promise<boolean> {
		const { patienceMs, pollMs, signal } = this.plan;
		const deadlineMs = Date.now() + patienceMs;
		while (!(await attempt())) {
			if (Date.now() > deadlineMs) return false;
			await sleep(pollMs, undefined, { signal }).catch(() => {
				throw new PlainError('Stopped before the end: there is no report.');
			});
		}
		return true;
	}
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

function reason(error: unknown): string {
	const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException };
	return cause?.code ?? cause?.message ?? message;
}
