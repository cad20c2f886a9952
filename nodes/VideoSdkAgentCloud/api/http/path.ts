/**
 * Encodes a part of a path.
 *
 * URL parsers remove the segments "." and "..", even as "%2E" and "%2E%2E" (URL Standard, "double-dot URL path segment"). Encoded twice,
 * they stay a segment, with which the API finds nothing, because no ID looks like that. Half of a surrogate pair is replaced, because
 * encodeURIComponent throws at it.
 */
function encodeSegment(part: string): string {
	if (/^\.{1,2}$/.test(part)) return part.replace(/\./g, '%252E');
	return encodeURIComponent(part.replace(/\p{Cs}/gu, '\ufffd'));
}

/** Joins a path of fixed parts and IDs, each of them encoded. */
export function pathOf(parts: string[]): string {
	return `/${parts.map(encodeSegment).join('/')}`;
}
