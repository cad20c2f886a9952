import { type IDataObject, type IExecuteFunctions } from 'n8n-workflow';
import { type StartKind, STARTS } from '../../api/startWords';
import { CONTEXT_KEYS } from '../../n8n/keys';
import { keptOfNode } from '../../n8n/nodeContext';
import { agentRun, hasAgentSeveralItems, isAgentTriedAgain, isHumanReview, isTool } from '../../n8n/tool';
import { phoneKey } from './sameNumber';

/** What an AI tool has started, or may have. */
export interface ToolUse extends IDataObject {
	executionId: string;
	/** See `agentRun`. */
	agentRun: string;
	/** Of the start. */
	key: string;
	/** When it was sent, in ms since 1970. */
	sentAtMs: number;
	/** Of what was started. Empty: not known, or not yet. */
	startedId: string;
}

/**
 * What the AI tools of an execution have started, and those of what it retries: by number, whatever tool has called it, else by tool.
 * An AI agent may have forgotten it. A human review isn't a tool: whoever decides is asked for each request.
 */
export class ToolUses {
	private readonly uses: Record<string, ToolUse>;
	private readonly name: string;

	/** @param to the number that is called, if one is */
	constructor(
		private readonly context: IExecuteFunctions,
		starts: StartKind,
		to: string | undefined,
	) {
		const kept = isTool(context) && !isHumanReview(context) ? keptOfNode(context, 'flow') : {};
		this.uses = (kept[CONTEXT_KEYS.toolUses] ??= {}) as Record<string, ToolUse>;
		this.name = to === undefined ? `${context.getNode().name} ${starts}` : phoneKey(to);
	}

	/** The latest use, if there was one. */
	get earlier(): ToolUse | undefined {
		return this.uses[this.name];
	}

	/** The latest use, if the execution that is being retried has made it in the same run of the AI agent: this one repeats it. */
	get retried(): ToolUse | undefined {
		const { earlier } = this;
		const isRetried = earlier && earlier.executionId !== this.context.getExecutionId();
		return isRetried && earlier.agentRun === agentRun(this.context) ? earlier : undefined;
	}

	/** Notes what is about to be started. @returns is told its ID, or that it failed for certain */
	note(key = ''): (result: { startedId: string } | 'failed') => void {
		const { earlier } = this;
		const use: ToolUse = {
			executionId: this.context.getExecutionId(),
			agentRun: agentRun(this.context),
			key,
			sentAtMs: Date.now(),
			startedId: '',
		};
		this.uses[this.name] = use;
		return (result) => {
			if (result !== 'failed') use.startedId = result.startedId;
			// Another use may have taken its place meanwhile.
			else if (this.uses[this.name] !== use) return;
			else if (earlier) this.uses[this.name] = earlier;
			else delete this.uses[this.name];
		};
	}
}

/**
 * An AI agent that starts over, or has several items, loses track of what its tools did and does the same again. Of calls the number tells;
 * of anything else nothing does.
 *
 * @returns why such a tool starts nothing, in words for the model, too; undefined if it may
 */
export function refusalOfTool(context: IExecuteFunctions, starts: StartKind): string | undefined {
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

/** @returns what to tell of a use of the same tool that can't be looked for, in words for the model, too */
export const alreadyUsed = (starts: StartKind): string =>
	`This tool was already used in the execution that is being retried, so nothing was sent. ${STARTS[starts].check}`;
