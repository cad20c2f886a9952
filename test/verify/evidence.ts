/** The requests that are sent to the API, the events that come, and what both have shown. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { signToken } from '../../credentials/signToken';
import { asRecord, isRecord } from '../../nodes/VideoSdkAgentCloud/api/http/responseReaders';
import { isSignedWith, readPublicKey } from '../../nodes/VideoSdkAgentCloud/webhook/verify';
import { PlainError } from '../n8n/processes';
import { answerProblem, eventProblem } from '../schemas/check';
import { type Json, parsed } from '../simulator/request';

const TIMEOUT_MS = 60_000;
/** The event whose first delivery is answered with 503, to see whether it comes again. */
export const FAILED_ONCE = 'recording-stopped';

/** What is to be tried, and with which account. */
export interface Plan {
	apiKey: string;
	secretKey: string;
	baseUrl: string;
	/** The ID of a deployment. */
	start?: string;
	call?: { to: string; from: string; ruleId: string };
	/** Whether the package's agent is deployed, and the rule that gets it. */
	deploy?: { ruleId?: string };
	/** The public address that leads to the receiver. */
	webhook?: { url: string; receiver: Receiver };
	/** How long something may take to happen. */
	patienceMs: number;
	pollMs: number;
	/** How long the deployed agent is listened to. */
	listenMs: number;
	/** Ends it early; what was started is ended all the same. */
	signal: AbortSignal;
	write(line: string): void;
}

interface Exchange {
	/** As in test/schemas/api.ts. */
	endpoint: string;
	/** 0: no answer came. */
	status: number;
	answer: unknown;
}

interface Request {
	/** Instead of `:id` in the endpoint. */
	id?: string;
	query?: Record<string, string>;
	body?: Json;
	/** Sent also when the rest has been stopped. */
	isCleanUp?: boolean;
	/** Signs the request in place of the package's own token. */
	token?: string;
}

export interface Received {
	/** The last part of the address: session, call, or room. */
	to: string;
	headers: Record<string, string>;
	body: Json;
	/** Whether `videosdk-signature` fits the bytes and the published key. */
	isSigned: boolean;
}

export class Evidence {
	private readonly exchanges = new Map<string, Exchange>();
	/** What was called, as the answer named it. */
	callId = '';
	/** By which what is started is looked for in a list, as the package does it. */
	readonly key = randomUUID();
	/** The status that the upload of the agent was answered with; 0: no answer came. */
	uploaded?: number;
	/** What a change of a routing rule has changed besides. */
	alsoChanged?: string[];
	/** How long it took until the agent could be sent into a room, in seconds. */
	agentCameAfterS?: number;
	/** What the deployed agent has said. */
	transcript?: string;
	/** What is deployed: its ID, the secret that marks it, its version, and the tag of its image. */
	agent?: { agentId: string; markId: string; versionId?: string; tag?: string };

	constructor(readonly plan: Plan) {}

