import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

/** Connects to an MCP server as a voice agent does, with the official client. Close it. */
export async function connectMcp(url: string, headers: Record<string, string>): Promise<Client> {
	const client = new Client({ name: 'voice-agent', version: '1.0.0' });
	await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
	return client;
}
