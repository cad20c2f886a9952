import { type INodeParameterResourceLocator } from 'n8n-workflow';

/** A number as text. Number() would also convert `true`, `[600]`, a date, and a blank text, which it reads as 0. */
const NUMERIC = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** @returns the value of a resource locator, or the value itself, because an expression or an AI tool may give plain text in its place */
export function unwrap(value: unknown): unknown {
	const isLocator =
		typeof value === 'object' && value !== null && ('__rl' in value || ('mode' in value && 'value' in value));
	return isLocator ? (value as INodeParameterResourceLocator).value : value;
}

/** Reads a list, which an expression may also give as one text with commas. */
export function asList(value: unknown): string[] {
	const list = Array.isArray(value) ? value : String(value ?? '').split(',');
	return list.map((entry) => String(entry).trim()).filter(Boolean);
}

/** @returns the number that a number or a text is; NaN for anything else */
export function asNumber(value: unknown): number {
	if (typeof value === 'number') return value;
	return typeof value === 'string' && NUMERIC.test(value.trim()) ? Number(value) : NaN;
}

/** @returns whether an expression was entered. A value of `$fromAI` counts as entered by hand, because an AI model has chosen it */
export function isExpression(entered: unknown): boolean {
	return /^=(?!.*\$fromAI)/s.test(String(unwrap(entered) ?? ''));
}
