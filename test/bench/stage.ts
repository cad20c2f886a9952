/** The n8n in which figures are measured, and what they do there. */
import { readdirSync, readFileSync } from 'node:fs';
import { isWaiting } from '../e2e/deliveries';
import { n8nNode } from '../e2e/nodes';
import { setUp, type Setup } from '../e2e/setup';
import { PlainError, waitFor } from '../n8n/processes';
import type { WorkflowNode } from '../n8n/rest';
import type { RecordedRequest, SimulatorOptions } from '../simulator';

const LAZY = 'N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE';
/** How our images set n8n. */
export const IMAGE_SETTING = `\`${LAZY}=true\``;
const TOLD_PATH = '/told';
/** Linux counts CPU in these. */
const TICK_MS = 10;
const PATIENCE_MS = 600_000;

/** Starts n8n as our images set it, or as `env` does, and stops it in the end. */
export async function withN8n<T>(
	simulator: SimulatorOptions,
	use: (setup: Setup) => Promise<T>,
	env: Record<string, string> = { [LAZY]: 'true' },
): Promise<T> {
	const setup = await setUp({ n8n: { env }, simulator });
	try {
		return await use(setup);
	} finally {
		await setup.stop();
	}
}

/** Starts two: as n8n is by default, and as our images set it. */
export const withBoth = async <T>(use: (setups: Array<[setting: string, Setup]>) => Promise<T>) =>
	await withN8n(
		{},
		async (plain) =>
			await withN8n({}, async (lazy) => {
				return await use([
					["n8n's defaults", plain],
					[IMAGE_SETTING, lazy],
				]);
			}),
		{},
	);

/** Starts or resumes an execution by a webhook, given by its path or its whole address. */
export async function trigger({ n8n }: Setup, pathOrUrl: string, body?: object): Promise<void> {
	const { status } = await n8n.rest.triggerByWebhook(pathOrUrl, body);
	if (status !== 200) throw new PlainError(`${pathOrUrl} answered ${status}.`);
}

/** Waits until the simulator has received a request. @returns when, in ms since 1970 */
export async function receivedAt(
	{ simulator }: Setup,
	what: string,
	isIt: (request: RecordedRequest) => boolean,
): Promise<number> {
	return (await waitFor(what, async () => simulator.requests.find(isIt), PATIENCE_MS, 2)).receivedAtMs;
}

/** Waits until so many executions wait. */
export const untilWaiting = async ({ n8n: { rest } }: Setup, count: number): Promise<void> =>
	void (await waitFor(
		`${count} executions to wait`,
		async () => {
			const [latest, ...others] = await rest.listExecutions({ status: ['waiting'] });
			return latest && others.length === count - 1 && isWaiting(await rest.getExecution(String(latest.id)));
		},
		PATIENCE_MS,
	));

/** Waits until all executions are over. */
export const untilIdle = async ({ n8n: { rest } }: Setup): Promise<void> =>
	void (await waitFor(
		'all executions to end',
		async () => (await rest.listExecutions({ status: ['new', 'running', 'waiting'] })).length === 0,
		PATIENCE_MS,
	));

/** n8n's own Wait, and before it what tells the simulator its resume URL. */
export const waitNodes = ({ simulator }: Setup, webhookId: string): WorkflowNode[] => [
	{
		...n8nNode(
			'Tell',
			'httpRequest',
			{
				method: 'POST',
				url: simulator.url + TOLD_PATH,
				sendBody: true,
				specifyBody: 'json',
				jsonBody: '={{ JSON.stringify({ url: $execution.resumeUrl }) }}',
				options: {},
			},
			4.2,
		),
		// The simulator knows no such path.
		onError: 'continueRegularOutput',
	},
	{
		...n8nNode(
			'Wait',
			'wait',
			{
				resume: 'webhook',
				httpMethod: 'POST',
				limitWaitTime: true,
				limitType: 'afterTimeInterval',
				resumeAmount: 2,
				resumeUnit: 'hours',
				options: {},
			},
			1.1,
		),
		webhookId,
	},
];

/** @returns the resume URLs of what waits by `waitNodes`, since the simulator's requests were cleared */
export const resumeUrls = ({ simulator }: Setup): string[] =>
	simulator.requests
		.filter(({ path }) => path === TOLD_PATH)
		.map(({ body }) => (body as { url: string }).url);

/** @returns the CPU that n8n and its child processes have used so far, in ms */
export function cpuMs({ n8n }: Setup): number {
	const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
	const used = processes.map((id) => {
		try {
			// The name of a process may have spaces in it.
			const fields = readFileSync(`/proc/${id}/stat`, 'utf8').split(') ').pop()!.split(' ').map(Number);
			const [group, user, system] = [fields[2], fields[11], fields[12]];
			return group === n8n.pid ? user! + system! : 0;
		} catch {
			// It has ended.
			return 0;
		}
	});
	return used.reduce((sum, ticks) => sum + ticks, 0) * TICK_MS;
}
