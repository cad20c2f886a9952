/** What `npm start` shows: a session with its events, and a call. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { N8n } from '../n8n/instance';
import { PlainError } from '../n8n/processes';
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

const POLL_INTERVAL_MS = 200;
/** A real call may last ten minutes, and its transcription takes some time. */
const CALL_TIMEOUT_MS = 45 * 60_000;
const EVENT_PREFIX = 'ai-deployment-session-';

export const write = (line = '') => process.stdout.write(`${line}\n`);

/** What is shown, and where. */
export interface Demo {
	n8n: N8n;
	imported: Imported;
	target: Target;
}

/** A session that was started. */
interface Started {
	sessionId: string;
	startedAtMs: number;
}

/**
 * Runs the workflow that starts a session.
 *
 * @throws PlainError if it started none
 */
export async function startSession({ n8n, imported }: Demo): Promise<Started> {
	const workflow = imported.workflows[SESSION_EXAMPLE]!;
	const execution = await n8n.rest.runWorkflow(workflow.id);
	const [session] = outputOf(execution, theNode(workflow, does('session:start')).name);
	if (execution.status !== 'success' || !session?.sessionId) {
		throw new PlainError(`"${workflow.name}" didn't start a session: ${reasonOf(execution)}`);
	}
	const { sessionId, status, deploymentId, tag } = session;
	write(`      Session ${String(sessionId)}`);
	write(
		`        status ${String(status)}, deployment ${String(deploymentId)}, tag ${String(tag ?? '(none)')}`,
	);
	return { sessionId: String(sessionId), startedAtMs: Date.parse(execution.startedAt) };
}

/**
 * Shows each event as the other workflow received it, until all expected ones are there.
 *
 * @param onEvent told of each event of this session
 * @returns how many were expected
 * @throws PlainError if one doesn't come in time, or the session failed
 */
export async function watchEvents(
	{ n8n, imported, target }: Demo,
	{ sessionId, startedAtMs }: Started,
	onEvent: (event: string) => void,
): Promise<number> {
	const workflow = imported.workflows[EVENTS_EXAMPLE]!;
	const trigger = theNode(workflow, isTrigger);
	// A session that goes well has no failure to tell.
	const expected = (trigger.parameters.events as string[])
		.map((event) => event.slice(EVENT_PREFIX.length))
		.filter((event) => event !== 'failed');
	const missing = new Set(expected);
	const seen = new Set<string>();
	let lastEventAtMs = Date.now();
	while (missing.size > 0) {
		for (const { id } of (await n8n.rest.listExecutions({ workflowId: workflow.id })).reverse()) {
			if (seen.has(id)) continue;
			const execution = await n8n.rest.getExecution(id);
			if (!execution || execution.status === 'running' || execution.status === 'new') continue;
			seen.add(id);
			for (const item of outputOf(execution, trigger.name)) {
				const event = String(item.event);
				showEvent(event, execution, workflow.name, startedAtMs);
				if (item.sessionId !== sessionId) continue;
				lastEventAtMs = Date.now();
				if (event === 'failed') throw new PlainError(`The session failed: ${JSON.stringify(item.data)}`);
				if (execution.status !== 'success') {
					throw new PlainError(`The execution that received "${event}" failed: ${reasonOf(execution)}`);
				}
				missing.delete(event);
				onEvent(event);
			}
		}
		if (Date.now() - lastEventAtMs > target.eventTimeoutMs) {
			throw new PlainError(
				`"${workflow.name}" did not receive ${[...missing].map((event) => `"${event}"`).join(', ')} within ${target.eventTimeoutMs / 1000} s. ${target.explain(sessionId)}`,
			);
		}
		await sleep(POLL_INTERVAL_MS);
	}
	return expected.length;
}

function showEvent(event: string, { id, startedAt, status }: Execution, name: string, startedAtMs: number) {
	const seconds = (Math.max(0, Date.parse(startedAt) - startedAtMs) / 1000).toFixed(1);
	write(
		`      + ${seconds.padStart(5)} s  ${event.padEnd(9)} received by "${name}", execution ${id}: ${status}`,
	);
}

/** What went wrong in an execution, in n8n's words. */
function reasonOf({ status, data }: Execution): string {
	const error = data.resultData.error as { message?: string; description?: string } | undefined;
	return [error?.message, error?.description].filter(Boolean).join(' ') || status;
}

/**
 * Runs the workflow that waits until a call is over, and shows how it ended and what was said.
 *
 * @throws PlainError if no call was made, or its agent got no answer from n8n
 */
export async function showCall({ n8n, imported, target }: Demo): Promise<void> {
	const workflow = imported.workflows[CALL_EXAMPLE]!;
	const execution = await n8n.rest.runWorkflow(workflow.id, CALL_TIMEOUT_MS);
	const [call] = outputOf(execution, theNode(workflow, does('call:makeAndWait')).name);
	if (!call) throw new PlainError(`"${workflow.name}" didn't make a call: ${reasonOf(execution)}`);
	write(`      Call ${String(call.callId)}`);
	const seconds = call.durationSeconds === null ? '' : ` after ${Math.round(Number(call.durationSeconds))} s`;
	write(`        to ${String(call.to)}: ${String(call.outcome)}${seconds}`);
	const use = target.toolUse(String(call.callId));
	if (use?.isError) throw new PlainError(`The agent asked ${use.tool}, and got no answer: ${use.answer}`);
	if (use) {
		const { name } = imported.workflows[TOOL_EXAMPLE]!;
		write(
			`        In the middle of it the agent asked ${use.tool}(${inWords(JSON.stringify(use.input))}). "${name}" answered after ${Math.round(use.ms)} ms:`,
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
