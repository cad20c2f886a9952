import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process of /proc, its times in clock ticks. */
interface ProcessTimes {
	pid: number;
	parent: number;
	state: string;
	ticks: number;
}

const QUIET_SAMPLE_MS = 50;
const QUIET_SAMPLES = 6;
const QUIET_TIMEOUT_MS = 120_000;

let msPerTick: number | undefined;
const tickMs = (): number =>
	(msPerTick ??= 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).trim()));

function readProcess(pid: number): ProcessTimes | undefined {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name, in brackets, may hold anything.
		const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
		const [state = '', parent] = fields;
		// utime, stime, and the same of children that have ended.
		const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
		return { pid, parent: Number(parent), state, ticks };
	} catch {
		return undefined;
	}
}

/** The processes and all that they started. */
function readTree(roots: number[]): ProcessTimes[] {
	const all = readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.map((name) => readProcess(Number(name)))
		.filter((found) => found !== undefined);
	const tree = all.filter(({ pid }) => roots.includes(pid));
	for (const process of tree) tree.push(...all.filter(({ parent }) => parent === process.pid));
	return tree;
}

/** The CPU time that the processes and their children have used so far, in ms. */
export function cpuMs(roots: number[]): number {
	return readTree(roots).reduce((sum, { ticks }) => sum + ticks, 0) * tickMs();
}

/** The memory of a process alone, in MB. */
export function residentMb(pid: number): number {
	const status = readFileSync(`/proc/${pid}/status`, 'utf8');
	return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? NaN) / 1024;
}

/** Waits until the processes have had nothing to do for a while. @returns the CPU time used until then, in ms */
export async function untilQuiet(roots: number[]): Promise<number> {
	const deadline = Date.now() + QUIET_TIMEOUT_MS;
	let last = cpuMs(roots);
	for (let quiet = 0; quiet < QUIET_SAMPLES && Date.now() < deadline;) {
		await sleep(QUIET_SAMPLE_MS);
		const tree = readTree(roots);
		const now = tree.reduce((sum, { ticks }) => sum + ticks, 0) * tickMs();
		const isBusy = now - last > tickMs() || tree.some(({ state }) => state === 'R');
		quiet = isBusy ? 0 : quiet + 1;
		last = now;
	}
	return last;
}
