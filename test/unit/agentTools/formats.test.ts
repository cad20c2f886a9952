import fc from 'fast-check';
import { FORMATS } from '../../../nodes/VideoSdkAgentCloud/agentTools/formats';
import { checkTimes, unicode } from '../support';

const { date, dateTime, email, phone } = FORMATS;
const padded = (value: number, length = 2) => String(value).padStart(length, '0');

function daysIn(year: number, month: number): number {
	const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
	return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
}

const year = fc.oneof(fc.integer({ min: 0, max: 9_999 }), fc.constantFrom(1900, 2000, 2026, 2028));
/** Of a calendar, or nearly. */
const day = fc.tuple(year, fc.integer({ min: 0, max: 13 }), fc.integer({ min: 0, max: 32 }));

describe('A date', () => {
	it('is one of the calendar', () => {
		checkTimes(4_000)([day], ([y, m, d]) => {
			const text = `${padded(y, 4)}-${padded(m)}-${padded(d)}`;
			expect(date.read(text)).toBe(d >= 1 && d <= daysIn(y, m) ? text : undefined);
		});
	});

	it.each(['2026-1-5', '26-01-05', '2026/01/05', '20260105', '05.01.2026', 'next Friday', '+002026-01-05'])(
		'is not written as %j',
		(text) => expect(date.read(text)).toBeUndefined(),
	);

	it('is not what holds one', () => {
		for (const text of [
			'2026-01-05T09:00:00Z',
			'2026-01-05 or 06',
			'on 2026-01-05',
			'2026-01-05\n2026-01-06',
		])
			expect(date.read(text)).toBeUndefined();
		expect(date.read(' 2026-01-05\n')).toBe('2026-01-05');
	});
});

describe('A date and time', () => {
	it('is at one point in time, whatever its offset', () => {
		const ms = fc.integer({ min: 0, max: 4e12 });
		const offset = fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 });
		checkTimes(2_000)([ms, offset, fc.boolean()], (at, minutes, isZulu) => {
			const shift = isZulu ? 0 : minutes;
			const local = new Date(at + shift * 60_000).toISOString().slice(0, -1);
			const [h, m] = [Math.floor(Math.abs(shift) / 60), Math.abs(shift) % 60];
			const zone = isZulu ? 'Z' : `${shift < 0 ? '-' : '+'}${padded(h)}:${padded(m)}`;
			expect(dateTime.read(local + zone)).toBe(local + zone);
			expect(Date.parse(local + zone)).toBe(at);
			expect(dateTime.read(local)).toBeUndefined();
		});
	});

	it('is on a day of the calendar, at a time of the clock', () => {
		const two = fc.integer({ min: 0, max: 99 });
		checkTimes(4_000)([day, two, two, two, two, two], ([y, m, d], hour, minute, second, oh, om) => {
			const text = `${padded(y, 4)}-${padded(m)}-${padded(d)}T${padded(hour)}:${padded(minute)}:${padded(second)}+${padded(oh)}:${padded(om)}`;
			const isDay = d >= 1 && d <= daysIn(y, m);
			const isTime = hour < 24 && minute < 60 && second < 60 && oh < 24 && om < 60;
			expect(dateTime.read(text)).toBe(isDay && isTime ? text : undefined);
		});
	});

	it.each(['2026-01-05T09:30Z', '2026-01-05T09:30+01:00', ' 2026-01-05T09:30:00.123-05:00 '])(
		'is %j',
		(text) => expect(dateTime.read(text)).toBe(text.trim()),
	);

	it.each([
		'2026-01-05',
		'2026-01-05 09:30Z',
		'2026-01-05T9:30Z',
		'2026-01-05T09:30',
		'2026-01-05T0930Z',
		'2026-01-05T09:30+1',
		'2026-01-05T09:30 UTC',
		'2026-01-05T09:30[Europe/Berlin]',
		'tomorrow at 9',
		'2026-01-05T09:30:00.Z',
	])('is not %j', (text) => expect(dateTime.read(text)).toBeUndefined());
});

describe('An email address', () => {
	it.each([
		'ada@example.com',
		' ada.lovelace+x@mail.example.co.uk\n',
		"o'neill_1@ex-ample.org",
		'jürgen@bücher.de',
	])('is %j', (text) => expect(email.read(text)).toBe(text.trim()));

	it.each([
		'',
		'ada',
		'ada@',
		'@example.com',
		'ada@example',
		'ada@@example.com',
		'ada lovelace@example.com',
		'ada@example..com',
		'ada@.example.com',
		'ada@-example.com',
		'ada@example-.com',
		'ada@example.c',
		'ada at example dot com',
		'ada@example.com, bob@example.com',
		'Ada <ada@example.com>',
		'a..b@example.com',
		'.a@example.com',
		'a.@example.com',
		'ada@127.0.0.1',
		'ada@example.com.',
		'ada\u200b@example.com',
		`${'a'.repeat(250)}@example.com`,
	])('is not %j', (text) => expect(email.read(text)).toBeUndefined());

	it('has one at sign, a dot after it, and no blank, whatever is said', () => {
		const parts = fc.constantFrom('a', '.', '@', '-', ' ', 'com', 'ü', '\n', '1');
		checkTimes(4_000)(
			[
				fc.oneof(
					unicode(),
					fc.array(parts).map((all) => all.join('')),
				),
			],
			(text) => {
				const read = email.read(text);
				if (read === undefined) return;
				expect(read).toMatch(/^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/);
				expect(email.read(read)).toBe(read);
			},
		);
	});

	it('is read soon, however long the text', () => {
		for (const text of [
			'a'.repeat(1e5),
			`a@${'a.'.repeat(5e4)}`,
			`a@${'a-'.repeat(120)}`,
			`${'a.'.repeat(5e4)}@b`,
		])
			expect(email.read(text)).toBeUndefined();
	});
});

describe('A phone number', () => {
	it.each(['+1 (415) 555-0102', '0014155550102', 'tel:+1-415-555-0102', '\uff0b1 415 555 0102'])(
		'comes out cleaned: %j',
		(text) => expect(phone.read(text)).toBe('+14155550102'),
	);

	it.each([
		'',
		'415 555 0102',
		'0171 1234567',
		'+1',
		'sip:ada@example.com',
		'+14155550102 or +14155550103',
		'mine',
	])('is not %j', (text) => expect(phone.read(text)).toBeUndefined());

	it('is read as digits after a plus sign, and as the same again', () => {
		const parts = fc.constantFrom('+', '00', '1', '415', ' ', '-', '(', ')', '.', 'x', '/', '555 01 02');
		checkTimes(2_000)([fc.array(parts, { maxLength: 8 }).map((all) => all.join(''))], (text) => {
			const read = phone.read(text);
			if (read === undefined) return;
			expect(read).toMatch(/^\+[1-9]\d{2,14}$/);
			expect(phone.read(read)).toBe(read);
		});
	});
});
