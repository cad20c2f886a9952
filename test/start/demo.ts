/** What `npm start` shows: a session with its events, and a call. */
import type { N8n } from '../n8n/instance';
import { PlainError, write } from '../n8n/processes';
import { type Execution, outputOf } from '../n8n/rest';
import { inWords } from '../simulator';
import {
	CALL_EXAMPLE,
	does,
	EVENTS_EXAMPLE,
	isTrigger,
	SESSION_EXAMPLE,
	theNode,
	TOOL_EXAMPLE,
} from './examples';
import type { Target } from './target';
import type { Imported } from './workflows';

const EVENT_PREFIX = 'ai-deployment-session-';

interface Demo {
	n8n: N8n;
	imported: Imported;
	target: Target;
}

/**
 * Runs the workflow that starts a session, and shows each of its events as the other workflow received it.
 *
 * @returns how many events
 * @throws PlainError if no session starts, or an event doesn't come
 */
export async function showSession({ n8n, imported, target }: Demo): Promise<number> {
	const starting = imported.workflows[SESSION_EXAMPLE]!;
	const run = await n8n.rest.runWorkflow(starting.id);
	const [session] = outputOf(run, theNode(starting, does('session:start')).name);
	if (run.status !== 'success' || !session?.sessionId)
		throw new PlainError(`"${starting.name}" didn't start a session: ${reasonOf(run)}`);
	const { sessionId, status, deploymentId, tag } = session as Record<string, string>;
	write(`      Session ${sessionId}`);
	write(`        status ${status}, deployment ${deploymentId}, tag ${tag ?? '(none)'}`);

	const workflow = imported.workflows[EVENTS_EXAMPLE]!;
	const trigger = theNode(workflow, isTrigger);
	// A session that goes well has no failure to tell.
	const expected = (trigger.parameters.events as string[])
		.map((event) => event.slice(EVENT_PREFIX.length))
		.filter((event) => event !== 'failed');
	for (const event of expected) {
		const isReceived = (execution: Execution) => {
			const [received] = outputOf(execution, trigger.name);
			return received?.sessionId === sessionId && received?.event === event;
		};
		const execution = await n8n.rest.waitForExecution(workflow.id, isReceived).catch(() => {
			const sent = target.simulator.deliveries.map((one) => `${one.event}: ${one.status ?? one.error}`);
			throw new PlainError(`"${workflow.name}" did not receive "${event}". Sent: ${sent.join('; ')}.`);
		});
		const seconds = (Date.parse(execution.startedAt) - Date.parse(run.startedAt)) / 1000;
		write(
			`      + ${Math.max(0, seconds).toFixed(1).padStart(5)} s  ${event.padEnd(9)} received by "${workflow.name}", execution ${execution.id}: ${execution.status}`,
		);
		if (execution.status !== 'success')
			throw new PlainError(`The execution that received "${event}" failed: ${reasonOf(execution)}`);
	}
	return expected.length;
}

/** What went wrong in an execution, in n8n's words. */
function reasonOf({ status, data }: Execution): string {
	const error = data.resultData.error as { message?: string; description?: string } | undefined;
	return [error?.message, error?.description].filter(Boolean).join(' ') || status;
}

/** Runs the workflow that waits until a call is over, and shows how it ended, what was said, and what the agent asked n8n. */
export async function showCall({ n8n, imported, target }: Demo): Promise<void> {
	const workflow = imported.workflows[CALL_EXAMPLE]!;
	const execution = await n8n.rest.runWorkflow(workflow.id);
	const [call] = outputOf(execution, theNode(workflow, does('call:makeAndWait')).name);
	if (!call) throw new PlainError(`"${workflow.name}" didn't make a call: ${reasonOf(execution)}`);
	write(`      Call ${String(call.callId)}`);
	const seconds = call.durationSeconds === null ? '' : ` after ${Math.round(Number(call.durationSeconds))} s`;
	write(`        to ${String(call.to)}: ${String(call.outcome)}${seconds}`);
	const use = target.simulator.toolUses.find(({ id }) => id === call.callId);
	if (use?.isError) throw new PlainError(`The agent asked ${use.tool}, and got no answer: ${use.answer}`);
	if (use) {
		const { name } = imported.workflows[TOOL_EXAMPLE]!;
		const input = Object.entries(use.input).map(([field, value]) => `${field}: ${String(value)}`);
		write(
			`        In the middle of it the agent asked ${use.tool}(${input.join(', ')}). "${name}" answered after ${Math.round(use.ms)} ms:`,
		);
		write(`          ${inWords(use.answer)}`);
	}
	if (call.transcript) {
		write('        What was said:');
		for (const line of String(call.transcript).trim().split('\n')) write(`          ${line}`);
		write(`        Summary: ${String(call.summary)}`);
	}
	if (execution.status !== 'success') throw new PlainError(`"${workflow.name}": ${reasonOf(execution)}`);
}
