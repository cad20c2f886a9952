import { createSign } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { INodeParameters } from 'n8n-workflow';
import { CALL_EVENTS, ROOM_EVENTS } from '../../nodes/VideoSdkAgentCloud/webhook/event';
import { eventBody, send, strangersKey } from './delivery';
import type { PublishedTrigger } from './publishedTrigger';
import { EVENT_NAMES, EVENTS, passTime, useRig } from './rig';

const ALL: INodeParameters = { events: EVENT_NAMES };

/** n8n reads the bytes of the body by itself only for nodes of version 1; a workflow may hold another number all the same. */
const TYPE_VERSIONS = [1, 1.1];

const rig = useRig({ callBehaviour: false });

const stranger = strangersKey();
const signedByStranger = (body: string): string =>
	createSign('RSA-SHA256').update(body).sign(stranger.privateKey, 'base64');

/** What the sender of a delivery without a run is told: one sentence in JSON. */
function expectSentence(text: string | undefined): void {
	const body = JSON.parse(text ?? '') as Record<string, unknown>;
	expect(Object.keys(body)).toEqual(['message']);
	expect(String(body.message).length).toBeLessThan(120);
}

const summary = {
	'call-summary': { wantsDemo: true },
	'customer-data': { callId: 'call-1', customerId: '4711' },
	'room-data': { agentId: 'ag_1', 'meeting-id': 'abcd', 'session-id': 's-1' },
};
const callBody = (webhookType: string, more: object = {}) => ({
	webhookType,
	data: { callId: 'call-1', roomId: 'abcd', sessionId: 's-1', type: 'inbound', ...more },
});
const roomBody = (webhookType: string) => ({ webhookType, data: { meetingId: 'abcd', sessionId: 's-1' } });
const sessionBody = (webhookType: string) => ({ webhookType, data: { sessionId: 'session-s-1' } });

/** One event of each family: how it is chosen, its body, and what comes out. */
const FAMILIES: Array<[string, string, object, object]> = [
	[
		'agent session',
		'ai-deployment-session-stopped',
		sessionBody('agent-session-stopped'),
		{ event: 'stopped', sessionId: 's-1' },
	],
	['call', 'call-hangup', callBody('call-ended'), { event: 'call-hangup', callId: 'call-1', roomId: 'abcd' }],
	['call summary', 'call-summary', summary, { event: 'call-summary', callId: 'call-1', roomId: 'abcd' }],
	[
		'room',
		'participant-joined',
		roomBody('participant-joined'),
		{ event: 'participant-joined', roomId: 'abcd', sessionId: 's-1' },
	],
];

const deliver = async (trigger: PublishedTrigger, body: object) =>
	(await rig.simulator.deliver(trigger.url, body)).status;

async function expectRuns(trigger: PublishedTrigger, count: number): Promise<void> {
	expect(await trigger.received()).toHaveLength(count);
	expect(trigger.runs).toHaveLength(count);
	expect(trigger.thrown).toEqual([]);
}

describe.each(FAMILIES)('A delivery of the family "%s"', (_family, choice, body, output) => {
	it('that is signed and chosen is answered 200, and starts one execution', async () => {
		const trigger = await rig.engine.publish({ events: [choice] });
		expect(await deliver(trigger, body)).toBe(200);
		expect(await trigger.received()).toMatchObject([
			{ ...output, eventId: expect.stringMatching(/^[0-9a-f]{32}$/), receivedAt: expect.any(String) },
		]);
		await expectRuns(trigger, 1);
	});

	it('that is signed and not chosen is answered 200, and starts none', async () => {
		const others = [...EVENT_NAMES, ...CALL_EVENTS, ...ROOM_EVENTS, 'call-summary'];
		const trigger = await rig.engine.publish({ events: others.filter((event) => event !== choice) });
		rig.simulator.requests.length = 0;
		expect(await deliver(trigger, body)).toBe(200);
		await expectRuns(trigger, 0);
		expect(rig.requests).toHaveLength(0);
	});

	it('whose signature is wrong is answered 401, and starts none', async () => {
		const trigger = await rig.engine.publish({ events: [choice] });
		const { status, responseText } = await rig.simulator.deliver(trigger.url, body, {
			signature: rig.simulator.sign('{}'),
		});
		expect(status).toBe(401);
		expect(JSON.parse(responseText ?? '')).toEqual({
			message: 'The videosdk-signature header is missing or wrong',
		});
		await expectRuns(trigger, 0);
	});

	it('that cannot be judged is answered 503, and taken later', async () => {
		const trigger = await rig.engine.publish({ events: [choice] });
		rig.simulator.keyFault('down');
		expect(await deliver(trigger, body)).toBe(503);
		await expectRuns(trigger, 0);
		rig.simulator.keyFault('ok');
		passTime(2_000);
		expect(await deliver(trigger, body)).toBe(200);
		await expectRuns(trigger, 1);
	});
});

