import { PACKAGE_VERSION } from './agentArchive';

/** The form of the tag of a version that this package deploys: the package's version, the day on which the token ends, and a unique end. */
const FORM = /^n8n-.+-(\d{4})(\d\d)(\d\d)-\w{8}$/;

/** @param tokenEndsMs when the agent's token ends, in ms since 1970. @param unique eight letters and digits */
export function versionTag(tokenEndsMs: number, unique: string): string {
	const day = new Date(tokenEndsMs).toISOString().slice(0, 10).replaceAll('-', '');
	return `n8n-${PACKAGE_VERSION}-${day}-${unique}`;
}

/** @returns the day on which the token of a version ends, in ms since 1970; undefined: n8n hasn't deployed the version */
export function tokenEndOf(tag: unknown): number | undefined {
	const [, year, month, day] = FORM.exec(String(tag)) ?? [];
	return year === undefined ? undefined : Date.UTC(Number(year), Number(month) - 1, Number(day));
}
