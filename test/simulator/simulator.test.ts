import { createHmac, createPublicKey, verify } from 'node:crypto';
import http from 'node:http';
import { generateToken, VideoSDK } from '@videosdk.live/server-sdk';
import jwt from 'jsonwebtoken';
import { startSimulator, type Simulator } from './index';
import { call, receiver, start, token, until, type Result } from './testRig';

const SESSIONS = '/ai/v1/ai-deployment-sessions';
const DEPLOYMENTS = '/ai/v1/ai-deployments';
const KEY = '/v2/public/rsa-public-key';
const ALL_EVENTS = ['starting', 'started', 'stopping', 'stopped', 'failed'].map(
	(event) => `ai-deployment-session-${event}`,
);
/** Of something short, on a machine that may stand still. */
const SECONDS = expect.closeTo(0, -1) as number;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function begin(simulator: Simulator, body: object = {}): Promise<string> {
	const { json } = await call(simulator, 'POST', `${SESSIONS}/start`, {
		deploymentId: 'ddv_support',
		...body,
	});
	return json.data.sessionId as string;
}

const pause = async (ms: number): Promise<void> => await new Promise((resolve) => setTimeout(resolve, ms));

describe('endpoints', () => {
	it('starts a session', async () => {
		const simulator = await start();
		const webhook = { endPoint: 'https://example.com/hook', events: ALL_EVENTS };
		const { status, json, headers } = await call(simulator, 'POST', `${SESSIONS}/start`, {
			deploymentId: 'ddv_support',
			tag: 'v1',
			env: { VIDEOSDK_ROOM_ID: 'room' },
			metaData: { caller: { id: 7 } },
			webhook,
		});
		expect(status).toBe(200);
		expect(headers.get('x-request-id')).toBeTruthy();
		expect(json).toEqual({
			message: expect.any(String),
			data: {
				sessionId: expect.stringMatching(UUID),
				status: 'queued',
				deploymentId: 'ddv_support',
				tag: 'v1',
				start: expect.any(String),
				createdAt: expect.any(String),
				updatedAt: expect.any(String),
			},
		});
		expect(simulator.sessions.get(json.data.sessionId)).toMatchObject({
			env: { VIDEOSDK_ROOM_ID: 'room' },
			metaData: { caller: { id: 7 } },
			webhook,
			history: [{ event: 'queued', status: 'queued' }],
		});
	});

	it('uses the tag latest if none is given', async () => {
		const simulator = await start();
		const sessionId = await begin(simulator);
		expect(simulator.sessions.get(sessionId)?.tag).toBe('latest');
	});

	it('gets a session, bare', async () => {
		const simulator = await start();
		const sessionId = await begin(simulator);
		const { status, json } = await call(simulator, 'GET', `${SESSIONS}/${sessionId}`);
		expect(status).toBe(200);
		expect(Object.keys(json).sort()).toEqual(
			['createdAt', 'deploymentId', 'sessionId', 'start', 'status', 'tag', 'updatedAt'].sort(),
		);
		expect((await call(simulator, 'GET', `${SESSIONS}/session-${sessionId}`)).status).toBe(404);
	});

	it('ends a session once', async () => {
		const simulator = await start();
		const sessionId = await begin(simulator);
		const { status, json } = await call(simulator, 'POST', `${SESSIONS}/end`, { sessionId });
		expect(status).toBe(200);
		expect(json.data).toMatchObject({
			sessionId,
			status: 'completed',
			end: expect.any(String),
			duration: SECONDS,
		});
		const again = await call(simulator, 'POST', `${SESSIONS}/end`, { sessionId });
		expect(again).toMatchObject({ status: 409, json: { message: expect.any(String) } });
		expect((await call(simulator, 'POST', `${SESSIONS}/end`, { sessionId: 'nobody' })).status).toBe(404);
		expect((await call(simulator, 'POST', `${SESSIONS}/end`, {})).status).toBe(400);
	});

	it('lists sessions in pages, newest first, with the spelling of the list', async () => {
		const simulator = await start();
		const ids: string[] = [];
		for (let index = 0; index < 11; index++) ids.unshift(await begin(simulator, { metaData: { index } }));
		const webhook = { endPoint: 'http://127.0.0.1:1/x', events: [ALL_EVENTS[0]] };
		ids.unshift(await begin(simulator, { webhook }));
		const first = await call(simulator, 'GET', SESSIONS);
		expect(first.json.pageInfo).toEqual({ totalItems: 12, currentPage: 1, perPage: 10, total: 12 });
		expect(first.json.data[0]).toMatchObject({
			webhook: { endpoint: webhook.endPoint, events: webhook.events },
			metadata: {},
		});
		expect(first.json.data[0]).not.toHaveProperty('metaData');
		expect(first.json.data[1].metadata).toEqual({ index: 10 });
		const second = await call(simulator, 'GET', `${SESSIONS}?page=2&perPage=10`);
		const listed = [...first.json.data, ...second.json.data].map(({ sessionId }) => sessionId);
		expect(listed).toEqual(ids);
		expect((await call(simulator, 'GET', `${SESSIONS}?page=3`)).json.data).toEqual([]);
	});

	it('lists deployments: a row per tag, created_at, several pages', async () => {
		const simulator = await start();
		const { json } = await call(simulator, 'GET', DEPLOYMENTS);
		expect(json.pageInfo).toEqual({ totalItems: 15, currentPage: 1, perPage: 10, total: 15 });
		expect(json.data).toHaveLength(10);
		expect(json.data.slice(0, 3).map(({ id, tag }: { id: string; tag: string }) => `${id} ${tag}`)).toEqual([
			'ddv_support latest',
			'ddv_support v1',
			'ddv_sales latest',
		]);
		expect(Object.keys(json.data[0]).sort()).toEqual(
			['created_at', 'description', 'id', 'name', 'status', 'tag'].sort(),
		);
	});

	it('creates and gets deployments, bare', async () => {
		const simulator = await start();
		const created = await call(simulator, 'POST', DEPLOYMENTS, { name: 'New', description: 'A new one' });
		expect(created.json).toEqual({
			id: expect.stringMatching(/^ddv_/),
			name: 'New',
			description: 'A new one',
			status: 'available',
			createdAt: expect.any(String),
			updatedAt: expect.any(String),
		});
		const got = await call(simulator, 'GET', `${DEPLOYMENTS}/${created.json.id}/latest`);
		expect(Object.keys(got.json).sort()).toEqual(
			['createdAt', 'description', 'id', 'name', 'status', 'tag'].sort(),
		);
		expect((await call(simulator, 'GET', `${DEPLOYMENTS}/ddv_support/v9`)).status).toBe(404);
		expect((await call(simulator, 'GET', `${DEPLOYMENTS}/ddv_support`)).status).toBe(404);
		expect((await call(simulator, 'POST', DEPLOYMENTS, { name: 'New' })).status).toBe(400);
	});

	it('decodes ids in paths segment by segment', async () => {
		const id = 'a/b?c#d é%2F';
		const simulator = await start({ deployments: [{ id, name: 'Odd', tags: ['x/y'] }] });
		const path = `${DEPLOYMENTS}/${encodeURIComponent(id)}/${encodeURIComponent('x/y')}`;
		expect((await call(simulator, 'GET', path)).json).toMatchObject({ id, tag: 'x/y' });
		expect(simulator.requests[0]).toMatchObject({ path: `${DEPLOYMENTS}/${id}/x/y`, rawPath: path });
		expect((await call(simulator, 'GET', `${DEPLOYMENTS}/%zz/x`)).status).toBe(400);
		expect(simulator.requests[1]).toMatchObject({ path: `${DEPLOYMENTS}/%zz/x`, status: 400 });
	});

	it('creates rooms, as the official SDK does it', async () => {
		const simulator = await start();
		const { apiKey, secret, url: apiEndpoint } = simulator;
		const { roomId } = await new VideoSDK({ apiKey, secret, apiEndpoint }).rooms.create();
		expect(roomId).toMatch(/^\w{4}-\w{4}-\w{4}$/);
	});

	it('dispatches agents, as the official SDK does it', async () => {
		const simulator = await start();
		const sdk = new VideoSDK({
			apiKey: simulator.apiKey,
			secret: simulator.secret,
			apiEndpoint: simulator.url,
		});
		await expect(sdk.agents.dispatch({ agentId: 'agent-1', meetingId: 'abcd' })).resolves.toEqual({
			success: true,
			status: 'assigned',
			roomId: 'abcd',
			agentId: 'agent-1',
		});
		const room = { meetingId: 'abcd', roomId: 'abcd' };
		const post = async (body: object) => await call(simulator, 'POST', '/v2/agent/dispatch', body);
		expect(await post({ agentId: 'agent-busy', ...room })).toMatchObject({
			status: 200,
			json: { message: 'No workers available', data: { success: false } },
		});
		expect((await post({ agentId: 'a', meetingId: 'abcd' })).status).toBe(200);
		expect((await post({ agentId: 'a', meetingId: 'abcd', roomId: 'efgh' })).status).toBe(400);
		expect((await post({ ...room })).status).toBe(400);
		expect((await post({ agentId: 'a', ...room, metaData: {} })).status).toBe(400);
		expect((await post({ agentId: 'a', ...room, metadata: [] })).status).toBe(400);
		expect((await post({ agentId: 'a', ...room, roomOptions: { playground: 'yes' } })).status).toBe(400);
		expect((await post({ agentId: 'a', ...room, roomOptions: { playGround: true } })).status).toBe(400);
		const options = { autoEndSession: true, sessionTimeoutSeconds: 60, playground: true, vision: false };
		expect((await post({ agentId: 'a', ...room, metadata: { a: 1 }, roomOptions: options })).status).toBe(
			200,
		);
	});

	it('publishes its key as PKCS#1 with new lines around it, without a token', async () => {
		const simulator = await start();
		const { publicKey } = (await (await fetch(simulator.url + KEY)).json()) as { publicKey: string };
		expect(publicKey).toMatch(/^\n-----BEGIN RSA PUBLIC KEY-----\n[^]+-----END RSA PUBLIC KEY-----\n\n$/);
		expect(publicKey.trim()).toBe(simulator.publicKeyPem.trim());
		expect(createPublicKey(publicKey).asymmetricKeyDetails?.modulusLength).toBe(2048);
		expect(simulator.keyRequests).toBe(1);
	});
});

