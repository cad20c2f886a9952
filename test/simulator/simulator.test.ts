/** The simulator with the official SDK as its judge, and what many tests rely on. */
import { createHmac } from 'node:crypto';
import { generateToken, VideoSDK } from '@videosdk.live/server-sdk';
import jwt from 'jsonwebtoken';
import type { Simulator } from './index';
import { call, receiver, start, token, until } from './testRig';

const SESSIONS = '/ai/v1/ai-deployment-sessions';
const ALL_EVENTS = ['starting', 'started', 'stopping', 'stopped', 'failed'].map(
	(event) => `ai-deployment-session-${event}`,
);
/** Of something short, on a machine that may stand still. */
const SECONDS = expect.closeTo(0, -1) as number;

async function begin(simulator: Simulator, body: object = {}): Promise<string> {
	const { json } = await call(simulator, 'POST', `${SESSIONS}/start`, {
		deploymentId: 'ddv_support',
		...body,
	});
	return json.data.sessionId as string;
}

describe('tokens', () => {
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
});

it('fails loudly when it answers anything that test/schemas does not describe', async () => {
	const simulator = await start();
	Object.assign(simulator.answers, { gatewayId: 'gatewayID' });
	expect(await call(simulator, 'GET', '/v2/sip/inbound-gateways')).toMatchObject({
		status: 500,
		text: 'The simulator failed',
	});
});

describe('events', () => {
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
});

describe('faults', () => {
	it.each(['reset', 'truncate'] as const)('%s: the session exists, the answer is lost', async (kind) => {
		const simulator = await start();
		simulator.addFault({ kind });
		await expect(begin(simulator)).rejects.toThrow();
		expect(simulator.sessions.size).toBe(1);
		expect(simulator.requests[0]?.status).toBe(kind === 'reset' ? undefined : 200);
		expect(await begin(simulator)).toEqual(expect.any(String));
	});
});

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
