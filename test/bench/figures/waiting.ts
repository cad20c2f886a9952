import { during, publishWebhook } from '../../e2e/deliveries';
import { actionNode, BY_RULE, COUNTED_PATH, countingNode } from '../../e2e/nodes';
import type { Setup } from '../../e2e/setup';
import { waitFor } from '../../n8n/processes';
import { type Figure, median, type Row, SIZE } from '../figure';
import { cpuMs, resumeUrls, trigger, untilIdle, untilWaiting, waitNodes, withN8n } from '../stage';

const MINUTE_MS = 60_000;
const AT_ONCE = 8;
const PATIENCE_MS = 1_800_000;
/** In the first minutes after its start, n8n has other things to do. */
const IDLE_MINUTES = 3;
const { executions, minutes } = SIZE;
const MANY = `${executions.toLocaleString('en-US')} executions`;

/** Does something for each, so many at a time. */
async function forEach<T>(all: T[], work: (one: T) => Promise<unknown>): Promise<void> {
	const queue = [...all];
	const worker = async () => {
		for (let one = queue.shift(); one !== undefined; one = queue.shift()) await work(one);
	};
	await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** @returns CPU of n8n in % of a core, and requests to the API, in each of so many minutes */
async function observe(setup: Setup, count: number): Promise<Array<{ cpu: number; requests: number }>> {
	const observed = [];
	for (let minute = 0; minute < count; minute++) {
		setup.simulator.requests.length = 0;
		const beforeMs = cpuMs(setup);
		await during(MINUTE_MS);
		const cpu = (100 * (cpuMs(setup) - beforeMs)) / MINUTE_MS;
		observed.push({ cpu, requests: setup.simulator.requests.length });
	}
	return observed;
}

/** Starts an execution for each number, and waits until all of them wait. */
async function startAll(setup: Setup, path: string): Promise<void> {
	const numbers = Array.from({ length: executions }, (_, index) => String(15550010000 + index));
	await forEach(numbers, async (number) => await trigger(setup, path, { number }));
	await untilWaiting(setup, executions);
}

/** @param end ends all waits @returns after how many seconds the first, half of them, and the last continued */
async function continueAll(setup: Setup, path: string, end: () => Promise<unknown>): Promise<number[]> {
	const { simulator } = setup;
	simulator.requests.length = 0;
	const sinceMs = Date.now();
	const continued = () => simulator.requests.filter((one) => one.path === COUNTED_PATH + path);
	const isOver = async () => continued().length >= executions;
	await Promise.all([end(), waitFor(`all ${MANY} to continue`, isOver, PATIENCE_MS, 250)]);
	const seconds = continued().map(({ receivedAtMs }) => (receivedAtMs - sinceMs) / 1000);
	await untilIdle(setup);
	return [0, Math.floor(executions / 2), executions - 1].map((index) => seconds[index]!);
}

export const waiting: Figure = {
	title: `${MANY} that wait`,
	how: `Each waits for a call, by **Call: Make and Wait**: what that adds in each of ${minutes} minutes, once all wait. Then all calls end at the same moment, which no event says. Beside it, as many wait by n8n's Wait, whose requests are sent ${AT_ONCE} at a time.`,
	measure: async () =>
		await withN8n({ callBehaviour: false }, async (setup) => {
			const { simulator } = setup;
			const call = actionNode(setup, 'Call', {
				...BY_RULE,
				operation: 'makeAndWait',
				to: '=+{{ $json.body.number }}',
				maxWait: 2,
				maxWaitUnit: 'hours',
			});
			await publishWebhook(setup, 'ours', [call, countingNode(setup, 'Next', 'ours')]);
			await publishWebhook(setup, 'n8n', [...waitNodes(setup, 'n8n'), countingNode(setup, 'Next', 'n8n')]);
			const idle = median((await observe(setup, IDLE_MINUTES)).map(({ cpu }) => cpu));
			await startAll(setup, 'ours');
			const observed = await observe(setup, minutes);
			const ours = await continueAll(setup, 'ours', async () => {
				for (const callId of simulator.calls.keys()) await simulator.moveCall(callId, 'ended');
			});
			simulator.requests.length = 0;
			await startAll(setup, 'n8n');
			const urls = resumeUrls(setup);
			const theirs = await continueAll(setup, 'n8n', async () => {
				await forEach(urls, async (url) => await trigger(setup, url));
			});
			const untilOn = (what: string, index: number): Row => ({
				what: `All calls end, until ${what}`,
				unit: 's',
				ours: [ours[index]!],
				peer: { name: 'Wait', values: [theirs[index]!] },
			});
			return [
				{
					what: 'CPU of n8n that they add',
					unit: '% of a core',
					ours: observed.map(({ cpu }) => cpu - idle),
				},
				{
					what: 'Requests to the API',
					unit: 'a minute',
					ours: observed.map(({ requests }) => requests),
				},
				untilOn('the first execution continues', 0),
				untilOn('half of them have continued', 1),
				untilOn('all have continued', 2),
			];
		}),
};
