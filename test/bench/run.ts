/**
 * `npm run bench`: how fast the package is, beside what a user would pick instead. Writes `docs/benchmarks/`.
 * Ends with 1 if a target is missed by more than noise.
 */
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packPackage } from '../n8n/package';
import { PlainError, repositoryRoot, runMain } from '../n8n/processes';
import { ensureRuntime } from '../n8n/runtime';
import type { Host } from './lib/host';
import { startHost } from './lib/host';
import { describeCommit, describeMachine, machineLoad } from './lib/machine';
import { mergeReport, terminalLine, writeReport } from './lib/report';
import type { PartResult, StampedResult } from './lib/results';
import { withoutBusyVerdicts } from './lib/results';
import { startSimulatorProcess } from './lib/simulatorProcess';
import type { BenchContext } from './parts/context';
import { measureLists } from './parts/lists';
import { measureQueue } from './parts/queue';
import { measureStartUp } from './parts/startUp';
import { measureStarts } from './parts/starts';
import { measureTools } from './parts/tools';
import { measureTrigger } from './parts/trigger';
import { measureWaits } from './parts/waits';

const PARTS: Record<string, (context: BenchContext) => Promise<PartResult>> = {
	start: measureStarts,
	lists: measureLists,
	waits: measureWaits,
	trigger: measureTrigger,
	tools: measureTools,
	load: measureStartUp,
	queue: measureQueue,
};

const USAGE = `Usage: npm run bench -- [--only <part>[,<part>]] [--quick] [--write]

  --only   some parts: ${Object.keys(PARTS).join(', ')}
  --quick  few rounds: to see that it works, not to believe its figures
  --write  write docs/benchmarks/ although not all was measured: other parts stay as they are there`;

const TITLES: Record<string, string> = {
	start: 'Many starts',
	lists: 'Lists',
	waits: 'Waiting executions',
	trigger: 'One delivery',
	tools: 'Tool calls',
	load: 'Start-up and size',
	queue: 'Queue mode',
};

/** What the benchmark's own processes add to the load of the machine. */
const OWN_LOAD = 1.5;

const write = (line: string): void => void process.stdout.write(`${line}\n`);

function readArguments(): { names: string[]; quick: boolean; isWritten: boolean } {
	const { values } = parseArgs({
		options: {
			only: { type: 'string' },
			quick: { type: 'boolean', default: false },
			write: { type: 'boolean', default: false },
			help: { type: 'boolean', short: 'h', default: false },
		},
	});
	if (values.help) {
		write(USAGE);
		process.exit(0);
	}
	const names = values.only?.split(',') ?? Object.keys(PARTS);
	const unknown = names.find((name) => !(name in PARTS));
	if (unknown !== undefined) throw new PlainError(`There is no part "${unknown}".\n\n${USAGE}`);
	return { names, quick: values.quick, isWritten: values.write || (!values.only && !values.quick) };
}

/** Starts each n8n when it is first asked for, and stops them all. */
class Hosts {
	private readonly started = new Map<string, Promise<Host>>();

	constructor(private readonly simulator: BenchContext['simulator']) {}

	async get(name: string, env: Record<string, string> = {}): Promise<Host> {
		const host = this.started.get(name) ?? startHost(this.simulator, env);
		this.started.set(name, host);
		return await host;
	}

	async stop(name: string): Promise<void> {
		const host = this.started.get(name);
		this.started.delete(name);
		await (await host)?.n8n.stop();
	}

	async stopAll(): Promise<void> {
		for (const name of [...this.started.keys()]) await this.stop(name);
	}
}

runMain(async () => {
	if (process.platform !== 'linux') {
		throw new PlainError('The benchmark reads the CPU time of processes from /proc: it runs on Linux only.');
	}
	const { names, quick, isWritten } = readArguments();
	const runtime = await ensureRuntime();
	await packPackage();
	const simulator = await startSimulatorProcess();
	const hosts = new Hosts(simulator);
	const context: BenchContext = {
		quick,
		simulator,
		host: async () => await hosts.get('usual'),
		lazyHost: async () => await hosts.get('lazy', { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' }),
		log: (line) => write(`    ${line}`),
	};
	const results: StampedResult[] = [];
	try {
		for (const name of names) {
			const startedAt = Date.now();
			const loadBefore = machineLoad();
			write(`\n${TITLES[name]} (load of the machine: ${loadBefore})`);
			const measured = await PARTS[name]?.(context);
			if (!measured) continue;
			const loadAfter = machineLoad();
			// Beyond the processes of the benchmark itself.
			const isBusy = Math.max(loadBefore, loadAfter) > cpus().length + OWN_LOAD;
			const result = withoutBusyVerdicts(measured, isBusy);
			if (isBusy)
				write('  The machine was busy with other things: times by the clock are not to be believed.');
			const seconds = (Date.now() - startedAt) / 1000;
			for (const row of result.rows) write(terminalLine(row));
			for (const note of result.notes) write(`  ${note}`);
			write(`  (${seconds.toFixed(0)} s)`);
			const stamp = {
				commit: describeCommit(),
				date: new Date(startedAt).toISOString(),
				loadBefore,
				loadAfter,
				seconds,
			};
			results.push({ part: TITLES[name] ?? name, stamp, ...result });
		}
	} finally {
		await hosts.stopAll();
		simulator.close();
	}
	if (isWritten) {
		const folder = join(repositoryRoot, 'docs', 'benchmarks');
		writeReport(folder, mergeReport(folder, describeMachine(runtime), results));
		write(`\nWritten: ${folder}`);
	}
	const missed = results.flatMap(({ rows }) => rows.filter(({ target }) => target?.verdict === 'missed'));
	for (const { what, target } of missed) write(`MISSED: ${what}: ${target?.text}`);
	return missed.length > 0 ? 1 : 0;
});