describe('strictness', () => {
	it('accepts the tokens of the official SDK and of jsonwebtoken', async () => {
		const simulator = await start();
		const official = generateToken({ apiKey: simulator.apiKey, secretKey: simulator.secret });
		expect((await call(simulator, 'GET', SESSIONS, undefined, { authorization: official })).status).toBe(200);
		expect((await call(simulator, 'GET', SESSIONS)).status).toBe(200);
		expect(simulator.requests.at(-1)?.claims).toMatchObject({ apikey: simulator.apiKey, version: 2 });
	});

	const now = (): number => Math.floor(Date.now() / 1000);
	// Signed by hand: jsonwebtoken would refuse to make most of these.
	const forged = (
		simulator: Simulator,
		claims: object,
		header: unknown = { alg: 'HS256', typ: 'JWT' },
	): string => {
		const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
		const genuine = jwt.decode(token(simulator)) as object;
		const input = `${part(header)}.${part({ ...genuine, ...claims })}`;
		return `${input}.${createHmac('sha256', simulator.secret).update(input).digest('base64url')}`;
	};
	const refused: Array<[string, (simulator: Simulator) => string, RegExp]> = [
		['none', () => '', /no Authorization/],
		['a Bearer prefix', (simulator) => `Bearer ${token(simulator)}`, /Bearer/],
		['not a JWT', () => 'abc', /3-part/],
		['another secret', (simulator) => token({ ...simulator, secret: 'wrong' }), /signature/],
		['another algorithm', (simulator) => token(simulator, {}, { algorithm: 'HS384' }), /signature/],
		['the algorithm none', (simulator) => forged(simulator, {}, { alg: 'none' }), /HS256/],
		['another key', (simulator) => forged(simulator, { apikey: 'other' }), /apikey/],
		['apiKey', (simulator) => forged(simulator, { apikey: undefined, apiKey: 'sim-api-key' }), /apikey/],
		['no permissions', (simulator) => forged(simulator, { permissions: undefined }), /permissions/],
		['ask_join', (simulator) => forged(simulator, { permissions: ['ask_join'] }), /permissions/],
		['version 1', (simulator) => forged(simulator, { version: 1 }), /version/],
		['no roles', (simulator) => forged(simulator, { roles: [] }), /crawler/],
		['the role rtc', (simulator) => forged(simulator, { roles: ['crawler', 'rtc'] }), /rtc/],
		['no exp', (simulator) => forged(simulator, { exp: undefined }), /exp/],
		['expired', (simulator) => forged(simulator, { exp: now() - 1 }), /expired/],
		['25 hours', (simulator) => forged(simulator, { exp: now() + 25 * 3600 }), /24 hours/],
		[
			'25 hours, dated ahead',
			(simulator) => forged(simulator, { iat: now() + 7200, exp: now() + 25 * 3600 }),
			/24 hours/,
		],
	];
	it.each(refused)('refuses a token: %s', async (_, make, why) => {
		const lines: string[] = [];
		const simulator = await start({ lifecycle: false, log: (line) => lines.push(line) });
		const authorization = make(simulator);
		const result = await call(simulator, 'GET', SESSIONS, undefined, { authorization });
		expect(result).toMatchObject({ status: 401, json: { message: 'Token is invalid or expired' } });
		expect(simulator.requests).toMatchObject([{ status: 401, path: SESSIONS }]);
		expect(simulator.requests[0]?.claims).toBeUndefined();
		expect(lines[0]?.split('(')[1]).toMatch(why);
		expect(lines.join()).not.toContain('eyJ');
		expect(
			(await call(simulator, 'GET', SESSIONS, undefined, { authorization: forged(simulator, {}) })).status,
		).toBe(200);
	});

	it.each([
		['GET', '/nowhere', 404],
		['GET', '/', 404],
		['GET', `${SESSIONS}/`, 404],
		['GET', `${SESSIONS}/a/b`, 404],
		['GET', `${SESSIONS}/start`, 405],
		['PUT', SESSIONS, 405],
		['POST', KEY, 405],
	])('%s %s: %d', async (method, path, status) => {
		const simulator = await start();
		const result = await call(simulator, method, path, method === 'GET' ? undefined : {});
		expect(result).toMatchObject({ status, json: { message: expect.any(String) } });
	});

	const webhook = { endPoint: 'https://example.com/', events: [] as unknown[] };
	const startBodies: Array<[string, unknown, number]> = [
		['no deployment', {}, 400],
		['a blank deployment', { deploymentId: ' ' }, 400],
		['a number', { deploymentId: 5 }, 400],
		['an unknown deployment', { deploymentId: 'ddv_nobody' }, 404],
		['an empty tag', { deploymentId: 'ddv_sales', tag: '' }, 400],
		['env as a list', { deploymentId: 'ddv_sales', env: [] }, 400],
		['a number in env', { deploymentId: 'ddv_sales', env: { A: 1 } }, 400],
		['a variable without a name', { deploymentId: 'ddv_sales', env: { '': 'x' } }, 400],
		['metaData as text', { deploymentId: 'ddv_sales', metaData: '{}' }, 400],
		['metaData null', { deploymentId: 'ddv_sales', metaData: null }, 400],
		['metadata', { deploymentId: 'ddv_sales', metadata: {} }, 400],
		['endpoint', { deploymentId: 'ddv_sales', webhook: { endpoint: 'http://a/', events: [] } }, 400],
		['a relative URL', { deploymentId: 'ddv_sales', webhook: { ...webhook, endPoint: '/hook' } }, 400],
		['another protocol', { deploymentId: 'ddv_sales', webhook: { ...webhook, endPoint: 'ftp://a/' } }, 400],
		['no events', { deploymentId: 'ddv_sales', webhook: { endPoint: 'http://a/' } }, 400],
		['an unknown event', { deploymentId: 'ddv_sales', webhook: { ...webhook, events: ['*'] } }, 400],
		[
			'the other spelling of an event',
			{ deploymentId: 'ddv_sales', webhook: { ...webhook, events: ['agent-session-started'] } },
			400,
		],
		['an empty list of events', { deploymentId: 'ddv_sales', webhook }, 200],
		['a list', [], 400],
		['text', '"text"', 400],
		['no JSON', '{', 400],
		['nothing', '', 400],
	];
	it.each(startBodies)('start with %s', async (_, body, status) => {
		const simulator = await start();
		const result = await call(simulator, 'POST', `${SESSIONS}/start`, body);
		expect(result).toMatchObject({ status, json: { message: expect.any(String) } });
		expect(simulator.sessions.size).toBe(status === 200 ? 1 : 0);
	});

	it('insists on the JSON content type and on UTF-8', async () => {
		const simulator = await start();
		const post = async (body: string | Buffer, type: string): Promise<number> => {
			const headers = { authorization: token(simulator), 'content-type': type };
			const url = `${simulator.url}${SESSIONS}/start`;
			return (await fetch(url, { method: 'POST', headers, body: new Uint8Array(Buffer.from(body)) })).status;
		};
		const body = JSON.stringify({ deploymentId: 'ddv_sales' });
		expect(await post(body, 'text/plain')).toBe(400);
		expect(await post(body, 'application/json; charset=utf-8')).toBe(200);
		expect(await post(Buffer.from('{"deploymentId":"ddv_sal\xe9s"}', 'latin1'), 'application/json')).toBe(
			400,
		);
	});

	it.each(['page=0', 'page=x', 'perPage=-1', 'per_page=5', 'perPage=1.5'])('refuses ?%s', async (query) => {
		const simulator = await start();
		expect((await call(simulator, 'GET', `${SESSIONS}?${query}`)).status).toBe(400);
	});
});

