import type { IDataObject, IExecuteFunctions, INodeParameterResourceLocator } from 'n8n-workflow';
import { apiSessionId } from '../api/sessionId';
import { inputError } from './inputError';

/** @returns what a locator holds, or the value itself: an expression or an AI tool may give a plain text in its place */
export function unwrap(value: unknown): unknown {
	const isLocator =
		typeof value === 'object' && value !== null && ('__rl' in value || ('mode' in value && 'value' in value));
	return isLocator ? (value as INodeParameterResourceLocator).value : value;
}

/**
 * Reads a text field or a locator.
 *
 * @param displayName as the user reads it
 * @returns the text, trimmed; undefined if it is blank, so that it is not sent
 * @throws NodeOperationError if an expression gave an object or a list
 */
export function readOptional(
	context: IExecuteFunctions,
	name: string,
	displayName: string,
	itemIndex: number,
): string | undefined {
	return asText(context, unwrap(context.getNodeParameter(name, itemIndex, '')), displayName, itemIndex);
}

/** As `readOptional`, for a value that was read already, such as one of a collection. */
export function asText(
	context: IExecuteFunctions,
	value: unknown,
	displayName: string,
	itemIndex: number,
): string | undefined {
	const raw = unwrap(value);
	if (raw === null || raw === undefined) return undefined;
	if (typeof raw === 'object') {
		throw inputError(
			context,
			`'${displayName}' is not a text`,
			'Its expression must return a single value, not an object or a list.',
			itemIndex,
		);
	}
	return String(raw).trim() || undefined;
}

/**
 * Reads a text field or a locator that may not be blank.
 *
 * @param displayName as the user reads it
 * @throws NodeOperationError if nothing is left after trimming, or an expression gave an object or a list
 */
export function readRequired(
	context: IExecuteFunctions,
	name: string,
	displayName: string,
	itemIndex: number,
): string {
	const text = readOptional(context, name, displayName, itemIndex);
	if (text === undefined) {
		throw inputError(
			context,
			`'${displayName}' is empty`,
			`Enter a value in '${displayName}'. If it holds an expression, check that the incoming item has that value.`,
			itemIndex,
		);
	}
	return text;
}

/**
 * Reads one of the options of a field.
 *
 * @param choices their values, the default first
 * @throws NodeOperationError if an expression gave anything else
 */
export function readChoice<T extends string>(
	context: IExecuteFunctions,
	name: string,
	displayName: string,
	choices: readonly [T, ...T[]],
	itemIndex: number,
): T {
	const text = readOptional(context, name, displayName, itemIndex) ?? choices[0];
	const choice = choices.find((value) => value === text);
	if (choice !== undefined) return choice;
	throw inputError(
		context,
		`'${displayName}' is '${text}', which is not one of its options`,
		`Use ${choices.map((value) => `'${value}'`).join(', ')}.`,
		itemIndex,
	);
}

/**
 * Reads a switch, which an expression may also give as text: a spreadsheet holds nothing else.
 *
 * @returns undefined if the expression has no value
 * @throws NodeOperationError if it is neither true nor false
 */
export function asFlag(
	context: IExecuteFunctions,
	value: unknown,
	displayName: string,
	itemIndex: number,
): boolean | undefined {
	const text = asText(context, value, displayName, itemIndex)?.toLowerCase();
	if (text === undefined) return undefined;
	if (text === 'true' || text === 'false') return text === 'true';
	throw inputError(
		context,
		`'${displayName}' is '${text}', but it must be true or false`,
		'Its expression must return true or false.',
		itemIndex,
	);
}

/** As `asFlag`, for a parameter. @param fallback what counts without a value */
export function readFlag(
	context: IExecuteFunctions,
	name: string,
	displayName: string,
	fallback: boolean,
	itemIndex: number,
): boolean {
	return (
		asFlag(context, context.getNodeParameter(name, itemIndex, fallback), displayName, itemIndex) ?? fallback
	);
}

/** Reads the ID of a session, in the spelling of the API or of an event. */
export function readSessionId(context: IExecuteFunctions, itemIndex: number): string {
	return apiSessionId(readRequired(context, 'sessionId', 'Session', itemIndex));
}

/** Reads a list, which an expression may also give as one text with commas. */
export function readList(value: unknown): string[] {
	const list = Array.isArray(value) ? value : String(value ?? '').split(',');
	return list.map((entry) => String(entry).trim()).filter(Boolean);
}

/**
 * Reads a number of at least 1, whose fraction is dropped.
 *
 * @throws NodeOperationError naming the field otherwise
 */
export function readCount(
	context: IExecuteFunctions,
	value: unknown,
	displayName: string,
	itemIndex: number,
	maximum = Infinity,
): number {
	const count = Number(value);
	if (value === '' || value === null || !(count >= 1 && count <= maximum) || !Number.isFinite(count)) {
		const range = maximum === Infinity ? 'of at least 1' : `from 1 to ${maximum.toLocaleString('en-US')}`;
		throw inputError(
			context,
			`'${displayName}' must be a number ${range}`,
			`Enter a number ${range} in '${displayName}'.`,
			itemIndex,
		);
	}
	return Math.floor(count);
}

/** Reads a collection, such as the options of an operation. */
export function readCollection(context: IExecuteFunctions, name: string, itemIndex: number): IDataObject {
	return (context.getNodeParameter(name, itemIndex, {}) ?? {}) as IDataObject;
}
