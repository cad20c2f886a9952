import { setTimeout as sleep } from 'node:timers/promises';
import { pauseMs } from '../../../nodes/VideoSdkAgentCloud/conversation/wait';
import { ResumeProxy } from '../../e2e/resumeProxy';
import { PlainError, waitFor } from '../../n8n/processes';
import { newAgent, post } from '../lib/deliver';
import { Host } from '../lib/host';
import { cpuMs, residentMb, untilQuiet } from '../lib/processTree';
import type { PartResult, Row } from '../lib/results';
import { summarize } from '../lib/stats';
import { waitWorkflow } from '../lib/workflows';
import type { BenchContext } from './context';

const PATH = 'waits';
const STARTERS_AT_A_TIME = 20;
const WINDOW_MS = 60_000;
const QUICK_WINDOW_MS = 15_000;
const ALL_WAITING_TIMEOUT_MS = 300_000;
const HOUR_MS = 3_600_000;

interface Case {
	executions: number;
	items: number;
}

const CASES: Case[] = [
	{ executions: 1, items: 1 },
	{ executions: 100, items: 1 },
	{ executions: 1_000, items: 1 },
	{ executions: 1, items: 200 },
];

interface Cost {
	/** From the first start until all wait. */
	startSeconds: number;
	windowRequests: number;
	windowCpuMs: number;
	idleCpuMs: number;
	grownMb: number;
	/** From the first event to the end of the last execution. */
	endSeconds: number;
	endCpuMs: number;
	ownRequests: number;
}

/** What waiting executions cost n8n and the API: at first, when they are polled often, and when their sessions end. */
export async function measureWaits(context: BenchContext): Promise<PartResult> {
	const proxy = new ResumeProxy();
	await proxy.open();
	const env = { WEBHOOK_URL: proxy.url, N8N_WEBHOOK_URL: proxy.url };
	const host = await Host.start(context.simulator, { env });
	proxy.targetPort = host.n8n.port;
	try {
		await context.simulator.setLatency(50);
		const workflowId = await host.publish(waitWorkflow(host, PATH), PATH);
		// Code and connections are warm then.
		await measureCase(context, host, proxy, workflowId, { executions: 1, items: 1 }, 2_000);
		const costs: Array<Case & Cost> = [];
		for (const each of context.quick ? CASES.slice(0, 2) : CASES) {
			const windowMs = context.quick ? QUICK_WINDOW_MS : WINDOW_MS;
			costs.push({ ...each, ...(await measureCase(context, host, proxy, workflowId, each, windowMs)) });
		}
		return report(costs, context.quick ? QUICK_WINDOW_MS : WINDOW_MS);
	} finally {
		await context.simulator.setLatency(0);
		await host.n8n.stop();
		await proxy.close();
	}
}

