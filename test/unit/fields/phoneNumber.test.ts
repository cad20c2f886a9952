import fc from 'fast-check';
import { asCalled } from '../../../nodes/VideoSdkAgentCloud/api/parsePhoneNumber';
import { optional } from '../../../nodes/VideoSdkAgentCloud/fields/kit/field';
import { fromField } from '../../../nodes/VideoSdkAgentCloud/fields/kit/locators';
import { readPhoneNumber } from '../../../nodes/VideoSdkAgentCloud/fields/phoneNumber';
import { ItemReader } from '../../../nodes/VideoSdkAgentCloud/fields/kit/reader';
import { readExample } from '../../start/examples';
import { checkTimes, fieldsContext, thrownBy, unicode } from '../support';

const toField = {
	displayName: 'To',
	name: 'to',
	type: 'string' as const,
	default: '',
	blank: 'required' as const,
};
const read = (to: unknown) => readPhoneNumber(new ItemReader(fieldsContext({ to }), 3), toField);
const optionalFromField = optional('refused', fromField, '');
const readFrom = (from: unknown) =>
	readPhoneNumber(new ItemReader(fieldsContext({ from }), 3), optionalFromField);

describe('As people write it:', () => {
	it.each([
		'+14155550102',
		'  +14155550102\n',
		'0014155550102',
		'+1 415 555 0102',
		'+1 (415) 555-0102',
		'+1.415.555.0102',
		'(+1) 415 555 0102',
		'(001) 415 555 0102',
		'+1 [415] 5550102',
		'00 1 415 555 01 02',
		'+1\u00a0415\u00a0555\u00a00102',
		'+1\u202f415\u2009555\u30000102',
		'+1\u2011415\u2013555\u20140102',
		'+1\u2212415\u00ad555\u00b70102',
		'\u202a+14155550102\u202c',
		'\ufeff+1415\u200b5550102',
		'\uff0b14155550102',
		'\uff0b1\uff08415\uff095550102',
		'\uff0b\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff10\uff11\uff10\uff12',
		'+1 415\u02d75550102',
		'+1 415 555 0102.',
		'+1 415 555 0102()',
		'- +1 415 555 0102 -',
		'tel:+1-415-555-0102',
		'TEL:+1(415)5550102',
	])('%j', (value) => {
		expect(read(value)).toBe('+14155550102');
		expect(readFrom({ __rl: true, mode: 'number', value })).toBe('+14155550102');
		expect(asCalled(value.trim())).toBe('+14155550102');
	});

	it.each(['4155550102', '415 555 0102', '(0415) 555-01-02'])(
		'%j, whose country code is elsewhere, is searched for by its digits',
		(text) => expect(asCalled(text)).toBe('4155550102'),
	);

	it.each(['0102', '+', '192.168.10.20', 'sip:Ada@example.com', 'Room 1', '+14155550102 ext 5'])(
		'%j, which is no whole number, is searched for as it is',
		(text) => expect(asCalled(text)).toBe(text),
	);

	it.each([
		['+44.20.7946.0000', '+442079460000'],
		['+1.415.555.00', '+141555500'],
		['+39 06 1234 5678', '+390612345678'],
		['+225 07 12 34 56 78', '+2250712345678'],
		['(+49 30) 1234567', '+49301234567'],
		['+30 (2)10 1234567', '+302101234567'],
		['+4930.0123456', '+49300123456'],
		['\u061c+49 30\u061c 1234567', '+49301234567'],
		['+123', '+123'],
		['+123456789012340', '+123456789012340'],
		...['sip:a@b', 'SIPS:ada.lovelace@example.com:5061;transport=tls'].map((uri) => [` ${uri} `, uri]),
	])('%j is %j', (value, expected) => expect(read(value)).toBe(expected));
});

