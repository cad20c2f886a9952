import { createHash, randomBytes, timingSafeEqual } from 'crypto';
import { type IDataObject } from 'n8n-workflow';
import { pick, trimmed } from '../api/http/responseReaders';
import { UNANSWERED, type Unanswered } from '../conversation/known';
import { TOKEN_PREFIX } from '../security/redactTokens';
import { requiredIn } from '../agentTools/schema';
import { type Tool } from '../agentTools/server';

/**
 * The kind of response, named as in n8n's own Send and Wait. Its `customForm` isn't used, because n8n then accepts only
 * multipart/form-data.
 */
export type ResponseType = 'approval' | 'fields' | 'freeText';

/** The form of a response's output. */
export interface ResponseForm {
	responseType: ResponseType;
	/** Whether it's the human review of an AI agent's tool, in which case n8n passes `chatInput` to the model as the reason for a no. */
	isReview: boolean;
}

/** The name of the argument, and of the output's field, for the person's own words, which aren't an answer by themselves. */
export const QUOTE = 'quote';

/** The name of the argument, and of the output's field, for what a yes depends on. Responses with a yes or no have it. */
export const CONDITION = 'condition';

/**
 * The names of the arguments by which an agent's own code says that there is no response. Models aren't told of them, because a model that
 * gets on badly with a person would use them.
 */
export const VOICEMAIL = 'voicemail';
export const NO_RESPONSE = 'noResponse';

/** @returns why there is no response, if that alone is handed in; undefined if it's anything else */
export function unansweredIn(input: IDataObject): Unanswered | undefined {
	const [[name, value] = ['', undefined], ...others] = Object.entries(input);
	if (others.length > 0) return undefined;
	if (name === VOICEMAIL) return value === true ? 'voicemail' : undefined;
	return name === NO_RESPONSE ? UNANSWERED.find((why) => why === value) : undefined;
}

/** The question that an execution asks someone on the phone, and for whose response it waits. It's stored with the execution. */
export interface Question extends ResponseForm {
	/** The tool that tells the agent the question, and by which it hands in the response. */
	tool: Tool;
	/**
	 * The hash of the agent's key. n8n's own token can't prove a response, because it's the same for all waits of an execution
	 * (WaitingWebhooks).
	 */
	keyHash: string;
}

/** The fields of the call that the output has if there is no response. */
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

/** The reasons for the model why there is no response, by the outcome of the call. */
const REASONS: Record<string, string> = {
	noAnswer: 'No answer: no one picked up the phone.',
	rejected: 'No answer: the call was rejected.',
	failed: "The call couldn't be made: it failed.",
	transferred: 'No answer: the call was transferred before there was a response.',
	inDoubt: 'No answer: the call may have been made, but there was no response.',
	notCalled: "The call couldn't be made.",
	running: "No answer: the call was made, but n8n couldn't wait for the response.",
};

/** Hashes a key, because a comparison in constant time needs values of the same length. */
export const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/**
 * Makes the key for one wait. It begins like the tokens of tools, so that it's removed wherever VideoSDK repeats it.
 *
 * @returns the key, and the hash that is stored
 */
export function createKey(): { key: string } & Pick<Question, 'keyHash'> {
	const key = TOKEN_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
	return { key, keyHash: hashOf(key).toString('base64url') };
}

/** @returns whether a key is the one of the question, compared in constant time */
export function isKeyOf({ keyHash }: Question, key: string): boolean {
	return timingSafeEqual(hashOf(key), Buffer.from(keyHash, 'base64url'));
}

/**
 * Checks a response whose arguments fit the schema.
 *
 * @returns what is missing, in a sentence for the agent: any answer at all, or a required text; undefined if nothing is
 */
export function responseProblem({ tool }: Question, input: IDataObject): string | undefined {
	if (input[VOICEMAIL] === true) {
		return `If voicemail picked up, call ${tool.name} with '${VOICEMAIL}' alone; if a person answered, without it.`;
	}
	const isBlank = (name: string) => !Object.hasOwn(input, name) || String(input[name]).trim() === '';
	const blank = requiredIn(tool.inputSchema, input).find(isBlank);
	if (blank !== undefined) return `'${blank}' is empty. Correct it and call ${tool.name} again.`;
	const answers = Object.keys(tool.inputSchema.properties).filter(
		(name) => name !== QUOTE && name !== CONDITION,
	);
	if (!answers.every(isBlank)) return undefined;
	return `There is no answer in it. Fill in at least one argument and call ${tool.name} again.`;
}