describe('A signed event that was chosen', () => {
	it('of 1 MB is taken', async () => {
		const trigger = await rig.engine.publish({ events: ['call-update', 'call-summary'] });
		const big = 'x'.repeat(1_000_000);
		expect(await deliver(trigger, callBody('call-update', { big }))).toBe(200);
		expect(await deliver(trigger, { 'call-summary': { big } })).toBe(200);
		await expectRuns(trigger, 2);
	});

	it('is chosen by started and failed unless told otherwise', async () => {
		const trigger = await rig.engine.publish();
		for (const event of EVENTS) {
			expect((await rig.simulator.deliver(trigger.url, eventBody(event))).status).toBe(200);
		}
		expect((await trigger.received()).map(({ event }) => event)).toEqual(['started', 'failed']);
	});

	it('may be chosen in the newer spelling, and by a text with commas from an expression', async () => {
		const trigger = await rig.engine.publish({
			events: '={{ "agent-session-stopped, agent-session-failed" }}',
		});
		for (const event of EVENTS) await rig.simulator.deliver(trigger.url, eventBody(event));
		expect((await trigger.received()).map(({ event }) => event)).toEqual(['stopped', 'failed']);
	});

	it('needs one read of the credential and one fetch of the key for many deliveries', async () => {
		const trigger = await rig.engine.publish();
		const readsBefore = rig.engine.credentialsHelper.reads;
		await Promise.all(
			Array.from({ length: 30 }, async (_, index) => {
				await rig.simulator.deliver(trigger.url, eventBody('started', `session-${index}`));
			}),
		);
		expect(await trigger.received()).toHaveLength(30);
		expect(rig.simulator.keyRequests).toBe(1);
		// One for the settings, one to sign the fetch of the key.
		expect(rig.engine.credentialsHelper.reads - readsBefore).toBe(2);
	});
});

describe('A signed event that was not chosen', () => {
	it.each([
		'ai-deployment-session-stopped',
		'recording-started',
		'xai-deployment-session-started',
		'__proto__',
	])('is answered 200 in a sentence and starts no run: %s', async (webhookType) => {
		const trigger = await rig.engine.publish();
		const delivery = await rig.simulator.deliver(trigger.url, { webhookType, data: { meetingId: 'abcd' } });
		expect(delivery.status).toBe(200);
		expectSentence(delivery.responseText);
		await trigger.settled();
		expect(trigger.runs).toHaveLength(0);
	});
});

