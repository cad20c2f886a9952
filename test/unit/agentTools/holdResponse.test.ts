import fc from 'fast-check';
import http from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { toolResult } from '../../../nodes/VideoSdkAgentCloud/agentTools/server';
import { resultInAnswer, toAnswerBody } from '../../../nodes/VideoSdkAgentCloud/agentTools/toolResult';
import { holdResponse } from '../../../nodes/VideoSdkAgentCloud/agentTools/holdResponse';
import { check } from '../support';

it('a result is found in what n8n answers, as text or bytes, and none in anything else', () => {
	check([fc.string(), fc.boolean()], (text, isError) => {
		const body = JSON.stringify(toAnswerBody(toolResult(text, isError)));
		for (const sent of [body, Buffer.from(body)])
			expect(resultInAnswer(sent)).toEqual(toolResult(text, isError));
	});
	const noResult = fc.oneof(fc.jsonValue(), fc.record({ content: fc.json() }));
	const nearly = noResult.map((result) => JSON.stringify(toAnswerBody(result as never)));
	check([fc.oneof(fc.anything(), fc.json(), fc.constant('null'), nearly)], (body) => {
		expect(resultInAnswer(body)).toBeUndefined();
	});
});

it('a file that n8n sends piece by piece becomes a tool error', async () => {
	const server = http.createServer((_request, response) => {
		holdResponse(response as never, 1, 10_000);
		// As n8n sends a binary answer (setupResponseNodePromise in webhook-helpers).
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
