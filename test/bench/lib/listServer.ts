import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A list of sessions that answers each page after a fixed time, with or without the length of the whole. */
export interface ListServer {
	url: string;
	hasTotal: boolean;
	/** Requests since the last look. */
	take(): number;
	close(): void;
}

export async function startListServer(rowCount: number, latencyMs: number): Promise<ListServer> {
	let requests = 0;
	let hasTotal = true;
	const rows = Array.from({ length: rowCount }, (_, index) => ({
		sessionId: `session-of-row-${index}`,
		status: 'completed',
		deploymentId: 'ddv_support',
		tag: 'v1',
	}));
	const server = createServer((request, response) => {
		requests++;
		const { searchParams } = new URL(String(request.url), 'http://localhost');
		const page = Number(searchParams.get('page'));
		const perPage = Number(searchParams.get('perPage'));
		const pageInfo = {
			currentPage: page,
			perPage,
			...(hasTotal && { total: rowCount, totalItems: rowCount }),
		};
		const data = rows.slice((page - 1) * perPage, page * perPage);
		void sleep(latencyMs).then(() =>
			response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data, pageInfo })),
		);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		get hasTotal() {
			return hasTotal;
		},
		set hasTotal(value) {
			hasTotal = value;
		},
		take: () => {
			const taken = requests;
			requests = 0;
			return taken;
		},
		close: () => {
			server.closeAllConnections();
			server.close();
		},
	};
}
