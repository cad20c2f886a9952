import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { type Send } from '../../../nodes/VideoSdkAgentCloud/api/http/client';
import {
	fetchNumbersOfRule,
	isSameNumber,
	otherNumbers,
} from '../../../nodes/VideoSdkAgentCloud/api/telephony';
import { check } from '../support';

const RULE = 'rule_1';
const FROM = '+15550102001';
const OTHER = '+15550102002';

it.each<[rule: IDataObject, from: string, others?: string[]]>([
	[{ numbers: [OTHER, '+15550102003'] }, FROM, [OTHER, '+15550102003']],
	[{ numbers: ['15550102002'] }, FROM, ['15550102002']],
	// Where it may be one of them, the call is made.
	[{ numbers: [OTHER, '+1 (555) 010-2001'] }, FROM],
	[{ phoneNumbers: [OTHER] }, FROM],
	[{ numbers: ['0555 010 2001'] }, FROM],
	[{ numbers: [] }, FROM],
	[{}, FROM],
	[{ numbers: [OTHER, 'pn_2'] }, FROM],
	[{ numbers: [{ e164: OTHER }] }, FROM],
	[{ id: 'rule_2', numbers: [OTHER] }, FROM],
	[{ numbers: [OTHER] }, 'sip:ada@example.com'],
])('The numbers of %j are told if %s is certainly none of them: %j', async (rule, from, ...[others]) => {
	const send = (async (_request, read) => read({ data: [{ id: RULE, ...rule }] }, {})) as Send;
	expect(await otherNumbers(from, async () => await fetchNumbersOfRule(send, RULE))).toEqual(others);
});

it('Numbers are the same in whatever way they are written, also without the country code if they are long enough', () => {
	const digits = fc.stringMatching(/^[1-9]{8,15}$/);
	const mark = fc.constantFrom('', ' ', '-', '.', ' (', ') ');
	check([digits, mark, digits, fc.integer({ min: 1, max: 7 })], (number, between, other, length) => {
		const written = `+${number.slice(0, 2)}${between}${number.slice(2)}`;
		const local = number.slice(-length);
		for (const [one, theOther, isSame] of [
			[written, `+${number}`, true],
			[number, written, true],
			[`+${number}`, `+${other}`, number === other],
			[written, `0${local}`, length >= 6],
			[written, `+${local}`, false],
		] as const)
			expect([isSameNumber(one, theOther), isSameNumber(theOther, one)]).toEqual([isSame, isSame]);
	});
	expect(isSameNumber('sip:ada@example.com', 'SIP:Ada@example.com')).toBe(true);
	expect(isSameNumber('sip:1234567@example.com', '1234567')).toBe(false);
});
