import { type KindName, KINDS } from '../conversation/kinds';
import { Awaited } from './awaited';
import { budgetOf } from './budget';
import type { Plan } from './planWait';
import type { Watched } from './work';

/**
 * Ends at Max Wait what is to be ended then, although the execution does not wait for it: it was stopped, or failed, after the start.
 *
 * @returns takes that back, for an execution that does wait after all
 */
export function endAtMaxWait(kind: KindName, { awaited, sinceMs }: Plan): () => void {
	const ended = [...awaited.values()].filter(({ want }) => want.isEnded);
	const forget = ended.map(({ want, known, watch }) => {
		const limits = budgetOf(want.deadlineMs, 0, ended.length);
		const one: Watched = new Awaited(KINDS[kind], { ...want, keep: [] }, limits, sinceMs, known);
		one.onReady = () => watch.remove([one]);
		watch.add([one]);
		return one.onReady;
	});
	return () => forget.forEach((remove) => remove());
}
