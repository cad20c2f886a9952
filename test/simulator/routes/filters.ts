type Query = Record<string, string>;

const DAY_MS = 86_400_000;

/** True if a record has every value that the query asks for by one of the record's names. */
export function matches(record: Record<string, string | undefined>, query: Query): boolean {
	return Object.entries(record).every(([name, value]) => query[name] === undefined || query[name] === value);
}

/** True if a time lies within `startDate` and `endDate`, which are epoch milliseconds; the end's day counts whole. */
export function between(time: string, { startDate, endDate }: Query): boolean {
	const atMs = Date.parse(time);
	if (startDate !== undefined && atMs < Number(startDate)) return false;
	if (endDate === undefined) return true;
	return atMs < (Math.floor(Number(endDate) / DAY_MS) + 1) * DAY_MS;
}
