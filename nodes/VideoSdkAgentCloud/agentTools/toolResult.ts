import { type IDataObject, jsonParse } from 'n8n-workflow';
import { isRecord } from '../api/http/responseReaders';
import { type ToolResult } from './server';

/**
 * Under this name Agent Tool: Answer hands a result to n8n, which carries it to the process that received the call. There the trigger
 * takes it out of n8n's answer and sends it to the agent: it alone knows the ID of the agent's request.
 */
const RESULT_NAME = 'videoSdkToolResult';

/** @returns the body of the answer to hand to n8n */
export function toAnswerBody(result: ToolResult): IDataObject {
	return { [RESULT_NAME]: result };
}

/**
 * Finds the result in what n8n is about to answer. Never throws.
 *
 * @param body as n8n gives it to the response
 * @returns undefined if the workflow gave none
 */
export function resultInAnswer(body: unknown): ToolResult | undefined {
	const text = Buffer.isBuffer(body) ? body.toString('utf8') : body;
	if (typeof text !== 'string' || !text.startsWith(`{"${RESULT_NAME}"`)) return undefined;
	const { [RESULT_NAME]: result } = jsonParse<IDataObject>(text, { fallbackValue: {} });
	return isRecord(result) && Array.isArray(result.content) ? (result as ToolResult) : undefined;
}
