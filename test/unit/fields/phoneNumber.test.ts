import fc from 'fast-check';
import {
	readOptionalPhoneNumber,
	readPhoneNumber,
} from '../../../nodes/VideoSdkAgentCloud/fields/phoneNumber';
import { check, fieldsContext, thrownBy, unicode } from '../support';

const read = (to: unknown) => readPhoneNumber(fieldsContext({ to }), 'to', 'To', 3);

it.each([
	['+14155550123', '+14155550123'],
	['  +14155550123\n', '+14155550123'],
	[14155550123, '14155550123'],
	['+1 (415) 555-0123', '+1 (415) 555-0123'],
	['112', '112'],
	['sip:ada@example.com', 'sip:ada@example.com'],
	['SIPS:ada@example.com:5061;transport=tls', 'SIPS:ada@example.com:5061;transport=tls'],
	[{ __rl: true, mode: 'number', value: ' +1415 ' }, '+1415'],
])('%p is read as %p', (value, expected) => {
	expect(read(value)).toBe(expected);
});

it.each([
	'Ada',
	'+1415555O123',
	'+49 171 1234 ext 5',
	'1e10',
	'+',
	'()',
	'ada@example.com',
	'sip:',
	'sip: ada',
	'tel:+1415',
])('%p is rejected, naming field and item', (value) => {
	const { message } = thrownBy(() => read(value));
	expect(message).toBe("'To' is not a phone number [item 3]");
});

it('the number itself, which is personal data, is not in the message', () => {
	const error = thrownBy(() => read('+1415ABC7788')) as Error & { description: string };
	expect(`${error.message} ${error.description}`).not.toContain('ABC');
});

it.each(['', ' ', undefined, null])('%p is no number at all', (value) => {
	expect(thrownBy(() => read(value)).message).toContain("'To' is empty");
	expect(readOptionalPhoneNumber(fieldsContext({ from: value }), 'from', 'From', 0)).toBeUndefined();
});

it('whatever is read is trimmed, and is a SIP URI or has digits and no letter', () => {
	check(
		fc.property(unicode(), (text) => {
			let number: string;
			try {
				number = read(text);
			} catch {
				return;
			}
			expect(number).toBe(text.trim());
			if (!/^sips?:/i.test(number)) expect(number).toMatch(/^[^\p{L}]*\d[^\p{L}]*$/u);
		}),
	);
});
