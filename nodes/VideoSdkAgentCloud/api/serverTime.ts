/**
 * Reads from an answer what time it is by the clock of its sender. A cache adds the answer's age and keeps the sender's Date (RFC 9111,
 * section 5.1).
 *
 * @param headers of the answer, their names in lower case
 * @returns in ms since 1970; undefined if the answer has no usable Date
 */
export function serverTimeMs({ date, age }: Record<string, unknown>): number | undefined {
	const sentAtMs = typeof date === 'string' ? Date.parse(date) : NaN;
	if (Number.isNaN(sentAtMs)) return undefined;
	const ageSeconds = Number(age);
	return ageSeconds > 0 ? sentAtMs + ageSeconds * 1000 : sentAtMs;
}
