import type { IDataObject } from 'n8n-workflow';
import { asRecord, pick } from './http/responseReaders';
import { failureOf, type Send } from './http/client';
import { listPages, type ListRequest } from './http/pagination';

/**
 * Makes a list of telephony records. Rows of phone numbers hold the user name and password of the SIP trunk (`auth`;
 * @videosdk.live/server-sdk), so only the needed fields are copied, and no error quotes a row.
 */
function listOf(name: string, toRecord: (row: IDataObject) => IDataObject): ListRequest {
	return { path: ['v2', 'sip', name], holdsSecrets: true, toRecord };
}

/** The phone numbers of the project, with the fields `id` (the number in E.164) and `name`. */
export const PHONE_NUMBERS = listOf('phone-numbers', ({ phoneNumber }) => {
	const { e164, name } = asRecord(phoneNumber);
	return { id: e164, name };
});

/** @returns whether a routing rule is for incoming calls only */
export const isInbound = ({ type }: IDataObject): boolean => String(type).toLowerCase() === 'inbound';

/** All routing rules, including inbound ones. */
export const ALL_ROUTING_RULES = listOf('routing-rule', (row) =>
	pick(row, ['id', 'name', 'type', 'numbers', 'agentId']),
);

export const ROUTING_RULES: ListRequest = { ...ALL_ROUTING_RULES, qs: { type: 'outbound' } };

/** The time limit for reading a rule before a call, which must not be held up for long. */
const RULE_TIMEOUT_MS = 10_000;
/** @returns whether a text is a phone number as people and services write it, and neither a SIP address nor an ID */
export const isPhoneNumber = (text: string): boolean => /^\+?[\d\s()./-]{3,}$/.test(text);
/** The number of digits that a number without its country code has at least. */
const MIN_LOCAL_DIGITS = 6;

/**
 * Compares two phone numbers without punctuation. One without a plus sign may lack its country code. SIP addresses and IDs are compared
 * regardless of case.
 *
 * @returns whether they may be the same
 */
export function isSameNumber(one: string, other: string): boolean {
	const both = [one, other];
	if (!both.every(isPhoneNumber)) return one.toLowerCase() === other.toLowerCase();
	const [short = '', long = ''] = both
		.map((number) => number.replace(/\D/g, '').replace(/^0+/, ''))
		.sort((a, b) => a.length - b.length);
	const isLocal = short.length >= MIN_LOCAL_DIGITS && both.some((number) => !number.startsWith('+'));
	return short === long || (isLocal && long.endsWith(short));
}

/** @returns a key that is the same for all spellings that ring the same phone: the case of a SIP address doesn't matter */
export const phoneKey = (callee: string): string => callee.toLowerCase();

/** @returns the numbers of a rule's row, in any form */
export const numbersOf = ({ numbers }: IDataObject): string[] =>
	Array.isArray(numbers) ? numbers.map(String) : [];

/** @returns the phone numbers of a rule's row; undefined if it has none, or one of them has no form that can be compared */
export function phoneNumbersOf(rule: IDataObject): string[] | undefined {
	const written = numbersOf(rule);
	return written.length > 0 && written.every(isPhoneNumber) ? written : undefined;
}

/**
 * Fetches the phone numbers of one routing rule, in one request that is not repeated.
 *
 * @returns undefined if they can't be found out, for whatever reason
 */
export async function fetchNumbersOfRule(send: Send, routingRuleId: string): Promise<string[] | undefined> {
	const sendOnce: Send = async (request, read) =>
		await send({ ...request, maxAttempts: 1, timeoutMs: RULE_TIMEOUT_MS }, read);
	const list = { ...ALL_ROUTING_RULES, qs: { ruleIds: routingRuleId } };
	const firstPage = await listPages(sendOnce, list)
		.next()
		.catch((error: Error) => (failureOf(error) ? undefined : Promise.reject(error)));
	const rules: IDataObject[] = firstPage?.value?.rows ?? [];
	const rule = rules.find(({ id }) => id === routingRuleId);
	return rule && phoneNumbersOf(rule);
}

/**
 * Finds out whether the number to call from is certainly none of a rule's numbers.
 *
 * @param find returns the rule's numbers, see `fetchNumbersOfRule`
 * @returns the rule's numbers if it's certain; undefined if it's one of them, isn't a phone number, or nothing is certain
 */
export async function otherNumbers(
	from: string,
	find: () => Promise<string[] | undefined>,
): Promise<string[] | undefined> {
	const numbers = isPhoneNumber(from) ? await find() : undefined;
	return numbers?.some((number) => isSameNumber(number, from)) ? undefined : numbers;
}
