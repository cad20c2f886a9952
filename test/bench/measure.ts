/** How things are measured: in turns, in a real n8n, by n8n's own CPU time. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const QUIET_SAMPLE_MS = 50;
const QUIET_SAMPLES = 6;
const QUIET_TIMEOUT_MS = 120_000;

/** A line of the table; a peer is what a user would pick instead. */
export interface Row {
	what: string;
	unit: string;
	/** By the name of what was measured, ours first. */
	values: Record<string, number[]>;
}

const msPerTick = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** @returns the CPU time in ms that a process and its children have used so far */
export function cpuMs(pid: number): number {
	let text: string;
	try {
		text = readFileSync(`/proc/${pid}/stat`, 'utf8');
	} catch {
		// It has ended meanwhile.
		return 0;
	}
	// The name, in brackets, may hold anything. Then utime, stime, and the same of children that have ended.
	const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
	const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
	return children.reduce((sum, child) => sum + cpuMs(Number(child)), ticks * msPerTick);
}

/** Waits until a process and its children have nothing to do. @returns the CPU time in ms used until then */
export async function untilQuiet(pid: number): Promise<number> {
	const deadlineMs = Date.now() + QUIET_TIMEOUT_MS;
	let last = cpuMs(pid);
	for (let quiet = 0; quiet < QUIET_SAMPLES && Date.now() < deadlineMs;) {
		await sleep(QUIET_SAMPLE_MS);
		const ms = cpuMs(pid);
		quiet = ms - last > msPerTick ? 0 : quiet + 1;
		last = ms;
	}
	return last;
}

/** Measures several things in turns (A B, B A, ...), so that whatever disturbs the machine meets them alike. */
export async function inTurns<Name extends string>(
	names: readonly Name[],
	rounds: number,
	measure: (name: Name) => Promise<number>,
): Promise<Record<Name, number[]>> {
	const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
	for (let round = 0; round < rounds; round++) {
		for (let place = 0; place < names.length; place++) {
			const name = names[(place + round) % names.length] as Name;
			values[name].push(await measure(name));
		}
	}
	return values;
}

const median = (values: number[]): number => {
	const sorted = [...values].sort((first, second) => first - second);
	const middle = (sorted.length - 1) / 2;
	return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
};
const rounded = (value: number) => Number(value.toPrecision(3)).toLocaleString('en-US');

/** @returns a line of a Markdown table: the median of each, the smallest and the largest value, and ours beside the others */
export function toLine({ what, unit, values }: Row): string {
	const [ours = []] = Object.values(values);
	const cells = Object.entries(values).map(([name, all]) => {
		const spread = all.length > 1 ? ` (${rounded(Math.min(...all))} to ${rounded(Math.max(...all))})` : '';
		const share = all === ours ? '' : `; ours is ${rounded(median(ours) / median(all))} of it`;
		return `${name}: ${rounded(median(all))} ${unit}${spread}${share}`;
	});
	return `| ${what} | ${cells.join(' | ')} |`;
}