it('fails loudly when it answers anything that test/schemas does not describe', async () => {
	const simulator = await start();
	Object.assign(simulator.answers, { gatewayId: 'gatewayID' });
	expect(await call(simulator, 'GET', '/v2/sip/inbound-gateways')).toMatchObject({
		status: 500,
		text: 'The simulator failed',
	});
});

describe('life cycle and events', () => {
	const fast = { startingMs: 10, startedMs: 40, stoppingMs: 70, stoppedMs: 100 };

	it('sends signed events that the official SDK accepts', async () => {
		const hook = await receiver();
		const simulator = await start({ lifecycle: fast });
		const sessionId = await begin(simulator, { webhook: { endPoint: hook.url, events: ALL_EVENTS } });
		await until(() => simulator.deliveries.length === 4, 'four events');
		const sdk = new VideoSDK({ apiKey: simulator.apiKey, secret: simulator.secret });
		const events = hook.received.map(({ body, headers }) =>
			sdk.webhooks.verifySync(body, headers['videosdk-signature'], simulator.publicKeyPem),
		);
		expect(events.map(({ type, data }) => [type, data])).toEqual(
			ALL_EVENTS.slice(0, 4).map((type) => [type, { sessionId: `session-${sessionId}` }]),
		);
		expect(hook.received[0]?.body.toString()).toBe(
			`{"webhookType":"ai-deployment-session-starting","data":{"sessionId":"session-${sessionId}"}}`,
		);
		expect(simulator.deliveries[0]).toMatchObject({
			sessionId,
			event: 'starting',
			endPoint: hook.url,
			status: 200,
			responseText: 'received',
		});
		const session = simulator.sessions.get(sessionId);
		expect(session?.history.map(({ event, status }) => `${event} ${status}`)).toEqual([
			'queued queued',
			'starting queued',
			'started running',
			'stopping stopping',
			'stopped stopped',
		]);
		expect(session).toMatchObject({ status: 'stopped', end: expect.any(String), duration: SECONDS });
	});

	it('uses the other spelling on request, and only sends what was subscribed to', async () => {
		const hook = await receiver();
		const simulator = await start({ lifecycle: fast, eventFamily: 'agent-session' });
		const subscribed = { endPoint: hook.url, events: ['ai-deployment-session-started'] };
		const silent = await begin(simulator, { webhook: { endPoint: hook.url, events: [] } });
		const sessionId = await begin(simulator, { webhook: subscribed });
		await until(() => simulator.sessions.get(sessionId)?.status === 'stopped', 'the end');
		await until(() => simulator.sessions.get(silent)?.status === 'stopped', 'the other end');
		await until(() => simulator.deliveries.length > 0, 'the event');
		expect(hook.received.map(({ body }) => JSON.parse(body.toString()).webhookType)).toEqual([
			'agent-session-started',
		]);
		expect(simulator.deliveries.map(({ event }) => event)).toEqual(['started']);
	});

	it('can fail, and then nothing follows', async () => {
		const simulator = await start({ lifecycle: { ...fast, failedMs: 50 } });
		const sessionId = await begin(simulator);
		await pause(150);
		expect(simulator.sessions.get(sessionId)?.history.map(({ event }) => event)).toEqual([
			'queued',
			'starting',
			'started',
			'failed',
		]);
	});

	it('keeps the order of events, and loses none, when the process was busy', async () => {
		const simulator = await start({
			lifecycle: { startingMs: 4, startedMs: 8, stoppingMs: 12, stoppedMs: 16 },
		});
		const ids = await Promise.all(Array.from({ length: 50 }, async () => await begin(simulator)));
		const busyUntil = Date.now() + 50;
		while (Date.now() < busyUntil);
		await until(() => ids.every((id) => simulator.sessions.get(id)?.status === 'stopped'), 'all ends');
		for (const id of ids) expect(simulator.sessions.get(id)?.history).toHaveLength(5);
	});

	it('ends on request: completed, and the events of stopping follow', async () => {
		const hook = await receiver();
		const simulator = await start({ lifecycle: { ...fast, stoppingMs: null, stoppedMs: undefined } });
		const sessionId = await begin(simulator, { webhook: { endPoint: hook.url, events: ALL_EVENTS } });
		await until(() => simulator.sessions.get(sessionId)?.status === 'running', 'running');
		await call(simulator, 'POST', `${SESSIONS}/end`, { sessionId });
		await until(() => simulator.deliveries.length === 4, 'four events');
		expect(simulator.deliveries.map(({ event }) => event)).toEqual([
			'starting',
			'started',
			'stopping',
			'stopped',
		]);
		expect(simulator.sessions.get(sessionId)?.status).toBe('completed');
	});

	it('is driven by hand', async () => {
		const hook = await receiver();
		const simulator = await start();
		const sessionId = await begin(simulator, { webhook: { endPoint: hook.url, events: [ALL_EVENTS[1]] } });
		expect(await simulator.emit(sessionId, 'starting')).toBeUndefined();
		expect(await simulator.emit(sessionId, 'started', { roomId: 'r' })).toMatchObject({ status: 200 });
		expect(JSON.parse(hook.received[0]?.body.toString() ?? '')).toEqual({
			webhookType: 'ai-deployment-session-started',
			data: { sessionId: `session-${sessionId}`, roomId: 'r' },
		});
		expect(simulator.sessions.get(sessionId)?.status).toBe('running');
		await simulator.emit(sessionId, 'failed');
		await simulator.emit(sessionId, 'started');
		expect(simulator.sessions.get(sessionId)?.status).toBe('failed');
		await expect(simulator.emit('nobody', 'started')).rejects.toThrow('no session nobody');
	});

	it('drops, doubles and disorders events', async () => {
		const hook = await receiver();
		const simulator = await start({ lifecycle: fast });
		const webhook = { endPoint: hook.url, events: ALL_EVENTS };
		simulator.setEventFaults({ duplicate: 1, drop: (event) => event === 'starting' });
		await begin(simulator, { webhook });
		await until(() => simulator.deliveries.length === 6, 'six events');
		expect(simulator.deliveries.map(({ event }) => event)).toEqual(
			['started', 'stopping', 'stopped'].flatMap((event) => [event, event]),
		);
		expect(hook.received[0]?.body.equals(hook.received[1]?.body ?? Buffer.alloc(0))).toBe(true);

		simulator.deliveries.length = 0;
		simulator.setEventFaults({ outOfOrder: true });
		await begin(simulator, { webhook });
		await until(() => simulator.deliveries.length === 4, 'four events');
		const events = simulator.deliveries.map(({ event }) => event);
		expect(events.filter((event) => event.startsWith('start'))).toEqual(['started', 'starting']);
		expect(events.filter((event) => event.startsWith('stop'))).toEqual(['stopped', 'stopping']);
	});

	it('holds nothing back for ever', async () => {
		const hook = await receiver();
		const simulator = await start({ lifecycle: fast });
		simulator.setEventFaults({ outOfOrder: true });
		await begin(simulator, { webhook: { endPoint: hook.url, events: [ALL_EVENTS[1]] } });
		await until(() => simulator.deliveries.length === 1, 'the only event');
	});

	it('delivers anything, also unsigned or wrongly signed', async () => {
		const hook = await receiver();
		const simulator = await start();
		const body = Buffer.from('{"type":"agent-session-started", "data":{"sessionId":"session-1"} }é');
		const genuine = await simulator.deliver(hook.url, body);
		expect(genuine).toMatchObject({ status: 200, signature: simulator.sign(body) });
		await simulator.deliver(hook.url, body, { signature: null });
		await simulator.deliver(hook.url, 'x', { signature: 'bad', headers: { 'content-type': 'text/plain' } });
		expect(hook.received.map(({ headers }) => headers['videosdk-signature'])).toEqual([
			genuine.signature,
			undefined,
			'bad',
		]);
		expect(hook.received[0]?.body.equals(body)).toBe(true);
		expect(hook.received[2]?.headers['content-type']).toBe('text/plain');
		expect(await simulator.deliver(hook.url, { webhookType: 'agent-session-failed' })).toMatchObject({
			event: 'failed',
			sessionId: '',
		});
	});

	it('tells the error of a delivery', async () => {
		const hook = await receiver();
		const simulator = await start();
		await hook.close();
		expect((await simulator.deliver(hook.url, {})).error).toMatch(/ECONNREFUSED/);
		expect((await simulator.deliver('not a url', {})).error).toMatch(/Invalid URL/);
	});

	it('tries again if asked to', async () => {
		const hook = await receiver();
		hook.status = 503;
		const simulator = await start({ lifecycle: fast, retryDeliveries: 1 });
		await begin(simulator, { webhook: { endPoint: hook.url, events: [ALL_EVENTS[1]] } });
		await until(() => simulator.deliveries.length === 1, 'the first try');
		hook.status = 200;
		await until(() => simulator.deliveries.length === 2, 'the second try');
		expect(simulator.deliveries.map(({ status }) => status)).toEqual([503, 200]);
	});

	it('rotates its key', async () => {
		const simulator = await start();
		const [oldPem, oldSignature] = [simulator.publicKeyPem, simulator.sign('body')];
		simulator.rotateKey();
		const check = (pem: string, signature: string): boolean =>
			verify('RSA-SHA256', Buffer.from('body'), pem, Buffer.from(signature, 'base64'));
		expect(check(oldPem, oldSignature)).toBe(true);
		expect(check(simulator.publicKeyPem, simulator.sign('body'))).toBe(true);
		expect(check(oldPem, simulator.sign('body'))).toBe(false);
		const { publicKey } = (await (await fetch(simulator.url + KEY)).json()) as { publicKey: string };
		expect(check(publicKey, simulator.sign('body'))).toBe(true);
	});
});

