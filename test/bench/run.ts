/** `npm run bench`: how fast the package is in a real n8n, beside what a user would pick instead. Prints Markdown tables. */
import { parseArgs } from 'node:util';
import { setUp, type Setup } from '../e2e/setup';
import { describeCommit } from '../n8n/commit';
import { PlainError, runMain } from '../n8n/processes';
import { DEFAULT_N8N_VERSION } from '../n8n/runtime';
import { toLine, type Row } from './measure';
import { measureDeliveries, measureStarts, measureTools, measureWaits } from './parts';

const PARTS: Record<string, (setup: Setup, rounds: number) => Promise<Row[]>> = {
	starts: measureStarts,
	deliveries: measureDeliveries,
	tools: measureTools,
	waits: measureWaits,
};
/** n8n's own settings, and with the one that docs/dev/queue-mode.md recommends. The workflow built by hand verifies with crypto. */
const SETTINGS = {
	'n8n as it comes': { NODE_FUNCTION_ALLOW_BUILTIN: 'crypto' },
	'N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE=true': {
		NODE_FUNCTION_ALLOW_BUILTIN: 'crypto',
		N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true',
	},
};

const write = (line: string): void => void process.stdout.write(`${line}\n`);

runMain(async () => {
	if (process.platform !== 'linux')
		throw new PlainError('The CPU time of processes is read from /proc: Linux only.');
	const { values } = parseArgs({
		options: { only: { type: 'string' }, rounds: { type: 'string', default: '9' } },
	});
	const names = values.only?.split(',') ?? Object.keys(PARTS);
	const unknown = names.find((name) => !(name in PARTS));
	if (unknown) throw new PlainError(`--only takes some of ${Object.keys(PARTS).join(', ')}, not ${unknown}.`);
	write(`n8n ${DEFAULT_N8N_VERSION}, commit ${describeCommit()}: median (smallest to largest)`);
	for (const [setting, env] of Object.entries(SETTINGS)) {
		write(`\n## ${setting}\n`);
		const setup = await setUp({ n8n: { env }, simulator: { lifecycle: false, deliveryTimeoutMs: 60_000 } });
		try {
			for (const name of names) {
				for (const row of (await PARTS[name]?.(setup, Number(values.rounds))) ?? []) write(toLine(row));
			}
		} finally {
			await setup.stop();
		}
	}
	return 0;
});
