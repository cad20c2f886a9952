/** Tokens and signatures, with the official SDK as the judge, and what the API contract says of a token. */
import { generateToken, VideoSDK } from '@videosdk.live/server-sdk';
import type { Simulator, SimulatorOptions } from './index';
import { call, receiver, start, token, until } from './testRig';

const SESSIONS = '/ai/v1/ai-deployment-sessions';
const ALL_EVENTS = ['starting', 'started', 'stopping', 'stopped', 'failed'].map(
	(event) => `ai-deployment-session-${event}`,
);

describe('tokens', () => {
	it('accepts the tokens of the official SDK and of jsonwebtoken', async () => {
		const simulator = await start();
		const official = generateToken({ apiKey: simulator.apiKey, secretKey: simulator.secret });
		expect((await call(simulator, 'GET', SESSIONS, undefined, { authorization: official })).status).toBe(200);
		expect((await call(simulator, 'GET', SESSIONS)).status).toBe(200);
		expect(simulator.requests.at(-1)?.claims).toMatchObject({ apikey: simulator.apiKey, version: 2 });
	});

	const refused: Array<[string, (simulator: Simulator) => string]> = [
		['with a Bearer prefix', (simulator) => `Bearer ${token(simulator)}`],
		['of another secret', (simulator) => token({ ...simulator, secret: 'wrong' })],
		['of another algorithm', (simulator) => token(simulator, {}, { algorithm: 'HS384' })],
		['with apiKey', (simulator) => token(simulator, { apikey: undefined, apiKey: 'sim-api-key' })],
		['without permissions', (simulator) => token(simulator, { permissions: undefined })],
		['of version 1', (simulator) => token(simulator, { version: 1 })],
		['without a role', (simulator) => token(simulator, { roles: [] })],
		['with the role rtc', (simulator) => token(simulator, { roles: ['crawler', 'rtc'] })],
		['that has expired', (simulator) => token(simulator, { exp: Math.floor(Date.now() / 1000) - 1 })],
	];
	it.each(refused)('refuses one %s', async (_, make) => {
		const simulator = await start();
		const result = await call(simulator, 'GET', SESSIONS, undefined, { authorization: make(simulator) });
		expect(result).toMatchObject({ status: 401, json: { message: 'Token is invalid or expired' } });
	});
});

it('fails loudly when it answers anything that test/schemas does not describe', async () => {
	const simulator = await start();
	const webhook = simulator.addCallWebhook('https://elsewhere.example/', ['call-started']);
	Object.assign(webhook, { url: 7 });
	expect(await call(simulator, 'GET', '/v2/sip/webhooks')).toMatchObject({
		status: 500,
		text: 'The simulator failed',
	});
});

describe('events that the official SDK accepts', () => {
	/** What a webhook gets that takes all events, and the SDK's reading of it, in the order of names. */
	const accepted = async (options: SimulatorOptions, count: number, use: Use) => {
		const hook = await receiver();
		const simulator = await start(options);
		await use(simulator, hook.url);
		await until(() => hook.received.length === count, 'all events');
		const sdk = new VideoSDK({ apiKey: simulator.apiKey, secret: simulator.secret });
		return hook.received
			.map(({ body, headers }) =>
				sdk.webhooks.verifySync(body, headers['videosdk-signature'], simulator.publicKeyPem),
			)
			.sort((one, other) => one.type.localeCompare(other.type));
	};
	type Use = (simulator: Simulator, endPoint: string) => Promise<unknown>;

	it('come from a session', async () => {
		const lifecycle = { startingMs: 10, startedMs: 40, stoppingMs: 70, stoppedMs: 100 };
		let sessionId = '';
		const events = await accepted({ lifecycle }, 4, async (simulator, endPoint) => {
			const webhook = { endPoint, events: ALL_EVENTS };
			const started = await call(simulator, 'POST', `${SESSIONS}/start`, {
				deploymentId: 'ddv_support',
				webhook,
			});
			sessionId = `session-${started.json.data.sessionId}`;
		});
		expect(events.map(({ type, data }) => [type, data])).toEqual(
			ALL_EVENTS.slice(0, 4)
				.sort()
				.map((type) => [type, { sessionId }]),
		);
	});

	it('come from a room', async () => {
		let meetingId = '';
		const events = await accepted({ callBehaviour: { talkMs: 20 } }, 6, async (simulator, endPoint) => {
			const webhook = { endPoint, events: ['session-*', 'participant-*'] };
			meetingId = (await call(simulator, 'POST', '/v2/rooms', { webhook })).json.roomId;
			await call(simulator, 'POST', '/v2/sip/call', {
				routingRuleId: 'rule_out_01',
				sipCallFrom: '+15550102001',
				sipCallTo: '+15550003000',
				destinationRoomId: meetingId,
				waitUntilAnswered: true,
			});
		});
		expect(events.map(({ type }) => type)).toEqual([
			...['participant-joined', 'participant-joined', 'participant-left', 'participant-left'],
			...['session-ended', 'session-started'],
		]);
		for (const { data } of events) expect(data).toMatchObject({ meetingId });
	});
});
