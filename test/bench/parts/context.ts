import type { Host } from '../lib/host';
import type { SimulatorProcess } from '../lib/simulatorProcess';

/** What the parts have in common. */
export interface BenchContext {
	/** Fewer rounds: to see that it works, not to believe its figures. */
	quick: boolean;
	simulator: SimulatorProcess;
	/** An n8n with its usual settings, started when first asked for. */
	host(): Promise<Host>;
	/** One with N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE=true. */
	lazyHost(): Promise<Host>;
	log(line: string): void;
}
