import { parsePhoneNumber } from '../api/parsePhoneNumber';
import { type Blank, type Field, textField, type TextOf } from './kit/field';
import { type ItemReader } from './kit/reader';

export const toField = textField('required', 'To', 'to', {
	placeholder: 'e.g. +14155550123',
	description: 'The phone number to call, with a plus sign and the country code. SIP URIs work, too.',
});

/** The form of numbers that the API takes (docs.videosdk.live, make call). */
const API_NUMBER = /^\+?\d{3,15}$/;
const SIP_URI = /^sips?:[^\s@]+@\S+$/i;

const MAX_QUOTED_LENGTH = 40;

/** @returns a phone number in the form in which calls are made, or a SIP URI unchanged; undefined if the text is neither */
export function cleanNumber(text: string): string | undefined {
	if (SIP_URI.test(text)) return text;
	const { number, reason } = parsePhoneNumber(text);
	return reason === undefined ? number : undefined;
}

/**
 * Reads a phone number as people write it, or a SIP URI. A number that the API would reject, or could take for one of a different country,
 * is refused here, because all items are read before the first call is made.
 *
 * @returns the number in E.164, such as +14155550123, or the SIP URI as it is; undefined if it was left empty and isn't required
 * @throws NodeOperationError as the field's policy says, and if the value is neither
 */
export function readPhoneNumber<B extends Blank>(read: ItemReader, field: Field<B>): TextOf<B> {
	const text = read.text(field);
	if (text === undefined || SIP_URI.test(text)) return text;
	// A number from the API's own list is taken as it's spelled there.
	if (read.isFromList(field) && API_NUMBER.test(text)) return text;
	const { number, reason } = parsePhoneNumber(text);
	if (reason === undefined) return number as TextOf<B>;
	const quoted = text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)}…` : text;
	throw read.fail(
		`'${field.displayName}' isn't a phone number: ${quoted}`,
		`${reason} Phone numbers need a plus sign and the country code, such as +14155550123. More: 'How to' in the docs, 'Fix phone numbers'.`,
	);
}
