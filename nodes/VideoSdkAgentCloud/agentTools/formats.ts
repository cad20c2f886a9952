import { parsePhoneNumber } from '../api/parsePhoneNumber';

/** The formats that an argument of type text may be required to have. */
export type Format = 'date' | 'dateTime' | 'email' | 'phone';

const DATE = /^\d{4}-\d\d-\d\d$/;
/** A time after a date (ISO 8601), with the offset from UTC, without which no one knows when that is. */
const TIME = /^T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const DATE_LENGTH = 10;

/** An email address as people say it: without quotes and comments, with a dot in the domain, and in any alphabet. */
const EMAIL =
	/^[^\s\p{C}@<>()[\]\\,;:".]+(?:\.[^\s\p{C}@<>()[\]\\,;:".]+)*@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+\p{L}[\p{L}\p{N}-]*[\p{L}\p{N}]$/u;
/** RFC 5321 allows no longer path. */
const MAX_EMAIL_LENGTH = 254;

/** @returns whether a text is a day of the calendar. Date.parse alone would read February 30 as a day in March */
function isDate(text: string): boolean {
	const ms = DATE.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
	return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

const isDateTime = (text: string): boolean =>
	isDate(text.slice(0, DATE_LENGTH)) && TIME.test(text.slice(DATE_LENGTH));

const isEmail = (text: string): boolean => text.length <= MAX_EMAIL_LENGTH && EMAIL.test(text);

const trimmedIf = (fits: (text: string) => boolean) => (text: string) =>
	fits(text.trim()) ? text.trim() : undefined;

/** The formats: `is` describes one to a model, and `read` returns a text in its final form, or undefined if it doesn't fit. */
export const FORMATS: Record<Format, { is: string; read: (text: string) => string | undefined }> = {
	date: { is: 'a date of the calendar as YYYY-MM-DD', read: trimmedIf(isDate) },
	dateTime: {
		is: 'a date and time with the offset from UTC, as YYYY-MM-DDTHH:MM:SS+HH:MM',
		read: trimmedIf(isDateTime),
	},
	email: { is: 'an email address', read: trimmedIf(isEmail) },
	phone: {
		is: 'one phone number with a plus sign and the country code',
		read: (text) => {
			const { number, reason } = parsePhoneNumber(text.trim());
			return reason === undefined ? number : undefined;
		},
	},
};
