import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { HandedTool } from '../simulator/toolAgent';

type Address = Pick<HandedTool, 'url' | 'headers'>;

/** Connects to an MCP server as a voice agent does, with the official client. Close it. */
export async function connectMcp({ url, headers }: Address): Promise<Client> {
	const client = new Client({ name: 'voice-agent', version: '1.0.0' });
	await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
	return client;
}

/** Does that for as long as something is done. */
export async function withMcp<T>(tool: Address, use: (client: Client) => Promise<T>): Promise<T> {
	const client = await connectMcp(tool);
	try {
		return await use(client);
	} finally {
		await client.close();
	}
}

/** What an agent reads that uses a tool. */
export async function callTool(client: Client, name: string, input: object) {
	const { isError, content } = await client.callTool({ name, arguments: { ...input } });
	return { isError, text: (content as [{ text: string }])[0].text };
}

/** A response to a question as the tool call alone, without the protocol's other requests. */
export async function post(
	{ url, headers }: Address,
	input: object = { approved: true },
	{ method = 'POST', giveUpAfterMs = 120_000 } = {},
): Promise<Response> {
	const params = { name: 'submit_response', arguments: { ...input } };
	const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
	return await fetch(url, {
		method,
		headers: { 'content-type': 'application/json', ...headers },
		...(method === 'POST' && { body }),
		signal: AbortSignal.timeout(giveUpAfterMs),
	});
}
