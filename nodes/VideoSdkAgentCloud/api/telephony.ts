import type { IDataObject } from 'n8n-workflow';
import { asRecord, pick } from './http/responseReaders';
import { failureOf, type Send } from './http/client';
import { listPages, type ListRequest } from './http/pagination';

/**
 * The lists of what calls are made with. Rows of phone numbers hold the user name and password of the SIP trunk (`auth`), so only what
 * is needed is taken out of them, and no error quotes them.
 */
function listOf(name: string, toRecord: (row: IDataObject) => IDataObject): ListRequest {
	return { path: ['v2', 'sip', name], holdsSecrets: true, toRecord };
}

/** Rows: `id` (the number in E.164), `name`. */
export const PHONE_NUMBERS = listOf('phone-numbers', ({ phoneNumber }) => {
	const { e164, name } = asRecord(phoneNumber);
	return { id: e164, name };
});

/** @returns whether a routing rule is for incoming calls only */
export const isInbound = ({ type }: IDataObject): boolean => String(type).toLowerCase() === 'inbound';

/** All routing rules, inbound ones too. */
export const ALL_ROUTING_RULES = listOf('routing-rule', (row) =>
	pick(row, ['id', 'name', 'type', 'numbers', 'agentId']),
);

/** The rules by which calls are made. */
export const ROUTING_RULES: ListRequest = { ...ALL_ROUTING_RULES, qs: { type: 'outbound' } };

/** For the look at a rule before a call: it must not hold the call up for long. */
const RULE_TIMEOUT_MS = 10_000;
/** @returns whether a text is a phone number as people and services write it, no SIP address and no ID */
export const isPhoneNumber = (text: string): boolean => /^\+?[\d\s()./-]{3,}$/.test(text);
/** Of a number without its country code. */
const MIN_LOCAL_DIGITS = 6;

/**
 * @returns whether two phone numbers may be the same: punctuation counts for nothing, and one without a plus sign may lack its country
 * code. SIP addresses and IDs are compared as they are
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

/** @returns what the row of a rule names as its numbers */
export const numbersOf = ({ numbers }: IDataObject): string[] =>
	Array.isArray(numbers) ? numbers.map(String) : [];

/** @returns the phone numbers of a rule's row; undefined if it names none, or not all in a form that can be compared */
export function phoneNumbersOf(rule: IDataObject): string[] | undefined {
	const written = numbersOf(rule);
	return written.length > 0 && written.every(isPhoneNumber) ? written : undefined;
}

/**
 * Fetches the phone numbers of one routing rule, in one request that is not repeated.
 *
 * @returns undefined if they could not be learned, for whatever reason
 */
export async function fetchNumbersOfRule(send: Send, routingRuleId: string): Promise<string[] | undefined> {
	const once: Send = async (request, read) =>
		await send({ ...request, maxAttempts: 1, timeoutMs: RULE_TIMEOUT_MS }, read);
	const list = { ...ALL_ROUTING_RULES, qs: { ruleIds: routingRuleId } };
	const firstPage = await listPages(once, list)
		.next()
		.catch((error: Error) => (failureOf(error) ? undefined : Promise.reject(error)));
	const rules: IDataObject[] = firstPage?.value?.rows ?? [];
	const rule = rules.find(({ id }) => id === routingRuleId);
	return rule && phoneNumbersOf(rule);
}

/**
 * @param find gives a rule's numbers, see `fetchNumbersOfRule`
 * @returns the numbers if the one to call from is certainly none of them; undefined if it is one, is no phone number, or nothing is certain
 */
export async function otherNumbers(
	from: string,
	find: () => Promise<string[] | undefined>,
): Promise<string[] | undefined> {
	const numbers = isPhoneNumber(from) ? await find() : undefined;
	return numbers?.some((number) => isSameNumber(number, from)) ? undefined : numbers;
}
