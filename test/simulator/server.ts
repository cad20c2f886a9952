import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { answerProblem, requestProblem } from '../schemas/check';
import {
	answerOf,
	type Fault,
	FaultList,
	faultyAnswer,
	isProcessed,
	misbehave,
	type WireAnswer,
} from './faults';
import { ApiError, jsonObject, record, type RecordedRequest } from './request';
import { jitterMs, type Timers } from './timers';
import { judgeToken } from './token';

/** Its faults must be asked for by path: it is also fetched when no test looks. */
const KEY_PATH = '/v2/public/rsa-public-key';

/** The HTTP side: records requests, checks their tokens, and answers, or not. */
export class ApiServer {
	readonly requests: RecordedRequest[] = [];
	readonly faults = new FaultList();
	keyRequests = 0;
	latencyMs: number;
	/** Befalls every request but the public key's. */
	trouble?: Fault;
	private requestNumber = 0;
	private readonly app: FastifyInstance;

	constructor(
		private readonly options: {
			apiKey: string;
			secret: string;
			/** Adds the endpoints that need a token, and those that need none. */
			api: (app: FastifyInstance) => void;
			open: (app: FastifyInstance) => void;
			timers: Timers;
			log: (line: string) => void;
			latencyMs: number;
		},
	) {
		this.latencyMs = options.latencyMs;
		this.app = fastify({
			// A client must not meet a socket that is being closed just then: only faults on request.
			keepAliveTimeout: 120_000,
			forceCloseConnections: true,
			exposeHeadRoutes: false,
			routerOptions: {
				maxParamLength: 10_000,
				querystringParser: (text) => Object.fromEntries(new URLSearchParams(text)),
			},
		});
		this.addHooks();
		options.open(this.app);
		void this.app.register(async (api) => {
			api.addHook('preHandler', async (request) => this.authorize(request));
			api.addHook('preSerialization', async (request, reply, answer) =>
				reply.statusCode < 400 ? described(request, answer) : answer,
			);
			options.api(api);
		});
	}

	/** @returns the port in use */
	async listen(port: number): Promise<number> {
		await this.app.listen({ port, host: '127.0.0.1' });
		return (this.app.server.address() as AddressInfo).port;
	}

	async close(): Promise<void> {
		await this.app.close();
	}

	private addHooks(): void {
		const { app } = this;
		app.decorateRequest('recorded');
		app.decorateRequest('fault');
		app.decorateRequest('note');
		app.removeAllContentTypeParsers();
		// The body was read before, whatever it claims to be.
		app.addContentTypeParser('*', (_request, _payload, done) => done(null));
		app.addHook('onRequest', async (request, reply) => await this.receive(request, reply));
		app.addHook('preHandler', async (request) => {
			// An empty parameter is no id.
			if (Object.values(request.params as object).includes('')) throw notFound(request);
		});
		app.addHook('onSend', async (request, reply, payload) => await this.answer(request, reply, payload));
		app.setNotFoundHandler((request) => {
			throw notFound(request);
		});
		app.setErrorHandler((error, request, reply) => {
			if (!(error instanceof ApiError)) {
				// A bug of the simulator: to be seen, and not taken for a fault of the network.
				request.note = `the simulator failed: ${String(error)}`;
				return reply.code(500).send('The simulator failed');
			}
			request.note = error.note ? `${error.message} (${error.note})` : error.message;
			return reply.code(error.status).send({ message: error.message });
		});
	}

	private async receive(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
		const rawBody = await buffer(request.raw).catch(() => undefined);
		// The client went away while sending.
		if (!rawBody) return reply.hijack();
		const recorded = record(request, rawBody);
		request.recorded = recorded;
		this.requests.push(recorded);
		const isKeyRequest = recorded.path === KEY_PATH;
		if (isKeyRequest) this.keyRequests += 1;
		request.fault = this.faults.take(recorded, isKeyRequest) ?? (isKeyRequest ? undefined : this.trouble);
		if (request.fault && !isProcessed(request.fault)) {
			reply.hijack();
			await this.fail(request, request.fault, undefined, reply.raw);
		}
		return undefined;
	}

	private authorize(request: FastifyRequest): void {
		const { recorded } = request;
		const { apiKey, secret } = this.options;
		const judgement = judgeToken(recorded.headers.authorization, apiKey, secret);
		if ('refused' in judgement) throw new ApiError(401, 'Token is invalid or expired', judgement.refused);
		recorded.claims = judgement.claims;
		const hasBody = request.method !== 'GET' && request.method !== 'DELETE';
		const body = hasBody ? jsonObject(recorded) : {};
		const problem = requestProblem(endpointOf(request), request.query as object, body);
		if (problem) throw new ApiError(400, problem);
		request.body = body;
	}

	/** The last step before an answer goes out. */
	private async answer(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
		const { recorded, fault } = request;
		if (fault) {
			reply.hijack();
			await this.fail(request, fault, await answerOf(reply, payload), reply.raw);
			// Fastify must not answer, too.
			return await new Promise(() => undefined);
		}
		await this.wait(this.latencyMs + jitterMs());
		reply.header('x-request-id', `sim-${++this.requestNumber}`);
		recorded.status = reply.statusCode;
		this.log(request);
		return payload;
	}

	/** Puts a fault in the place of the genuine answer, which is undefined if the request was not processed. */
	private async fail(
		request: FastifyRequest,
		fault: Fault,
		genuine: WireAnswer | undefined,
		response: ServerResponse,
	): Promise<void> {
		const { recorded } = request;
		while (fault.until?.() === false) await this.wait(5);
		await this.wait(this.latencyMs + (fault.delayMs ?? 0));
		const ownUrl = `http://${recorded.headers.host ?? ''}${recorded.rawPath}`;
		const answer = faultyAnswer(fault, genuine, ownUrl, recorded.headers);
		recorded.status = answer?.status;
		this.log(request);
		response.setHeader('x-request-id', `sim-${++this.requestNumber}`);
		misbehave(fault, answer, response);
	}

	/** A closed simulator waits for ever, and so answers no more. */
	private async wait(ms: number): Promise<void> {
		if (ms > 0) await new Promise<void>((resolve) => this.options.timers.after(ms, resolve));
	}

	private log({ recorded, fault, note }: FastifyRequest): void {
		const said = [fault && `fault ${fault.kind}`, note].filter(Boolean).join(', ');
		const request = `${recorded.method} ${recorded.path}`;
		this.options.log(`${request} -> ${recorded.status ?? 'no answer'} ${said}`.trimEnd());
	}
}

const endpointOf = ({ method, routeOptions }: FastifyRequest) => `${method} ${routeOptions.url}`;

/** @throws if an answer of the simulator is not as the description of the API has it */
function described(request: FastifyRequest, answer: unknown): unknown {
	const problem = answerProblem(endpointOf(request), answer);
	if (problem) throw new Error(`${endpointOf(request)} is not answered as described: ${problem}`);
	return answer;
}

const notFound = ({ recorded }: FastifyRequest) =>
	new ApiError(404, `Cannot ${recorded.method} ${recorded.path}`);
