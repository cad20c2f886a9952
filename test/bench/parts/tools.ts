import { setTimeout as sleep } from 'node:timers/promises';
import { Host, inQueueMode } from '../lib/host';
import { peerOf, wallTarget, type PartResult, type Row } from '../lib/results';
import { interleave } from '../lib/rounds';
import { quantile, summarize } from '../lib/stats';
import { type Tool, ToolCaller, TOOLS } from '../lib/toolCalls';
import type { BenchContext } from './context';

const GROUPS = 11;
const CALLS_IN_GROUP = 6;
const WARM_UP_CALLS = 5;
/** Agents ask now and then. Meanwhile n8n 2.x prepares what it evaluates expressions with. */
const PAUSE_MS = 300;
const LIMITS: Partial<Record<Tool, number>> = {
	'MCP Server Trigger': 0.95,
	'Webhook + Respond to Webhook': 1.1,
	'Webhook with Header Auth': 1.1,
};
const LAZY = { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' };
const SETTINGS: Array<{ version: string; mode: 'regular' | 'queue'; env?: Record<string, string> }> = [
	{ version: '2.41.1', mode: 'regular' },
	{ version: '2.41.1', mode: 'regular', env: LAZY },
	{ version: '1.123.81', mode: 'regular' },
	{ version: '2.41.1', mode: 'queue' },
	{ version: '1.123.81', mode: 'queue' },
];

/** What the caller hears as a pause: from an agent's question to the answer of a workflow. */
export async function measureTools(context: BenchContext): Promise<PartResult> {
	const rows: Row[] = [];
	for (const setting of SETTINGS) {
		const { version, mode, env } = setting;
		const words = [`n8n ${version}`, `${mode} mode`, ...Object.keys(env ?? {})].join(', ');
		const use = async (host: Host) => void rows.push(...rowsOf(words, await measure(context, host, words)));
		if (mode === 'queue') {
			await inQueueMode(context.simulator, { version }, async (host, addWorker) => {
				await addWorker();
				await use(host);
			});
			continue;
		}
		const host = await Host.start(context.simulator, { version, env });
		await use(host).finally(async () => await host.n8n.stop());
	}
	return { rows, notes: [] };
}

/** @returns the times of all calls in ms, by group */
async function measure(
	context: BenchContext,
	host: Host,
	setting: string,
): Promise<Record<Tool, number[][]>> {
	const callers = new Map<Tool, ToolCaller>();
	for (const tool of TOOLS) callers.set(tool, await ToolCaller.publish(host, tool));
	const ask = async (tool: Tool) => {
		await sleep(PAUSE_MS);
		return await callers.get(tool)?.ask();
	};
	await interleave(TOOLS, context.quick ? 3 : WARM_UP_CALLS, ask);
	const times = Object.fromEntries(TOOLS.map((tool) => [tool, []])) as unknown as Record<Tool, number[][]>;
	for (let group = 0; group < (context.quick ? 3 : GROUPS); group++) {
		const measured = await interleave(TOOLS, CALLS_IN_GROUP, ask);
		for (const tool of TOOLS) times[tool].push(measured[tool]);
		context.log(
			`${setting}: ${TOOLS.map((tool) => `${tool} ${quantile(measured[tool], 0.5).toFixed(1)} ms`).join(', ')}`,
		);
	}
	for (const caller of callers.values()) caller.close();
	return times;
}

const medians = (groups: number[][]): number[] => groups.map((group) => quantile(group, 0.5));

function rowsOf(setting: string, times: Record<Tool, number[][]>): Row[] {
	const ours = medians(times.ours);
	const p95 = (tool: Tool): string => quantile(times[tool].flat(), 0.95).toFixed(0);
	return TOOLS.filter((tool) => tool !== 'ours').map((tool) => {
		const peer = peerOf(tool, ours, medians(times[tool]));
		const limit = LIMITS[tool] ?? 1;
		return {
			what: `A tool call, p50 (${setting})`,
			unit: 'ms',
			ours: summarize(ours),
			peers: [peer],
			target: wallTarget(`at most ${limit} of ${tool}`, limit, peer.ratio),
			note: `p95 ${p95('ours')} ms, ${tool} ${p95(tool)} ms`,
		};
	});
}
