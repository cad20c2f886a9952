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
import { describeCommit } from '../n8n/commit';
import { Host } from './lib/host';
import { describeMachine, machineLoad } from './lib/machine';
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

const PARTS: Record<string, { title: string; measure: (context: BenchContext) => Promise<PartResult> }> = {
	start: { title: 'Many starts', measure: measureStarts },
	lists: { title: 'Lists', measure: measureLists },
	waits: { title: 'Waiting executions', measure: measureWaits },
	trigger: { title: 'One delivery', measure: measureTrigger },
	tools: { title: 'Tool calls', measure: measureTools },
	load: { title: 'Start-up and size', measure: measureStartUp },
	queue: { title: 'Queue mode', measure: measureQueue },
};

const USAGE = `Usage: npm run bench -- [--only <part>[,<part>]] [--quick] [--write]

  --only   some parts: ${Object.keys(PARTS).join(', ')}
  --quick  few rounds: to see that it works, not to believe its figures
  --write  write docs/benchmarks/ although not all was measured: other parts stay as they are there`;

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

runMain(async () => {
	if (process.platform !== 'linux') {
		throw new PlainError('The benchmark reads the CPU time of processes from /proc: it runs on Linux only.');
	}
	const { names, quick, isWritten } = readArguments();
	const runtime = await ensureRuntime();
	await packPackage();
	const simulator = await startSimulatorProcess();
	const hosts = new Map<string, Promise<Host>>();
	const context: BenchContext = {
		quick,
		simulator,
		host: async (env = {}) => {
			const key = JSON.stringify(env);
			const host = hosts.get(key) ?? Host.start(simulator, { env });
			hosts.set(key, host);
			return await host;
		},
		log: (line) => write(`    ${line}`),
	};
	const results: StampedResult[] = [];
	try {
		for (const name of names) {
			const part = PARTS[name];
			if (!part) continue;
			const startedAt = Date.now();
			const loadBefore = machineLoad();
			write(`\n${part.title} (load of the machine: ${loadBefore})`);
			const measured = await part.measure(context);
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
			results.push({ part: part.title, stamp, ...result });
		}
	} finally {
		for (const host of hosts.values()) await (await host).n8n.stop();
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
