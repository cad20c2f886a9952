import { summarize, summarizePairs, type Summary } from './stats';

/** `within noise`: the median misses the target, but the measurements are too far apart to be sure of it. */
export type Verdict = 'met' | 'within noise' | 'missed';

export interface Peer {
	name: string;
	value: Summary;
	/** Ours divided by this peer's, of the same rounds. */
	ratio?: Summary;
}

/** Measurements of a peer, compared with ours of the same rounds. */
export function peerOf(name: string, ours: number[], theirs: number[]): Peer & { ratio: Summary } {
	return { name, value: summarize(theirs), ratio: summarizePairs(ours, theirs) };
}

export interface Target {
	text: string;
	limit: number;
	judged: Summary;
	verdict: Verdict;
	/** Whether it is a time by the clock, which is longer on a busy machine, whatever is measured. */
	isWallTime?: boolean;
}

/** One line of the table. */
export interface Row {
	what: string;
	unit: string;
	ours: Summary;
	peers?: readonly Peer[];
	target?: Target;
	note?: string;
}

/** When and where a part was measured. */
export interface Stamp {
	commit: string;
	date: string;
	/** The machine's load (runnable processes, mean of a minute) before and after. */
	loadBefore: number;
	loadAfter: number;
	seconds: number;
}

export interface PartResult {
	rows: Row[];
	/** Figures that are no comparison. */
	notes: string[];
}

export interface StampedResult extends PartResult {
	part: string;
	stamp: Stamp;
}

/**
 * Judges measurements by a limit that they should not exceed. Only what is beyond it with all of its 95 % interval counts as
 * missed.
 */
export function target(text: string, limit: number, judged: Summary): Target {
	const verdict = judged.median <= limit ? 'met' : judged.low <= limit ? 'within noise' : 'missed';
	return { text, limit, judged, verdict };
}

/** The same for times by the clock. */
export function wallTarget(text: string, limit: number, judged: Summary): Target {
	return { ...target(text, limit, judged), isWallTime: true };
}

/** Takes back what cannot be said: on a machine that is busy with other things, a time by the clock misses nothing. */
export function withoutBusyVerdicts(result: PartResult, isBusy: boolean): PartResult {
	if (!isBusy) return result;
	const rows = result.rows.map((row): Row => {
		const isUnsure = row.target?.isWallTime && row.target.verdict === 'missed';
		return isUnsure ? { ...row, target: { ...(row.target as Target), verdict: 'within noise' } } : row;
	});
	return { ...result, rows };
}
