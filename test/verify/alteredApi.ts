import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Json } from './evidence';

/** A request to the simulator and its answer, as an alteration may change them. */
export interface Wire {
	method: string;
	path: string;
	query: URLSearchParams;
	hasToken: boolean;
	body: Json | undefined;
	/** Set before the request is passed on: it is not, and this is answered. */
	status?: number;
	// Alterations reach into answers of many shapes; a wrong path in one fails its test.
	// eslint-disable-next-line @typescript-eslint/no-explicit-any
	answer?: any;
}

/** An event on its way to us; signed again after it was altered. */
export interface Event {
	to: string;
	headers: Record<string, string>;
	body: Json & { data?: Json };
}

/** How a VideoSDK differs from the simulator. */
export interface Alteration {
	request?(wire: Wire): void;
	answer?(wire: Wire): void;
	event?(event: Event): void;
	/** After signing. */
	signed?(event: Event): void;
}

interface Proxy {
	url: string;
	close(): Promise<void>;
}

async function serve(
	handle: (request: IncomingMessage, raw: Buffer) => Promise<[number, string]>,
): Promise<Proxy> {
	const server: Server = createServer((request, response) => {
		void buffer(request)
			.then(async (raw) => await handle(request, raw))
			.then(
				([status, text]) => response.writeHead(status, { 'content-type': 'application/json' }).end(text),
				(error: Error) => response.writeHead(599).end(error.message),
			);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

function headersOf({ headers }: IncomingMessage, ...names: string[]): Record<string, string> {
	return Object.fromEntries(names.flatMap((name) => (headers[name] ? [[name, String(headers[name])]] : [])));
}

/** Stands in front of the simulator. */
export async function alteredApi(apiUrl: string, { request, answer }: Alteration): Promise<Proxy> {
	return await serve(async (incoming, raw) => {
		const { pathname, searchParams: query } = new URL(incoming.url ?? '/', apiUrl);
		const { method = 'GET' } = incoming;
		const body = raw.length > 0 ? (JSON.parse(raw.toString()) as Json) : undefined;
		const hasToken = incoming.headers.authorization !== undefined;
		const wire: Wire = { method, path: pathname, query, hasToken, body };
		request?.(wire);
		if (wire.status === undefined) {
			const response = await fetch(`${apiUrl}${wire.path}?${query}`, {
				method: wire.method,
				headers: headersOf(incoming, 'authorization', 'content-type'),
				body: body && JSON.stringify(body),
			});
			wire.status = response.status;
			wire.answer = await response.json();
			answer?.(wire);
		}
		return [wire.status, JSON.stringify(wire.answer)];
	});
}

/** Stands where a tunnel ends, in front of the receiver. */
export async function alteredTunnel(
	port: number,
	sign: (body: string) => string,
	{ event, signed }: Alteration,
): Promise<Proxy> {
	return await serve(async (incoming, raw) => {
		const headers = headersOf(incoming, 'content-type', 'videosdk-signature');
		const to = incoming.url?.split('/').pop() ?? '';
		const passing: Event = { to, headers, body: JSON.parse(raw.toString()) as Event['body'] };
		event?.(passing);
		const body = JSON.stringify(passing.body);
		if (headers['videosdk-signature']) headers['videosdk-signature'] = sign(body);
		signed?.(passing);
		const { status } = await fetch(`http://127.0.0.1:${port}/${passing.to}`, {
			method: 'POST',
			headers,
			body,
		});
		return [status, ''];
	});
}
