import { type IDataObject } from 'n8n-workflow';
import { PACKAGE_VERSION } from './filledByBuild';

/** How many conversations a copy of this package's agent takes at once: CONVERSATIONS_AT_ONCE in agent/agent.py. */
export const CONVERSATIONS_PER_COPY = 4;

/**
 * The form of the tag of a version that this package deploys: the package's version, the day on which the token ends, how many
 * conversations a copy takes at once (none in those of older packages), and a unique end.
 */
const FORM = /^n8n-.+-(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)(?:-(?<perCopy>\d{1,3}))?-\w{8}$/;

/** @param tokenEndsMs when the agent's token ends, in ms since 1970. @param unique eight letters and digits */
export function versionTag(tokenEndsMs: number, unique: string): string {
	const day = new Date(tokenEndsMs).toISOString().slice(0, 10).replaceAll('-', '');
	return `n8n-${PACKAGE_VERSION}-${day}-${CONVERSATIONS_PER_COPY}-${unique}`;
}

const partsOf = (tag: unknown) => FORM.exec(String(tag))?.groups ?? {};

/** @returns the day on which the token of a version ends, in ms since 1970; undefined: n8n hasn't deployed the version */
export function tokenEndOf(tag: unknown): number | undefined {
	const { year, month, day } = partsOf(tag);
	return year === undefined ? undefined : Date.UTC(Number(year), Number(month) - 1, Number(day));
}

/**
 * @param version as VideoSDK returns it
 * @returns how many conversations a version takes at once, when all of its copies run; undefined: its tag or its copies don't say
 */
export function conversationsAtOnce(version: IDataObject): number | undefined {
	const product = Number(partsOf(version.versionTag).perCopy) * Number(version.maxReplica ?? NaN);
	return product > 0 ? product : undefined;
}
