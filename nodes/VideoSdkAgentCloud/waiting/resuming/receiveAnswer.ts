import { type IDataObject, type IWebhookFunctions, type IWebhookResponseData } from 'n8n-workflow';
import { bearerOf, rejectBearer, rejectMethod, respondToAgent, serve } from '../../agentTools/respondToAgent';
import {
	errorResponse,
	INTERNAL_ERROR,
	type RequestId,
	resultResponse,
	toolResult,
} from '../../agentTools/server';
import { warnSparingly } from '../../webhook/log';
import { type Doubt, doubtAbout, isKeyOf, responseProblem, unansweredIn, withResponse } from '../question';
import { readWaiting } from '../storedWait';
import { type WaitState } from '../waitState';
import { takeUp } from './receiveResume';

const TAKEN = 'Thank you, the response was received. Say goodbye now.';
const ASK_BACK: Record<Doubt, string> = {
	comment: "If that's a condition, hand it in as `condition`; if not, hand in the same again.",
	condition:
		"A yes with a condition is no yes. Ask whether it's a yes without it, too. If so, call again without 'condition'; if not, call again with the same, and with what the person said as 'quote'.",
};
const NOTED = 'Thank you, it was noted that there is no answer.';
const NOT_TAKEN = "There is a response already, or it's too late for one. Say goodbye now.";

/**
 * Refuses a response by a result of the tool, because after an HTTP error, VideoSDK's agents can't use any tool (docs/dev/api-truth.md,
 * tools).
 */
function refuse(context: IWebhookFunctions, id: RequestId, text: string): IWebhookResponseData {
	return respondToAgent(context, 200, resultResponse(id, toolResult(text, true)));
}

async function receive(context: IWebhookFunctions, state: WaitState): Promise<IWebhookResponseData> {
	if (context.getRequestObject().method !== 'POST') return rejectMethod(context);
	const waiting = readWaiting(context);
	const { question } = waiting?.stored ?? {};
	if (waiting === undefined || question === undefined || !isKeyOf(question, bearerOf(context))) {
		const sentence = `rejected a response with status 401. Its key isn't the one of the question that the execution is waiting for.`;
		warnSparingly(context, 'tool token', sentence);
		return rejectBearer(context);
	}
	const wait = await takeUp(context, state, waiting);
	const isUnanswered = (given: IDataObject) => unansweredIn(given) !== undefined;
	const served = serve(context, question.tool, isUnanswered);
	if (!('call' in served)) return served;
	const { id, input } = served.call;
	const unanswered = unansweredIn(input);
	if (unanswered !== undefined) {
		// The execution continues at the end of the call, which is near, and which says how the call went.
		wait?.noteUnanswered(unanswered);
		return respondToAgent(context, 200, resultResponse(id, toolResult(NOTED)));
	}
	const problem = responseProblem(question, input);
	if (problem !== undefined) return refuse(context, id, problem);
	const doubt = doubtAbout(question, input);
	if (doubt && wait?.asksBackOnce(doubt)) return refuse(context, id, ASK_BACK[doubt]);
	const json = withResponse(question, waiting.items[0] ?? {}, input);
	if (!wait?.tryContinue(context, json)) return refuse(context, id, NOT_TAKEN);
	// n8n sends the answer because only it knows whether the execution has continued.
	return {
		webhookResponse: resultResponse(id, toolResult(TAKEN)),
		workflowData: [[{ json, pairedItem: { item: 0 } }]],
	};
}

/**
 * Answers the MCP client of an agent that is to ask a question: it tells the agent the question, and continues the execution, once, with a
 * response that fits. Never throws, because n8n would continue the execution with an empty item (test/e2e/n8nContract).
 */
export async function receiveAnswer(
	context: IWebhookFunctions,
	state: WaitState,
): Promise<IWebhookResponseData> {
	return await receive(context, state).catch((error: Error) => {
		warnSparingly(context, 'tool set-up', `can't handle a response. ${error.message}`);
		return respondToAgent(
			context,
			503,
			errorResponse(null, INTERNAL_ERROR, "The response can't be taken right now"),
		);
	});
}
