import {
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type IRunData,
	type IRunExecutionData,
	type ITaskData,
	type RelatedExecution,
	sleep,
} from 'n8n-workflow';
import { type InEngine, runsIn, startsMs } from './nodeContext';

/** n8n may continue an execution a little before it has stored that the sub-workflow is over. */
const STORED_WITHIN_MS = 5_000;
const LOOK_AGAIN_MS = 500;

const CONTEXT_FIELD = 'agentCloudOver';

/** 'lost': n8n 1.x has not stored which it is. */
type State = 'failed' | 'lost' | 'open' | 'over';

type WrongContinuation = 'early' | 'ended' | 'failed' | 'lost';

/** A sub-workflow that isn't over, has failed without n8n telling so, or isn't known. */
interface Found {
	/** The node that ran it. */
	node: string;
	state: State;
	/** The node has not run again since, as in a loop. */
	isLatest: boolean;
}

/** An execution that waits for its sub-workflow. */
export interface Above extends RelatedExecution {
	/** What n8n has stored of it: while it runs, as it was when it last began to wait. */
	data?: IRunExecutionData;
	/** Of the sub-workflow's execution. */
	childId: string;
}

/**
 * Looks up the execution that waits for this one, its sub-workflow, then the one that waits for that, and so on. None in newer versions
 * of n8n, which have a token for each execution and continue only those that wait, in the oldest, which don't tell what is waited for
 * ('shouldResume'), and in what a user retries.
 */
export async function* executionsAbove(context: IExecuteFunctions): AsyncGenerator<Above> {
	const { runExecutionData } = context as InEngine;
	if (runExecutionData?.resumeToken !== undefined || context.getMode() === 'retry') return;
	let childId = context.getExecutionId();
	let parent = runExecutionData?.parentExecution;
	while (parent?.shouldResume) {
		const data = await context.getExecutionDataById(parent.executionId).catch(() => undefined);
		yield { ...parent, data, childId };
		childId = parent.executionId;
		parent = data?.parentExecution;
	}
}

/** @returns whether a node of this execution ran sub-workflows */
export function hasSubExecutions(context: IExecuteFunctions): boolean {
	return runsIn((context as InEngine).runExecutionData).some(
		({ metadata }) => metadata?.subExecutionsCount ?? metadata?.subExecution,
	);
}

async function stateOf(context: IExecuteFunctions, id: string): Promise<State> {
	// n8n throws if what it has stored is lost.
	const data = await context.getExecutionDataById(id).catch(() => undefined);
	// As n8n 1.x decides whether to continue the execution that ran it (shouldRestartParentExecution).
	if (data?.parentExecution === undefined || data.parentExecution.shouldResume === false) return 'over';
	const { error } = data.resultData;
	// It waits, or runs, and had this to do when n8n last stored it. One that was stopped has an error, too.
	const isOpen = data.waitTill ?? data.executionData?.nodeExecutionStack.length;
	if (isOpen && error === undefined) return 'open';
	// It may have been continued too early itself.
	const below = await subWorkflowsOf(context, data);
	const states = below.map(({ state }) => state);
	if (states.includes('open') || states.includes('lost')) return 'open';
	return error === undefined && !states.includes('failed') ? 'over' : 'failed';
}

/**
 * @returns whether n8n has told the node that ran a sub-workflow of its failure, so that On Error counts. n8n 1.x and 2.0 don't if
 * the sub-workflow had waited. An AI agent's tool, which has no main output, always learns of it
 */
function isTold({ data, error, metadata }: ITaskData): boolean {
	if (data?.main === undefined || error !== undefined) return true;
	// Newer versions of n8n 2.x have it.
	if (metadata !== undefined && 'resumeError' in metadata) return true;
	return data.main.flat().some((item) => item?.json.error !== undefined);
}

/**
 * @returns whether a node that ran a sub-workflow for each item waited, so that n8n 1.x has stored the ID of none: it gave back what came
 * in. Without a wait its items name their sub-workflow, and n8n 2.x gives back those of a sub-workflow, which may be the same; newer
 * versions of it name those that they have waited for
 */
