/** The chat model of `npm start`: no model at all, but rules that are good enough for the examples with an AI agent. */
import type { ModelAnswer, ModelRequest, ToolFields } from '../e2e/scriptedModel';

type Message = ModelRequest['messages'][number];

/** A use of a tool since the user last wrote. */
interface Use {
	tool: string;
	given: Record<string, unknown>;
	/** What came back, as JSON or words. */
	result: string;
}

const WHO = "This is the simulator's chat model, which follows a few rules. Select your own for more.";
const PHONE = /\+\d[\d ()-]{6,}\d/g;
const phonesIn = (text: string): string[] =>
	(text.match(PHONE) ?? []).map((one) => one.replace(/[^\d+]/g, ''));
/** Who comes after a word that announces someone: "the bakery", or a name of several words. */
const NAME =
	/\b(?:to|for|with|customer)\s+((?:the\s+\p{L}[\p{L}'-]*|\p{Lu}[\p{L}'-]*)(?:\s+\p{Lu}[\p{L}'-]*)*)/u;

const textOf = ({ content }: Message): string =>
	typeof content === 'string' ? content : JSON.stringify(content);
const isLookUp = (name: string): boolean => /^(get|find|list)_/i.test(name);
const isAgreed = ({ result }: Use): boolean => /\\?"(confirmed|approved)\\?":\s*true/.test(result);

/**
 * Answers as a chat model would that was asked for JSON, or has tools: it looks up what can be looked up, then uses the other tool with
 * what the user has written, and at last says what came back.
 *
 * @param told what it takes out of a transcript, by the name of the field
 */
export function chatAnswer(
	{ messages, tools = [] }: ModelRequest,
	told: Record<string, unknown>,
): ModelAnswer {
	const [first] = messages;
	const schema = first && /```json\n(.*)\n```/.exec(textOf(first))?.[1];
	if (schema !== undefined) return extracted(schema, told);
	const all = tools.map((tool) => tool.function);
	const lookUp = all.find(({ name }) => isLookUp(name));
	const act = all.find(({ name }) => !isLookUp(name));
	if (act === undefined) return { text: WHO };

	const { request, uses } = turnOf(messages);
	const looked = uses.find(({ tool }) => tool === lookUp?.name);
	const acted = uses.filter(({ tool }) => tool === act.name);
	if (lookUp && !looked && phonesIn(request).length === 0) return { tool: lookUp.name, arguments: {} };
	const phones = [...phonesIn(request), ...phonesIn(looked?.result ?? '')].filter(
		(phone) => !acted.some(({ given }) => phonesIn(JSON.stringify(given)).includes(phone)),
	);
	// Whoever didn't agree leaves the others who are in the list.
	const hasAnother = looked !== undefined && phones.length > 0 && !acted.some(isAgreed);
	if (acted.length > 0 && !hasAnother) return { text: acted.map(inWords).join('\n') };
	const missing: string[] = [];
	const given = filled(act.parameters, { request, phone: phones[0], missing });
	if (missing.length > 0) return { text: `${WHO} Please write it with: ${missing.join(', ')}.` };
	return { tool: act.name, arguments: given };
}

/** Of the fields that it is asked for, it names those that the caller has told. */
function extracted(schema: string, told: Record<string, unknown>): ModelAnswer {
	const { properties } = JSON.parse(schema) as { properties: object };
	const known = Object.entries(told).filter(([name]) => name in properties);
	return { text: JSON.stringify(Object.fromEntries(known)) };
}

/** @returns what the user has written last, and what was done since then */
function turnOf(messages: Message[]): { request: string; uses: Use[] } {
	const at = messages.map(({ role }) => role).lastIndexOf('user');
	const turn = messages.slice(at + 1);
	const results = turn.filter(({ role }) => role === 'tool').map(textOf);
	const calls = turn.flatMap(({ tool_calls: made = [] }) => made);
	const uses = results.flatMap((result, index) => {
		const call = calls[index]?.function;
		if (call === undefined) return [];
		return [{ tool: call.name, given: JSON.parse(call.arguments) as Use['given'], result }];
	});
	return { request: textOf(messages[at] ?? { role: 'user', content: '' }), uses };
}

/** Fills in a tool's fields by their names. @param from `missing` gets the names of those that the user hasn't said */
function filled(
	{ properties = {} }: ToolFields = {},
	from: { request: string; phone?: string; missing: string[] },
): Record<string, unknown> {
	const { request, phone, missing } = from;
	const valueOf = (name: string, type?: string): unknown => {
		if (/^to$|phone/i.test(name)) return phone;
		if (type !== 'number' && type !== 'integer')
			return /name|recipient/i.test(name) ? NAME.exec(request)?.[1] : request;
		const number = /\d+(\.\d+)?/.exec(request.replace(PHONE, ''))?.[0];
		return number === undefined ? undefined : Number(number);
	};
	return Object.fromEntries(
		Object.entries(properties).map(([name, field]) => {
			if (field.type === 'object') return [name, filled(field, from)];
			const value = valueOf(name, field.type);
			if (value === undefined) missing.push(name);
			return [name, value];
		}),
	);
}

/** Says what came back of a tool. */
function inWords({ tool, given, result }: Use): string {
	const [whom = ''] = phonesIn(JSON.stringify(given));
	return `${[tool.replace(/_/g, ' '), whom].filter(Boolean).join(' ')}: ${fieldsIn(result) || result}`;
}

/** @returns the fields of JSON that tell a person how it went, in words; empty if there are none */
function fieldsIn(result: string): string {
	const SHOWN = ['outcome', 'reason', 'sessionId', 'status', 'error'];
	const read = (value: unknown, isAnswer: boolean): string[] =>
		Object.entries(value ?? {}).flatMap(([name, one]) => {
			if (typeof one === 'object') return read(one, isAnswer || name === 'data');
			return isAnswer || SHOWN.includes(name) ? [`${name} ${String(one)}`] : [];
		});
	try {
		const parsed = JSON.parse(result) as unknown;
		return typeof parsed === 'object' ? read(parsed, false).join(', ') : '';
	} catch {
		return '';
	}
}
