import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { FastifyReply } from 'fastify';
import type { RecordedRequest } from './request';

/** What goes wrong with a request. */
export interface Fault {
	/** Without it: any request but the public key's. `times` is 1 unless given. */
	match?: { method?: string; path?: RegExp; body?: RegExp; times?: number };
	/**
	 * Not processed: `status`, `redirect`, and anything with a `status` of 400 or more.
	 * All others strike after the request was processed, so a start has begun its session.
	 */
	kind:
		'status' | 'delay' | 'drip' | 'reset' | 'hang' | 'truncate' | 'notJson' | 'empty' | 'redirect' | 'noData';
	status?: number;
	/** The answer's body, or a function that makes it of the request's headers. */
	body?: unknown;
	/** Their names in lower case. */
	headers?: Record<string, string>;
	/** Waited before the fault strikes. */
	delayMs?: number;
	/** Called again and again as long as it gives false; `delayMs` begins then. */
	until?: () => unknown;
	/** Of a redirect; the same URL unless given. */
	location?: string;
}

const DRIP_MS = 300;

/** An answer ready for the wire. */
export interface WireAnswer {
	status: number;
	headers: Record<string, string>;
	payload: Buffer;
}

/** The faults still to come, in the order added. */
export class FaultList {
	private entries: Array<{ fault: Fault; left: number }> = [];

	add(fault: Fault): void {
		this.entries.push({ fault, left: fault.match?.times ?? 1 });
	}

	clear(): void {
		this.entries = [];
	}

	/** The first fault that fits a request; one of its times is used up. */
	take({ method, path, rawBody }: RecordedRequest, isKeyRequest: boolean): Fault | undefined {
		const entry = this.entries.find(({ fault: { match } }) => {
			if (match?.method && match.method.toUpperCase() !== method) return false;
			if (match?.body && !match.body.test(rawBody.toString())) return false;
			// The key has faults of its own, and is fetched when no one looks: it must not use up another's.
			if (!match?.path) return !isKeyRequest;
			return match.path.test(path);
		});
		if (!entry) return undefined;
		entry.left -= 1;
		if (entry.left <= 0) this.entries = this.entries.filter((other) => other !== entry);
		return entry.fault;
	}
}

/** False if the fault replaces the request's work, true if it strikes afterwards. */
export const isProcessed = ({ kind, status }: Fault): boolean =>
	kind !== 'status' && kind !== 'redirect' && (status ?? 200) < 400;

/** The answer that a handler gave, as it would go out. */
export async function answerOf(reply: FastifyReply, payload: unknown): Promise<WireAnswer> {
	const names = ['content-type', 'location'].filter((name) => reply.hasHeader(name));
	const headers = Object.fromEntries(names.map((name) => [name, String(reply.getHeader(name))]));
	const bytes = payload instanceof Readable ? await buffer(payload) : Buffer.from((payload as string) ?? '');
	return { status: reply.statusCode, headers, payload: bytes };
}

/** Those that answer something of their own, although the request was processed. */
const STAND_INS: Partial<Record<Fault['kind'], { status: number; body: unknown; type: string }>> = {
	notJson: { status: 200, body: '<html><body>Bad gateway</body></html>', type: 'text/html' },
	empty: { status: 200, body: '', type: 'text/plain' },
	noData: { status: 200, body: { message: 'ok' }, type: 'application/json' },
	redirect: { status: 307, body: '', type: 'text/plain' },
};

/**
 * What is answered in the place of `genuine`, which is undefined if the request was not processed.
 * @returns undefined if nothing is ever answered.
 */
export function faultyAnswer(
	fault: Fault,
	genuine: WireAnswer | undefined,
	ownUrl: string,
	requestHeaders: IncomingHttpHeaders,
): WireAnswer | undefined {
	const { kind, location = ownUrl } = fault;
	if (kind === 'reset' || kind === 'hang') return undefined;
	const given: unknown = typeof fault.body === 'function' ? fault.body(requestHeaders) : fault.body;
	const standIn = STAND_INS[kind] ?? { status: 500, body: { message: 'Simulated fault' }, type: undefined };
	const { status = standIn.status } = fault;
	const body = given ?? standIn.body;
	const isText = typeof body === 'string' || Buffer.isBuffer(body);
	const type = standIn.type ?? (isText ? 'text/plain' : 'application/json');
	const payload = Buffer.from(isText && type !== 'application/json' ? body : JSON.stringify(body));
	const own = { status, headers: { 'content-type': `${type}; charset=utf-8` }, payload };
	const answer = (!(kind in STAND_INS) && genuine) || own;
	const headers = { ...answer.headers, ...(kind === 'redirect' && { location }), ...fault.headers };
	return { ...answer, headers };
}

/** Sends a byte at a time, so slowly that it takes minutes. */
function drip(payload: Buffer, response: ServerResponse, intervalMs = DRIP_MS): void {
	let sent = 0;
	const timer = setInterval(() => {
		if (response.destroyed || sent >= payload.length) clearInterval(timer);
		else response.write(payload.subarray(sent, ++sent));
	}, intervalMs).unref();
}

/** Sends an answer as its fault has it: whole, cut short, or none at all. */
export function misbehave(fault: Fault, answer: WireAnswer | undefined, response: ServerResponse): void {
	if (!answer) {
		// As a crashed proxy would.
		if (fault.kind === 'reset') response.socket?.resetAndDestroy();
		return;
	}
	const { status, headers, payload } = answer;
	if (fault.kind === 'drip') return drip(payload, response.writeHead(status, headers), fault.delayMs);
	const isCut = fault.kind === 'truncate';
	const length = isCut ? Math.max(payload.length, 2) : payload.length;
	response.writeHead(status, { ...headers, 'content-length': String(length) });
	if (!isCut) response.end(payload);
	else response.write(payload.subarray(0, payload.length / 2), () => response.socket?.destroy());
}
