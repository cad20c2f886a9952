import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { packPackage } from '../../n8n/package';
import { PlainError, run, temporaryFolder } from '../../n8n/processes';
import type { Runtime } from '../../n8n/runtime';
import { MAXIMUM_PACKED_BYTES, MAXIMUM_UNPACKED_BYTES } from '../../scan/sizeLimits';
import { writeBarePackage } from '../lib/barePackage';
import { peerOf, target, wallTarget, type PartResult, type Row } from '../lib/results';
import { interleave } from '../lib/rounds';
import { summarize } from '../lib/stats';
import type { BenchContext } from './context';

const ROUNDS = 21;
const LIMIT_MS = 10;

interface Cost {
	wallMs: number;
	cpuMs: number;
}

/** Loads a package as n8n does, in a process of n8n's own Node.js, without anything that would change how modules are loaded. */
async function load(runtime: Runtime, otherFolder: string, packageFolder: string): Promise<Cost> {
	const core = join(runtime.folder, 'node_modules', 'n8n-core');
	const child = join(__dirname, '..', 'child', 'startUp.ts');
	// Node.js is to say nothing about running TypeScript.
	const quiet = ['MODULE_TYPELESS_PACKAGE_JSON', 'ExperimentalWarning'].map(
		(name) => `--disable-warning=${name}`,
	);
	const { code, output } = await run(runtime.node, [...quiet, child, core, otherFolder, packageFolder], {
		env: { ...process.env, NODE_OPTIONS: '', NODE_PATH: join(runtime.folder, 'node_modules') },
	});
	if (code !== 0) throw new PlainError(`${output}\nThe package could not be loaded.`);
	return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Cost;
}

/** How long n8n's loader takes for the package in a fresh process, and how large the package is. */
export async function measureStartUp(context: BenchContext): Promise<PartResult> {
	const { n8n, packages } = await context.host();
	const other = temporaryFolder('videosdk-bench-other');
	writeBarePackage(other);
	const cpu: Record<keyof typeof packages, number[]> = { ours: [], bare: [] };
	const times = await interleave(['ours', 'bare'] as const, context.quick ? 3 : ROUNDS, async (name) => {
		const { wallMs, cpuMs } = await load(n8n.runtime, other, packages[name]);
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
	const peer = (values: typeof cpu) => peerOf('bare trigger (one node, 1 kB)', values.ours, values.bare);
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
