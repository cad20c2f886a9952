/** Tokens, with the official SDK as the judge, and what the API contract says of one. */
import { generateToken } from '@videosdk.live/server-sdk';
import type { Simulator } from './index';
import { call, start, token } from './testRig';

const SESSIONS = '/ai/v1/ai-deployment-sessions';

it.each<[what: string, make: (simulator: Simulator) => string, status?: number]>([
	['of the official SDK', ({ apiKey, secret }) => generateToken({ apiKey, secretKey: secret }), 200],
	['of jsonwebtoken', (simulator) => token(simulator), 200],
	['with a Bearer prefix', (simulator) => `Bearer ${token(simulator)}`],
	['of another secret', (simulator) => token({ ...simulator, secret: 'wrong' })],
	['of another algorithm', (simulator) => token(simulator, {}, { algorithm: 'HS384' })],
	['with apiKey', (simulator) => token(simulator, { apikey: undefined, apiKey: 'sim-api-key' })],
	['without permissions', (simulator) => token(simulator, { permissions: undefined })],
	['of version 1', (simulator) => token(simulator, { version: 1 })],
	['without a role', (simulator) => token(simulator, { roles: [] })],
	['with the role rtc', (simulator) => token(simulator, { roles: ['crawler', 'rtc'] })],
	['that has expired', (simulator) => token(simulator, { exp: Math.floor(Date.now() / 1000) - 1 })],
])('A token %s', async (_what, make, status = 401) => {
	const simulator = await start();
	expect(await call(simulator, 'GET', SESSIONS, undefined, make(simulator))).toBe(status);
});

it('The simulator fails loudly when it answers anything that test/schemas does not describe', async () => {
	const simulator = await start();
	Object.assign(simulator.addCallWebhook('https://elsewhere.example/', ['call-started']), { url: 7 });
	expect(await call(simulator, 'GET', '/v2/sip/webhooks')).toBe(500);
});
