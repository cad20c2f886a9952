import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

/** As an agent is given it. */
interface HandedTool {
	url: string;
	headers: Record<string, string>;
}

/** Connects to an MCP server as a voice agent does, with the official client, for as long as something is done. */
export async function withMcp<T>(
	{ url, headers }: HandedTool,
	use: (client: Client) => Promise<T>,
): Promise<T> {
	const client = new Client({ name: 'voice-agent', version: '1.0.0' });
	await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
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
