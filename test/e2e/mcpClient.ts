import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Runtime } from '../n8n/runtime';

/** The part of the official MCP client that is used here. */
export interface Client {
	connect(transport: unknown): Promise<void>;
	listTools(): Promise<{ tools: Array<{ name: string; inputSchema: { properties?: object } }> }>;
	callTool(call: { name: string; arguments: object }): Promise<{ isError?: boolean; content: unknown }>;
	close(): Promise<void>;
}

/** Connects to an MCP server as a voice agent does, with the official client that n8n brings along. */
export async function connectMcp(
	runtime: Runtime,
	url: string,
	token: string,
	headers: Record<string, string> = {},
): Promise<Client> {
	const load = createRequire(join(runtime.folder, 'package.json'));
	const { Client: OfficialClient } = load('@modelcontextprotocol/sdk/client/index.js') as {
		Client: new (info: object) => Client;
	};
	const { StreamableHTTPClientTransport } = load('@modelcontextprotocol/sdk/client/streamableHttp.js') as {
		StreamableHTTPClientTransport: new (url: URL, options: object) => unknown;
	};
	const client = new OfficialClient({ name: 'voice-agent', version: '1.0.0' });
	const requestInit = { headers: { authorization: `Bearer ${token}`, ...headers } };
	await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
	return client;
}
