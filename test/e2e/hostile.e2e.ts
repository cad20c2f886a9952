/** What a real n8n makes of the bodies and headers that strangers and VideoSDK send to both versions of the trigger. */
import { randomUUID } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { deflateSync, gzipSync } from 'node:zlib';
import { send } from '../engine/rig/delivery';
import { waitFor } from '../n8n/processes';
import { isStored, outputOf } from '../n8n/rest';
import { eventBody, publishTrigger } from './deliveries';
import { PATIENT, setUpAll } from './setup';

/** n8n's own limit is 16 MB (N8N_PAYLOAD_SIZE_MAX). */
const OVER_THE_LIMIT_BYTES = 17 * 1024 * 1024;
/** An error that the package threw would be logged with a path inside it. */
const STACK_TRACE_OF_OURS = /at .*n8n-nodes-videosdk-agent-cloud\/dist/;
const JSON_TYPE = { 'content-type': 'application/json' };
const FORM = '--x\r\ncontent-disposition: form-data; name="webhookType"\r\n\r\ny\r\n--x--\r\n';

type Delivery = [headers: OutgoingHttpHeaders, body: Buffer | string, method?: string];

/** @returns the response; status 0: the connection was closed without one, as n8n does before it has read a body that is too large */
const attempt = async (url: string, [headers, body, method]: Delivery) =>
	await send(url, { headers, body, method }).catch(() => ({ status: 0, body: '' }));

describe('In a real n8n', () => {
	const setup = setUpAll({ simulator: { lifecycle: false, ...PATIENT } });

	it('the trigger takes what is genuine once, and nothing else', async () => {
		const { workflowId, url } = await publishTrigger(setup);
		const signed = (body: Buffer | string) => ({ 'videosdk-signature': setup.simulator.sign(body) });
		/** The IDs of the sessions whose events have to start an execution. */
		const genuine: string[] = [];
		const expectTaken = async (headers: OutgoingHttpHeaders, pack = (body: Buffer) => body, extra = {}) => {
			const sessionId = randomUUID();
			genuine.push(sessionId);
			const body = Buffer.from(JSON.stringify(eventBody(sessionId, 'started', extra)));
			for (let sent = 0; sent < 2; sent++) {
				const { status } = await attempt(url, [{ ...headers, ...signed(body) }, pack(body)]);
				expect([headers, status]).toEqual([headers, 200]);
			}
		};
		// As JSON, as bytes, as types that n8n knows and does not, packed and not, and large.
		await expectTaken(JSON_TYPE);
		const types = ['application/json; charset=utf-8', 'application/octet-stream', 'text/plain'];
		for (const type of [...types, 'application/cloudevents+json'])
			await expectTaken({ 'content-type': type });
		await expectTaken({});
		await expectTaken({ ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync);
		await expectTaken({ ...JSON_TYPE, 'content-encoding': 'deflate' }, deflateSync);
		await expectTaken({ 'content-encoding': 'gzip' }, gzipSync);
		await expectTaken({}, undefined, { text: 'x'.repeat(5e6) });

		const malformed = ['null', '[]', '"x"', '{}', '{"webhookType":{}}', '{"a":['];
		for (const text of [...malformed, '{"__proto__":{"webhookType":"x"}}']) {
			const { status } = await attempt(url, [signed(text), text]);
			expect([text, status]).toEqual([text, 400]);
		}

		const body = JSON.stringify(eventBody(randomUUID(), 'started'));
		const signature = signed(body);
		const genuineOne = signature['videosdk-signature'];
		const forged = genuineOne.replace(/[A-Za-z]/, (letter) => (letter === 'A' ? 'B' : 'A'));
		const refused: Delivery[] = [
			[JSON_TYPE, body],
			[{ ...JSON_TYPE, 'videosdk-signature': [forged, genuineOne] }, body],
			[signature, `${body} `],
			[signature, ''],
			[signature, '[1,'.repeat(50_000)],
			[{ 'content-type': 'multipart/form-data; boundary=x', ...signature }, FORM],
		];
		for (const [index, delivery] of refused.entries()) {
			const { status, body: told } = await attempt(url, delivery);
			expect([index, status, JSON.parse(told)]).toEqual([index, 401, { message: expect.any(String) }]);
		}
		// n8n answers most of these before it asks our node, which never throws.
		const broken: Delivery[] = [
			[{ ...JSON_TYPE, ...signature }, '{"a":'],
			[{ ...JSON_TYPE, 'content-encoding': 'gzip', ...signature }, 'no gzip'],
			[{ 'content-encoding': 'gzip', ...signature }, gzipSync(Buffer.alloc(200e6))],
			[signature, Buffer.alloc(OVER_THE_LIMIT_BYTES)],
			...['GET', 'PUT', 'DELETE'].map((method): Delivery => [{ ...JSON_TYPE, ...signature }, body, method]),
		];
		for (const [index, delivery] of broken.entries()) {
			const { status, body: told } = await attempt(url, delivery);
			expect(told).not.toContain('Workflow could not be started');
			expect([index, status === 0 || status >= 400]).toEqual([index, true]);
		}
		await expectTaken(JSON_TYPE);

		const idsOf = async () => {
			const executions = await setup.n8n.rest.executions({ workflowId });
			expect(executions.filter(({ status }) => ['error', 'crashed'].includes(status))).toEqual([]);
			return executions
				.filter((execution) => isStored(execution, 'After'))
				.flatMap((execution) => outputOf(execution, 'After').map(({ sessionId }) => String(sessionId)));
		};
		const areAll = async () => (await idsOf()).length >= genuine.length;
		await waitFor('all executions', areAll).catch(() => undefined);
		expect((await idsOf()).sort()).toEqual([...genuine].sort());
		expect(setup.n8n.logs).not.toMatch(STACK_TRACE_OF_OURS);
	});
});
