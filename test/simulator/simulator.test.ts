/** Tokens, with the official SDK as the judge, and what the API contract says of one. */
import { generateToken } from '@videosdk.live/server-sdk';
import type { Simulator } from './index';
import { call, start, token } from './testRig';

const SESSIONS = '/ai/v1/ai-deployment-sessions';

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
