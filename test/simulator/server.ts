import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Answer, Route } from './api';
import { FaultList, faultyAnswer, isProcessed, jsonAnswer, resetConnection, sendTruncated } from './faults';
import type { WireAnswer } from './faults';
import { pushBounded, type Timers } from './timers';
import { judgeToken } from './token';
import type { Fault, KeyFaultMode, RecordedRequest } from './types';
import { ApiError, jsonObject } from './validate';

const KEY_PATH = '/v2/public/rsa-public-key';
const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** What the server needs to know. */
export interface ServerOptions {
	apiKey: string;
	secret: string;
	routes: Route[];
	publicKeyPem: () => string;
	timers: Timers;
	max: number;
	log: (line: string) => void;
	latencyMs: number;
}

interface Outcome {
	answer: WireAnswer;
	note: string;
}

/** The HTTP side: reads and records requests, judges them, and answers, or not. */
export class ApiServer {
	readonly requests: RecordedRequest[] = [];
	readonly faults = new FaultList();
	keyMode: KeyFaultMode = 'ok';
	keyRequests = 0;
	latencyMs: number;
	private requestNumber = 0;
	private readonly server: http.Server;

	constructor(private readonly options: ServerOptions) {
		this.latencyMs = options.latencyMs;
		this.server = http.createServer((request, response) => {
			this.receive(request, response).catch((error: unknown) => {
				// A bug of the simulator: to be seen, and not taken for a fault of the network.
				this.options.log(`the simulator failed: ${String(error)}`);
				response.writeHead(500).end('The simulator failed');
			});
		});
		// A client must not meet a socket that is being closed just then: only faults on request.
		this.server.keepAliveTimeout = 120_000;
	}

	/** @returns the port in use. */
	async listen(port: number): Promise<number> {
		await new Promise<void>((resolve, reject) => {
			this.server.once('error', reject);
			this.server.listen(port, '127.0.0.1', () => {
				this.server.off('error', reject);
				resolve();
			});
		});
		const address = this.server.address();
		return typeof address === 'object' && address ? address.port : port;
	}

	async close(): Promise<void> {
		await new Promise<void>((resolve) => {
			this.server.close(() => resolve());
			this.server.closeAllConnections();
		});
	}

	private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const received = await readBody(request).catch(() => undefined);
		// The client went away while sending.
		if (!received) return;
		const { rawBody, tooLarge } = received;
		const recorded = record(request, rawBody);
		pushBounded(this.requests, recorded, this.options.max);
		const isKeyRequest = recorded.path === KEY_PATH;
		if (isKeyRequest) this.keyRequests += 1;

