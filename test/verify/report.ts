import { answerProblem, eventProblem } from '../schemas/check';
import type { Evidence, Exchange, Json } from './evidence';
import { OPEN_POINTS, type OpenPoint } from './openPoints';
import { redacted } from './redact';

/** What was found about a point. */
export interface Finding {
	id: string;
	verdict: 'same' | 'different' | 'not tried';
	/** The report's line. */
	line: string;
}

/** The file that can be sent to the project. */
export interface Answers {
	format: 1;
	date: string;
	lines: string[];
	exchanges: Exchange[];
	events: Json[];
}

function finding(point: OpenPoint, evidence: Evidence): Finding {
	const { id, question, assumed, dependsOn, triedBy } = point;
	const seen = point.see(evidence);
	const verdict = seen === undefined ? 'not tried' : assumed.includes(seen) ? 'same' : 'different';
	const parts = [verdict.padEnd(9), id.padEnd(19), question];
	const rest = [
		`assumed: ${assumed.join(' / ')}`,
		seen === undefined ? `to be tried by: ${triedBy}` : `seen: ${seen}`,
		`relies on it: ${dependsOn}`,
	];
	return { id, verdict, line: [...parts, ...rest].join(' | ') };
}

/**
 * @param secrets texts that must not be in the file, such as the keys
 * @returns `text` makes the file, and throws if one of them were in it
 */
export function report(
	evidence: Evidence,
	secrets: string[],
): { findings: Finding[]; answers: Answers; text: () => string } {
	const { exchanges, events } = evidence;
	const findings = OPEN_POINTS.map((point) => finding(point, evidence));
	const answers: Answers = {
		format: 1,
		date: new Date().toISOString(),
		lines: findings.map(({ line }) => line),
		exchanges: exchanges.map(({ step, endpoint, status, query, body, answer }) => ({
			step,
			endpoint,
			status,
			query: redacted(query) as Exchange['query'],
			...(body && { body: redacted(body) as Json }),
			answer: redacted(answer),
		})),
		events: events.map(({ to, headers, body, isSigned }) => ({
			to,
			isSigned,
			headers: Object.keys(headers).filter((name) => /videosdk|signature|content-type/.test(name)),
			body: redacted(body),
		})),
	};
	const text = () => {
		const result = `${JSON.stringify(answers, null, 2)}\n`;
		if (secrets.some((secret) => secret.length > 5 && result.includes(secret)))
			throw new Error('A secret would have been written');
		return result;
	};
	return { findings, answers, text };
}

/**
 * Holds answers against the one description of the API, by which the simulator answers, too.
 *
 * @returns a sentence for each answer that differs
 */
export function deviations({ exchanges, events }: Pick<Answers, 'exchanges' | 'events'>): string[] {
	const sentences = exchanges
		.filter(({ status }) => status >= 200 && status < 300)
		.flatMap(({ endpoint, answer }) => {
			const problem = answerProblem(endpoint, answer, 'lenient') ?? answerProblem(endpoint, answer, 'strict');
			return problem ? [`${endpoint}: ${problem}`] : [];
		});
	const ofEvents = events.flatMap(({ body }) => eventProblem(body) ?? []);
	return [...new Set([...sentences, ...ofEvents.map((problem) => `event: ${problem}`)])];
}
