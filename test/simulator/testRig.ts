import { VideoSDK } from '@videosdk.live/server-sdk';
import jwt from 'jsonwebtoken';
import { startSimulator, type Simulator, type SimulatorOptions } from './index';

let cleanUps: Array<() => Promise<void>> = [];

afterEach(async () => {
	for (const cleanUp of cleanUps) await cleanUp();
	cleanUps = [];
});

export async function start(options: SimulatorOptions = { lifecycle: false }): Promise<Simulator> {
	const simulator = await startSimulator(options);
	cleanUps.push(() => simulator.close());
	return simulator;
}

export const token = (simulator: Simulator, claims: object = {}, options: jwt.SignOptions = {}): string =>
	jwt.sign(
		{
			apikey: simulator.apiKey,
			permissions: ['allow_join'],
			version: 2,
			roles: ['crawler'],
			exp: Math.floor(Date.now() / 1000) + 300,
			...claims,
		},
		simulator.secret,
		{ algorithm: 'HS256', ...options },
	);

/** @returns the status of the answer */
export async function call(
	simulator: Simulator,
	method: string,
	path: string,
	body?: object,
	authorization = token(simulator),
): Promise<number> {
	const headers = { authorization, ...(body && { 'content-type': 'application/json' }) };
	return (await fetch(simulator.url + path, { method, headers, body: body && JSON.stringify(body) })).status;
}

/** The official SDK as a client; it repeats nothing, so that a failure shows at once. */
export const officialClient = ({ apiKey, secret, url }: Simulator): VideoSDK =>
	new VideoSDK({ apiKey, secret, apiEndpoint: url, maxRetries: 0 });
