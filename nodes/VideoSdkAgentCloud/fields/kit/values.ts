import { type INodeParameterResourceLocator } from 'n8n-workflow';

/** How a number is written as text. Number() itself would also take `true`, `[600]`, a date, and a blank text for 0. */
const NUMERIC = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** @returns what a locator holds, or the value itself: an expression or an AI tool may give a plain text in its place */
export function unwrap(value: unknown): unknown {
	const isLocator =
		typeof value === 'object' && value !== null && ('__rl' in value || ('mode' in value && 'value' in value));
	return isLocator ? (value as INodeParameterResourceLocator).value : value;
}

/** @returns a value as text, without blanks around it; empty for none */
export const trimmed = (value: unknown): string => String(value ?? '').trim();

/** Reads a list, which an expression may also give as one text with commas. */
export function asList(value: unknown): string[] {
	const list = Array.isArray(value) ? value : String(value ?? '').split(',');
	return list.map((entry) => String(entry).trim()).filter(Boolean);
}

/** @returns a number, or a text that is one, as a number; NaN for anything else */
export function asNumber(value: unknown): number {
	if (typeof value === 'number') return value;
	return typeof value === 'string' && NUMERIC.test(value.trim()) ? Number(value) : NaN;
}

/** @returns whether an expression was entered. What `$fromAI` gives is entered by an AI model, as a user enters a value by hand */
export function isExpression(entered: unknown): boolean {
	return /^=(?!.*\$fromAI)/s.test(String(unwrap(entered) ?? ''));
}
