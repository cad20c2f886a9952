import { type KindName, KINDS } from '../conversation/kinds';
import { Awaited } from './awaited';
import { budgetOf } from './budget';
import type { Plan } from './planWait';

/**
 * Ends at Max Wait what is to be ended then, although the execution does not wait for it: it was stopped, or failed, after the start.
 *
 * @returns takes that back, for an execution that does wait after all
 */
export function endAtMaxWait(kind: KindName, { awaited, sinceMs }: Plan): () => void {
	const ended = [...awaited.values()].filter(({ want }) => want.isEnded);
	const forget = ended.map(({ want, known, watch }) => {
		const limits = budgetOf(want.deadlineMs, 0, ended.length);
		const one = new Awaited(KINDS[kind], { ...want, keep: [] }, limits, sinceMs, known);
		const remove = () => watch.remove([one]);
		one.onReady = remove;
		watch.add([one]);
		return remove;
	});
	return () => forget.forEach((remove) => remove());
}