async function measureCase(
	context: BenchContext,
	host: Host,
	proxy: ResumeProxy,
	workflowId: string,
	{ executions, items }: Case,
	windowMs: number,
): Promise<Cost> {
	const pids = [host.n8n.pid];
	const { simulator } = context;
	const waiting = async (): Promise<number> => await host.runs(workflowId, ['waiting']);
	const finished = async (): Promise<number> => await host.runs(workflowId, ['success']);
	const finishedBefore = await finished();

	await untilQuiet(pids);
	const idleBefore = cpuMs(pids);
	await sleep(windowMs);
	const idleCpuMs = cpuMs(pids) - idleBefore;

	const memoryBefore = residentMb(host.n8n.pid);
	const startedAt = performance.now();
	const agent = newAgent(STARTERS_AT_A_TIME);
	let left = executions;
	const starter = async (): Promise<void> => {
		while (left-- > 0) {
			const { status, text } = await post(host.webhookUrl(PATH), JSON.stringify({ count: items }), {}, agent);
			if (status !== 200) throw new PlainError(`n8n answered ${status}: ${text}`);
		}
	};
	await Promise.all(Array.from({ length: STARTERS_AT_A_TIME }, starter));
	agent.destroy();
	await waitFor(
		`${executions} executions to wait`,
		async () => ((await waiting()) === executions ? true : undefined),
		ALL_WAITING_TIMEOUT_MS,
		500,
	);
	const startSeconds = (performance.now() - startedAt) / 1000;

	const requestsBefore = await simulator.count();
	const cpuBefore = cpuMs(pids);
	await sleep(windowMs);
	const windowCpuMs = cpuMs(pids) - cpuBefore;
	const windowRequests = (await simulator.count()) - requestsBefore;
	const grownMb = residentMb(host.n8n.pid) - memoryBefore;

	const cpuAtEnd = cpuMs(pids);
	const endedAt = performance.now();
	const taken = await simulator.endSessions();
	await waitFor(
		`${executions} executions to go on`,
		async () => ((await finished()) - finishedBefore === executions ? true : undefined),
		ALL_WAITING_TIMEOUT_MS,
		500,
	);
	const endSeconds = (performance.now() - endedAt) / 1000;
	const endCpuMs = (await untilQuiet(pids)) - cpuAtEnd;
	const ownRequests = proxy.takeOwn();
	await simulator.take();
	context.log(
		`${executions} x ${items}: all wait after ${startSeconds.toFixed(1)} s, ${windowRequests} requests and ${windowCpuMs.toFixed(0)} ms CPU in ${windowMs / 1000} s, ${taken} ends taken, all went on after ${endSeconds.toFixed(1)} s`,
	);
	return { startSeconds, windowRequests, windowCpuMs, idleCpuMs, grownMb, endSeconds, endCpuMs, ownRequests };
}

/** How often one execution is polled between two times since its start, by the schedule. */
function pollsBetween(fromMs: number, untilMs: number): number {
	let polls = 0;
	let atMs = 0;
	while ((atMs += pauseMs(atMs)) <= untilMs) {
		if (atMs > fromMs) polls++;
	}
	return polls;
}

function report(costs: Array<Case & Cost>, windowMs: number): PartResult {
	const seconds = windowMs / 1000;
	const rows = costs.flatMap((cost): Row[] => {
		const { executions, items } = cost;
		const what = `${executions.toLocaleString('en-US')} waiting ${executions === 1 ? 'execution' : 'executions'}, ${items} ${items === 1 ? 'session' : 'sessions'} each`;
		const one = (value: number) => summarize([value]);
		return [
			{
				what: `${what}: API requests in ${seconds} s, once all wait`,
				unit: 'requests',
				ours: one(cost.windowRequests),
			},
			{
				what: `${what}: CPU of n8n in these ${seconds} s`,
				unit: 'ms CPU',
				ours: one(cost.windowCpuMs),
				peers: [{ name: 'n8n without them', value: one(cost.idleCpuMs) }],
			},
			{ what: `${what}: memory of n8n`, unit: 'MB', ours: one(cost.grownMb) },
			{ what: `${what}: time until all had gone on after the ends`, unit: 's', ours: one(cost.endSeconds) },
			{
				what: `${what}: CPU for each execution that goes on`,
				unit: 'ms CPU',
				ours: one(cost.endCpuMs / executions),
			},
			{
				what: `${what}: requests to n8n's own resume URL for each execution`,
				unit: 'requests',
				ours: one(cost.ownRequests / executions),
			},
		];
	});
	const many = costs.filter(({ items }) => items === 1);
	const most = many.at(-1);
	const perPollMs = most && (most.windowCpuMs - most.idleCpuMs) / most.windowRequests;
	const [firstHour, secondHour] = [pollsBetween(0, HOUR_MS), pollsBetween(HOUR_MS, 2 * HOUR_MS)];
	return {
		rows,
		notes: [
			`By the schedule an execution with one or two sessions is polled ${firstHour} times in its first hour, and ${secondHour} times in each hour after that. A poll took ${perPollMs?.toFixed(1)} ms of n8n's CPU, measured at ${most?.executions} waiting executions.`,
		],
	};
}