describe('A delivery whose signature is missing or wrong', () => {
	const body = JSON.stringify(eventBody('started'));

	it.each<[string, (genuine: string) => string | null]>([
		['no signature', () => null],
		['an empty one', () => ''],
		['that of another key', () => signedByStranger(body)],
		['one without end', () => 'A'.repeat(12_000)],
	])('is answered 401 in a sentence and starts no run: %s', async (_what, signature) => {
		const trigger = await rig.engine.publish(ALL);
		const delivery = await rig.simulator.deliver(trigger.url, body, {
			signature: signature(rig.simulator.sign(body)),
		});
		expect(delivery.status).toBe(401);
		expectSentence(delivery.responseText);
		await trigger.settled();
		expect(trigger.runs).toHaveLength(0);
		expect(trigger.thrown).toEqual([]);
	});

	it('without a signature costs no request', async () => {
		const trigger = await rig.engine.publish(ALL);
		for (let count = 0; count < 5; count++) await send(trigger.url, { body });
		expect(rig.simulator.keyRequests).toBe(0);
	});

	it('is turned away whether or not it is an event that was chosen', async () => {
		const trigger = await rig.engine.publish({ events: ['ai-deployment-session-failed'] });
		for (const sent of [body, '{}', 'not JSON', '']) {
			expect((await send(trigger.url, { body: sent })).status).toBe(401);
		}
	});

	it('cannot start a run with a replayed signature of another event', async () => {
		const trigger = await rig.engine.publish(ALL);
		const first = await rig.simulator.deliver(trigger.url, eventBody('started'));
		const replay = await rig.simulator.deliver(trigger.url, eventBody('failed'), {
			signature: first.signature,
		});
		expect(replay.status).toBe(401);
		expect(await trigger.received()).toHaveLength(1);
	});
});

describe('A signed delivery that is no event', () => {
	it.each(['{}', 'not JSON', ''])('is answered 400 in a sentence and starts no run: %s', async (body) => {
		const trigger = await rig.engine.publish(ALL);
		const delivery = await rig.simulator.deliver(trigger.url, body, {
			// n8n answers broken JSON by itself if it is called JSON.
			headers: { 'content-type': 'application/octet-stream' },
		});
		expect(delivery.status).toBe(400);
		expectSentence(delivery.responseText);
		await trigger.settled();
		expect(trigger.runs).toHaveLength(0);
		expect(trigger.thrown).toEqual([]);
	});
});

describe('The signature is that of the bytes as received', () => {
	const compact = '{"webhookType":"ai-deployment-session-started","data":{"sessionId":"session-é"}}';

	it.each([
		[
			'white space',
			'{ "webhookType" :\r\n\t"ai-deployment-session-started", "data": {"sessionId": "session-é"} }\n\n',
		],
		['unicode escapes', compact.replace('é', '\\u00e9')],
		['escaped slashes and letters', compact.replace('ai-', '\\u0061i-')],
		['non-ASCII letters', compact],
		['a key given twice', compact.replace('{"webhookType"', '{"webhookType":"x","webhookType"')],
		['numbers that JSON.parse rounds', compact.replace('"data":{', '"data":{"n":1.0000000000000000001e3,')],
	])('with %s', async (_what, body) => {
		const trigger = await rig.engine.publish();
		expect((await rig.simulator.deliver(trigger.url, body)).status).toBe(200);
		expect(await trigger.received()).toMatchObject([{ event: 'started', sessionId: 'é' }]);
	});

	it.each([
		'application/json; charset=utf-8',
		'text/plain',
		'application/octet-stream',
		'application/x-www-form-urlencoded',
		'application/cloudevents+json',
		undefined,
	])('with the content type %s, in workflows of any version', async (contentType) => {
		for (const typeVersion of TYPE_VERSIONS) {
			const trigger = await rig.engine.publish({}, { typeVersion });
			const headers = {
				'videosdk-signature': rig.simulator.sign(compact),
				...(contentType && { 'content-type': contentType }),
			};
			expect((await send(trigger.url, { headers, body: compact })).status).toBe(200);
			expect(await trigger.received()).toMatchObject([{ event: 'started', sessionId: 'é' }]);
		}
	});

	it('when they are sent compressed', async () => {
		const trigger = await rig.engine.publish();
		const headers = {
			'videosdk-signature': rig.simulator.sign(compact),
			'content-type': 'application/json',
			'content-encoding': 'gzip',
		};
		expect((await send(trigger.url, { headers, body: gzipSync(compact) })).status).toBe(200);
		expect(await trigger.received()).toHaveLength(1);
	});
});

