import { Agent, request } from 'node:http';
import type { SignedEvent } from './events';

/** One sender that keeps its connection, as a service does that sends much. */
export function newAgent(connections: number): Agent {
	return new Agent({ keepAlive: true, maxSockets: connections });
}

/** Posts a body. @returns the status and the time until the answer was complete, in ms */
export async function post(
	url: string,
	body: string,
	headers: Record<string, string>,
	agent: Agent,
): Promise<{ status: number; ms: number; text: string }> {
	const startedAt = performance.now();
	return await new Promise((resolve, reject) => {
		const call = request(
			url,
			{
				method: 'POST',
				agent,
				headers: {
					'content-type': 'application/json',
					'content-length': String(Buffer.byteLength(body)),
					...headers,
				},
			},
			(response) => {
				let text = '';
				response.setEncoding('utf8');
				response.on('data', (chunk: string) => (text += chunk));
				response.on('end', () =>
					resolve({ status: response.statusCode ?? 0, ms: performance.now() - startedAt, text }),
				);
				response.on('error', reject);
			},
		);
		call.on('error', reject);
		call.end(body);
	});
}

/**
 * Delivers events, a number of senders at a time.
 *
 * @param expected the status that each must get: a measurement of something else would be worthless
 * @returns the times to the answer, in ms
 */
export async function deliverAll(
	url: string,
	events: SignedEvent[],
	senders: number,
	expected: number,
): Promise<number[]> {
	const agent = newAgent(senders);
	const left = events[Symbol.iterator]();
	const times: number[] = [];
	const sender = async (): Promise<void> => {
		for (const { body, signature } of left) {
			const { status, ms, text } = await post(url, body, { 'videosdk-signature': signature }, agent);
			if (status !== expected) throw new Error(`${url} answered ${status} instead of ${expected}: ${text}`);
			times.push(ms);
		}
	};
	try {
		await Promise.all(Array.from({ length: senders }, sender));
	} finally {
		agent.destroy();
	}
	return times;
}
