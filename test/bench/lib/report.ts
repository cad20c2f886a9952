import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine';
import type { Row, StampedResult, Verdict } from './results';
import type { Summary } from './stats';

/** What `results.json` holds. */
export interface Report {
	machine: Machine;
	parts: StampedResult[];
}

const RESULTS = 'results.json';
const MARKS: Record<Verdict, string> = { met: 'yes', 'within noise': 'not sure (noise)', missed: '**no**' };

const METHOD = `Each part is measured in a real n8n, with our package packed and installed as n8n does it, against the simulator of the API in a
process of its own. What is compared runs in turns within the same minutes (A B C, B C A, ...), and a ratio is taken of
neighbours in the same round. A figure is the median of the rounds; in brackets the interval that holds the true median with 95 %
confidence (sign test; all values where there are fewer than nine). CPU is that of n8n with all its child processes, from /proc,
until it has nothing left to do, so the run that a delivery starts is included. A target is *missed*, and \`npm run bench\` ends
with 1, only if the whole interval is beyond it.`;

/** Puts new results in the place of those of the same parts. */
export function mergeReport(folder: string, machine: Machine, fresh: StampedResult[]): Report {
	const file = join(folder, RESULTS);
	const old = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report).parts : [];
	const parts = old.filter(({ part }) => !fresh.some((result) => result.part === part));
	return { machine, parts: [...parts, ...fresh] };
}

/** Writes the table and the figures. */
export function writeReport(folder: string, { machine, parts }: Report): void {
	mkdirSync(folder, { recursive: true });
	const sorted = [...parts].sort((first, second) => first.stamp.date.localeCompare(second.stamp.date));
	writeFileSync(join(folder, RESULTS), `${JSON.stringify({ machine, parts: sorted }, undefined, 2)}\n`);
	writeFileSync(join(folder, 'README.md'), markdown(machine, sorted));
}

function markdown(machine: Machine, parts: StampedResult[]): string {
	const lines = [
		'# Benchmarks',
		'',
		'Written by `npm run bench`; not edited by hand.',
		'',
		`- Machine: ${machine.cpu}, ${machine.cpus} CPUs, ${machine.memoryGb} GB, ${machine.system}`,
		`- n8n ${machine.n8n} on Node.js ${machine.node}`,
		'',
		METHOD,
		'',
	];
	for (const { part, stamp, rows, notes } of parts) {
		lines.push(
			`## ${part}`,
			'',
			`Commit ${stamp.commit}, ${stamp.date.slice(0, 16).replace('T', ' ')} UTC, ${Math.round(stamp.seconds)} s; load of the machine ${stamp.loadBefore} before, ${stamp.loadAfter} after.`,
			'',
			'| What | Ours | Peers | Ours / peer | Target | Met |',
			'| --- | --- | --- | --- | --- | --- |',
			...rows.map(tableRow),
			'',
			...notes.flatMap((note) => [note, '']),
		);
	}
	return `${lines.join('\n').trimEnd()}\n`;
}

/** A figure as it is read: three digits. */
function readable(value: number): string {
	if (!Number.isFinite(value)) return '-';
	const magnitude = Math.abs(value);
	if (magnitude >= 100) return Math.round(value).toLocaleString('en-US');
	if (magnitude >= 10) return value.toFixed(1);
	return value.toFixed(magnitude >= 1 ? 2 : 3);
}

function withInterval({ median, low, high, count }: Summary, unit = ''): string {
	const value = `${readable(median)}${unit && ` ${unit}`}`;
	return count > 1 ? `${value} (${readable(low)} to ${readable(high)})` : value;
}

function tableRow({ what, unit, ours, peers = [], target, note }: Row): string {
	const cells = [
		note ? `${what}; ${note}` : what,
		withInterval(ours, unit),
		peers.map(({ name, value }) => `${name}: ${withInterval(value, unit)}`).join('<br>'),
		peers.map(({ ratio }) => (ratio ? withInterval(ratio) : '')).join('<br>'),
		target?.text ?? '',
		target ? MARKS[target.verdict] : '',
	];
	return `| ${cells.map((cell) => cell.replace(/\|/g, '\\|')).join(' | ')} |`;
}

/** One line for the terminal. */
export function terminalLine({ what, unit, ours, peers = [], target }: Row): string {
	const compared = peers
		.map(
			({ name, value, ratio }) =>
				`${name} ${readable(value.median)}${ratio ? ` (ratio ${withInterval(ratio)})` : ''}`,
		)
		.join('; ');
	const verdict = target
		? ` [${target.text}: ${target.verdict === 'missed' ? 'MISSED' : target.verdict}]`
		: '';
	return `  ${what}: ${withInterval(ours, unit)}${compared && ` | ${compared}`}${verdict}`;
}