describe('Nothing that a sender can send makes the webhook throw', () => {
	const requests: Array<[string, Parameters<typeof send>[1]]> = [
		['GET', { method: 'GET' }],
		['HEAD', { method: 'HEAD' }],
		['DELETE', { method: 'DELETE', body: 'x' }],
		['nothing', {}],
		['nothing, called JSON', { headers: { 'content-type': 'application/json' } }],
		['broken JSON', { headers: { 'content-type': 'application/json' }, body: '{"a":' }],
		['a form', { headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: '--x--' }],
		['bytes', { body: Buffer.from([0, 255, 254, 0, 128]) }],
		[
			'half a letter',
			{ headers: { 'content-type': 'application/json' }, body: Buffer.from('"\xc3', 'latin1') },
		],
		[
			'deep nesting',
			{ headers: { 'content-type': 'application/json' }, body: '['.repeat(3000) + ']'.repeat(3000) },
		],
		[
			'a prototype',
			{ headers: { 'content-type': 'application/json' }, body: '{"__proto__":{"webhookType":"x"}}' },
		],
		[
			'odd headers',
			{ headers: { 'videosdk-signature': '\t=;,\u00ff', 'content-type': ';;;', cookie: '=' }, body: '{}' },
		],
	];

	it.each(requests)('%s', async (_what, request) => {
		for (const typeVersion of TYPE_VERSIONS) {
			for (const verifySignature of [true, false]) {
				const trigger = await rig.engine.publish({ ...ALL, verifySignature }, { typeVersion });
				const { status } = await send(trigger.url, request);
				expect([400, 401, 422]).toContain(status);
				await trigger.settled();
				expect(trigger.thrown).toEqual([]);
				expect(trigger.runs).toHaveLength(0);
			}
		}
	});

	it('not even if it is signed', async () => {
		const trigger = await rig.engine.publish({
			...ALL,
			options: { deploymentIds: 'a', sessionDetails: true },
		});
		const odd: unknown[] = [
			{ webhookType: 'agent-session-started', data: [] },
			{ webhookType: 'agent-session-started', data: { sessionId: { toString: 'x' } } },
			{ webhookType: 'agent-session-started', data: { sessionId: '../../..', deploymentId: ['a'] } },
			{ webhookType: 'agent-session-started', data: { sessionId: 'a'.repeat(5000) } },
			{ webhookType: 'x'.repeat(100_000) },
		];
		for (const body of odd) {
			const { status } = await rig.simulator.deliver(trigger.url, body as object);
			expect(status).toBe(200);
		}
		await trigger.settled();
		expect(trigger.thrown).toEqual([]);
	});
});

describe('Without verification', () => {
	it.each<[string, string | null]>([
		['unsigned', null],
		['wrongly signed', 'AAAA'],
	])('an event is believed: %s', async (_what, signature) => {
		const trigger = await rig.engine.publish({ ...ALL, verifySignature: false });
		const delivery = await rig.simulator.deliver(trigger.url, eventBody('started'), { signature });
		expect(delivery.status).toBe(200);
		expect(await trigger.received()).toMatchObject([{ event: 'started', sessionId: '6f1c' }]);
		expect(rig.simulator.keyRequests).toBe(0);
	});

	it('a body that is no text where an ID should be is answered', async () => {
		const trigger = await rig.engine.publish({ ...ALL, verifySignature: false });
		const data = { sessionId: 's', participantId: { toString: 1 }, type: { toString: 1 } };
		const body = { webhookType: 'participant-joined', data };
		expect((await rig.simulator.deliver(trigger.url, body)).status).toBe(200);
	});

	it('no credential is needed to judge', async () => {
		rig.engine.setCredentials(rig.credentials({ webhookPublicKey: 'no key' }));
		const trigger = await rig.engine.publish({ verifySignature: false });
		await rig.simulator.deliver(trigger.url, eventBody('started'), { signature: null });
		expect(await trigger.received()).toHaveLength(1);
	});

	it('verification is on if an expression yields anything but false', async () => {
		const trigger = await rig.engine.publish({ verifySignature: '={{ null }}' });
		const delivery = await rig.simulator.deliver(trigger.url, eventBody('started'), { signature: null });
		expect(delivery.status).toBe(401);
	});
});
