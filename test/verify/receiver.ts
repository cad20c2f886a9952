import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { isSignedWith, readPublicKey } from '../../nodes/VideoSdkAgentCloud/webhook/verify';
import { PlainError } from '../n8n/processes';
import { isObject, type Received } from './evidence';

const MAX_EVENTS = 1_000;
const MAX_BYTES = 1_000_000;

/** Where the tunnel leads to: takes every POST and answers 200. */
export interface Receiver {
	port: number;
	/** How many deliveries have come. */
	seen(): number;
	/** What has come to `/session`, `/call`, and `/room`, verified. */
	events(publicKey: unknown): Received[];
	close(): Promise<void>;
}

/** @throws PlainError if the port is taken */
export async function startReceiver(port: number): Promise<Receiver> {
	const deliveries: Array<{ to: string; headers: Record<string, string>; raw: Buffer }> = [];
	const server = createServer((request, response) => {
		const to = request.url?.split('?')[0]?.split('/').pop() ?? '';
		const headers = Object.fromEntries(
			Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
		);
		void buffer(request).then(
			(raw) => {
				if (deliveries.length < MAX_EVENTS && raw.length < MAX_BYTES) deliveries.push({ to, headers, raw });
				response.end();
			},
			() => response.destroy(),
		);
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', () =>
			reject(new PlainError(`Port ${port} is taken. Choose another one with --port, and for the tunnel.`)),
		);
		server.listen(port, '127.0.0.1', resolve);
	});
	return {
		port: (server.address() as AddressInfo).port,
		seen: () => deliveries.length,
		events: (publicKey) => {
			const key = typeof publicKey === 'string' ? readPublicKey(publicKey) : undefined;
			return deliveries.flatMap(({ to, headers, raw }): Received[] => {
				const body = json(raw);
				if (!isFamily(to) || !isObject(body)) return [];
				const isSigned = key !== undefined && isSignedWith(raw, headers['videosdk-signature'], key);
				return [{ to, headers, body, isSigned }];
			});
		},
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

const isFamily = (to: string): to is Received['to'] => ['session', 'call', 'room'].includes(to);

function json(raw: Buffer): unknown {
	try {
		return JSON.parse(raw.toString('utf8'));
	} catch {
		return undefined;
	}
}
