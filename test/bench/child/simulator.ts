/** The simulator in a process of its own, so that it and what is measured do not wait for each other. Driven by messages. */
import { startSimulator } from '../../simulator';
import type { SimulatorRequest } from '../lib/simulatorProcess';

const SENDERS = 20;

async function main(): Promise<void> {
	// Sessions stay queued, so that no event comes in between.
	const simulator = await startSimulator({ lifecycle: false });
	let cpuAtTake = process.cpuUsage();

	/** Some at a time, as a service does that has much to send. */
	async function endSessions(): Promise<number> {
		const left = [...simulator.sessions.keys()][Symbol.iterator]();
		let taken = 0;
		const sender = async () => {
			for (const id of left) {
				const delivery = await simulator.emit(id, 'stopped');
				if (delivery?.status === 200) taken++;
			}
		};
		await Promise.all(Array.from({ length: SENDERS }, sender));
		return taken;
	}

	const answer = ({ command, value }: SimulatorRequest): unknown => {
		switch (command) {
			case 'count':
				return simulator.requests.length;
			case 'endSessions':
				return endSessions();
			case 'latency':
				simulator.latencyMs = Number(value);
				return undefined;
			case 'sign':
				return (value as string[]).map((body) => simulator.sign(body));
			case 'take': {
				const used = process.cpuUsage(cpuAtTake);
				const requests = simulator.requests.splice(0);
				simulator.sessions.clear();
				cpuAtTake = process.cpuUsage();
				const starts = requests.filter(({ path }) => path.endsWith('/start'));
				return {
					requests: requests.length,
					starts: starts.length,
					firstBody: starts[0]?.rawBody.toString('utf8'),
					cpuMs: (used.user + used.system) / 1000,
				};
			}
		}
	};
	process.on('message', async (request: SimulatorRequest) => {
		process.send?.({ id: request.id, result: await answer(request) });
	});
	process.on('disconnect', () => process.exit(0));
	const { url, apiKey, secret, publicKeyPem } = simulator;
	process.send?.({ ready: { url, apiKey, secret, publicKeyPem } });
}

void main();
