/** What an operation refuses before it reads an item: uses as a tool, evaluations, and versions of n8n that could start something twice. */
import { type IExecuteFunctions } from 'n8n-workflow';
import { type StartKind, STARTS } from '../../api/startWords';
import { dryRunField } from '../../fields/kit/requestOptions';
import { isEvaluation } from '../../n8n/isEvaluation';
import { mayRunTwice } from '../../n8n/mayRunTwice';
import { hasAgentSeveralItems, isAgentTriedAgain, isHumanReview, isTool } from '../../n8n/tool';
import type { Operation } from '../operation';

/** Why nothing is done, and what the user can do. */
export interface Refusal {
	message: string;
	advice?: string;
}

const MAY_RUN_TWICE =
	'This version of n8n may run this execution twice, because a sub-workflow is part of it. Update n8n to 2.14 or newer, or make the call in the main workflow. Nothing was sent.';

const CHECK_IF_EVALUATING = 'put Evaluation: Check if Evaluating before this node';
const EVALUATION_ADVICE = `Turn on Dry Run, or ${CHECK_IF_EVALUATING}`;

/**
 * Keeps an evaluation from reaching people for each of its cases. An evaluation can't wait either, because n8n ends a case as soon as
 * its execution waits (test/e2e/evaluation).
 *
 * @returns why the operation does nothing; undefined if no evaluation runs, or the operation is harmless in one
 */
function refusalOfEvaluation(
	context: IExecuteFunctions,
	{ options, starts, ends, complete }: Operation,
): string | undefined {
	const hasDryRun = options?.includes(dryRunField);
	if (!(hasDryRun || ends) || !isEvaluation(context)) return undefined;
	if (!hasDryRun)
		return `In an evaluation, nothing is ended or deleted. Nothing was sent: ${CHECK_IF_EVALUATING}`;
	if (starts === undefined) return `In an evaluation, nothing is changed. ${EVALUATION_ADVICE}`;
	const { one, started } = STARTS[starts];
	const none = starts === 'call' || starts === 'transfer' ? 'No one was called.' : 'Nothing was sent.';
	const why = complete
		? `An evaluation can't wait for a ${one}: n8n ends the case.`
		: `In an evaluation, no ${one} is ${started}.`;
	return `${why} ${none} ${EVALUATION_ADVICE}`;
}

/**
 * An AI agent that starts over, or has several items, loses track of what its tools did and does the same again (test/e2e/aiAgent). A
 * repeated call is recognized by its number (actions/start/toolUse.ts), and nothing else can be recognized.
 *
 * @returns why such a tool starts nothing, in words for the model, too; undefined if it may
 */
function refusalOfTool(context: IExecuteFunctions, starts: StartKind): string | undefined {
	if (!isTool(context)) return undefined;
	if (starts !== 'call' && isAgentTriedAgain(context)) {
		return "Turn off 'Retry On Fail' in the AI agent's settings. A tool that starts or creates something can't use it. Nothing was sent.";
	}
	// n8n would run what a person has approved once for each item (processHitlResponses).
	if ((starts !== 'call' || isHumanReview(context)) && hasAgentSeveralItems(context)) {
		return "An AI agent with several items mixes up what its tools did. Put Loop Over Items, with 'Batch Size' 1, before the AI agent. Nothing was sent.";
	}
	return undefined;
}

/**
 * Finds out whether the operation can be used here at all.
 *
 * @param isDryRun whether the item only shows what it would send, which is harmless in an evaluation
 * @returns undefined if it can
 */
export function refusalOf(
	context: IExecuteFunctions,
	operation: Operation,
	isDryRun: boolean,
): Refusal | undefined {
	const { isTool: mayBeTool, name, starts } = operation;
	if (mayBeTool === false && isTool(context)) {
		return { message: `${name} can't be used as a tool`, advice: "Select a different 'Operation'." };
	}
	const inEvaluation = isDryRun ? undefined : refusalOfEvaluation(context, operation);
	if (inEvaluation !== undefined) return { message: inEvaluation };
	if (starts === undefined) return undefined;
	if (mayRunTwice(context)) return { message: MAY_RUN_TWICE };
	const asTool = refusalOfTool(context, starts);
	return asTool === undefined ? undefined : { message: asTool };
}
