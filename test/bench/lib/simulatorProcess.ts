import { fork } from 'node:child_process';
import { join } from 'node:path';

export interface SimulatorRequest {
	id: number;
	command: 'latency' | 'sign' | 'take' | 'count' | 'endSessions';
	value?: unknown;
}

/** What came in since the last look. */
export interface Taken {
	requests: number;
	starts: number;
	firstBody?: string;
	/** The CPU time that the simulator used. */
	cpuMs: number;
}

interface Ready {
	url: string;
	apiKey: string;
	secret: string;
	publicKeyPem: string;
}

/** A simulator in a process of its own. */
export interface SimulatorProcess extends Ready {
	setLatency(ms: number): Promise<void>;
	sign(bodies: string[]): Promise<string[]>;
	/** Tells what came in since the last look, and forgets it. */
	take(): Promise<Taken>;
	/** How many requests came in since the last look, without forgetting them. */
	count(): Promise<number>;
	/** Ends all sessions by their events. @returns how many events were answered with a 2xx */
	endSessions(): Promise<number>;
	close(): void;
}

/** Starts it. It ends with this process, whose end closes the channel between them. */
export async function startSimulatorProcess(): Promise<SimulatorProcess> {
	const child = fork(join(__dirname, '..', 'child', 'simulator.ts'), { execArgv: ['--import', 'tsx'] });
	const waiting = new Map<number, (result: unknown) => void>();
	let lastId = 0;
	const ready = await new Promise<Ready>((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (code) => reject(new Error(`The simulator ended while starting, with code ${code}.`)));
		child.on('message', (message: { ready?: Ready; id?: number; result?: unknown }) => {
			if (message.ready) resolve(message.ready);
			else if (message.id !== undefined) {
				waiting.get(message.id)?.(message.result);
				waiting.delete(message.id);
			}
		});
	});
	const ask = async <T>(command: SimulatorRequest['command'], value?: unknown): Promise<T> =>
		await new Promise<T>((resolve) => {
			const id = ++lastId;
			waiting.set(id, resolve as (result: unknown) => void);
			child.send({ id, command, value } satisfies SimulatorRequest);
		});
	return {
		...ready,
		setLatency: async (ms) => await ask('latency', ms),
		sign: async (bodies) => await ask('sign', bodies),
		take: async () => await ask('take'),
		count: async () => await ask('count'),
		endSessions: async () => await ask('endSessions'),
		close: () => {
			child.kill();
		},
	};
}
