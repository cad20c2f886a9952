import type { N8nProcess } from '../../n8n/instance';
import { startN8n, startWorker } from '../../n8n/instance';
import { startPostgres, startRedis } from '../../n8n/services';
import { hostOf, preparedUserFolder } from '../lib/host';
import { ReceiverRunner } from '../lib/receiving';
import type { PartResult, Row } from '../lib/results';
import { interleave } from '../lib/rounds';
import { quantile, summarize, summarizePairs } from '../lib/stats';
import type { BenchContext } from './context';

const SENDERS = 10;
const DELIVERIES = 100;
const RECEIVERS = ['ours', 'bare trigger'] as const;

/** Deliveries in queue mode, with Postgres and Redis, and one worker or two. */
export async function measureQueue(context: BenchContext): Promise<PartResult> {
	const services = [await startPostgres(context.log), await startRedis(context.log)];
	const env = Object.assign({}, ...services.map((service) => service.env)) as Record<string, string>;
	const start = { mode: 'queue', tarball: null, env } as const;
	const workers: N8nProcess[] = [];
	const rows: Row[] = [];
	const main = await startN8n({ ...start, userFolder: await preparedUserFolder('main') });
	try {
		const host = await hostOf(main, context.simulator);
		const runners = {
			ours: await ReceiverRunner.publish(host, 'ours'),
			'bare trigger': await ReceiverRunner.publish(host, 'bare trigger'),
		};
		for (const count of [1, 2]) {
			workers.push(await startWorker({ ...start, userFolder: await preparedUserFolder(`worker-${count}`) }));
			for (const runner of Object.values(runners)) await runner.deliverToTheEnd(20, SENDERS);
			const { rates, answers, ends } = await measureRunners(context, runners);
			const workerText = `${count} ${count === 1 ? 'worker' : 'workers'}`;
			rows.push({
				what: `Queue mode, ${workerText}, ${SENDERS} senders: deliveries stored and run`,
				unit: 'per second',
				ours: summarize(rates.ours),
				peers: [
					{
						name: 'bare trigger',
						value: summarize(rates['bare trigger']),
						ratio: summarizePairs(rates.ours, rates['bare trigger']),
					},
				],
				note: `answered after ${quantile(answers, 0.5).toFixed(0)} ms (p50), ${quantile(answers, 0.99).toFixed(0)} ms (p99)`,
			});
			rows.push({
				what: `Queue mode, ${workerText}, one sender: from sending an event to the end of its run`,
				unit: 'ms',
				ours: summarize(ends.ours),
				peers: [{ name: 'bare trigger', value: summarize(ends['bare trigger']) }],
			});
		}
		for (const runner of Object.values(runners)) await runner.verify();
	} finally {
		for (const worker of workers) await worker.stop();
		await main.stop();
		for (const service of services) await service.stop();
	}
	return { rows, notes: [] };
}

async function measureRunners(
	context: BenchContext,
	runners: Record<(typeof RECEIVERS)[number], ReceiverRunner>,
) {
	const answers: number[] = [];
	const rates = await interleave(RECEIVERS, context.quick ? 1 : 4, async (receiver) => {
		const { times, seconds } = await runners[receiver].deliverToTheEnd(DELIVERIES, SENDERS);
		if (receiver === 'ours') answers.push(...times);
		context.log(`${receiver}: ${(DELIVERIES / seconds).toFixed(1)}/s`);
		return DELIVERIES / seconds;
	});
	const ends = await interleave(
		RECEIVERS,
		context.quick ? 3 : 9,
		async (receiver) => (await runners[receiver].deliverToTheEnd(1, 1)).seconds * 1000,
	);
	return { rates, answers, ends };
}
