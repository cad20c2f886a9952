import { apiRoutes } from './api';
import { defaultDeployments, Deployments } from './deployments';
import { Courier, SigningKey } from './events';
import { ApiServer } from './server';
import { DEFAULT_LIFECYCLE, Sessions } from './sessions';
import { Timers } from './timers';
import type { Simulator, SimulatorOptions } from './types';

export type * from './types';

/**
 * Starts a simulator of the VideoSDK Agent Cloud API on 127.0.0.1.
 * @throws if the port is taken.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
	const {
		apiKey = 'sim-api-key',
		secret = 'sim-secret-key-0123456789abcdef',
		eventFamily = 'ai-deployment-session',
		lifecycle = {},
		maxRecorded = 50_000,
	} = options;
	const timers = new Timers();
	const key = new SigningKey();
	const log = timestamped(options.log);

	const sessions: Sessions = new Sessions(
		lifecycle && { ...DEFAULT_LIFECYCLE, ...lifecycle },
		timers,
		maxRecorded,
		(session, event) => void courier.sendFromLifecycle(session, event),
	);
	const courier = new Courier(key, timers, {
		family: eventFamily,
		retries: options.retryDeliveries ?? 0,
		max: maxRecorded,
		log,
		planned: (session) => sessions.planned(session),
	});
	const server = new ApiServer({
		apiKey,
		secret,
		routes: apiRoutes(sessions, new Deployments(options.deployments ?? defaultDeployments())),
		publicKeyPem: () => key.publicKeyPem,
		timers,
		max: maxRecorded,
		log,
		latencyMs: options.latencyMs ?? 0,
	});
	const port = await server.listen(options.port ?? 0);
	let closing: Promise<void> | undefined;

	return {
		url: `http://127.0.0.1:${port}`,
		port,
		apiKey,
		secret,
		requests: server.requests,
		deliveries: courier.deliveries,
		sessions: sessions.byId,
		get publicKeyPem() {
			return key.publicKeyPem;
		},
		get keyRequests() {
			return server.keyRequests;
		},
		get latencyMs() {
			return server.latencyMs;
		},
		set latencyMs(ms) {
			server.latencyMs = ms;
		},
		addFault: (fault) => server.faults.add(fault),
		clearFaults: () => server.faults.clear(),
		setEventFaults: (faults) => {
			courier.faults = faults;
		},
		sign: (body) => key.sign(body),
		emit: async (sessionId, status, extra = {}) => {
			const session = sessions.byId.get(sessionId);
			if (!session) throw new Error(`The simulator has no session ${sessionId}`);
			sessions.advance(session, status);
			return await courier.sendByHand(session, status, extra);
		},
		deliver: async (endPoint, body, how) => await courier.deliver(endPoint, body, how),
		rotateKey: () => key.rotate(),
		keyFault: (mode) => {
			server.keyMode = mode;
		},
		close: async () => {
			timers.close();
			closing ??= Promise.all([courier.close(), server.close()]).then(() => undefined);
			await closing;
		},
	};
}

function timestamped(log: SimulatorOptions['log']): (line: string) => void {
	if (!log) return () => undefined;
	return (line) => {
		const time = new Date().toTimeString().slice(0, 8);
		// What a client sent must not be able to write lines, or colours, of its own.
		log(`${time} ${line.replace(/\p{Cc}+/gu, ' ')}`);
	};
}