describe('faults', () => {
	const startBody = { deploymentId: 'ddv_sales' };
	const post = async (simulator: Simulator): Promise<Result> =>
		await call(simulator, 'POST', `${SESSIONS}/start`, startBody);

	it('status: answered instead of processed, as often as asked, in order', async () => {
		const simulator = await start();
		simulator.addFault({ kind: 'status', status: 429, headers: { 'Retry-After': '1' }, match: { times: 2 } });
		simulator.addFault({ kind: 'status', status: 502, body: 'Bad gateway' });
		simulator.addFault({ kind: 'status' });
		const first = await post(simulator);
		expect([first.status, first.headers.get('retry-after')]).toEqual([429, '1']);
		expect((await post(simulator)).status).toBe(429);
		expect(await post(simulator)).toMatchObject({ status: 502, text: 'Bad gateway' });
		expect(await post(simulator)).toMatchObject({ status: 500, json: { message: 'Simulated fault' } });
		expect(simulator.sessions.size).toBe(0);
		expect((await post(simulator)).status).toBe(200);
		expect(simulator.requests.map(({ status }) => status)).toEqual([429, 429, 502, 500, 200]);
	});

	it('strikes only what it matches, never the key by accident, and can be taken back', async () => {
		const simulator = await start();
		simulator.addFault({ kind: 'status', status: 418, match: { method: 'post', path: /\/start$/g } });
		expect((await call(simulator, 'GET', KEY)).status).toBe(200);
		expect((await call(simulator, 'GET', SESSIONS)).status).toBe(200);
		expect((await post(simulator)).status).toBe(418);
		simulator.addFault({ kind: 'status' });
		simulator.clearFaults();
		expect((await post(simulator)).status).toBe(200);
	});

	it('answers with what is made of the headers', async () => {
		const simulator = await start();
		simulator.addFault({
			kind: 'status',
			status: 401,
			body: ({ host }: { host: string }) => ({ message: `You asked ${host}` }),
		});
		expect((await post(simulator)).json).toEqual({ message: `You asked ${new URL(simulator.url).host}` });
	});

	it('delay: the genuine answer, late', async () => {
		const simulator = await start();
		simulator.addFault({ kind: 'delay', delayMs: 80 });
		const before = Date.now();
		expect((await post(simulator)).status).toBe(200);
		expect(Date.now() - before).toBeGreaterThanOrEqual(75);
	});

	it('latency applies to every answer and can be set', async () => {
		const simulator = await start({ latencyMs: 100, lifecycle: false });
		let before = Date.now();
		await post(simulator);
		expect(Date.now() - before).toBeGreaterThanOrEqual(95);
		simulator.latencyMs = 200;
		before = Date.now();
		await post(simulator);
		expect(Date.now() - before).toBeGreaterThanOrEqual(195);
	});

	it.each(['reset', 'truncate'] as const)('%s: the session exists, the answer is lost', async (kind) => {
		const simulator = await start();
		simulator.addFault({ kind });
		await expect(post(simulator)).rejects.toThrow();
		expect(simulator.sessions.size).toBe(1);
		expect(simulator.requests[0]?.status).toBe(kind === 'reset' ? undefined : 200);
		expect((await post(simulator)).status).toBe(200);
	});

	it('truncate sends half of what it promises', async () => {
		const simulator = await start();
		simulator.addFault({ kind: 'truncate' });
		const headers = { authorization: token(simulator) };
		const { promised, got } = await new Promise<{ promised: number; got: number }>((resolve) => {
			http.get(`${simulator.url}${SESSIONS}`, { headers }, (response) => {
				let got = 0;
				response.on('data', (chunk: Buffer) => (got += chunk.length));
				response.on('error', () => resolve({ promised: Number(response.headers['content-length']), got }));
			});
		});
		expect(got).toBe(Math.floor(promised / 2));
	});

	it('hang: never answered', async () => {
		const simulator = await start();
		simulator.addFault({ kind: 'hang' });
		const headers = { authorization: token(simulator), 'content-type': 'application/json' };
		const body = JSON.stringify(startBody);
		const request = { method: 'POST', headers, body, signal: AbortSignal.timeout(500) };
		await expect(fetch(`${simulator.url}${SESSIONS}/start`, request)).rejects.toThrow(/timeout/);
		expect(simulator.sessions.size).toBe(1);
		expect(simulator.requests).toHaveLength(1);
	});

	it('delay before a status: nothing is done, even if the client gives up meanwhile', async () => {
		const simulator = await start();
		simulator.addFault({ kind: 'status', status: 503, delayMs: 60 });
		const headers = { authorization: token(simulator), 'content-type': 'application/json' };
		const signal = AbortSignal.timeout(20);
		const request = { method: 'POST', headers, body: JSON.stringify(startBody), signal };
		await expect(fetch(`${simulator.url}${SESSIONS}/start`, request)).rejects.toThrow(/timeout/);
		await pause(80);
		expect(simulator.sessions.size).toBe(0);
	});

	it('notJson, empty, noData: after the work was done', async () => {
		const simulator = await start();
		simulator.addFault({ kind: 'notJson' });
		simulator.addFault({ kind: 'empty' });
		simulator.addFault({ kind: 'noData' });
		const page = await post(simulator);
		expect([page.status, page.json]).toEqual([200, undefined]);
		expect(page.headers.get('content-type')).toMatch(/text\/html/);
		expect(await post(simulator)).toMatchObject({ status: 200, text: '' });
		expect(await post(simulator)).toMatchObject({ status: 200, json: { message: 'ok' } });
		expect(simulator.sessions.size).toBe(3);
		simulator.addFault({ kind: 'notJson', status: 504, body: 'Gateway time-out' });
		expect(await post(simulator)).toMatchObject({ status: 504, text: 'Gateway time-out' });
		expect(simulator.sessions.size).toBe(3);
	});

	it('redirect: to where it is told, or to itself', async () => {
		const simulator = await start();
		simulator.addFault({ kind: 'redirect', location: 'https://elsewhere.example/x' });
		simulator.addFault({ kind: 'redirect' });
		const there = await post(simulator);
		expect([there.status, there.headers.get('location')]).toEqual([307, 'https://elsewhere.example/x']);
		expect((await post(simulator)).headers.get('location')).toBe(`${simulator.url}${SESSIONS}/start`);
		expect(simulator.sessions.size).toBe(0);
	});

	it('the key: down, garbage, hanging, and well again', async () => {
		const simulator = await start();
		const get = async (limitMs = 10_000): Promise<Response> =>
			await fetch(simulator.url + KEY, { signal: AbortSignal.timeout(limitMs) });
		simulator.keyFault('down');
		expect((await get()).status).toBe(503);
		simulator.keyFault('garbage');
		const { publicKey } = (await (await get()).json()) as { publicKey: string };
		expect(() => createPublicKey(publicKey)).toThrow();
		simulator.keyFault('hang');
		await expect(get(500)).rejects.toThrow(/timeout/);
		simulator.keyFault('ok');
		expect((await get()).status).toBe(200);
		expect(simulator.keyRequests).toBe(4);
	});
});

