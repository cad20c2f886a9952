/**
 * One start, one key: whatever n8n and its users do with an execution, no one is called twice for one of its items, although a Retry after
 * a kill may get other rows, or the same in another order. Counted in people who were called, in two worlds: VideoSDK's lists show the
 * metadata of what was started within 12 s, or never.
 */
import fc from 'fast-check';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Fault } from '../../simulator';
import { shareOf } from '../../unit/support';
import { byRule } from '../rig/callRig';
import type { Engine, RunResult } from '../rig/engine';
import { later, startParameters, useRig } from '../rig/rig';

const CASES = Number(process.env.START_CASES ?? shareOf(300));
const SEED = Number(process.env.START_SEED ?? 20_261_201);
/** As the issue of a key says: a list shows what was started within this time. */
const LISTED_WITHIN_MS = 12_000;

const rig = useRig({ callBehaviour: false });

/** What becomes of the request that starts something. `lost`: it is carried out, and no answer comes. */
const ANSWERS: Record<string, Fault | undefined> = {
	ok: undefined,
	refused: { kind: 'status', status: 402 },
	busy: { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
	failed: { kind: 'status', status: 500 },
	lost: { kind: 'reset' },
	unreadable: { kind: 'notJson' },
};
const isAccepted = (answer: string) => ['ok', 'lost', 'unreadable'].includes(answer);

const cases = fc.record({
	starts: fc.constantFrom('call', 'call', 'session'),
	/** The answers to an item's starts, in the order in which they are sent; then `ok`. */
	items: fc.array(fc.array(fc.constantFrom(...Object.keys(ANSWERS)), { maxLength: 3 }), {
		minLength: 1,
		maxLength: 4,
	}),
	maxTries: fc.constantFrom(1, 2, 3),
	onError: fc.constantFrom(
		'stopWorkflow' as const,
		'stopWorkflow' as const,
		'continueRegularOutput' as const,
	),
	maxConcurrency: fc.constantFrom(1, 2, 5),
	recording: fc.boolean(),
	hasUsersKey: fc.boolean(),
	/** Whether rows have the same number, in pairs, as **Allow Same Number** lets them. */
	repeatsNumbers: fc.boolean(),
	lagMs: fc.constantFrom(0, 900, 3_500, 11_500),
	/** What happens after the first run, each to one of the executions before. */
	steps: fc.array(
		fc.record({
			what: fc.constantFrom('retry', 'retry', 'secondRun', 'kill', 'stop', 'another'),
			/** Of which execution. */
			of: fc.nat(5),
			/** What the nodes before give when an execution that was killed is retried. */
			rows: fc.constantFrom('same', 'reversed', 'rotated', 'fewer', 'more'),
			/** In another process than the one before. */
			isElsewhere: fc.boolean(),
		}),
		{ maxLength: 4 },
	),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

/** An execution, as n8n has stored it. */
interface Stored {
	result: RunResult;
	engine: Engine;
	/** What n8n had of it before the node ran: all that is left if it is killed. */
	isKilled: boolean;
	/** The first execution of which it is a Retry, or itself. */
	origin: number;
	isRetry: boolean;
}

function parametersOf(
	{ starts, recording, hasUsersKey, maxConcurrency, repeatsNumbers }: Case,
	round: number,
): INodeParameters {
	const common: IDataObject = {
		metaData: { entries: [{ key: 'item', value: '={{ $json.item }}' }] },
		recording: recording ? 'record' : 'none',
		options: {
			maxConcurrency,
			...(starts === 'call' && { allowSameNumber: repeatsNumbers }),
			...(hasUsersKey && { idempotencyKey: `=case ${round} {{ $json.item }}` }),
		},
	};
	return starts === 'call' ? byRule({ ...common, to: '={{ $json.to }}' }) : startParameters(common);
}

const itemOf = (metadata?: IDataObject) => String(metadata?.item);

/** @returns by item, the IDs of what VideoSDK has started */
function startedByItem(): Map<string, string[]> {
	const { calls, sessions } = rig.simulator;
	const all = [
		...[...calls.values()].map(({ callId: id, metadata }) => ({ id, item: itemOf(metadata as IDataObject) })),
		...[...sessions.values()].map(({ sessionId: id, metaData }) => ({
			id,
			item: itemOf(metaData as IDataObject | undefined),
		})),
	];
	const byItem = new Map<string, string[]>();
	for (const { id, item } of all) byItem.set(item, [...(byItem.get(item) ?? []), id]);
	return byItem;
}

/** @returns the rows that the nodes before give when they run again */
function changed(
	items: IDataObject[],
	how: Case['steps'][number]['rows'],
	newItem: IDataObject,
): IDataObject[] {
	const [first, ...others] = items;
	if (how === 'reversed') return [...items].reverse();
	if (how === 'rotated') return [...others, first!];
	if (how === 'fewer') return others.length > 0 ? others : items;
	return how === 'more' ? [newItem, ...items] : items;
}

let rounds = 0;

/** Another process of the same n8n, with nothing in memory. */
const addProcess = async () => await rig.addEngine({ credentialId: rig.engine.credentialId });

/** Runs a case. @returns the items of each execution, by the name that its origin gives them */
async function play(model: Case, hasMetadata: boolean) {
	const { simulator } = rig;
	const round = rounds++;
	for (const map of [simulator.calls, simulator.sessions, simulator.rooms]) map.clear();
	simulator.requests.length = 0;
	simulator.clearFaults();
	simulator.setListing({ lagMs: model.lagMs, hasMetadata });
	const arrange = (name: string) => {
		for (const [index, answers] of model.items.entries()) {
			for (const answer of answers) {
				const fault = ANSWERS[answer];
				const match = {
					method: 'POST',
					path: /start$|call$/,
					body: new RegExp(`"${name}-${index}"`),
					times: 1,
				};
				simulator.addFault({ ...(fault ?? { kind: 'delay' }), match });
			}
		}
	};
	const numberOf = (index: number) => `+1555000400${model.repeatsNumbers ? Math.floor(index / 2) : index}`;
	const row = (origin: number, index: number) => ({
		item: `${model.hasUsersKey ? 'all' : origin}-${index}`,
		to: numberOf(index),
	});
	const options = (origin: number) => ({
		items: model.items.map((_, index) => row(origin, index)),
		onError: model.onError,
		node: { retryOnFail: model.maxTries > 1, maxTries: model.maxTries, waitBetweenTries: 10 },
	});
	/** How often a number is in the rows of an execution, at most. */
	const wanted = new Map<string, number>();
	const noteRows = (origin: number, items: IDataObject[]) => {
		const counts = new Map<string, number>();
		for (const { to } of items) counts.set(String(to), (counts.get(String(to)) ?? 0) + 1);
		for (const [to, count] of counts) {
			const name = `${model.hasUsersKey ? 'all' : origin} ${to}`;
			wanted.set(name, Math.max(wanted.get(name) ?? 0, count));
		}
	};
	const processes = [rig.engine, await addProcess()];
	let here = 0;
	const stored: Stored[] = [];
	const outputs: IDataObject[] = [];
	const note = (result: RunResult, more: Omit<Stored, 'result' | 'engine'>) => {
		stored.push({ ...more, result, engine: processes[here]! });
		outputs.push(...result.output.flat().map(({ json }) => json));
	};
	const begin = async () => {
		const origin = stored.length;
		if (!model.hasUsersKey || origin === 0) arrange(model.hasUsersKey ? 'all' : String(origin));
		noteRows(origin, options(origin).items);
		const result = await processes[here]!.run({ parameters: parametersOf(model, round), ...options(origin) });
		note(result, { isKilled: false, origin, isRetry: false });
	};
	await begin();
	for (const { what, of, isElsewhere, rows } of model.steps) {
		const chosen = stored[of % stored.length]!;
		if (isElsewhere && hasMetadata) {
			here = 1 - here;
			// Two starts of a user's key that are closer can't see each other, nor can a Retry see what was accepted just now.
			await later(LISTED_WITHIN_MS);
		}
		const engine = processes[here]!;
		const { origin } = chosen;
		if (what === 'another') {
			await begin();
		} else if (what === 'kill' || what === 'stop') {
			// Of a Retry that was killed nothing is left that names what it retries.
			if ((what === 'kill' && !hasMetadata) || chosen.isRetry) continue;
			chosen.isKilled = true;
			if (what === 'kill') {
				processes[here] = rig.engine = await addProcess();
				await later(LISTED_WITHIN_MS);
			}
		} else if (what === 'secondRun') {
			if (chosen.engine !== engine || chosen.isRetry || chosen.result.error) continue;
			note(await engine.secondRun(chosen.result), { isKilled: false, origin, isRetry: false });
		} else {
			if (!chosen.isKilled && !chosen.result.error) continue;
			const items = changed(options(origin).items, rows, row(origin, 8));
			if (chosen.isKilled) noteRows(origin, items);
			const result = await engine.retry(
				chosen.isKilled ? engine.beforeNode(chosen.result, items) : chosen.result,
			);
			note(result, { isKilled: false, origin, isRetry: true });
		}
	}
	return { outputs, model, wanted };
}

/** Nobody is called twice, and each item has its own outcome. */
function check({ outputs, model, wanted }: Awaited<ReturnType<typeof play>>, hasMetadata: boolean): void {
	const started = startedByItem();
	if (model.starts === 'call' && model.repeatsNumbers) {
		// Rows with the same number may get each other's calls, which say so.
		const made = new Map<string, number>();
		for (const { to, metadata } of rig.simulator.calls.values()) {
			const name = `${itemOf(metadata as IDataObject).split('-')[0]} ${to}`;
			made.set(name, (made.get(name) ?? 0) + 1);
		}
		for (const [name, count] of made)
			expect([name, Math.max(count, wanted.get(name) ?? 0)]).toEqual([name, wanted.get(name)]);
	} else {
		for (const [item, ids] of started) expect([item, ids.length]).toEqual([item, 1]);
	}
	const idField = model.starts === 'call' ? 'callId' : 'sessionId';
	const own = new Set([...started.values()].flat());
	for (const json of outputs) {
		if (json[idField]) expect(own).toContain(json[idField]);
		if (model.starts === 'call' && json.callId && json.to) {
			const call = rig.simulator.calls.get(String(json.callId));
			expect(call?.to).toBe(json.to);
		}
		expect(JSON.stringify(json)).not.toContain('n8nKey');
		// What VideoSDK has accepted, and lists, is not in doubt.
		if (hasMetadata && json.outcome === 'inDoubt') {
			const to = String(json.to);
			const isMade = [...rig.simulator.calls.values()].some((call) => call.to === to);
			expect([to, isMade && model.items.flat().every(isAccepted)]).toEqual([to, false]);
		}
	}
}

it.each([
	['its lists show metadata within 12 s', true],
	['its lists show no metadata', false],
])(
	'Of %s, no one is called twice for one item',
	async (_world, hasMetadata) => {
		const property = fc.asyncProperty(cases, async (model) =>
			check(await play(model, hasMetadata), hasMetadata),
		);
		await fc.assert(property, { seed: SEED, numRuns: Math.ceil(CASES / 2) });
	},
	3_600_000,
);
