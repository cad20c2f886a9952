import { createHash, randomBytes, timingSafeEqual } from 'crypto';
import { type IDataObject } from 'n8n-workflow';
import { pick } from '../api/http/responseReaders';
import { TOKEN_PREFIX } from '../security/redactTokens';
import { type Tool } from '../agentTools/server';

/** The kind of response, named as in n8n's own Send and Wait. Its `customForm` isn't used because n8n then accepts only form uploads. */
export type ResponseType = 'approval' | 'fields' | 'freeText';

/** The form of a response's output. */
export interface ResponseForm {
	responseType: ResponseType;
	/** n8n asks it before an AI agent's tool runs, and tells the model the reason why not. */
	isReview: boolean;
}

/** The argument for the person's own words, and its name in the output. It's no answer by itself. */
export const QUOTE = 'quote';

/** What an execution asks someone on the phone, and waits for. Stored with it. */
export interface Question extends ResponseForm {
	/** By which the agent learns the question and hands in the response. */
	tool: Tool;
	/** Of the agent's key. n8n's own token is the same for each wait of an execution, so it proves no response to this question. */
	keyHash: string;
}

/** The fields of a call without a response. */
const SHOWN_FIELDS = [
	'to',
	'callId',
	'roomId',
	'timedOut',
	'hungUpAtTimeout',
	'endError',
	'error',
	'reason',
	'reasonCode',
	'callableFrom',
	'lastCallId',
	'lastCallAt',
	'request',
];
const KEY_BYTES = 32;

/** What a model is told of a call that brought no response, by its outcome. */
const REASONS: Record<string, string> = {
	noAnswer: 'No answer: no one picked up the phone.',
	rejected: 'No answer: the call was rejected.',
	failed: "The call couldn't be made: it failed.",
	transferred: 'No answer: the call was transferred before there was a response.',
	inDoubt: 'No answer: the call may have been made, but there was no response.',
	notCalled: "The call couldn't be made.",
	running: "No answer: the call was made, but n8n couldn't wait for the response.",
};

/** Makes keys equally long, as a comparison in constant time needs them. */
export const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/**
 * Makes the key for one wait. It begins like the tokens of tools, so that it is taken out wherever VideoSDK repeats it.
 *
 * @returns it, and what is stored of it
 */
export function createKey(): { key: string } & Pick<Question, 'keyHash'> {
	const key = TOKEN_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
	return { key, keyHash: hashOf(key).toString('base64url') };
}

/** @returns whether a key is the one of the question. In constant time */
export function isKeyOf({ keyHash }: Question, key: string): boolean {
	return timingSafeEqual(hashOf(key), Buffer.from(keyHash, 'base64url'));
}

/**
 * @returns what is missing in a response whose arguments fit the schema, in a sentence for the agent: an answer at all, or a text
 * that has to be there
 */
export function problemOf({ tool }: Question, input: IDataObject): string | undefined {
	const isBlank = (name: string) => !Object.hasOwn(input, name) || String(input[name]).trim() === '';
	const { properties, required = [] } = tool.inputSchema;
	const blank = required.find(isBlank);
	if (blank !== undefined) return `'${blank}' is empty. Correct it and call ${tool.name} again.`;
	if (!Object.keys(properties).every((name) => name === QUOTE || isBlank(name))) return undefined;
	return `There is no answer in it. Fill in at least one argument and call ${tool.name} again.`;
}

const textOf = (value: unknown): string => String(value ?? '').trim();

/**
 * Of money, "yes, but only 50" isn't a yes. A model that was told otherwise may still hand it in as one.
 *
 * @returns whether a yes in a human review comes with what may be a condition
 */
export const isConditional = ({ isReview }: ResponseForm, { approved, comment }: IDataObject): boolean =>
	isReview && approved === true && textOf(comment) !== '';

/**
 * @param call that was made, with its number and ID
 * @param input the arguments of the agent
 * @returns the output of a question that someone has answered
 */
export function withResponse(question: Question, call: IDataObject, input: IDataObject): IDataObject {
	const { responseType, isReview, tool } = question;
	const given = pick(input, Object.keys(tool.inputSchema.properties));
	const reason = textOf(given.comment) || textOf(given[QUOTE]);
	if (responseType === 'approval' && textOf(given.comment) === '') delete given.comment;
	if (textOf(given[QUOTE]) === '') delete given[QUOTE];
	const chatInput = ['Declined by phone', reason].filter(Boolean).join(': ');
	const feedback = isReview && given.approved === false ? { chatInput } : {};
	const data = { ...given, ...feedback, respondedAt: new Date().toISOString() };
	return { outcome: 'answered', responded: true, data, ...pick(call, ['to', 'callId', 'roomId']) };
}

function reasonOf({ outcome, timedOut, reason, error }: IDataObject): string {
	if (timedOut === true) return 'No answer in time.';
	const what = REASONS[String(outcome)] ?? 'No answer: the call ended without a response.';
	return [what, reason, error].filter(Boolean).join(' ');
}

/**
 * @param call as it is known, or why it was not made
 * @returns the output of a question without a response: it counts as declined
 */
export function withoutResponse({ responseType, isReview }: ResponseForm, call: IDataObject): IDataObject {
	const feedback = isReview ? { chatInput: reasonOf(call) } : {};
	const data = responseType === 'approval' ? { approved: false, ...feedback } : {};
	return { outcome: call.outcome, responded: false, data, ...pick(call, SHOWN_FIELDS) };
}
