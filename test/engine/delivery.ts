import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';

/** A key that is not VideoSDK's. */
export function strangersKey() {
	const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
	return {
		privateKey,
		publicPem: String(publicKey.export({ type: 'pkcs1', format: 'pem' })),
		privatePem: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
	};
}

/** An answer to something that was sent to a webhook. */
export interface WebhookAnswer {
	status: number;
	body: string;
}

/** Sends anything to a webhook, as a stranger could. */
export async function send(
	url: string,
	{
		method = 'POST',
		headers = {},
		body,
	}: { method?: string; headers?: http.OutgoingHttpHeaders; body?: Buffer | string } = {},
): Promise<WebhookAnswer> {
	return await new Promise((resolve, reject) => {
		const request = http.request(url, { method, headers, agent: false }, (response) => {
			let text = '';
			response.setEncoding('utf8');
			response.on('data', (chunk: string) => (text += chunk));
			response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
		});
		request.on('error', reject);
		request.end(body);
	});
}

/** The body of an event. */
export function eventBody(event: string, sessionId = 'session-6f1c', family = 'ai-deployment-session') {
	return { webhookType: `${family}-${event}`, data: { sessionId } };
}