		const fault = this.faults.take(recorded.method, recorded.path, isKeyRequest);
		const outcome = fault && !isProcessed(fault) ? undefined : this.process(recorded, tooLarge);
		const answer = (): void => this.answer(recorded, response, outcome, fault);
		const waitMs = this.latencyMs + (fault?.delayMs ?? 0);
		if (waitMs > 0) this.options.timers.after(waitMs, answer);
		else answer();
	}

	private process(recorded: RecordedRequest, tooLarge: boolean): Outcome | undefined {
		try {
			if (tooLarge) throw new ApiError(413, 'The body is too large');
			const pathname = pathOf(recorded.rawPath);
			if (pathname === KEY_PATH) return this.publicKey(recorded.method);
			const { body, note } = this.call(recorded, pathname);
			return { answer: jsonAnswer(200, body), note: note ?? '' };
		} catch (error) {
			if (!(error instanceof ApiError)) throw error;
			const note = error.note ? `${error.message} (${error.note})` : error.message;
			return { answer: jsonAnswer(error.status, { message: error.message }), note };
		}
	}

	private call(recorded: RecordedRequest, pathname: string): Answer {
		const { route, params } = this.find(recorded.method, pathname);
		const { apiKey, secret } = this.options;
		const judgement = judgeToken(recorded.headers.authorization, apiKey, secret);
		if ('refused' in judgement) {
			throw new ApiError(401, 'Token is invalid or expired', judgement.refused);
		}
		recorded.claims = judgement.claims;
		const body =
			route.method === 'POST' ? jsonObject(recorded.headers['content-type'], recorded.rawBody) : {};
		return route.handle({ params, query: recorded.query, body });
	}

	private find(method: string, pathname: string): { route: Route; params: string[] } {
		const segments = pathname.split('/');
		const fitting = this.options.routes.filter(({ path }) => fits(path.split('/'), segments));
		// "/start" also fits the path of a session id: the literal path wins.
		const path = fitting.find((route) => !route.path.includes('*'))?.path ?? fitting[0]?.path;
		if (path === undefined) throw new ApiError(404, `Cannot ${method} ${pathname}`);
		const route = fitting.find((candidate) => candidate.path === path && candidate.method === method);
		if (!route) throw new ApiError(405, 'Method not allowed');
		const params = segments.filter((_, index) => path.split('/')[index] === '*').map(decodeSegment);
		return { route, params };
	}

	private publicKey(method: string): Outcome | undefined {
		if (method !== 'GET') throw new ApiError(405, 'Method not allowed');
		switch (this.keyMode) {
			case 'hang':
				return undefined;
			case 'down':
				throw new ApiError(503, 'Service unavailable');
			case 'garbage': {
				const publicKey = '-----BEGIN RSA PUBLIC KEY-----\nbm90IGEga2V5\n-----END RSA PUBLIC KEY-----\n';
				return { answer: jsonAnswer(200, { publicKey }), note: 'a key that is none' };
			}
			case 'ok':
				// The real key comes with stray new lines around it.
				return {
					answer: jsonAnswer(200, { publicKey: `\n${this.options.publicKeyPem()}\n` }),
					note: 'public key',
				};
		}
	}

	private answer(
		recorded: RecordedRequest,
		response: ServerResponse,
		outcome: Outcome | undefined,
		fault: Fault | undefined,
	): void {
		const ownUrl = `http://${recorded.headers.host ?? ''}${recorded.rawPath}`;
		const answer = fault ? faultyAnswer(fault, outcome?.answer, ownUrl, recorded.headers) : outcome?.answer;
		recorded.status = answer?.status;
		this.log(recorded, answer, [fault && `fault ${fault.kind}`, outcome?.note]);
		if (!answer) {
			if (fault?.kind === 'reset') resetConnection(response);
			return;
		}
		response.setHeader('x-request-id', `sim-${(this.requestNumber += 1)}`);
		if (fault?.kind === 'truncate') {
			sendTruncated(response, answer);
			return;
		}
		response.writeHead(answer.status, { 'content-length': String(answer.payload.length), ...answer.headers });
		response.end(answer.payload);
	}

	private log(
		recorded: RecordedRequest,
		answer: WireAnswer | undefined,
		notes: Array<string | undefined>,
	): void {
		const said = notes.filter(Boolean).join(', ');
		const request = `${recorded.method} ${pathOf(recorded.rawPath)}`;
		this.options.log(`${request} -> ${answer?.status ?? 'no answer'} ${said}`.trimEnd());
	}
}

async function readBody(request: IncomingMessage): Promise<{ rawBody: Buffer; tooLarge: boolean }> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of request as AsyncIterable<Buffer>) {
		size += chunk.length;
		if (size <= MAX_BODY_BYTES) chunks.push(chunk);
	}
	return { rawBody: Buffer.concat(chunks), tooLarge: size > MAX_BODY_BYTES };
}

function record(request: IncomingMessage, rawBody: Buffer): RecordedRequest {
	const rawPath = request.url ?? '/';
	const [, search = ''] = /\?(.*)$/s.exec(rawPath) ?? [];
	return {
		method: request.method ?? 'GET',
		path: pathOf(rawPath).split('/').map(decodedOrRaw).join('/'),
		query: Object.fromEntries(new URLSearchParams(search)),
		rawPath,
		headers: request.headers,
		rawBody,
		body: parsedOrText(rawBody),
		receivedAtMs: Date.now(),
	};
}

function pathOf(rawPath: string): string {
	return rawPath.split('?')[0] ?? '';
}

function fits(pattern: string[], segments: string[]): boolean {
	if (pattern.length !== segments.length) return false;
	// An empty parameter is no id.
	return pattern.every((part, index) => (part === '*' ? segments[index] !== '' : part === segments[index]));
}

function decodeSegment(segment: string): string {
	try {
		return decodeURIComponent(segment);
	} catch {
		throw new ApiError(400, 'The path is not properly percent-encoded');
	}
}

function decodedOrRaw(segment: string): string {
	try {
		return decodeURIComponent(segment);
	} catch {
		return segment;
	}
}

function parsedOrText(rawBody: Buffer): unknown {
	if (rawBody.length === 0) return undefined;
	const text = rawBody.toString('utf8');
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return text;
	}
}
