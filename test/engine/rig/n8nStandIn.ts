import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { Loopback } from './delivery';

/** What n8n has published at a path. */
interface Published {
	methods: string[];
	handle(incoming: IncomingMessage, outgoing: ServerResponse): void;
}

/** Answers at webhook paths like n8n's WebhookRequestHandler and LiveWebhooks. */
export class N8nStandIn extends Loopback {
	/** Executions of workflows that have no VideoSDK Agent Cloud Trigger. */
	foreignExecutions = 0;
	/** Stands in front of n8n: true if it has answered. */
	proxy: (outgoing: ServerResponse) => boolean = () => false;
	private readonly published = new Map<string, Published>();

	/** Publishes a workflow that any request starts. */
	publishForeign(path: string, methods = ['POST']): void {
		this.published.set(path, {
			methods,
			handle: (_incoming, outgoing) => {
				this.foreignExecutions++;
				send(outgoing, 200, { message: 'Workflow was started' });
			},
		});
	}

	/** Publishes a trigger that is served at a different address. */
	publishTrigger(path: string, servedAt: string): void {
		this.published.set(path, {
			methods: ['POST'],
			handle: (incoming, outgoing) => {
				const { method, headers } = incoming;
				const onward = request(servedAt, { method, headers }, (answer) => {
					outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
					answer.pipe(outgoing);
				});
				onward.on('error', () => outgoing.destroy());
				incoming.pipe(onward);
			},
		});
	}

	unpublish(path: string): void {
		this.published.delete(path);
	}

	protected override receive(incoming: IncomingMessage, outgoing: ServerResponse): void {
		if (this.proxy(outgoing)) return;
		const { method = '', headers } = incoming;
		const [path = ''] = (incoming.url ?? '').replace(/^\/webhook\//, '').split('?');
		if (method === 'OPTIONS') {
			// n8n looks this path up as it comes.
			const methods = this.published.get(path)?.methods ?? [];
			if (headers.origin)
				outgoing.setHeader('Access-Control-Allow-Methods', ['OPTIONS', ...methods].join(', '));
			outgoing.writeHead(204).end();
			return;
		}
		const published = this.published.get(path.replace(/\/$/, ''));
		if (published?.methods.includes(method)) return published.handle(incoming, outgoing);
		send(outgoing, 404, {
			code: 404,
			message: published
				? `This webhook is not registered for ${method} requests. Did you mean to make a ${published.methods[0]} request?`
				: `The requested webhook "${method} ${path}" is not registered.`,
		});
	}
}

const send = (outgoing: ServerResponse, status: number, body: object) =>
	outgoing.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
