import { type IDataObject, jsonParse } from 'n8n-workflow';
import { isRecord } from '../api/http/responseReaders';
import { type ToolResult } from './server';

/**
 * The name under which Agent Tool: Answer hands a result to n8n, which passes it to the process that received the call. There, the trigger
 * takes it out of n8n's response and sends it to the agent, because only the trigger knows the ID of the agent's request.
 */
const RESULT_NAME = 'videoSdkToolResult';

/** @returns the body of the response to hand to n8n */
export function toAnswerBody(result: ToolResult): IDataObject {
	return { [RESULT_NAME]: result };
}

/**
 * Finds the result in the response that n8n is about to send. Never throws.
 *
 * @param body the body that n8n passes to `end`
 * @returns undefined if the workflow gave no result
 */
export function resultInAnswer(body: unknown): ToolResult | undefined {
	const text = Buffer.isBuffer(body) ? body.toString('utf8') : body;
	if (typeof text !== 'string' || !text.startsWith(`{"${RESULT_NAME}"`)) return undefined;
	const { [RESULT_NAME]: result } = jsonParse<IDataObject>(text, { fallbackValue: {} });
	return isRecord(result) && Array.isArray(result.content) ? (result as ToolResult) : undefined;
}
