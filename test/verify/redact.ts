import { isObject, type Json } from './evidence';

/** Fields whose values are words of the API, not of the account. */
const WORDS = /^(status|type|events|webhookType|kind|provider|transport|region|mediaEncryption|mode)$/;
const WORD = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/;
const PAGING = /^(page|perPage)$/;
const MESSAGES = /^(message|error|msg|statusMessage)$/;
/** Objects whose fields the account's owner has named. */
const OWN_FIELDS =
	/^(meta[dD]ata|env|headers|call-summary|customer-data|additionalDetails|headersToAttributes|agentMetadata)$/;
/** Those fields among them that are the API's, or ours. */
const API_FIELDS = /^(callId|sipCallTo|sipCallFrom|routingRuleId|webhook_url|verify)$/;
const FIELD = /^[A-Za-z_][A-Za-z0-9_-]{0,39}$/;
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/;
const MAX_ROWS = 15;
const MAX_PLAIN_NUMBER = 100_000;

/**
 * Takes out of answers what is the account's: every text becomes a placeholder, the same for the same text, so that it can still be
 * seen what belongs together. What stays: names of fields, statuses, names of events, small numbers, and the API's messages without
 * anything that stands elsewhere, that has digits, or that is quoted.
 */
export class Redaction {
	private readonly placeholders = new Map<string, string>();

	/** @param secrets texts that are known to be secret, such as the keys */
	constructor(private readonly secrets: string[]) {
		for (const secret of secrets) this.placeholderOf(secret);
	}

	/** Notes all texts of a value, so that messages can be cleaned of them. */
	learn(value: unknown): void {
		this.value(value);
	}

	/** @param field the name under which the value stands */
	value(value: unknown, field = ''): unknown {
		if (Array.isArray(value)) return value.slice(0, MAX_ROWS).map((item) => this.value(item, field));
		if (isObject(value)) return this.object(value, field);
		if (typeof value === 'number') return Math.abs(value) < MAX_PLAIN_NUMBER ? value : 0;
		if (typeof value !== 'string' || value === '') return value;
		if (TIME.test(value)) return '<time>';
		if ((WORDS.test(field) && WORD.test(value)) || PAGING.test(field)) return value;
		return MESSAGES.test(field) ? this.message(value) : this.placeholderOf(value);
	}

	/** A sentence of the API. */
	message(text: string): string {
		const known = [...this.placeholders.keys()].filter((other) => other.length > 2);
		// The longest first: one may be within another.
		const cleaned = known
			.sort((a, b) => b.length - a.length)
			.reduce((result, other) => result.replaceAll(other, '<...>'), text);
		return cleaned.replace(/"[^"]*"|'[^']*'|\S*[@/\d]\S*/g, '<...>');
	}

	/** @throws if a text that was taken out is still there */
	check(result: string): string {
		const own = [...this.placeholders.keys()]
			.filter((text) => text.length > 3 && !WORD.test(text))
			.map((text) => JSON.stringify(text));
		const left = [...own, ...this.secrets.filter((secret) => secret.length > 5)].filter((text) =>
			result.includes(text),
		);
		if (left.length > 0) throw new Error(`${left.length} texts of the account would have been written`);
		return result;
	}

	private object(value: Json, field: string): Json {
		const isOwn = OWN_FIELDS.test(field);
		const entries = Object.entries(value).map(([name, part], index) => {
			const isPlain = isOwn ? API_FIELDS.test(name) : FIELD.test(name) && !this.placeholders.has(name);
			return [isPlain ? name : `<field ${index + 1}>`, this.value(part, isOwn ? '' : name)];
		});
		return Object.fromEntries(entries) as Json;
	}

	private placeholderOf(text: string): string {
		// An ID with and without this prefix is the same one.
		const prefix = /^session-(?=.)/.exec(text)?.[0] ?? '';
		const bare = text.slice(prefix.length);
		const known = this.placeholders.get(bare) ?? `<text ${this.placeholders.size + 1}>`;
		this.placeholders.set(bare, known);
		return prefix + known;
	}
}
