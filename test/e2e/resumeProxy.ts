import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

/** A request that went to n8n's webhooks, and what n8n answered; no status: it could not be reached. */
export interface PassedRequest {
	path: string;
	headers: IncomingHttpHeaders;
	status?: number;
}

const isOwn = ({ headers }: PassedRequest): boolean =>
	Object.keys(headers).some((name) => name.startsWith('x-agent-cloud-key'));

/** Stands in front of n8n's webhooks, as a reverse proxy does, and counts what goes there. */
export class ResumeProxy {
	readonly requests: PassedRequest[] = [];
	/** Where n8n is, once it runs. */
	targetPort = 0;
	private readonly server: Server = createServer(
		// A client must not meet a socket that is being closed just then.
		{ keepAliveTimeout: 120_000 },
		(incoming, outgoing) => this.pass(incoming, outgoing),
	);

	async open(): Promise<void> {
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
	}

	get url(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
	}

	/** The package's own requests to the resume URL of an execution. */
	own(executionId: string): PassedRequest[] {
		return this.requests.filter(
			(request) =>
				isOwn(request) &&
				(request.path.startsWith(`/webhook-waiting/${executionId}/`) ||
					request.path.startsWith(`/webhook-waiting/${executionId}?`)),
		);
	}

	async close(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
		const entry: PassedRequest = { path: String(incoming.url), headers: incoming.headers };
		this.requests.push(entry);
		const { method, headers, url: path } = incoming;
		const forwarded = httpRequest(
			// No kept-alive socket: n8n may have closed it at this very moment.
			{ host: '127.0.0.1', port: this.targetPort, method, path, headers, agent: false },
			(answer) => {
				entry.status = answer.statusCode;
				outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
				// n8n may be killed half way through its answer.
				pipeline(answer, outgoing, () => undefined);
			},
		);
		forwarded.on('error', () => {
			if (outgoing.headersSent) outgoing.destroy();
			else outgoing.writeHead(502).end('<html>Bad Gateway</html>');
		});
		incoming.pipe(forwarded);
	}
}