/** What the agent is asked back about a yes. */
export type Doubt = 'comment' | 'condition';

/** @returns the names of the questions to which a response says yes */
const yesesIn = ({ tool }: Question, input: IDataObject): string[] =>
	Object.entries(tool.inputSchema.properties)
		.filter(([name, { type }]) => type === 'boolean' && input[name] === true)
		.map(([name]) => name);

/** @returns the condition of a response; undefined if it has none, or if no question of this form can have one */
const conditionIn = ({ tool }: Question, input: IDataObject): string | undefined =>
	Object.hasOwn(tool.inputSchema.properties, CONDITION) ? trimmed(input[CONDITION]) || undefined : undefined;

/**
 * Finds out what makes a yes doubtful, because "yes, but only 50" isn't a yes, and a model may hand it in as one although its instructions
 * say otherwise.
 *
 * @returns `condition` if the yes comes with one, `comment` if it's an approval's, whose comment may be one
 */
export function doubtAbout(question: Question, input: IDataObject): Doubt | undefined {
	if (yesesIn(question, input).length === 0) return undefined;
	if (conditionIn(question, input) !== undefined) return 'condition';
	return question.responseType === 'approval' && trimmed(input.comment) !== '' ? 'comment' : undefined;
}

/**
 * Makes the output of a question that someone has answered. A condition makes each yes a no.
 *
 * @param call the record of the call
 * @param input the arguments of the agent
 */
export function withResponse(question: Question, call: IDataObject, input: IDataObject): IDataObject {
	const { responseType, isReview, tool } = question;
	const given = pick(input, Object.keys(tool.inputSchema.properties));
	const condition = conditionIn(question, given);
	const reason = condition ?? (trimmed(given.comment) || trimmed(given[QUOTE]));
	if (condition === undefined) delete given[CONDITION];
	else for (const name of yesesIn(question, given)) given[name] = false;
	if (responseType === 'approval' && trimmed(given.comment) === '') delete given.comment;
	if (trimmed(given[QUOTE]) === '') delete given[QUOTE];
	const chatInput = ['Declined by phone', reason].filter(Boolean).join(': ');
	const feedback = isReview && given.approved === false ? { chatInput } : {};
	const data = { ...given, ...feedback, respondedAt: new Date().toISOString() };
	return { outcome: 'answered', responded: true, data, ...pick(call, ['to', 'callId', 'roomId']) };
}

/**
 * @param unanswered what the agent says. A call that was cut off looks to it as if the person had hung up
 * @returns the code for why there is no response; undefined if the outcome says it
 */
function reasonCodeOf({ outcome, timedOut, error, reasonCode }: IDataObject, unanswered?: Unanswered) {
	if (reasonCode !== undefined) return reasonCode;
	const isGivenUp = outcome === 'running' && (timedOut === true || error !== undefined);
	if (isGivenUp || outcome === 'transferred') return NO_RESPONSE;
	if (outcome !== 'answered') return undefined;
	if (unanswered === undefined) return NO_RESPONSE;
	return timedOut === true && unanswered === 'hungUp' ? 'noFit' : unanswered;
}

function reasonOf({ outcome, timedOut, reason, error }: IDataObject): string {
	if (timedOut === true) return 'No answer in time.';
	const what = REASONS[String(outcome)] ?? 'No answer: the call ended without a response.';
	return [what, reason, error].filter(Boolean).join(' ');
}

/**
 * Makes the output of a question without a response, which counts as declined.
 *
 * @param call the record of the call, or the output that says why it wasn't made
 * @param unanswered what the agent says about it
 */
export function withoutResponse(
	{ responseType, isReview }: ResponseForm,
	call: IDataObject,
	unanswered?: Unanswered,
): IDataObject {
	const reasonCode = reasonCodeOf(call, unanswered);
	const feedback = isReview ? { chatInput: reasonOf(call) } : {};
	const data = responseType === 'approval' ? { approved: false, ...feedback } : {};
	const shown = { ...pick(call, SHOWN_FIELDS), ...(reasonCode !== undefined && { reasonCode }) };
	return { outcome: call.outcome, responded: false, data, ...shown };
}
