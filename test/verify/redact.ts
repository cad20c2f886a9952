import { isObject } from './evidence';

/** Fields whose values are words of the API, not of the account. */
const WORDS = /^(status|type|events|webhookType|kind|provider|transport|region|mediaEncryption|mode)$/;
const WORD = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/;
const PAGING = /^(page|perPage)$/;
/** Objects whose fields the account's owner has named. */
const OWN_FIELDS =
	/^(meta[dD]ata|env|headers|call-summary|customer-data|additionalDetails|headersToAttributes|agentMetadata)$/;
/** Those fields among them that are the API's, or ours. */
const API_FIELDS = /^(callId|sipCallTo|sipCallFrom|routingRuleId|webhook_url|verify)$/;
/** An ID has digits. */
const FIELD = /^(e164|[A-Za-z_][A-Za-z_-]{0,39})$/;
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/;
const MAX_ROWS = 15;
const MAX_PLAIN_NUMBER = 100_000;

/**
 * Takes out of a response what is the account's. What stays: names of fields, statuses, names of events, and small numbers.
 *
 * @param field the name under which the value stands
 */
export function redacted(value: unknown, field = ''): unknown {
	if (Array.isArray(value)) return value.slice(0, MAX_ROWS).map((item) => redacted(item, field));
	if (isObject(value)) {
		const isOwn = OWN_FIELDS.test(field);
		const entries = Object.entries(value).map(([name, part], index) => {
			const isPlain = (isOwn ? API_FIELDS : FIELD).test(name);
			return [isPlain ? name : `<field ${index + 1}>`, redacted(part, isOwn ? '' : name)];
		});
		return Object.fromEntries(entries);
	}
	if (typeof value === 'number') return Math.abs(value) < MAX_PLAIN_NUMBER ? value : 0;
	if (typeof value !== 'string' || value === '') return value;
	if (TIME.test(value)) return '<time>';
	return (WORDS.test(field) && WORD.test(value)) || PAGING.test(field) ? value : '<text>';
}
