/**
 * What strangers and VideoSDK may send to the trigger, in a real n8n, for both versions of the node: what n8n makes of a body and its
 * headers. What passes the signature, and by which key, is tested in test/engine/trigger, triggerVerification and test/unit/webhook.
 */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { deflateSync, gzipSync } from 'node:zlib';
import { waitFor } from '../n8n/processes';
import { isStored, outputOf } from '../n8n/rest';
import { LATEST_VERSION, n8nOptions, publishTrigger } from './deliveries';
import { PATIENT, setUp, type Setup } from './setup';

/** n8n's own limit is 16 MB (N8N_PAYLOAD_SIZE_MAX). */
const OVER_THE_LIMIT_BYTES = 17 * 1024 * 1024;
const PATIENCE_MS = 30_000;
const SETTLE_MS = 60_000;
/** An error that the package threw would be logged with a path inside it. */
const STACK_TRACE_OF_OURS = /at .*n8n-nodes-videosdk-agent-cloud\/dist/;

interface Delivery {
	headers: http.OutgoingHttpHeaders;
	body: Buffer;
	method?: string;
}

interface Answer {
	/** 0: the connection was closed without one. */
	status: number;
	text: string;
}

async function send(url: string, { headers, body, method = 'POST' }: Delivery): Promise<Answer> {
	return await new Promise((resolve) => {
		const options = { method, headers, agent: false, timeout: PATIENCE_MS };
		const request = http.request(url, options, (response) => {
			let text = '';
			response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
			response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
		});
		request.on('timeout', () => request.destroy(new Error('No answer')));
		// n8n closes the connection before it has read a body that is too large.
		request.on('error', () => resolve({ status: 0, text: '' }));
		request.end(body);
	});
}

const eventBody = (extra: object = {}) =>
	Buffer.from(
		JSON.stringify({
			webhookType: 'ai-deployment-session-started',
			data: { sessionId: `session-${randomUUID()}`, ...extra },
		}),
	);