	/**
	 * Sends a request once, and keeps it under its step, in the place of a former one. A stop lets it have its answer, which may be the
	 * only one to tell what was started.
	 */
	async send(step: string, endpoint: string, { id = '', query, body, isCleanUp, token }: Request = {}) {
		const { apiKey, secretKey, baseUrl } = this.plan;
		if (!isCleanUp) this.throwIfStopped();
		const [method, path = ''] = endpoint.split(' ');
		const url = new URL(baseUrl + path.replace(':id', encodeURIComponent(id)));
		url.search = String(new URLSearchParams(query));
		const exchange: Exchange = { endpoint, status: 0, answer: undefined };
		const contentType = body && { 'content-type': 'application/json' };
		try {
			const response = await fetch(url, {
				method,
				redirect: 'manual',
				headers: { authorization: token ?? signToken(apiKey, secretKey), ...contentType },
				body: body && JSON.stringify(body),
				signal: AbortSignal.timeout(TIMEOUT_MS),
			});
			const text = await response.text();
			Object.assign(exchange, { status: response.status, answer: parsed(text) ?? text });
		} catch (error) {
			const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException };
			this.plan.write(`${endpoint}: no response (${cause?.code ?? message}).`);
		}
		this.exchanges.set(step, exchange);
		return exchange;
	}

	/** Uploads what is to be built. Whoever knows the address may, so no token is sent. */
	async upload(url: string, body: Buffer): Promise<void> {
		this.throwIfStopped();
		const headers = { 'content-type': 'application/gzip' };
		const signal = AbortSignal.timeout(TIMEOUT_MS);
		this.uploaded = await fetch(url, { method: 'PUT', redirect: 'manual', headers, body, signal }).then(
			({ status }) => status,
			() => 0,
		);
	}

	/** @returns a text file, fetched without a token; undefined if it isn't there */
	async textAt(url: string): Promise<string | undefined> {
		const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined);
		return answer?.ok ? await answer.text() : undefined;
	}

	private throwIfStopped(): void {
		if (this.plan.signal.aborted) throw new PlainError('Stopped before the end: there is no report.');
	}

	/** Repeats `attempt` until it is true, or patience ends. */
	async until(attempt: () => boolean | Promise<boolean>, patienceMs = this.plan.patienceMs): Promise<void> {
		const { pollMs, signal } = this.plan;
		const deadlineMs = Date.now() + patienceMs;
		while (!(await attempt()) && Date.now() <= deadlineMs)
			await sleep(pollMs, undefined, { signal }).catch(() => this.throwIfStopped());
	}

	/** Waits for an event whose body fits, if events can come. */
	async untilEvent(pattern: RegExp): Promise<void> {
		const hasCome = () => this.events.some(({ body }) => pattern.test(JSON.stringify(body)));
		if (this.plan.webhook) await this.until(hasCome);
	}

	/** What has come to our address so far, verified. */
	get events(): Received[] {
		const { publicKey } = this.record('key');
		const key = typeof publicKey === 'string' ? readPublicKey(publicKey) : undefined;
		return (this.plan.webhook?.receiver.deliveries ?? []).flatMap(({ raw, ...delivery }) => {
			const body = parsed(raw.toString());
			if (!/^(session|call|room)$/.test(delivery.to) || !isRecord(body)) return [];
			const signature = delivery.headers['videosdk-signature'];
			return [{ ...delivery, body, isSigned: key !== undefined && isSignedWith(raw, signature, key) }];
		});
	}

	/** Those of our session, or those that name our call. */
	eventsOf(to: 'session' | 'call' | 'room'): Received[] {
		const isOurs = ({ body }: Received) => to !== 'call' || JSON.stringify(body).includes(this.callId);
		return this.events.filter((event) => event.to === to && isOurs(event));
	}

	/** An exchange that had an answer. */
	at(step: string): Exchange | undefined {
		const exchange = this.exchanges.get(step);
		return exchange?.status ? exchange : undefined;
	}

	succeeded(step: string): boolean {
		return isSuccess(this.at(step));
	}

	/** The record in a success, wrapped in `data` or bare; else empty. */
	record(step: string): Json {
		const answer = this.succeeded(step) ? asRecord(this.at(step)?.answer) : {};
		return isRecord(answer.data) ? answer.data : answer;
	}

	/** The rows of a list, under whatever name they are answered. */
	rows(step: string): Json[] {
		const answer = this.succeeded(step) ? this.at(step)?.answer : [];
		const rows = Array.isArray(answer) ? answer : Object.values(asRecord(answer)).find(Array.isArray);
		return ((rows ?? []) as unknown[]).filter(isRecord);
	}

	/** The row of a list that holds our key in its metadata. */
	keyed(step: string): Json | undefined {
		return this.rows(step).find((row) => asRecord(row.metadata).n8nKey === this.key);
	}

	/** Where answers and events differ from the one description of the API, in sentences without the account's own texts. */
	get deviations(): string[] {
		const ofAnswers = [...this.exchanges.values()].filter(isSuccess).flatMap(({ endpoint, answer }) => {
			const problem = answerProblem(endpoint, answer);
			return problem ? [`${endpoint}: ${problem}`] : [];
		});
		const ofEvents = this.events.flatMap(({ body }) => eventProblem(body) ?? []);
		return [...new Set([...ofAnswers, ...ofEvents.map((problem) => `event: ${problem}`)])];
	}
}

export const isSuccess = ({ status }: Pick<Exchange, 'status'> = { status: 0 }): boolean =>
	status >= 200 && status < 300;

/** Where the tunnel leads to: takes every POST and answers 200, but for FAILED_ONCE. */
export type Receiver = Awaited<ReturnType<typeof startReceiver>>;

/** @throws PlainError if the port is taken */
export async function startReceiver(port: number) {
	const deliveries: Array<{ to: string; headers: Record<string, string>; raw: Buffer }> = [];
	const server = createServer((request, response) => {
		const to = request.url?.split('?')[0]?.split('/').pop() ?? '';
		const headers = request.headers as Record<string, string>;
		void buffer(request).then(
			(raw) => {
				const isToFail = (body: Buffer) => body.includes(`"${FAILED_ONCE}"`);
				const isFirst = !deliveries.some((delivery) => isToFail(delivery.raw));
				deliveries.push({ to, headers, raw });
				response.writeHead(isToFail(raw) && isFirst ? 503 : 200).end();
			},
			() => response.destroy(),
		);
	});
	await once(server.listen(port, '127.0.0.1'), 'listening').catch(() => {
		throw new PlainError(`Port ${port}, to which the tunnel leads, is taken.`);
	});
	const close = () => void (server.closeAllConnections(), server.close());
	return { port: (server.address() as AddressInfo).port, deliveries, close };
}
