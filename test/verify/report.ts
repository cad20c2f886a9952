import { answerProblem, eventProblem } from '../schemas/check';
import { isObject, type Evidence, type Exchange, type Received } from './evidence';
import { OPEN_POINTS } from './openPoints';

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

/** Takes out of a response what is the account's. What stays: names of fields, statuses, names of events, and small numbers. */
function redacted(value: unknown, field = ''): unknown {
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

export const findings = (evidence: Evidence) =>
	OPEN_POINTS.map(({ id, question, assumed, dependsOn, triedBy, see }) => {
		const seen = see(evidence);
		const verdict = seen === undefined ? 'not tried' : assumed.includes(seen) ? 'same' : 'different';
		const line = [
			...[verdict.padEnd(9), id.padEnd(19), question, `assumed: ${assumed.join(' / ')}`],
			seen === undefined ? `to be tried by: ${triedBy}` : `seen: ${seen}`,
			`relies on it: ${dependsOn}`,
		].join(' | ');
		return { id, verdict, line };
	});

/** The file that can be sent to the project. */
export type Answers = ReturnType<typeof answersOf>;

/** @throws if one of the secrets would be in the file, such as the keys */
export function answersOf(evidence: Evidence, secrets: string[]) {
	const answers = {
		format: 1,
		date: new Date().toISOString(),
		lines: findings(evidence).map(({ line }) => line),
		exchanges: evidence.exchanges.map(({ step, endpoint, status, ...content }) => ({
			...{ step, endpoint, status },
			...(redacted(content) as Pick<Exchange, 'query' | 'body' | 'answer'>),
		})),
		events: evidence.events.map(({ to, headers, body, isSigned }) => ({
			...{ to, isSigned, body: redacted(body) },
			headers: Object.keys(headers).filter((name) => /videosdk|signature|content-type/.test(name)),
		})),
	};
	const text = JSON.stringify(answers);
	if (secrets.some((secret) => secret.length > 5 && text.includes(secret)))
		throw new Error('A secret would have been written');
	return answers;
}

interface Seen {
	exchanges: Array<Pick<Exchange, 'endpoint' | 'status' | 'answer'>>;
	events: Array<{ body: Received['body'] | unknown }>;
}

/** Holds answers against the one description of the API, by which the simulator answers, too. @returns what differs */
export function deviations({ exchanges, events }: Seen): string[] {
	const sentences = exchanges
		.filter(({ status }) => status >= 200 && status < 300)
		.flatMap(({ endpoint, answer }) => {
			const problem = answerProblem(endpoint, answer, 'lenient') ?? answerProblem(endpoint, answer, 'strict');
			return problem ? [`${endpoint}: ${problem}`] : [];
		});
	const ofEvents = events.flatMap(({ body }) => eventProblem(body) ?? []);
	return [...new Set([...sentences, ...ofEvents.map((problem) => `event: ${problem}`)])];
}
