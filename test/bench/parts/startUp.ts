import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { packPackage } from '../../n8n/package';
import { temporaryFolder } from '../../n8n/processes';
import { MAXIMUM_PACKED_BYTES, MAXIMUM_UNPACKED_BYTES } from '../../scan/sizeLimits';
import { bareFolder, writeBarePackage } from '../lib/barePackage';
import { runChild } from '../lib/child';
import { packageFolder } from '../lib/host';
import type { PartResult, Row } from '../lib/results';
import { target, wallTarget } from '../lib/results';
import { interleave } from '../lib/rounds';
import { summarize, summarizePairs } from '../lib/stats';
import type { BenchContext } from './context';

const ROUNDS = 21;
const LIMIT_MS = 10;

interface Cost {
	wallMs: number;
	cpuMs: number;
}

/** How long n8n's loader takes for the package in a fresh process, and how large the package is. */
export async function measureStartUp(context: BenchContext): Promise<PartResult> {
	const { n8n } = await context.host();
	const core = join(n8n.runtime.folder, 'node_modules', 'n8n-core');
	const folders = { ours: packageFolder(n8n.userFolder), bare: bareFolder(n8n.userFolder) };
	const other = temporaryFolder('videosdk-bench-other');
	writeBarePackage(other);
	const cpu: Record<keyof typeof folders, number[]> = { ours: [], bare: [] };
	const times = await interleave(['ours', 'bare'] as const, context.quick ? 3 : ROUNDS, async (name) => {
		const { wallMs, cpuMs } = await runChild<Cost>(n8n.runtime, 'startUp', [core, other, folders[name]]);
		context.log(`${name}: ${wallMs.toFixed(2)} ms, CPU ${cpuMs.toFixed(2)} ms`);
		cpu[name].push(cpuMs);
		return wallMs;
	});
	const tarball = await packPackage();
	const listing = execFileSync('tar', ['-tvzf', tarball], { encoding: 'utf8' }).trim().split('\n');
	const unpacked = listing.reduce((sum, line) => sum + Number(line.split(/\s+/)[2]), 0);
	const size = (what: string, bytes: number, limitBytes: number): Row => {
		const kilobytes = summarize([bytes / 1000]);
		const limit = limitBytes / 1000;
		return { what, unit: 'kB', ours: kilobytes, target: target(`at most ${limit} kB`, limit, kilobytes) };
	};
	const peer = (values: Record<keyof typeof folders, number[]>) => ({
		name: 'bare trigger (one node, 1 kB)',
		value: summarize(values.bare),
		ratio: summarizePairs(values.ours, values.bare),
	});
	const ours = summarize(times.ours);
	return {
		rows: [
			{
				what: "The package in n8n's loader, fresh process",
				unit: 'ms',
				ours,
				peers: [peer(times)],
				target: wallTarget('under 10 ms (median)', LIMIT_MS, ours),
			},
			{
				what: 'The same, CPU of the process with its helper threads',
				unit: 'ms CPU',
				ours: summarize(cpu.ours),
				peers: [peer(cpu)],
			},
			size('Package, packed', statSync(tarball).size, MAXIMUM_PACKED_BYTES),
			size('Package, unpacked', unpacked, MAXIMUM_UNPACKED_BYTES),
		],
		notes: [`The package holds ${listing.length} files.`],
	};
}
