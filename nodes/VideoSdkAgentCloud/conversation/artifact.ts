import type { IDataObject } from 'n8n-workflow';
import type { Kind } from './kinds';

/** The artifacts that may remain of a conversation. */
export type Includable = 'recording' | 'summary' | 'transcript';

/**
 * An artifact: its value, or a sentence for the user that says why there is none.
 * - `weight`: decides between two values, so that the longer recording or text counts
 * - `mayCome`: whether a later search may find the artifact, or more of it
 * - `atMs`: when it was searched for, in ms since 1970
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

const isValue = (artifact: Artifact): artifact is Extract<Artifact, { value: string }> => 'value' in artifact;

/** Merges two states of an artifact. The result doesn't depend on their order, see `merge` in known.ts. */
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

/** @returns why there can be no artifacts, or none yet, as far as a described record tells */
export function reasonMissing({ one }: Kind, record: IDataObject): string | undefined {
	if (record.outcome === 'running') return `The ${one} hasn't ended yet.`;
	if (one === 'session' && record.outcome === 'failed' && !record.end) return 'The session failed.';
	return record.answered === false ? "The call wasn't answered." : undefined;
}

/**
 * Makes the fields of an output item for artifacts.
 *
 * @param names the artifacts that are wanted
 * @param reason why there can be none, see `reasonMissing`
 * @returns the values of the artifacts that were found, and in `missing` the reasons for the others
 */
export function showArtifacts(
	names: Includable[],
	artifacts: Partial<Record<Includable, Artifact>>,
	reason?: string,
): IDataObject {
	const found: IDataObject = {};
	const missing: IDataObject = {};
	for (const name of names) {
		const artifact = artifacts[name];
		if (artifact && isValue(artifact)) found[OUTPUT_NAMES[name]] = artifact.value;
		else missing[name] = reason ?? artifact?.reason ?? NOT_IN_TIME;
	}
	return { ...found, ...(Object.keys(missing).length > 0 && { missing }) };
}
