import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import { cleanNumber } from './phoneNumber';

const SEPARATORS = /[,\r\n]/;

const fail = (context: IExecuteFunctions, what: string) =>
	new NodeOperationError(context.getNode(), `'Only Call These Numbers' in the credential ${what}`, {
		description:
			'Enter phone numbers with a plus sign and the country code, such as +14155550123, separated by commas or one per line. To call any number, clear the field. Nothing was sent.',
	});

/**
 * Reads the credential's field 'Only Call These Numbers'.
 *
 * @param value the value of the field or of its expression
 * @returns the numbers, cleaned, and SIP URIs; undefined if it is empty
 * @throws NodeOperationError if it holds anything else, or nothing but separators
 */
export function readOnlyCall(context: IExecuteFunctions, value: unknown): string[] | undefined {
	const text = String(value ?? '');
	if (text === '') return undefined;
	const entries = text.split(SEPARATORS).map((entry) => entry.trim());
	const given = entries.filter((entry) => entry !== '');
	if (given.length === 0) throw fail(context, 'contains no number');
	return given.map((entry) => {
		const number = cleanNumber(entry);
		if (number !== undefined) return number;
		throw fail(context, `contains '${entry}', which isn't a phone number`);
	});
}

/** Makes the error for an expression in 'Only Call These Numbers' that gives nothing, because that must not count as "all". */
export const emptyOnlyCall = (context: IExecuteFunctions): NodeOperationError =>
	fail(context, "is an expression that doesn't give any number");
