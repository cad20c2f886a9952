import { Agent, request as forward } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Loopback } from '../engine/rig/delivery';
import type { HandedTool } from '../simulator/toolAgent';

/** n8n, as far away as an answer takes `delayMs` longer, and what came to it. */
export class FarN8n extends Loopback {
	readonly bodies: string[] = [];
	readonly sockets = new Set<unknown>();
	/** How long n8n itself took for the last request. */
	n8nMs = 0;
	private readonly agent = new Agent({ keepAlive: true });

	constructor(n8nUrl: string, delayMs: number, refuses: (body: string) => boolean = () => false) {
		super((request, response) => {
			this.sockets.add(request.socket);
			const chunks: Buffer[] = [];
			request.on('data', (chunk: Buffer) => chunks.push(chunk));
			request.on('end', () => {
				const body = Buffer.concat(chunks);
				this.bodies.push(String(body));
				if (refuses(String(body))) {
					response.writeHead(409).end();
					return;
				}
				void sleep(delayMs).then(() => {
					const startedAt = performance.now();
					const { method, headers, url } = request;
					const target = new URL(String(url).replace('/webhook-waiting/7', '/webhook'), n8nUrl);
					forward(target, { method, headers, agent: this.agent }, (answer) => {
						response.writeHead(answer.statusCode ?? 500, answer.headers);
						answer.on('end', () => (this.n8nMs = performance.now() - startedAt)).pipe(response);
					}).end(body);
				});
			});
		});
	}

	/** The tool, reached by this way. */
	reach = (tool: HandedTool): HandedTool => ({ ...tool, url: this.origin + new URL(tool.url).pathname });
}
