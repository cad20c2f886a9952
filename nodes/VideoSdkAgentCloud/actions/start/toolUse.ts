import { type IDataObject, type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import { type StartKind, STARTS } from '../../api/startWords';
import { CONTEXT_KEYS } from '../../n8n/keys';
import { storedContext } from '../../n8n/nodeContext';
import { phoneKey } from '../../api/telephony';
import { withReason } from '../notCalled';
import { agentRun, isHumanReview, isTool } from '../../n8n/tool';

/** What an AI tool has started, or may have. */
export interface ToolUse extends IDataObject {
	executionId: string;
	/** See `agentRun`. */
	agentRun: string;
	key: string;
	/** When it was sent, in ms since 1970. */
	sentAtMs: number;
	/** The ID of what was started; empty: it isn't known, or not yet. */
	startedId: string;
}

/**
 * What the AI tools of an execution, and of the execution that it retries, have started, because an AI agent may forget it
 * (test/e2e/aiAgent). A call is noted by its number, whatever tool made it, anything else by its tool. Human reviews aren't noted, because
 * a person is asked about each request.
 */
export class ToolUses {
	private readonly uses: Record<string, ToolUse>;
	private readonly name: string;

	/** @param to the number to call, if the tool calls one */
	constructor(
		private readonly context: IExecuteFunctions,
		starts: StartKind,
		to: string | undefined,
	) {
		const stored = isTool(context) && !isHumanReview(context) ? storedContext(context, 'flow') : {};
		this.uses = (stored[CONTEXT_KEYS.toolUses] ??= {}) as Record<string, ToolUse>;
		this.name = to === undefined ? `${context.getNode().name} ${starts}` : phoneKey(to);
	}

	/** The latest use, if there was one. */
	get earlier(): ToolUse | undefined {
		return this.uses[this.name];
	}

	/** The latest use, if the execution that is being retried made it in the same run of the AI agent, so that this use repeats it. */
	get retried(): ToolUse | undefined {
		const { earlier } = this;
		const isRetried = earlier && earlier.executionId !== this.context.getExecutionId();
		return isRetried && earlier.agentRun === agentRun(this.context) ? earlier : undefined;
	}

	/** @throws NodeOperationError, in words for the model as well, if an AI tool of this execution has called the number, or may have */
	refuseNumber(to: string): void {
		const { earlier } = this;
		if (earlier === undefined) return;
		const { startedId } = earlier;
		const was = startedId ? `was already called (call ${startedId})` : 'may already have been called';
		const advice = "To let the AI agent call a number again, turn on 'Allow Same Number' under 'Options'.";
		const error = new NodeOperationError(this.context.getNode(), `${to} ${was}. ${advice}`);
		throw withReason(error, 'sameNumber');
	}

	/** Notes what is about to be started. @returns a function to call with its ID, or with `failed` if it has certainly failed */
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

/** @returns the message for a tool that was used before, if what it started can't be searched for, in words for the model as well */
export const alreadyUsed = (starts: StartKind): string =>
	`This tool was already used in the execution that is being retried, so nothing was sent. ${STARTS[starts].check}`;
