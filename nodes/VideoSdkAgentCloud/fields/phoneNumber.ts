import { type Blank, type Field, textField, type TextOf } from './field';
import { type ItemReader } from './reader';

/** Whom to call: of each operation that makes calls. */
export const toField = textField('required', 'To', 'to', {
	placeholder: 'e.g. +14155550123',
	description: 'The phone number to call, with a plus sign and the country code. SIP URIs work, too.',
});

/** What the API takes (docs.videosdk.live, make call), numbers and SIP URIs apart. */
const API_NUMBER = /^\+?\d{3,15}$/;
const SIP_URI = /^sips?:[^\s@]+@\S+$/i;
/** A number with its country code (E.164), none of which begins with a zero. */
const E164 = /^\+[1-9]\d{2,14}$/;

/** Marks that come with copied text: soft hyphen, zero width, direction. */
const INVISIBLE = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069]/gu;
/** Blanks, dashes, minus signs, dots and slashes. */
const SEPARATORS = /[\s\p{Pd}\u2212\u02d7.\u00b7/]/gu;
const BRACKETS = /[()[\]]/g;
/** The digits and round brackets of East Asian keyboards; two more forms of the plus sign. */
const FULL_WIDTH = /[\uff08\uff09\uff10-\uff19]/g;
const PLUS_SIGNS = /[\uff0b\ufe62\u207a]/g;
/** A zero that isn't dialed from abroad. In Italy and San Marino it is part of the number. */
const TRUNK_ZERO = /^[([]?(\+|00)(?!39|378)([1-9]\d{0,2})[)\]]?[([]0[)\]]/;

/** The same zero without brackets of its own, where no number begins with one. */
const NATIONAL_ZERO = /^\+(?:27|3[123]|4[13469]|6[14]|8[12]|9[01])0/;

/** What spreadsheets and CSV files make of a number. Without its point it would be another one. */
const DECIMAL = /^[^.]*\d\.0+$/;
/** A number as it is dialed within a country. */
const NATIONAL = /^0[1-9]/;

/** What follows a whole number: it would be dialed, too. A slash after the area code is a separator. */
const EXTENSION = /[([](?:\D*\d){1,5}\D*$/;
const SECOND_NUMBER =
	/^(?:(?:[^\d/]*\d){8,}[^\d/]*\/.*\d|[^/]*\/(?:\D*\d){0,4}\D*$|[^/]*\/.*(?:\d{5,}\s*\/.*\d|\d{4}\s*\/\D*\d{1,3}\D*$))/;
const SECOND_LINE = /\d\D*[\t\n\v\f\r\u2028\u2029]\D*\d/;
const ZERO = /[([]0[)\]]/;

/** What follows a number is searched for in a time that grows with the square of the length: a public form may send a long text. */
const MAX_LENGTH = 100;
/** Of the value, as it is quoted. */
const MAX_QUOTED_LENGTH = 40;

/** @returns a number in ASCII, with one form of the plus sign, and without marks that no one sees */
const plain = (text: string): string =>
	text
		.replace(/^tel:/i, '')
		.replace(INVISIBLE, '')
		.replace(FULL_WIDTH, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
		.replace(PLUS_SIGNS, '+');

/** @returns a number without what people write into it, with a plus sign in place of 00; anything else without that, too */
function clean(text: string): string {
	return plain(text)
		.replace(SEPARATORS, '')
		.replace(TRUNK_ZERO, '$1$2')
		.replace(BRACKETS, '')
		.replace(/^00/, '+');
}

/** @returns why a number can't be called, in words; undefined if it can. @param number the text, cleaned */
function whyNot(text: string, number: string): string | undefined {
	if (text.length > MAX_LENGTH) return `It has more than ${MAX_LENGTH} characters. Enter the number alone.`;
	const shown = plain(text);
	if (DECIMAL.test(shown.replace(/\s/g, ''))) {
		return "It ends with .0, as some files write numbers. Remove that from your data. If only the plus sign is missing otherwise, enter +{{ String($json.phone).replace(/\\.0+$/, '') }}.";
	}
	if (NATIONAL_ZERO.test(number)) {
		return "A 0 follows the country code, but it's dialed only within the country. Leave it out.";
	}
	if (E164.test(number)) {
		const isMore =
			EXTENSION.test(shown) || SECOND_NUMBER.test(shown.replace(ZERO, '')) || SECOND_LINE.test(shown);
		return isMore ? 'An extension or a second number follows it. Remove that from your data.' : undefined;
	}
	if (!/^\+?\d+$/.test(number))
		return 'It can contain digits, a leading plus sign, spaces, parentheses, dashes, dots, and slashes.';
	if (NATIONAL.test(number)) {
		return "It starts with 0, as it's dialed within a country. In most, the country code takes the place of this 0. For Germany, enter {{ String($json.phone).replace(/^\\D*0(?!0)/, '+49') }}.";
	}
	if (!number.startsWith('+')) {
		return 'It has neither a plus sign nor 00 in front. If only the plus sign is missing from your numbers, enter +{{ $json.phone }}.';
	}
	if (number.startsWith('+0')) return 'No country code starts with 0.';
	return 'Including the country code, it must have 3 to 15 digits.';
}

/** @returns a phone number, or the digits of one without its country code, as calls have it, however it's written; other text as it is */
export function asCalled(text: string): string {
	const number = clean(text);
	// Calls to SIP URIs have IP addresses.
	const isPart = /^\d{7,}$/.test(number) && !/^\d+(\.\d+){3}$/.test(text);
	return whyNot(text, number) === undefined || isPart ? number.replace(/^0+/, '') : text;
}

/**
 * Reads a phone number as people write it, or a SIP URI. What the API would reject, or could take for a number in a different
 * country, is rejected here: all items are read before the first call is made.
 *
 * @returns the number in E.164, such as +14155550123, or the SIP URI as it is; undefined if it was left empty and isn't required
 * @throws NodeOperationError as its policy says, and if it is neither
 */
export function readPhoneNumber<B extends Blank>(read: ItemReader, field: Field<B>): TextOf<B> {
	const text = read.text(field);
	if (text === undefined || SIP_URI.test(text)) return text;
	// The API's own list may spell numbers in its own way.
	if (read.isFromList(field) && API_NUMBER.test(text)) return text;
	const number = clean(text);
	const reason = whyNot(text, number);
	if (reason === undefined) return number as TextOf<B>;
	const quoted = text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)}…` : text;
	throw read.fail(
		`'${field.displayName}' isn't a phone number: ${quoted}`,
		`${reason} Phone numbers need a plus sign and the country code, such as +14155550123. You can also enter a SIP URI such as sip:ada@example.com. More: 'How to' in the docs, 'Fix phone numbers'.`,
	);
}
