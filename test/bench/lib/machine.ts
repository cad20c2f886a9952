import { execFileSync } from 'node:child_process';
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';
import type { Runtime } from '../../n8n/runtime';

/** Where a measurement was made, and of what. */
export interface Machine {
	cpu: string;
	cpus: number;
	memoryGb: number;
	system: string;
	n8n: string;
	/** The Node.js that runs n8n. */
	node: string;
}

export function describeMachine(runtime: Runtime): Machine {
	return {
		cpu: cpus()[0]?.model.trim() ?? 'unknown',
		cpus: cpus().length,
		memoryGb: Math.round(totalmem() / 1e9),
		system: `${type()} ${release()} ${arch()}`,
		n8n: runtime.version,
		node: execFileSync(runtime.node, ['--version'], { encoding: 'utf8' }).trim(),
	};
}

export const machineLoad = (): number => Number((loadavg()[0] ?? 0).toFixed(2));
