import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { type Send } from '../../../nodes/VideoSdkAgentCloud/api/client';
import {
	fetchNumbersOfRule,
	isSameNumber,
	otherNumbers,
} from '../../../nodes/VideoSdkAgentCloud/api/telephony';
import { check } from '../support';

const RULE = 'rule_1';

/** A client of an API with these rules. */
const apiWith = (rules: unknown): Send =>
	(async (_request, read) => read({ data: rules } as IDataObject, {})) as Send;

const lookUp = async (send: Send, from: string) =>
	await otherNumbers(from, async () => await fetchNumbersOfRule(send, RULE));

describe('The numbers of a routing rule', () => {
	it.each([
		['another number', ['+15550102002', '+15550102003'], '+15550102001'],
		['a number without its plus sign', ['15550102002'], '+15550102001'],
	])('are told where From is certainly none of them: %s', async (_what, numbers, from) => {
		const send = apiWith([{ id: RULE, numbers }]);
		expect(await lookUp(send, from)).toEqual(numbers);
	});

	it.each([
		['it is one of them', [{ id: RULE, numbers: ['+15550102002', '+1 (555) 010-2001'] }]],
		['it is one of them, under the older name', [{ id: RULE, phoneNumbers: ['15550102001'] }]],
		['a number lacks its country code', [{ id: RULE, numbers: ['0555 010 2001'] }]],
		['the rule names none', [{ id: RULE, numbers: [] }]],
		['the answer says nothing of numbers', [{ id: RULE }]],
		['one is named by its ID', [{ id: RULE, numbers: ['+15550102002', 'pn_2'] }]],
		['they have a form of their own', [{ id: RULE, numbers: [{ e164: '+15550102002' }] }]],
		['the rule is not there', [{ id: 'rule_2', numbers: ['+15550102002'] }]],
	])('are not told, so that the call is made, where %s', async (_what, rules) => {
		expect(await lookUp(apiWith(rules), '+15550102001')).toBeUndefined();
	});

	it('say nothing of a SIP address', async () => {
		const send = apiWith([{ id: RULE, numbers: ['+15550102002'] }]);
		expect(await lookUp(send, 'sip:ada@example.com')).toBeUndefined();
	});

	it('are the same in whatever way they are written, also without the country code if they are long enough', () => {
		const digits = fc.stringMatching(/^[1-9]{8,15}$/);
		const mark = fc.constantFrom('', ' ', '-', '.', ' (', ') ');
		check(
			fc.property(digits, mark, digits, fc.integer({ min: 1, max: 7 }), (number, between, other, length) => {
				const written = `+${number.slice(0, 2)}${between}${number.slice(2)}`;
				const local = number.slice(-length);
				for (const [one, theOther, isSame] of [
					[written, `+${number}`, true],
					[number, written, true],
					[`+${number}`, `+${other}`, number === other],
					[written, `0${local}`, length >= 6],
					[written, `+${local}`, false],
				] as const) {
					expect([isSameNumber(one, theOther), isSameNumber(theOther, one)]).toEqual([isSame, isSame]);
				}
			}),
		);
	});

	it('are compared as they are if they are SIP addresses or IDs', () => {
		expect(isSameNumber('sip:ada@example.com', 'SIP:Ada@example.com')).toBe(true);
		expect(isSameNumber('sip:1234567@example.com', '1234567')).toBe(false);
	});
});
