import type { Host } from '../lib/host';
import { ReceiverRunner } from '../lib/receiving';
import type { PartResult, Peer, Row, Target } from '../lib/results';
import { target } from '../lib/results';
import type { Measurements } from '../lib/rounds';
import { interleave } from '../lib/rounds';
import { summarize, summarizePairs } from '../lib/stats';
import type { BenchContext } from './context';

const DELIVERIES = 20;
const WARM_UP_DELIVERIES = 40;
const LIMIT_TO_BARE = 1.03;
/** With lazy acquire n8n gets a sandbox for an expression only when one is evaluated, which version 1.1 needs none of. */
const LIMIT_TO_VERSION_1 = 0.75;
/** A forged delivery costs no more than a genuine one. */
const LIMIT_FORGED = 1;

/** What is delivered to what. The bare trigger has the same credential, since n8n checks a node's credential at each run. */
const CASES = [
	'ours',
	'ours, first events',
	'ours, version 1',
	'ours, runs not saved',
	'ours, forged',
	'bare trigger',
	'bare trigger, version 2',
	'built by hand',
] as const;
type Case = (typeof CASES)[number];

/** The same workflows on one n8n. */
async function publishAll(host: Host): Promise<Record<Case, ReceiverRunner>> {
	const ours = await ReceiverRunner.publish(host, 'ours', true);
	return {
		ours,
		'ours, first events': await ReceiverRunner.publish(host, 'ours'),
		'ours, version 1': await ReceiverRunner.publish(host, 'ours, version 1', true),
		'ours, runs not saved': await ReceiverRunner.publish(host, 'ours, runs not saved'),
		'ours, forged': ours,
		'bare trigger': await ReceiverRunner.publish(host, 'bare trigger'),
		'bare trigger, version 2': await ReceiverRunner.publish(host, 'bare trigger, version 2'),
		'built by hand': await ReceiverRunner.publish(host, 'built by hand'),
	};
}

/** CPU time of n8n for a delivery that is verified and stored, compared with triggers that do less. */
export async function measureTrigger(context: BenchContext): Promise<PartResult> {
	const hosts = { usual: await context.host(), lazy: await context.lazyHost() };
	const runners = { usual: await publishAll(hosts.usual), lazy: await publishAll(hosts.lazy) };
	for (const all of Object.values(runners)) {
		for (const [name, runner] of Object.entries(all)) {
			if (name !== 'ours, forged') await runner.deliver(WARM_UP_DELIVERIES);
		}
	}
	const measure = async (setting: keyof typeof runners, name: Case): Promise<number> => {
		const runner = runners[setting][name];
		const ms = await (name === 'ours, forged'
			? runner.cpuOfForged(DELIVERIES)
			: runner.cpuOfGenuine(DELIVERIES));
		context.log(`${name} (${setting}): ${ms.toFixed(1)} ms`);
		return ms;
	};
	const names = CASES.flatMap((name) => [`usual ${name}` as const, `lazy ${name}` as const]);
	const all = await interleave(names, context.quick ? 3 : 7, async (name) => {
		const [setting, ...words] = name.split(' ');
		return await measure(setting as keyof typeof runners, words.join(' ') as Case);
	});
	for (const each of Object.values(runners)) {
		for (const [name, runner] of Object.entries(each)) if (name !== 'ours, forged') await runner.verify();
	}
	const of = (setting: keyof typeof runners): Measurements<Case> =>
		Object.fromEntries(CASES.map((name) => [name, all[`${setting} ${name}`]])) as Measurements<Case>;
	return {
		rows: [
			...rows('n8n as it comes', of('usual')),
			...rows('N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE=true', of('lazy'), true),
		],
		notes: [],
	};
}

function rows(setting: string, measured: Measurements<Case>, isLazy = false): Row[] {
	const peer = (ours: Case, name: Case): Peer => ({
		name,
		value: summarize(measured[name]),
		ratio: summarizePairs(measured[ours], measured[name]),
	});
	const toBare = (name: Case): Target =>
		target(
			'within 3 % of the bare trigger with the same credential',
			LIMIT_TO_BARE,
			summarizePairs(measured[name], measured['bare trigger']),
		);
	const unit = 'ms CPU';
	const what = (text: string): string => `${text} (${setting})`;
	return [
		{
			what: what('A delivery verified and stored, after thousands of events'),
			unit,
			ours: summarize(measured.ours),
			peers: [
				peer('ours', 'bare trigger'),
				peer('ours', 'bare trigger, version 2'),
				peer('ours', 'built by hand'),
			],
			target: toBare('ours'),
		},
		{
			what: what('The same, within the first thousand events'),
			unit,
			ours: summarize(measured['ours, first events']),
			peers: [peer('ours, first events', 'bare trigger')],
		},
		{
			what: what('The same, and the node of version 1'),
			unit,
			ours: summarize(measured.ours),
			peers: [{ ...peer('ours', 'ours, version 1'), name: 'version 1' }],
			...(isLazy && {
				target: target(
					'at most 0.75 of version 1',
					LIMIT_TO_VERSION_1,
					summarizePairs(measured.ours, measured['ours, version 1']),
				),
			}),
		},
		{
			what: what('The same, successful runs not saved'),
			unit,
			ours: summarize(measured['ours, runs not saved']),
			peers: [{ ...peer('ours, runs not saved', 'ours, first events'), name: 'saved' }],
		},
		{
			what: what('A forged delivery'),
			unit,
			ours: summarize(measured['ours, forged']),
			peers: [{ ...peer('ours, forged', 'ours'), name: 'a genuine one' }],
			target: target(
				'no more than a genuine one',
				LIMIT_FORGED,
				summarizePairs(measured['ours, forged'], measured.ours),
			),
		},
	];
}