describe('Refused, with field, value, item and what to do:', () => {
	it.each<[reason: string, ...values: Array<string | number>]>([
		['can contain', 'Ada', '+1415555O102', '+49 171 1234 ext 5', '+14155550102x5', 'tel:+14155550102;ext=5'],
		['can contain', '+14155550102, +14155550103', '++14155550102', '+1415#', '+', '+1415555010²', '()'],
		['can contain', '4.9171E+11', 'ada@example.com', 'xsip:ada@b', 'sip: ada@example.com', 'sip:a\td@b'],
		[
			'can contain',
			'sip:ada@example.com, sip:b@example.com',
			'xip:ada@b',
			'sxp:ada@b',
			'six:ada@b',
			'\u207a1 415 555 0102',
		],
		['can contain', 'sipxada@b', 'sipss:ada@b', 'sip:', 'sip:ada', 'sip:ada@', 'x\nsip:ada@b', '+:123'],
		['can contain', 'del:+123', 'til:+123', 'tex:+123', 'tel +123', '+14\uff0f155550', '+14\u206a155550'],
		['neither a plus sign nor 00', '4155550102', 14155550102, '112', '1270123456'],
		['starts with 0', '011 1 415 555 0102', ...Array.from('123456789', (digit) => `0${digit}71 123456`)],
		['ends with .0', '+49301230.0', '+4930123456 . 0', '+4930123456.000', '+4930123456.0000'],
		['ends with .0', '+4930123456.0', '+14155550123.0', '0014155550123.00', '+1 415 5550123.0\u200b'],
		['ends with .0', '14155550123.0', '\uff0b\uff14\uff19\uff11\uff12\uff13.0'],
		['such as an extension', '+1 415 555 0123 (2)', '+14155550123 [ 17 ]', '\u202a+1 415 555 0123 (2)\u202c'],
		['such as an extension', '+1 415 555 0123 （2）', '+1 415 555 0123 (２)', '+1 415 555 0123 (-2)'],
		['such as an extension', '+1 415 555 0123 (2', '+1 415 555 0123 (2).', '+1 415 555 0123 (2 3)'],
		[
			'zero in parentheses',
			'+44 (0)20 7946 0018',
			'0044 [0] 20 7946 0018',
			'+39 (0)6 1234 5678',
			'+1（0）415',
		],
		['without a slash', '+49 30/1234567', '+1 415 555 0123 / 0124', '+1/415/555/0102'],
		['can contain', ...[...'\t\n\v\f\r\u2028\u2029'].map((gap) => `+49 30 1230${gap}0567`)],
		['No country code starts with 0', '+0171 1234567', '000171'],
		['3 to 15 digits', '+1', '+12', '00 12', '+1234567890123456'],
	])('%s', (reason, ...values) => {
		for (const value of values) {
			const { message, description } = thrownBy(() => read(value)) as Error & { description: string };
			expect(message).toBe(`'To' isn't a phone number: ${value}`);
			expect(description).toContain(reason);
			expect(description).toContain('such as +14155550123');
		}
	});

	it('a long value is quoted in part', () => {
		const quotedOf = (length: number) => thrownBy(() => read('x'.repeat(length))).message.split(': ')[1];
		expect([quotedOf(40), quotedOf(41)]).toEqual(['x'.repeat(40), `${'x'.repeat(40)}…`]);
	});

	it('a text of any length, soon', () => {
		const long = (mark: string) => `+1415${mark.repeat(5e5)}5550102`;
		expect(read(long(' '))).toBe('+14155550102');
		for (const value of [long('\n'), long('('), long('(0'), long('.'), `sip:${'@'.repeat(5e5)}`])
			reasonFor(value);
	});

	it.each(['', ' ', undefined, null])('no number at all: %j', (value) => {
		expect(thrownBy(() => read(value)).message).toContain("'To' is empty");
		expect(readFrom(value)).toBeUndefined();
	});
});

const reasonFor = (value: string) => {
	try {
		return void read(value);
	} catch (error) {
		return (error as { description: string }).description;
	}
};

it('Marks that are not seen change nothing', () => {
	const isMark = /[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069]/;
	for (const mark of Array.from({ length: 0x2070 }, (_, code) => String.fromCharCode(code)).filter((one) =>
		isMark.test(one),
	)) {
		expect(read(`+1${mark}415${mark}5550102`)).toBe('+14155550102');
		expect(reasonFor(`+4930123456.${mark}0${mark}`)).toContain('ends with .0');
	}
});

it('Digits in brackets that follow a number are known by how few they are', () => {
	const digits = fc.integer({ min: 1, max: 7 }).map((length) => '1234567890'.slice(0, length));
	const mark = fc.constantFrom('', ' ', '(', '[', ') ');
	const rest = fc.array(fc.tuple(digits, mark), { minLength: 1, maxLength: 5 });
	checkTimes(2_000)([rest.map((parts) => `+1${parts.flat().join('')}`)], (text) => {
		const count = (part: string) => part.replace(/\D/g, '').length;
		fc.pre(count(text) > 2 && count(text) < 16);
		const last = Math.max(text.lastIndexOf('('), text.lastIndexOf('['));
		const after = last < 0 ? 0 : count(text.slice(last));
		expect(reasonFor(text) !== undefined).toBe(after > 0 && after < 6);
	});
});

