import http from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { holdResponse } from '../../../nodes/VideoSdkAgentCloudMcp/holdResponse';

it('a file that n8n sends piece by piece becomes a tool error', async () => {
	const server = http.createServer((_request, response) => {
		holdResponse(response as never, 1, 10_000);
		// As n8n sends a binary answer (WebhookRequestHandler.sendStreamResponse).
		response.setHeader('content-length', 6);
		const file = Readable.from([Buffer.from('a file')]);
		file.pipe(response, { end: false });
		void finished(file).then(() => response.end());
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const answer: unknown = await (await fetch(`http://127.0.0.1:${port}`)).json();
	server.closeAllConnections();
	server.close();
	expect(answer).toMatchObject({ jsonrpc: '2.0', id: 1, result: { isError: true } });
});

it.each([
	[1_000, 900],
	[5_000, 4_500],
	[300_000, 299_000],
])('an agent that waits %d ms is told after %d ms that there is no answer', (timeoutMs, toldAfterMs) => {
	const limit = jest.spyOn(AbortSignal, 'timeout');
	const response = new http.ServerResponse(new http.IncomingMessage(new Socket()));
	holdResponse(response as never, 1, timeoutMs);
	expect(limit).toHaveBeenLastCalledWith(toldAfterMs);
	limit.mockRestore();
});
