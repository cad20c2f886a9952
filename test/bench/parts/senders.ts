import type { Host } from '../lib/host';
import { ReceiverRunner } from '../lib/receiving';
import type { PartResult, Row } from '../lib/results';
import { interleave } from '../lib/rounds';
import { quantile, summarize, summarizePairs } from '../lib/stats';
import type { Receiver } from '../lib/workflows';
import type { BenchContext } from './context';

const SENDERS = [1, 5, 20, 50];
const RECEIVERS = ['ours', 'bare trigger', 'built by hand'] as const satisfies readonly Receiver[];
type Compared = (typeof RECEIVERS)[number];
const DELIVERIES = 80;
const ROUNDS = 2;

interface Outcome {
	/** Runs that were stored and have ended, for each second. */
	perSecond: number;
	p50Ms: number;
	p99Ms: number;
}

/** How many deliveries n8n takes in when several senders deliver at the same time. */
export async function measureSenders(context: BenchContext): Promise<PartResult> {
	const hosts = { '': await context.host(), ' (lazy acquire)': await context.lazyHost() };
	const rows: Row[] = [];
	const series = [];
	for (const [setting, host] of Object.entries(hosts)) {
		const { rates, outcomes } = await measureHost(context, host);
		for (const senders of SENDERS) {
			const rate = (receiver: Compared): number[] => rates[`${receiver} ${senders}`] ?? [];
			const ours = outcomes.get(`ours ${senders}`) ?? [];
			rows.push({
				what: `Deliveries stored and run, ${senders} ${senders === 1 ? 'sender' : 'senders'}${setting}`,
				unit: 'per second',
				ours: summarize(rate('ours')),
				peers: RECEIVERS.slice(1).map((name) => ({
					name,
					value: summarize(rate(name)),
					ratio: summarizePairs(rate('ours'), rate(name)),
				})),
				note: `answered after ${medianOf(ours, 'p50Ms')} ms (p50), ${medianOf(ours, 'p99Ms')} ms (p99)`,
			});
		}
		for (const receiver of RECEIVERS) {
			series.push({
				label: receiver + setting,
				isOurs: receiver === 'ours',
				points: SENDERS.map((senders): [number, number] => [
					senders,
					summarize(rates[`${receiver} ${senders}`] ?? []).median,
				]),
			});
		}
	}
	return {
		rows,
		plots: [
			{
				file: 'senders.svg',
				title: 'Deliveries that n8n stores and runs',
				kind: 'lines',
				xTitle: 'parallel senders',
				yTitle: 'per second',
				series,
			},
		],
		notes: [],
	};
}

const medianOf = (outcomes: Outcome[], field: keyof Outcome): string =>
	summarize(outcomes.map((outcome) => outcome[field])).median.toFixed(0);

async function measureHost(context: BenchContext, host: Host) {
	const runners = new Map<Compared, ReceiverRunner>();
	for (const receiver of RECEIVERS) {
		const runner = await ReceiverRunner.publish(host, receiver, receiver === 'ours');
		await runner.deliver(20, 5);
		runners.set(receiver, runner);
	}
	const names = SENDERS.flatMap((senders) => RECEIVERS.map((receiver) => `${receiver} ${senders}`));
	const outcomes = new Map<string, Outcome[]>(names.map((name) => [name, []]));
	const rates = await interleave(names, context.quick ? 1 : ROUNDS, async (name) => {
		const [, receiver, senders] = /^(.*) (\d+)$/.exec(name) ?? [];
		const outcome = await measureOne(runners.get(receiver as Compared), Number(senders), context.quick);
		outcomes.get(name)?.push(outcome);
		context.log(`${name}: ${outcome.perSecond.toFixed(1)}/s`);
		return outcome.perSecond;
	});
	for (const runner of runners.values()) await runner.verify();
	return { rates, outcomes };
}

async function measureOne(
	runner: ReceiverRunner | undefined,
	senders: number,
	quick: boolean,
): Promise<Outcome> {
	if (!runner) throw new Error('There is no such receiver.');
	const count = quick ? DELIVERIES / 2 : DELIVERIES;
	const { times, seconds } = await runner.deliverToTheEnd(count, senders);
	return { perSecond: count / seconds, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}
