import fc from 'fast-check';
import { inspect } from 'node:util';
import { Envelope } from '../../../nodes/VideoSdkAgentCloud/security/signedEnvelope';
import { checkTimes, unicode, utf16 } from '../support';

const envelope = new Envelope('x1_', 'tests of this file');
const key = envelope.keyOf('the secret');
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** As JSON gives it back: -0 becomes 0. */
const throughJson = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

it('What was sealed comes back whole, in characters that URLs and headers take as they are', () => {
	checkTimes(1_000)([fc.jsonValue()], (value) => {
		const text = envelope.seal(value, key);
		expect(text).toMatch(/^[\w-]+$/);
		expect(text).toHaveLength(envelope.lengthOf(value));
		expect(envelope.fits(text)).toBe(true);
		expect(envelope.open(text, key)).toEqual(throughJson(value));
	});
});

it('An envelope does not open if any character differs, or is missing', () => {
	const text = envelope.seal({ customerId: 4711 }, key);
	for (const position of text.split('').keys()) {
		for (const character of ['', ...ALPHABET, '.', '=', '+', ' ', '\n']) {
			if (character === text[position]) continue;
			const changed = text.slice(0, position) + character + text.slice(position + 1);
			expect(envelope.open(changed, key)).toBeUndefined();
		}
	}
});

it('An envelope does not open if it is longer, or has the content of another', () => {
	const text = envelope.seal({ a: 1 }, key);
	const others = [`${text}A`, text + text, `${text}=`, `${text}\n`];
	for (const other of [...others, text.slice(0, 25) + envelope.seal({ a: 2 }, key).slice(25)])
		expect(envelope.open(other, key)).toBeUndefined();
});

it('An envelope does not open with a different secret, or for a different purpose', () => {
	const text = envelope.seal({ a: 1 }, key);
	expect(envelope.open(text, envelope.keyOf('another secret'))).toBeUndefined();
	const other = new Envelope('x1_', 'a different purpose');
	expect(other.open(text, other.keyOf('the secret'))).toBeUndefined();
	expect(new Envelope('x2_', 'tests of this file').open(text, key)).toBeUndefined();
});

it('Nothing else opens, and nothing throws', () => {
	// As a query parameter that comes as a list.
	const listed = fc.jsonValue().map((value) => [envelope.seal(value, key)]);
	const other = fc.oneof(fc.anything(), listed, unicode(), utf16(), fc.base64String(), fc.json());
	checkTimes(2_000)([other], (anything) => {
		expect([envelope.fits(anything), envelope.open(anything, key)]).toEqual([false, undefined]);
	});
});

it('An empty or very long secret seals, and none is shown when its key is logged', () => {
	for (const secret of ['', 'x'.repeat(10_000), 'ключ'])
		expect(envelope.open(envelope.seal({ a: 1 }, envelope.keyOf(secret)), envelope.keyOf(secret))).toEqual({
			a: 1,
		});
	const text = inspect(key, { depth: Infinity, showHidden: true }) + JSON.stringify(key);
	for (const encoding of ['utf8', 'hex', 'base64'] as const)
		expect(text).not.toContain(Buffer.from('the secret').toString(encoding));
});
