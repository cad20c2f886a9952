/**
 * "." and ".." are resolved away as whole segments, and so are "%2E" and "%2E%2E" (URL Standard, "double-dot URL path segment").
 * Encoded twice they stay one segment, under which the API finds nothing: no ID looks like that.
 * Half of a surrogate pair has no encoding: encodeURIComponent would throw.
 */
function encodeSegment(part: string): string {
	if (/^\.{1,2}$/.test(part)) return part.replace(/\./g, '%252E');
	return encodeURIComponent(part.replace(/\p{Cs}/gu, '\ufffd'));
}

/** Joins a path of fixed parts and IDs, each of them encoded. */
export function pathOf(parts: string[]): string {
	return `/${parts.map(encodeSegment).join('/')}`;
}
