/** The simulator in a process of its own, so that it and what is measured do not wait for each other. Driven by messages. */
import { startSimulator } from '../../simulator';
import type { SimulatorRequest } from '../lib/simulatorProcess';

async function main(): Promise<void> {
	// Sessions stay queued, so that no event comes in between.
	const simulator = await startSimulator({ lifecycle: false, maxRecorded: 20_000 });
	let cpuAtTake = process.cpuUsage();

	const answer = ({ command, value }: SimulatorRequest): unknown => {
		switch (command) {
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
	process.on('message', (request: SimulatorRequest) => {
		process.send?.({ id: request.id, result: answer(request) });
	});
	process.on('disconnect', () => process.exit(0));
	const { url, apiKey, secret, publicKeyPem } = simulator;
	process.send?.({ ready: { url, apiKey, secret, publicKeyPem } });
}

void main();
