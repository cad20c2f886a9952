/** A figure as it is read: three digits. */
export function readable(value: number): string {
	if (!Number.isFinite(value)) return '-';
	const magnitude = Math.abs(value);
	if (magnitude >= 100) return Math.round(value).toLocaleString('en-US');
	if (magnitude >= 10) return value.toFixed(1);
	return value.toFixed(magnitude >= 1 ? 2 : 3);
}
