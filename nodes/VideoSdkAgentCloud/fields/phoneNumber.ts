import type { IExecuteFunctions } from 'n8n-workflow';
import { inputError } from './inputError';
import { readOptional, readRequired } from './read';

const SIP_URI = /^sips?:\S+$/i;

/**
 * Letters are refused before anything is sent: they come from a wrong column. How a number is written is up to the API otherwise.
 *
 * @throws NodeOperationError if it is neither a number nor a SIP URI
 */
function rejectLetters(
	context: IExecuteFunctions,
	number: string,
	displayName: string,
	itemIndex: number,
): void {
	if (SIP_URI.test(number) || (/\d/.test(number) && !/\p{L}/u.test(number))) return;
	throw inputError(
		context,
		`'${displayName}' is not a phone number`,
		'Enter it with a plus sign and the country code, such as +14155550123, or as a SIP URI such as sip:ada@example.com.',
		itemIndex,
	);
}

/**
 * Reads a phone number or a SIP URI, trimmed.
 *
 * @param displayName as the user reads it
 * @throws NodeOperationError if it is blank, or has letters and is no SIP URI
 */
export function readPhoneNumber(
	context: IExecuteFunctions,
	name: string,
	displayName: string,
	itemIndex: number,
): string {
	const number = readRequired(context, name, displayName, itemIndex);
	rejectLetters(context, number, displayName, itemIndex);
	return number;
}

/** As `readPhoneNumber`. @returns undefined if it is blank */
export function readOptionalPhoneNumber(
	context: IExecuteFunctions,
	name: string,
	displayName: string,
	itemIndex: number,
): string | undefined {
	const number = readOptional(context, name, displayName, itemIndex);
	if (number !== undefined) rejectLetters(context, number, displayName, itemIndex);
	return number;
}