function isLost({ data, metadata, source: [from] }: ITaskData, runData: IRunData): boolean {
	if (metadata?.subExecutionsCount === undefined || metadata.subExecution || !from) return false;
	if ('waitingChildExecutionIds' in metadata) return false;
	const { previousNode, previousNodeRun = 0, previousNodeOutput = 0 } = from;
	const before = runData[previousNode]?.[previousNodeRun]?.data?.main?.[previousNodeOutput] ?? [];
	const after = data?.main?.[0] ?? [];
	const textOf = (items: INodeExecutionData[]) => JSON.stringify(items.map(({ json }) => json));
	if (before.length === 0 || textOf(before) !== textOf(after)) return false;
	return !after.some((item) => item.metadata?.subExecution);
}

/**
 * Looks up the sub-workflows that an execution has waited for.
 *
 * @param over IDs of those known to be over; more are added
 * @param isLatestOnly whether only the latest known one of each node counts
 */
async function subWorkflowsOf(
	context: IExecuteFunctions,
	execution?: IRunExecutionData,
	over: string[] = [],
	isLatestOnly = false,
): Promise<Found[]> {
	const found: Found[] = [];
	const { runData = {} } = execution?.resultData ?? {};
	for (const [node, runs] of Object.entries(runData)) {
		for (const run of runs) {
			const isLatest = run === runs.at(-1);
			if (isLatestOnly && !isLatest) continue;
			if (!isLatestOnly && isLost(run, runData)) found.push({ node, state: 'lost', isLatest });
			const { executionId: id } = run.metadata?.subExecution ?? {};
			if (id === undefined || over.includes(id)) continue;
			const state = await stateOf(context, id);
			if (state === 'over' || (state === 'failed' && isTold(run))) over.push(id);
			else found.push({ node, state, isLatest });
		}
	}
	return found;
}

/** @returns what is wrong with sub-workflows. @param isStopping whether a node that ran one ends its execution if that fails */
async function wrongWith(
	find: () => Promise<Found[]>,
	isStopping: (node: string) => boolean,
): Promise<WrongContinuation | undefined> {
	for (const untilMs = Date.now() + STORED_WITHIN_MS; ; await sleep(LOOK_AGAIN_MS)) {
		const found = await find();
		const states = found.map(({ state }) => state);
		if (states.includes('lost')) return 'lost';
		if (!states.includes('open')) {
			return found.some(({ node, isLatest }) => isLatest || isStopping(node)) ? 'failed' : undefined;
		}
		if (Date.now() >= untilMs) return 'early';
	}
}

/**
 * n8n 1.x continues an execution each time a run of its sub-workflow ends: also if it ends by waiting again or with an error, and if the
 * execution was stopped meanwhile (WaitTracker.startExecution). What it then runs may be a sub-workflow, too.
 *
 * @returns why this execution, or one that waits for it, should not go on: it is over, or its sub-workflow is not, or has failed, or may
 * have. undefined: it should
 */
export async function findWrongContinuation(
	context: IExecuteFunctions,
): Promise<WrongContinuation | undefined> {
	const { workflow, runExecutionData } = context as InEngine;
	// Of what a user retries, n8n deletes it.
	if (runExecutionData?.resultData.error !== undefined) return 'ended';
	const isStopping = (name: string) => {
		const { onError = 'stopWorkflow', continueOnFail } = workflow?.getNode(name) ?? {};
		return onError === 'stopWorkflow' && !continueOnFail;
	};
	// Versions before 'shouldResume' tell only here that a sub-workflow isn't waited for.
	const isWaitedFor = ({ node }: Found) =>
		(workflow?.getNode(node)?.parameters.options as IDataObject | undefined)?.waitForSubWorkflow !== false;
	let wrong: WrongContinuation | undefined;
	if (hasSubExecutions(context)) {
		// Stored with the execution, so that a loop asks for each of them once.
		const over = (context.getContext('flow')[CONTEXT_FIELD] ??= []) as string[];
		const find = async () => (await subWorkflowsOf(context, runExecutionData, over)).filter(isWaitedFor);
		wrong = await wrongWith(find, isStopping);
	}
	for await (const { data, childId } of executionsAbove(context)) {
		if (wrong) break;
		// A sub-workflow that started before the failure may finish.
		const isLater = Math.min(...startsMs(runExecutionData)) >= Math.max(...startsMs(data));
		if (data?.resultData.error !== undefined && isLater) return 'ended';
		const find = async () => await subWorkflowsOf(context, data, [childId], true);
		wrong = await wrongWith(find, isStopping);
	}
	return wrong;
}