describe('running', () => {
	it('closes at once: timers, hanging requests and hanging deliveries', async () => {
		const hook = await receiver();
		hook.status = undefined;
		const simulator = await start({ lifecycle: { startingMs: 0, startedMs: 60_000 } });
		const sessionId = await begin(simulator, { webhook: { endPoint: hook.url, events: ALL_EVENTS } });
		await until(() => hook.received.length === 1, 'the event');
		const emitted = simulator.emit(sessionId, 'started');
		simulator.addFault({ kind: 'hang' });
		simulator.addFault({ kind: 'delay', delayMs: 60_000 });
		const pending = Promise.allSettled([call(simulator, 'GET', SESSIONS), call(simulator, 'GET', SESSIONS)]);
		await until(() => simulator.requests.length === 3, 'the hanging requests');
		const before = Date.now();
		await Promise.all([simulator.close(), simulator.close()]);
		expect(Date.now() - before).toBeLessThan(8_000);
		expect((await pending).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
		expect((await emitted)?.error).toBe('the simulator was closed');
		await expect(fetch(simulator.url)).rejects.toThrow();
	});

	it('says if its port is taken', async () => {
		const { port } = await start();
		await expect(startSimulator({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
	});

	it('keeps a bounded record', async () => {
		const simulator = await start({ maxRecorded: 3, lifecycle: false });
		for (let index = 0; index < 5; index++) await begin(simulator, { metaData: { index } });
		expect(
			simulator.requests.map(({ body }) => (body as { metaData: { index: number } }).metaData.index),
		).toEqual([2, 3, 4]);
		expect([...simulator.sessions.values()].map(({ metaData }) => metaData?.index)).toEqual([2, 3, 4]);
	});

	it('logs what happens, and no secrets', async () => {
		const hook = await receiver();
		const lines: string[] = [];
		const simulator = await start({ lifecycle: false, log: (line) => lines.push(line) });
		const endPoint = `${hook.url}?key=hidden`;
		const sessionId = await begin(simulator, { webhook: { endPoint, events: [ALL_EVENTS[1]] } });
		await simulator.emit(sessionId, 'started');
		await simulator.emit(sessionId, 'stopped');
		await call(simulator, 'GET', SESSIONS, undefined, { authorization: `Bearer ${token(simulator)}` });
		simulator.addFault({ kind: 'reset' });
		await call(simulator, 'GET', SESSIONS).catch(() => undefined);
		await call(simulator, 'POST', `${SESSIONS}/start`, { deploymentId: 'ddv_sales', 'a\n\u001b[31mb': 1 });
		const id = `${sessionId.slice(0, 4)}…`;
		expect(lines.map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''))).toEqual([
			`POST ${SESSIONS}/start -> 200 session ${id} queued (deployment Support agent)`,
			`event started for session ${id} -> ${hook.url} 200`,
			`event stopped for session ${id} not sent: not among the events of its webhook`,
			`GET ${SESSIONS} -> 401 Token is invalid or expired (not a bare token: no "Bearer" prefix is allowed)`,
			`GET ${SESSIONS} -> no answer fault reset, page 1: 1 of 1`,
			`POST ${SESSIONS}/start -> 400 Unknown field "a [31mb"`,
		]);
		expect(lines.join('\n')).not.toMatch(/eyJ|hidden|sim-secret/);
	});
});
