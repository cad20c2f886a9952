import { inQueueMode } from '../lib/host';
import { ReceiverRunner } from '../lib/receiving';
import { peerOf, type PartResult, type Row } from '../lib/results';
import { interleave } from '../lib/rounds';
import { quantile, summarize } from '../lib/stats';
import type { BenchContext } from './context';

const SENDERS = 10;
const DELIVERIES = 100;
const RECEIVERS = ['ours', 'bare trigger'] as const;
type Runners = Record<(typeof RECEIVERS)[number], ReceiverRunner>;

/** Deliveries in queue mode, with Postgres and Redis, and one worker or two. */
export async function measureQueue(context: BenchContext): Promise<PartResult> {
	const rows: Row[] = [];
	await inQueueMode(context.simulator, {}, async (host, addWorker) => {
		const runners: Runners = {
			ours: await ReceiverRunner.publish(host, 'ours'),
			'bare trigger': await ReceiverRunner.publish(host, 'bare trigger'),
		};
		for (const workers of ['1 worker', '2 workers']) {
			await addWorker();
			for (const runner of Object.values(runners)) await runner.deliverToTheEnd(20, SENDERS);
			rows.push(...(await measureRunners(context, runners, workers)));
		}
		for (const runner of Object.values(runners)) await runner.verify();
	});
	return { rows, notes: [] };
}

async function measureRunners(context: BenchContext, runners: Runners, workers: string): Promise<Row[]> {
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
	return [
		{
			what: `Queue mode, ${workers}, ${SENDERS} senders: deliveries stored and run`,
			unit: 'per second',
			ours: summarize(rates.ours),
			peers: [peerOf('bare trigger', rates.ours, rates['bare trigger'])],
			note: `answered after ${quantile(answers, 0.5).toFixed(0)} ms (p50), ${quantile(answers, 0.99).toFixed(0)} ms (p99)`,
		},
		{
			what: `Queue mode, ${workers}, one sender: from sending an event to the end of its run`,
			unit: 'ms',
			ours: summarize(ends.ours),
			peers: [{ name: 'bare trigger', value: summarize(ends['bare trigger']) }],
		},
	];
}
