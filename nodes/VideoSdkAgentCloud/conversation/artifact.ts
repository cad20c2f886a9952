import type { IDataObject } from 'n8n-workflow';
import type { Kind } from './kinds';

/** What may remain of a conversation. */
export type Includable = 'recording' | 'summary' | 'transcript';

/**
 * One of those: its value, or in a sentence for the user why there is none. The value that weighs more wins: the longer recording,
 * the longer text. `mayCome`: looking again may find (more of) it. `atMs`: when it was looked for, in ms since 1970.
 */
export type Artifact =
	{ value: string; weight: number; mayCome: boolean } | { reason: string; mayCome: boolean; atMs: number };

const OUTPUT_NAMES = {
	recording: 'recordingUrl',
	summary: 'summary',
	transcript: 'transcript',
} as const satisfies Record<Includable, string>;

export const NOT_IN_TIME =
	"It wasn't ready in time. Get it later with Call: Get, Transcription: Get, or Recording: Get Many.";

const isValue = (part: Artifact): part is Extract<Artifact, { value: string }> => 'value' in part;

/** Joins two parts, whatever their order. */
export function mergeArtifacts(one: Artifact, other: Artifact): Artifact {
	if (isValue(one) && isValue(other)) {
		const isOne = one.weight === other.weight ? one.value >= other.value : one.weight > other.weight;
		return { ...(isOne ? one : other), mayCome: one.mayCome && other.mayCome };
	}
	if (isValue(one)) return one;
	if (isValue(other)) return other;
	if (one.mayCome !== other.mayCome) return one.mayCome ? other : one;
	if (one.atMs !== other.atMs) return one.atMs > other.atMs ? one : other;
	return one.reason >= other.reason ? one : other;
}

/** @returns why nothing can have been said, or not yet, if that is clear from a described record alone */
export function reasonMissing({ one }: Kind, record: IDataObject): string | undefined {
	if (record.outcome === 'running') return `The ${one} hasn't ended yet.`;
	if (one === 'session' && record.outcome === 'failed' && !record.end) return 'The session failed.';
	return record.answered === false ? "The call wasn't answered." : undefined;
}

/**
 * @param names what is wanted
 * @param reason why nothing can have been said, see `reasonMissing`
 * @returns what an output item says of the parts: their values, and why others are `missing`
 */
export function showArtifacts(
	names: Includable[],
	parts: Partial<Record<Includable, Artifact>>,
	reason?: string,
): IDataObject {
	const found: IDataObject = {};
	const missing: IDataObject = {};
	for (const name of names) {
		const part = parts[name];
		if (part && isValue(part)) found[OUTPUT_NAMES[name]] = part.value;
		else missing[name] = reason ?? part?.reason ?? NOT_IN_TIME;
	}
	return { ...found, ...(Object.keys(missing).length > 0 && { missing }) };
}
