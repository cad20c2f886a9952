import fc from 'fast-check';
import { inspect } from 'node:util';
import {
	contextKey,
	signContext,
	signedLength,
	verifyContext,
} from '../../../nodes/VideoSdkAgentCloud/webhook/context';
import { check, unicode, utf16 } from '../support';

const key = contextKey('the secret');
const pairs = fc.dictionary(
	fc.oneof(unicode(1), fc.constantFrom('__proto__', 'constructor', 'toString')),
	fc.oneof(unicode(), fc.boolean(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
);
/** As JSON gives it back: -0 becomes 0. */
const throughJson = (value: object) => JSON.parse(JSON.stringify(value)) as object;

describe('A context', () => {
	it('comes back as it was given, in characters that a URL takes as they are', () => {
		check(
			fc.property(pairs, (given) => {
				const text = signContext(given, key);
				expect(text).toMatch(/^[\w-]+$/);
				expect(encodeURIComponent(text)).toBe(text);
				expect(text).toHaveLength(signedLength(given));
				expect(verifyContext(text, key)).toEqual(throughJson(given));
			}),
			1_000,
		);
	});

	it('is written as ever: sessions that run during an update keep theirs', () => {
		expect(signContext({ customerId: 4711, name: 'Ada' }, key)).toMatchInlineSnapshot(
			`"1z68S5gT6wYGGq-uXYVQslweyJjdXN0b21lcklkIjo0NzExLCJuYW1lIjoiQWRhIn0"`,
		);
	});

	it('takes 23 characters more than its payload', () => {
		expect(signedLength({})).toBe(23 + 3);
		expect(signedLength({ a: 1 })).toBe(23 + 10);
	});

	it('is rejected when any character of it differs', () => {
		const text = signContext({ customerId: 4711 }, key);
		const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
		for (let index = 0; index < text.length; index += 1) {
			for (const character of alphabet) {
				if (character === text[index]) continue;
				const changed = text.slice(0, index) + character + text.slice(index + 1);
				expect(verifyContext(changed, key)).toBeUndefined();
			}
		}
	});

	it.each([
		['a cut one', (text: string) => text.slice(0, -1)],
		['a longer one', (text: string) => `${text}A`],
		['two of them', (text: string) => text + text],
		['with padding', (text: string) => `${text}=`],
		['with white space', (text: string) => `${text} `],
		['with a line break', (text: string) => `${text}\n`],
		['as standard base64', (text: string) => `${text.slice(0, 30)}+${text.slice(31)}`],
	])('is rejected when it is changed: %s', (_what, change) => {
		expect(verifyContext(change(signContext({ a: 'b' }, key)), key)).toBeUndefined();
	});

	it('of another secret is rejected', () => {
		expect(verifyContext(signContext({ a: 1 }, key), contextKey('another secret'))).toBeUndefined();
	});

	it('cannot be made of parts of others', () => {
		const one = signContext({ a: 1 }, key);
		const two = signContext({ a: 2 }, key);
		expect(verifyContext(one.slice(0, 23) + two.slice(23), key)).toBeUndefined();
	});

	it('is never read from anything else, and nothing throws', () => {
		check(
			fc.property(fc.oneof(fc.anything(), unicode(), utf16(), fc.base64String(), fc.json()), (anything) => {
				expect(verifyContext(anything, key)).toBeUndefined();
			}),
			2_000,
		);
	});

	it('may be signed with an empty or a very long secret', () => {
		for (const secret of ['', 'x'.repeat(10_000), 'ключ']) {
			const own = contextKey(secret);
			expect(verifyContext(signContext({ a: 1 }, own), own)).toEqual({ a: 1 });
		}
	});

	it('has a key that shows no secret when it is logged', () => {
		const text = inspect(key, { depth: Infinity, showHidden: true }) + JSON.stringify(key);
		expect(text).not.toContain('the secret');
		expect(text).not.toContain(Buffer.from('the secret').toString('hex'));
		expect(text).not.toContain(Buffer.from('the secret').toString('base64'));
	});
});
