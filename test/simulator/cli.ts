import { parseArgs } from 'node:util';
import { CALL_NUMBERS, startSimulator, type Lifecycle, type SimulatorOptions } from './index';

const DEFAULT_PORT = 4780;

const HELP = `A simulator of the VideoSDK API: agents, calls, rooms, recordings. On this machine only.

  npm run simulator -- [options]

  --port <number>          default ${DEFAULT_PORT}; 0 takes a free one
  --latency <ms>           time before each answer, default 0
  --api-key <text>         default sim-api-key
  --secret <text>          default sim-secret-key-0123456789abcdef
  --agent-session          events are named agent-session-... instead of ai-deployment-session-...
  --starting <ms|never>    when each event comes, after the start of a session:
  --started <ms|never>     by default 100, 300, 2000, 2300 and never
  --stopping <ms|never>
  --stopped <ms|never>
  --failed <ms|never>
  --ringing <ms|never>     how long a call rings before it is answered, default 1000
  --talking <ms|never>     how long it lasts from then on, default 3000
  --retries <number>       tries again for an event that was not accepted, default 0
  --help
`;

const STAGES = ['starting', 'started', 'stopping', 'stopped', 'failed'] as const;

class UsageError extends Error {}

function wholeNumber(name: string, text: string, max: number): number {
	if (!/^\d+$/.test(text) || Number(text) > max) {
		throw new UsageError(`--${name} must be a whole number from 0 to ${max}, not "${text}".`);
	}
	return Number(text);
}

function timeOrNever(name: string, text: string): number | null {
	return text === 'never' ? null : wholeNumber(name, text, 86_400_000);
}

/** @returns undefined if only the help was asked for. */
function readOptions(args: string[]): SimulatorOptions | undefined {
	const text = { type: 'string' } as const;
	const { values } = parseArgs({
		args,
		options: {
			port: text,
			latency: text,
			'api-key': text,
			secret: text,
			'agent-session': { type: 'boolean' },
			starting: text,
			started: text,
			stopping: text,
			stopped: text,
			failed: text,
			ringing: text,
			talking: text,
			retries: text,
			help: { type: 'boolean' },
		},
	});
	if (values.help) return undefined;
	const lifecycle: Partial<Lifecycle> = {};
	for (const stage of STAGES) {
		const value = values[stage];
		if (value !== undefined) lifecycle[`${stage}Ms`] = timeOrNever(stage, value);
	}
	return {
		port: wholeNumber('port', values.port ?? String(DEFAULT_PORT), 65_535),
		latencyMs: wholeNumber('latency', values.latency ?? '0', 600_000),
		retryDeliveries: wholeNumber('retries', values.retries ?? '0', 100),
		apiKey: values['api-key'],
		secret: values.secret,
		eventFamily: values['agent-session'] ? 'agent-session' : undefined,
		lifecycle,
		callBehaviour: {
			ringForMs: timeOrNever('ringing', values.ringing ?? '1000'),
			talkMs: timeOrNever('talking', values.talking ?? '3000'),
		},
		log: (line) => console.log(line),
	};
}

async function main(): Promise<void> {
	const options = readOptions(process.argv.slice(2));
	if (!options) {
		console.log(HELP);
		return;
	}
	const simulator = await startSimulator(options);
	console.log(`Simulator of the VideoSDK API (nothing here costs money or leaves this machine)

  Base URL    ${simulator.url}
  API key     ${simulator.apiKey}
  Secret key  ${simulator.secret}

  Deployments to start: ddv_support (tags latest, v1), ddv_sales, ddv_campaign_01 to ddv_campaign_12
  Calls: from +15550102001 by rule_out_01, or by gateway gw_out_01, to any number; these are special:
    ${Object.entries(CALL_NUMBERS)
			.map(([outcome, number]) => `${number} ${outcome}`)
			.join(', ')}
  Ctrl+C ends it.
`);
	let ending = false;
	const end = (): void => {
		// Ctrl+C often comes twice: from the terminal, and passed on by npm or tsx.
		if (ending) return;
		ending = true;
		void simulator.close().then(() => {
			console.log('The simulator has ended.');
			process.exit(0);
		});
	};
	process.on('SIGINT', end);
	process.on('SIGTERM', end);
}

function sentence(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const { code, port } = error as NodeJS.ErrnoException & { port?: number };
	if (code === 'EADDRINUSE') {
		return `Port ${port} is already in use: end the program that uses it, or choose another one with --port.`;
	}
	if (code === 'EACCES') return `Port ${port} may not be opened: choose one above 1023 with --port.`;
	if (error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS')) {
		return `${error.message.split('. ')[0]?.replace(/\.$/, '')}. See --help.`;
	}
	return `The simulator could not start: ${error.message}`;
}

main().catch((error: unknown) => {
	console.error(sentence(error));
	process.exitCode = 1;
});
