/** A number with its country code (E.164). No country code begins with a zero. */
const E164 = /^\+[1-9]\d{2,14}$/;

/** Invisible characters that copied text may hold: soft hyphens, zero-width characters, and marks of direction. */
const INVISIBLE = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069]/gu;
/** The full-width round brackets, plus sign, and digits of East Asian keyboards. */
const FULL_WIDTH = /[\uff08\uff09\uff0b\uff10-\uff19]/g;
/** Spaces, dashes, minus signs, dots and brackets, but no line breaks or tabs, because another number may follow these. */
const SEPARATORS = /[\p{Zs}\p{Pd}\u2212\u02d7.\u00b7()[\]]/gu;
const BRACKET = /[([]/;

/** The zero in brackets after the country code, which isn't dialed from abroad. */
const TRUNK_ZERO = /[([]\s*0\s*[)\]]/;
/** A number with decimals, as spreadsheets and CSV files may write it. Without the point alone, it would be a different number. */
const DECIMAL = /^[^.]*\d\.0+$/;
/** Digits in brackets at the end of a number are an extension if there are fewer of them than this, and must not be dialed with it. */
const MIN_DIGITS_AFTER_BRACKET = 6;
/** A number as it's dialed within a country. */
const NATIONAL = /^0[1-9]/;

/** @returns a number in ASCII, without invisible characters */
const plain = (text: string): string =>
	text
		.replace(/^tel:/i, '')
		.replace(INVISIBLE, '')
		.replace(FULL_WIDTH, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0));

/** @returns a text without the separators that people write into numbers, and with a plus sign in place of 00 */
const clean = (text: string): string => plain(text).replace(SEPARATORS, '').replace(/^00/, '+');

/** @returns whether an extension in brackets follows a number */
function hasExtension(shown: string): boolean {
	const digits = shown.split(BRACKET).slice(1).at(-1)?.replace(/\D/g, '').length ?? 0;
	return digits > 0 && digits < MIN_DIGITS_AFTER_BRACKET;
}

/** @returns why a number can't be called, in words; undefined if it can. @param number the cleaned text */
function whyNot(text: string, number: string): string | undefined {
	const shown = plain(text);
	if (shown.includes('/')) {
		return "Enter one number without a slash. If yours have one after the area code, enter {{ String($json.phone).replace('/', ' ') }}.";
	}
	if (TRUNK_ZERO.test(shown)) {
		return "The zero in parentheses is dialed only within the country. Leave it out: enter {{ String($json.phone).replace('(0)', '') }}. In Italy, it's part of the number: write it without parentheses.";
	}
	if (DECIMAL.test(shown.replace(/\s/g, ''))) {
		return "It ends with .0, as some files write numbers. Remove that from your data. If only the plus sign is missing otherwise, enter +{{ String($json.phone).replace(/\\.0+$/, '') }}.";
	}
	if (hasExtension(shown))
		return 'Digits in parentheses follow it, such as an extension. Remove them from your data.';
	if (E164.test(number)) return undefined;
	if (!/^\+?\d+$/.test(number)) {
		return 'It can contain digits, a leading plus sign, spaces, parentheses, dashes, and dots. Enter one number, without an extension.';
	}
	if (NATIONAL.test(number)) {
		return "It starts with 0, so the country code is missing. In most countries, it takes the place of this 0. For German numbers, enter {{ String($json.phone).replace(/^\\D*0(?!0)/, '+49') }}.";
	}
	if (!number.startsWith('+')) {
		return 'It has neither a plus sign nor 00 in front. If only the plus sign is missing from your numbers, enter +{{ $json.phone }}.';
	}
	if (number.startsWith('+0')) return 'No country code starts with 0.';
	return 'Including the country code, it must have 3 to 15 digits.';
}

/** @returns the text without separators and, if it isn't a phone number with its country code, the reason in words */
export function parsePhoneNumber(text: string): { number: string; reason?: string } {
	const number = clean(text);
	return { number, reason: whyNot(text, number) };
}

/** @returns a phone number, or a part of one, in the form in which calls are made; other text unchanged */
export function asCalled(text: string): string {
	const { number, reason } = parsePhoneNumber(text);
	// An IP address isn't a part of a number, and may be searched for in calls to SIP URIs.
	const isPart = /^\d{7,}$/.test(number) && !/^\d+(\.\d+){3}$/.test(text);
	return reason === undefined || isPart ? number.replace(/^0+/, '') : text;
}