it("A number chosen from the account's own list is passed on as the API spells it, if the API takes it", () => {
	const chosen = (value: string) => readFrom({ __rl: true, mode: 'list', value });
	const long = '0'.padEnd(15, '1');
	for (const number of ['14155550102', '011', '+011', long, `+${long}`]) expect(chosen(number)).toBe(number);
	for (const other of ['Line 1', '01', `${long}1`, '++123', 'x123', '123x', '123\nx'])
		expect(() => chosen(other)).toThrow("isn't a phone");
});

/** Whether the example calls the phone of a row, with one row in its table of those not to call. */
const isCalled = ((): ((phone: string | undefined, doNotCall: string) => boolean) => {
	interface Parameters {
		assignments: { assignments: Array<{ name: string; value: string }> };
		conditions: { conditions: Array<{ leftValue: string }> };
	}
	const { nodes } = readExample('calls-from-a-table.json');
	const parametersOf = (node: string) =>
		nodes.find(({ name }) => name === node)!.parameters as unknown as Parameters;
	const compiled = (expression: string) =>
		new Function('$json', '$', `return ${expression.replace(/^=\{\{|\}\}$/g, '')}`) as (
			json: object,
			$: () => object,
		) => unknown;
	const numbers = parametersOf('Numbers not to call').assignments.assignments.map(
		({ name, value }) => [name, compiled(value)] as const,
	);
	const conditions = ['Not in Do not call', 'Is it time?']
		.flatMap((node) => parametersOf(node).conditions.conditions)
		.filter(({ leftValue }) => leftValue.includes('Numbers not to call'))
		.map(({ leftValue }) => compiled(leftValue));
	return (phone, doNotCall) => {
		const rows = { all: () => [{ json: { phone: doNotCall } }] };
		const json = Object.fromEntries(numbers.map(([name, evaluate]) => [name, evaluate({}, () => rows)]));
		return conditions.every((evaluate) => evaluate({ phone }, () => ({ first: () => ({ json }) })));
	};
})();

it('Whatever is read is taken by the API, and reads as the same again', () => {
	const join = (parts: string[]) => parts.join('');
	const parts = fc.constantFrom(
		...'+014()- ./x\u00a0\u200b\u2212\uff0b',
		...['00', '49', '415', '(0)', 'tel:', 'sip:a@b', '（', '\n'],
	);
	const mark = fc.constantFrom('', ' ', '-', '.', '\u202a', '\u200b', '\u2212', 'tel:');
	const plus = fc.constantFrom('+', '00', '\uff0b', '(+');
	const country = fc.constantFrom('49', '44)', '39');
	const abroad = fc.tuple(mark, plus, country, mark, mark, fc.constant('15123456')).map(join);
	const list = fc.array(parts, { maxLength: 9 }).map(join);
	checkTimes(2_000)([fc.oneof(unicode(), list, abroad)], (text) => {
		let number: string;
		try {
			number = read(text);
		} catch {
			return;
		}
		expect(number).toMatch(/^\+[1-9]\d{2,14}$|^[sS][iI][pP][sS]?:\S+@\S+$/);
		expect(read(number)).toBe(number);
		if (!/^sip/i.test(number)) {
			const isLong = number.length > 6;
			expect([isCalled(text, number), isCalled(number, text)]).toEqual([!isLong, !isLong]);
			expect(isCalled(`+${number.replace(/\d/g, (digit) => String((Number(digit) + 1) % 10))}`, text)).toBe(
				true,
			);
		}
		// No digit is made up, and none is lost but 00 in front, nor any letter.
		const digits = (value: string) => value.replace(/^tel:|[^\d\p{L}]/giu, '').replace(/^00/, '');
		if (!/^sip/i.test(number)) expect(digits(number)).toBe(digits(text.trim()));
	});
});

it("The example calls no one whose number is in the do-not-call list without its country code, and no one if it says 'everyone'", () => {
	for (const listed of [
		'(415) 555-0123',
		'0415 5550123',
		'011 1 415 555 0123',
		'+1 415 555 0123 ext. 5',
		'14155550123.0',
		'+1 212 555 0100, +1 415 555 0123',
		' Everyone ',
		'EVERYONE',
	])
		expect(isCalled('+1 415 555 0123', listed)).toBe(false);
	expect(isCalled('(415) 555-0123', '+1 415 555 0123')).toBe(false);
	expect(isCalled(undefined, '+1 415 555 0123')).toBe(false);
	expect(isCalled('+44 20 7946 0000', '44 (0)20 7946 0000')).toBe(false);
	for (const listed of ['+1 415 555 0124', '0123', '', 'no one'])
		expect(isCalled('+1 415 555 0123', listed)).toBe(true);
});
