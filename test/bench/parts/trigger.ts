import type { Host } from '../lib/host';
import { ReceiverRunner } from '../lib/receiving';
import { peerOf, target, type PartResult, type Row } from '../lib/results';
import type { Measurements } from '../lib/rounds';
import { interleave } from '../lib/rounds';
import { summarize } from '../lib/stats';
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
	const runners = {
		usual: await publishAll(await context.host()),
		lazy: await publishAll(await context.host({ N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' })),
	};
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
	const row = (what: string, ours: Case, peers: Partial<Record<Case, string>>) => ({
		what: `${what} (${setting})`,
		unit: 'ms CPU',
		ours: summarize(measured[ours]),
		peers: Object.entries(peers).map(([peer, name]) => peerOf(name, measured[ours], measured[peer as Case])),
	});
	const judged = (text: string, limit: number, judge: ReturnType<typeof row>): Row => ({
		...judge,
		...(judge.peers[0] && { target: target(text, limit, judge.peers[0].ratio) }),
	});
	const ofVersion1 = row('The same, and the node of version 1', 'ours', { 'ours, version 1': 'version 1' });
	return [
		judged(
			'within 3 % of the bare trigger with the same credential',
			LIMIT_TO_BARE,
			row('A delivery verified and stored, after thousands of events', 'ours', {
				'bare trigger': 'bare trigger',
				'bare trigger, version 2': 'bare trigger, version 2',
				'built by hand': 'built by hand',
			}),
		),
		row('The same, within the first thousand events', 'ours, first events', {
			'bare trigger': 'bare trigger',
		}),
		isLazy ? judged('at most 0.75 of version 1', LIMIT_TO_VERSION_1, ofVersion1) : ofVersion1,
		row('The same, successful runs not saved', 'ours, runs not saved', { 'ours, first events': 'saved' }),
		judged(
			'no more than a genuine one',
			LIMIT_FORGED,
			row('A forged delivery', 'ours, forged', { ours: 'a genuine one' }),
		),
	];
}
