import type { Host } from '../lib/host';
import type { SimulatorProcess } from '../lib/simulatorProcess';

/** What the parts have in common. */
export interface BenchContext {
	/** Fewer rounds: to see that it works, not to believe its figures. */
	quick: boolean;
	simulator: SimulatorProcess;
	/** An n8n with its usual settings, or some others, started when first asked for. */
	host(env?: Record<string, string>): Promise<Host>;
	log(line: string): void;
}
