/** How often a node has begun the same start in the earlier rounds of an execution, by which one start is told from the next. */
import type { IExecuteFunctions } from 'n8n-workflow';
import { CONTEXT_KEYS } from '../../n8n/keys';
import { type InEngine, storedContext } from '../../n8n/nodeContext';
import { digest } from './startKey';

/** What is stored of a node's rounds with the execution. Aims are digests, because they may be phone numbers. */
interface Rounds {
	/** How often each aim was begun in the rounds before the last one. */
	before: Record<string, number>;
	/** The last round, which counts once another one follows, because n8n may repeat it. */
	last?: { index: number; begun: Record<string, number> };
}

/**
 * If n8n was killed after a wait, a user's Retry runs the waiting node again, with the next run index (ExecutionService.retry). It repeats
 * the round that waited.
 */
function roundOf(context: IExecuteFunctions): number {
	const { runExecutionData, runIndex = 0 } = context as InEngine;
	const runs = runExecutionData?.resultData.runData[context.getNode().name] ?? [];
	const repeatsWait = context.getMode() === 'retry' && runs.at(-1)?.executionStatus === 'waiting';
	return repeatsWait ? runIndex - 1 : runIndex;
}

function roundsOf(context: IExecuteFunctions): Rounds {
	const stored = storedContext(context);
	return (stored[CONTEXT_KEYS.rounds] ??= { before: {} }) as unknown as Rounds;
}

const nameOf = (aim: string): string => digest(aim).slice(0, 10);

/** Adds the last round to those before it, if this is another one. */
function settle(rounds: Rounds, index: number): Rounds {
	const { before, last } = rounds;
	if (last === undefined || last.index >= index) return rounds;
	for (const [name, count] of Object.entries(last.begun)) before[name] = (before[name] ?? 0) + count;
	rounds.last = undefined;
	return rounds;
}

/**
 * Tells equal starts of one node apart: by how often it has begun the same in earlier rounds, and by their order in this one.
 *
 * @param aims what the items of this round are to start, see `aimOf`
 * @returns for each, a number that it has alone among its equals. A repeated round (Retry On Fail, a second run, a user's Retry) gets the
 *   same ones again
 */
export function placesOf(context: IExecuteFunctions, aims: string[]): number[] {
	const { before } = settle(roundsOf(context), roundOf(context));
	const seen = new Map<string, number>();
	return aims.map((aim) => {
		const place = seen.get(aim) ?? before[nameOf(aim)] ?? 0;
		seen.set(aim, place + 1);
		return place;
	});
}

/** Stores what a round has begun, so that the next one goes on counting. @param aims those that were started, or may have been */
export function noteRound(context: IExecuteFunctions, aims: string[]): void {
	const index = roundOf(context);
	const rounds = settle(roundsOf(context), index);
	const begun: Record<string, number> = {};
	for (const name of aims.map(nameOf)) begun[name] = (begun[name] ?? 0) + 1;
	rounds.last = { index, begun };
}
