import http from 'node:http';
import type { AddressInfo } from 'node:net';
import {
	CALL_EVENTS,
	CALL_SUMMARY,
	EVENT_PREFIX,
	ROOM_EVENTS,
	SESSION_EVENTS,
} from '../../../nodes/VideoSdkAgentCloud/webhook/event';
import type { Simulator } from '../../simulator';
import { rsaKeyPair } from '../../simulator/keyPair';

/** A key that is not VideoSDK's. */
export function strangersKey() {
	const { privateKey, publishedPem: publicPem } = rsaKeyPair(1);
	return { privateKey, publicPem, privatePem: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
}

/** A server on loopback. */
export class Loopback {
	protected readonly server: http.Server;

	constructor(handler?: http.RequestListener) {
		this.server = http.createServer(handler ?? ((request, response) => void this.receive(request, response)));
	}

	get origin(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
	}

	async listen(): Promise<this> {
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
		return this;
	}

	async close(): Promise<void> {
		if (!this.server.listening) return;
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	/** What comes, unless there is a handler. */
	protected receive(_request: http.IncomingMessage, response: http.ServerResponse): unknown {
		return response.end();
	}
}

/** An answer to something that was sent to a webhook. */
export interface WebhookAnswer {
	status: number;
	headers: http.IncomingHttpHeaders;
	body: string;
}

type Message = { method?: string; headers?: http.OutgoingHttpHeaders; body?: Buffer | string };

/** Sends anything to a webhook, as a stranger could. */
export const send = async (url: string, { method = 'POST', headers = {}, body }: Message = {}) =>
	await new Promise<WebhookAnswer>((resolve, reject) => {
		const request = http.request(url, { method, headers, agent: false }, (response) => {
			let text = '';
			response.setEncoding('utf8');
			response.on('data', (chunk: string) => (text += chunk));
			const { statusCode: status = 0, headers: answered } = response;
			response.on('end', () => resolve({ status, headers: answered, body: text }));
		});
		request.on('error', reject);
		request.end(body);
	});

/** Sends a signed event, and goes away after a while. */
export async function sendAndLeave(url: string, event: object, signer: Simulator, ms: number): Promise<void> {
	const body = JSON.stringify(event);
	const headers = { 'videosdk-signature': signer.sign(body), 'content-type': 'application/json' };
	const signal = AbortSignal.timeout(ms);
	await fetch(url, { method: 'POST', headers, body, signal }).catch(() => undefined);
}

/** All events that a trigger can be started by. */
export const ALL_EVENTS = [
	...SESSION_EVENTS.map((event) => `${EVENT_PREFIX}${event}`),
	...CALL_EVENTS,
	CALL_SUMMARY,
	...ROOM_EVENTS,
];
/** Those that may happen again, as docs/trigger.md lists them. */
export const REPEATABLE = [
	'call-transferred',
	'call-update',
	...ROOM_EVENTS.filter((name) => !name.startsWith('session-')),
];

/** The body of an event. */
export function eventBody(event: string, sessionId = 'session-6f1c') {
	return { webhookType: `${EVENT_PREFIX}${event}`, data: { sessionId } };
}