describe.each(LATEST_VERSION)('n8n %s', (version) => {
	let setup: Setup;

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version), simulator: { lifecycle: false, ...PATIENT } });
	});
	afterAll(async () => await setup?.stop());

	describe.each([1, 1.1])('version %d of the trigger', (typeVersion) => {
		let workflowId: string;
		let url: string;
		/** The IDs of the sessions whose events have to start an execution. */
		const genuine: string[] = [];

		const sign = (body: Buffer) => setup.simulator.sign(body);
		const json = (more: http.OutgoingHttpHeaders = {}) => ({ 'content-type': 'application/json', ...more });
		const signed = (body: Buffer, more: http.OutgoingHttpHeaders = json()) => ({
			headers: { ...more, 'videosdk-signature': sign(body) },
			body,
		});
		const idOf = (body: Buffer) =>
			(JSON.parse(body.toString()) as { data: { sessionId: string } }).data.sessionId.replace('session-', '');
		async function expectTaken(
			more?: http.OutgoingHttpHeaders,
			pack = (body: Buffer) => body,
		): Promise<void> {
			const body = eventBody();
			genuine.push(idOf(body));
			const { headers } = signed(body, more);
			expect(await send(url, { headers, body: pack(body) })).toMatchObject({ status: 200 });
		}

		beforeAll(async () => {
			({ workflowId, url } = await publishTrigger(setup, { typeVersion, webhookId: randomUUID() }));
		});

		// The second trigger has the key that was fetched for the first one.
		if (typeVersion === 1) {
			it('answers 503 until the key can be fetched, and starts nothing', async () => {
				setup.simulator.keyFault('down');
				expect(await send(url, signed(eventBody()))).toMatchObject({ status: 503 });
				setup.simulator.keyFault('ok');
				const body = eventBody();
				genuine.push(idOf(body));
				await waitFor(
					'the event to be taken',
					async () => (await send(url, signed(body))).status === 200 || undefined,
					SETTLE_MS,
					2_000,
				);
			});
		}

		const asIs = (body: Buffer) => body;
		it.each<[string, http.OutgoingHttpHeaders, (body: Buffer) => Buffer]>([
			['as JSON', json(), asIs],
			['as JSON with a character set', { 'content-type': 'application/json; charset=utf-8' }, asIs],
			['without a type', {}, asIs],
			['as bytes', { 'content-type': 'application/octet-stream' }, asIs],
			['as text', { 'content-type': 'text/plain' }, asIs],
			['as a type that n8n does not know', { 'content-type': 'application/cloudevents+json' }, asIs],
			['packed by gzip', json({ 'content-encoding': 'gzip' }), gzipSync],
			['packed by deflate', json({ 'content-encoding': 'deflate' }), deflateSync],
			['packed, without a type', { 'content-encoding': 'gzip' }, gzipSync],
		])('takes a signed event that comes %s', async (_how, headers, pack) => {
			await expectTaken(headers, pack);
		});

		it('takes an event of 5 MB, and a duplicate of it without an execution', async () => {
			const body = eventBody({ text: 'x'.repeat(5e6) });
			genuine.push(idOf(body));
			for (let count = 0; count < 2; count += 1) {
				expect(await send(url, signed(body, {}))).toMatchObject({ status: 200 });
			}
		});

		it.each(['null', '[]', '"x"', '{}', '{"__proto__":{"webhookType":"x"}}', '{"webhookType":{}}', '{"a":['])(
			'answers %s with 400 if it is signed and comes without a type',
			async (text) => {
				expect(await send(url, signed(Buffer.from(text), {}))).toMatchObject({ status: 400 });
			},
		);

		const flipped = (text: string) => text.replace(/[A-Za-z]/, (letter) => (letter === 'A' ? 'B' : 'A'));
		it.each<[string, (body: Buffer, signature: string) => Delivery]>([
			['is not signed', (body) => ({ headers: json(), body })],
			[
				'has a signature twice',
				(body, signature) => ({
					headers: json({ 'videosdk-signature': [flipped(signature), signature] }),
					body,
				}),
			],
			[
				'has one more space',
				(body, signature) => ({
					headers: { 'videosdk-signature': signature },
					body: Buffer.concat([body, Buffer.from(' ')]),
				}),
			],
			[
				'has no body',
				(_, signature) => ({ headers: { 'videosdk-signature': signature }, body: Buffer.alloc(0) }),
			],
			[
				'is a form',
				(_, signature) => ({
					headers: { 'content-type': 'multipart/form-data; boundary=x', 'videosdk-signature': signature },
					body: Buffer.from(
						'--x\r\ncontent-disposition: form-data; name="webhookType"\r\n\r\ny\r\n--x--\r\n',
					),
				}),
			],
			[
				'is nested 50,000 deep',
				(_, signature) => ({
					headers: { 'videosdk-signature': signature },
					body: Buffer.from('[1,'.repeat(50_000)),
				}),
			],
		])('answers a delivery that %s with 401', async (_what, make) => {
			const body = eventBody();
			const { status, text } = await send(url, make(body, sign(body)));
			expect(status).toBe(401);
			expect(JSON.parse(text)).toEqual({ message: expect.any(String) });
		});

		it.each<[string, (signature: string) => Delivery]>([
			[
				'is broken JSON',
				(signature) => ({ headers: json({ 'videosdk-signature': signature }), body: Buffer.from('{"a":') }),
			],
			[
				'is broken gzip',
				(signature) => ({
					headers: json({ 'content-encoding': 'gzip', 'videosdk-signature': signature }),
					body: Buffer.from('no gzip'),
				}),
			],
			[
				'unpacks to 200 MB',
				(signature) => ({
					headers: { 'content-encoding': 'gzip', 'videosdk-signature': signature },
					body: gzipSync(Buffer.alloc(200e6)),
				}),
			],
			[
				'is too large',
				(signature) => ({
					headers: { 'videosdk-signature': signature },
					body: Buffer.alloc(OVER_THE_LIMIT_BYTES),
				}),
			],
			...['GET', 'PUT', 'DELETE'].map((method): [string, (signature: string) => Delivery] => [
				`comes by ${method}`,
				(signature) => ({ headers: json({ 'videosdk-signature': signature }), body: eventBody(), method }),
			]),
		])('is not harmed by a delivery that %s', async (_what, make) => {
			const { status, text } = await send(url, make(sign(eventBody())));
			// n8n answers most of these before it asks our node, which never throws.
			expect(text).not.toContain('Workflow could not be started');
			expect(status === 0 || status >= 400).toBe(true);
			await expectTaken();
		});

		it('started exactly one execution for each genuine event, and none failed', async () => {
			const idsOf = async () => {
				const executions = await setup.n8n.rest.executions({ workflowId });
				expect(executions.filter(({ status }) => ['error', 'crashed'].includes(status))).toEqual([]);
				return executions
					.filter((execution) => isStored(execution, 'After'))
					.flatMap((execution) => outputOf(execution, 'After').map(({ sessionId }) => String(sessionId)));
			};
			await waitFor(
				'all executions',
				async () => (await idsOf()).length >= genuine.length || undefined,
				SETTLE_MS,
			).catch(() => undefined);
			expect((await idsOf()).sort()).toEqual([...genuine].sort());
			expect(setup.n8n.logs).not.toMatch(STACK_TRACE_OF_OURS);
		});
	});
});
