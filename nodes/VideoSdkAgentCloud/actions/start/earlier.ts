/** Finds out whether a start was made before: by an earlier try, by another execution, or by the one that a user retries. */
import { type IDataObject, type NodeApiError, NodeOperationError } from 'n8n-workflow';
import { startMsOf } from '../../api/http/responseReaders';
import { STARTS } from '../../api/startWords';
import { KINDS } from '../../conversation/kinds';
import { notCalled, withReason } from '../notCalled';
import type { Doubt, Started } from './claims';
import { calleeOf, doubtError, endBy, type ItemStart, type StartEnd, type StartRun } from './itemStart';
import { checkAllowed } from './allowedNumbers';
import { type Found, isFindable, StartSearch, type WantedStart } from './search';
import { automaticKey, contentOf, userKey } from './startKey';
import { claimOf, ownClaims } from './startState';
import { alreadyUsed, type ToolUse } from './toolUse';

const hasUsersKey = ({ item }: ItemStart): boolean => item.start.idempotencyKey !== undefined;

/** @returns whether this execution has sent it */
const isOfThisExecution = ({ claim, run }: ItemStart): boolean =>
	claim.executionId === run.context.getExecutionId();

/** @returns the key of a start, which is the same each time it's repeated. @throws what n8n throws if the credential can't be read */
async function keyOf({ run, item, aim, place, requests }: ItemStart): Promise<string | undefined> {
	const { context, base, kind } = run;
	const { idempotencyKey, call, request } = item.start;
	if (idempotencyKey === undefined) return base && automaticKey(context, base, aim, place);
	const { data } = await requests.credential();
	const deploymentId = request.kind === 'session' ? request.body.deploymentId : undefined;
	const reached = call ? aim : deploymentId;
	return userKey(idempotencyKey, data?.apiKey, kind, reached);
}

/** Searches for a start in the lists of its account. @throws the error of the list */
export async function search(start: ItemStart, wanted: WantedStart): Promise<Found> {
	return await (await searchOf(start)).find(wanted);
}

/** @returns the search for all starts of the run in the account of this one */
async function searchOf({ run, requests }: ItemStart): Promise<StartSearch> {
	const { data } = await requests.credential();
	const account = JSON.stringify([data?.apiKey, data?.baseUrl]);
	const { kind, searches } = run;
	const found = searches.get(account);
	if (found) return found;
	if (!isFindable(kind)) throw new TypeError(`There is no list in which to find a ${kind}`);
	const made = new StartSearch(kind, requests.untilCancelled());
	searches.set(account, made);
	return made;
}

/** @returns what is searched for because another execution may have started it; undefined: none can have */
function wantedOf(start: ItemStart, key: string | undefined): WantedStart | undefined {
	const { context, kind, note } = start.run;
	const isUsers = hasUsersKey(start);
	const mayExist = context.getMode() === 'retry' || isUsers;
	if (!isFindable(kind) || key === undefined || !mayExist) return undefined;
	const sinceMs = isUsers ? undefined : note?.sinceMs;
	return { key, to: calleeOf(start), sinceMs, isAmongLatest: isUsers };
}

/** Says beforehand which of these starts are going to be searched for, so that one look at a list serves all of them. */
export async function expectSearches(starts: ItemStart[]): Promise<void> {
	for (const start of starts) {
		// What can't be read fails when it's the item's turn.
		const key = await keyOf(start).catch(() => undefined);
		const wanted = wantedOf(start, key);
		const { claims } = start.run.state;
		if (wanted === undefined || claims.get(wanted.key)?.state.name === 'started') continue;
		(await searchOf(start)).expect(wanted);
	}
}

/**
 * Puts the starts in the order in which they have to run: what was certainly made by an earlier try, or by the execution that a user
 * retries, so that it's named if the node stops; then what may have been made, at which the node stops if it isn't found; then the others.
 */
export async function inOrder(
	{ context, state, note }: StartRun,
	starts: ItemStart[],
): Promise<[made: ItemStart[], inDoubt: ItemStart[], others: ItemStart[]]> {
	const own = ownClaims(state, context);
	const left = note?.starts ?? {};
	const hasLeft = Object.keys(left).length > 0;
	const order: [ItemStart[], ItemStart[], ItemStart[]] = [[], [], []];
	for (const start of starts) {
		const key = hasLeft ? await keyOf(start).catch(() => undefined) : undefined;
		const noted = key === undefined ? undefined : left[key];
		const state = own.get(start.itemIndex)?.claim.state.name;
		const isMade = state === 'started' || noted?.record !== undefined;
		order[isMade ? 0 : state === 'inDoubt' || noted ? 1 : 2].push(start);
	}
	return order;
}

/**
 * Finds out whether a start would be a repetition. From then on, whoever would repeat it waits until it has ended.
 *
 * @returns what has become of it; undefined: nothing was started before, so it may begin
 */
export async function findEarlier(start: ItemStart): Promise<StartEnd | undefined> {
	try {
		if (start.item.isDryRun) return await findInDryRun(start);
		const { run, itemIndex, item } = start;
		const own = ownClaims(run.state, run.context);
		const former = own.get(itemIndex)?.claim;
		const isFree = former === undefined || former.state.name === 'free';
		start.claim = isFree ? claimOf(run.state, await keyOf(start), calleeOf(start)) : former;
		own.set(itemIndex, { claim: start.claim, item });
		return await findByClaim(start);
	} catch (error) {
		return endBy(error);
	}
}

/** Says what a user's key would find. A dry run starts nothing that could be repeated, so it takes no claim. */
async function findInDryRun(start: ItemStart): Promise<StartEnd | undefined> {
	if (!hasUsersKey(start)) return undefined;
	const key = await keyOf(start);
	const wanted = wantedOf(start, key);
	if (key === undefined || wanted === undefined) return undefined;
	await checkAllowed(start);
	const known = start.run.state.claims.get(key)?.state;
	const { started } = known?.name === 'started' ? known : await searchFirst(start, wanted);
	if (started === undefined) return undefined;
	const { idField, one } = STARTS[start.run.kind];
	const reason = `Dry run. The ${one} ${String(started.record[idField])} already has this Idempotency Key`;
	const to = calleeOf(start);
	const more = { alreadyStarted: true };
	if (to === undefined) return { name: 'refused', output: { dryRun: true, reason, ...more } };
	return endBy(notCalled(to, reason, 'dryRun', more));
}

/** Searches for what another execution may have started. @throws NodeOperationError in words for the user, after which nothing is known */
async function searchFirst(start: ItemStart, wanted: WantedStart): Promise<Found> {
	return await search(start, wanted).catch(async (error: NodeApiError) =>
		Promise.reject(unknownError(start, error)),
	);
}

async function findByClaim(start: ItemStart): Promise<StartEnd | undefined> {
	const { run, claim, uses } = start;
	const known = await claim.take();
	if (known.name === 'started') {
		const { started } = known;
		return isOfThisExecution(start) && !started.isShort ? adopted(started) : await adoptedNow(start, started);
	}
	if (known.name === 'inDoubt') return await findDoubtful(start, known.said);
	const left = claim.key === undefined ? undefined : run.note?.starts[claim.key];
	if (left) {
		const { record, wait, content, roomId, message, sentAtMs } = left;
		claim.sentAtMs = sentAtMs;
		if (record) return await adoptedNow(start, { record, wait, content });
		claim.roomId = roomId;
		return await findDoubtful(start, { message: message ?? '' });
	}
	if (uses.retried) return await findRetriedUse(start, uses.retried);
	const wanted = wantedOf(start, claim.key);
	if (wanted === undefined) return undefined;
	await checkAllowed(start);
	const { started } = await searchFirst(start, wanted);
	if (started === undefined) return undefined;
	claim.sentAtMs = startMsOf(started.record) || 0;
	return adopted(started);
}

const adopted = (started: Started): StartEnd => ({ name: 'adopted', started });

/** Fetches the current record, unless the operation waits, because polling then does so. */
async function adoptedNow({ run, requests }: ItemStart, started: Started): Promise<StartEnd> {
	const { kind, isAwaited } = run;
	if (isAwaited || !isFindable(kind)) return adopted(started);
	const id = String(started.record[STARTS[kind].idField]);
	const record = await KINDS[kind].get(requests.untilCancelled(), id).catch(() => started.record);
	return adopted({ ...started, record });
}

/** Searches once for a start that was in doubt. */
async function findDoubtful(start: ItemStart, said: Doubt): Promise<StartEnd> {
	const { key, to, sentAtMs } = start.claim;
	const mayBeFound = isFindable(start.run.kind) && key !== undefined;
	// After an error of the list, nothing more is known than before.
	const found = mayBeFound
		? await search(start, { key, to, sinceMs: sentAtMs }).catch(() => undefined)
		: undefined;
	return found?.started ? adopted(found.started) : { name: 'inDoubt', error: doubtError(start.run, said) };
}

/** Finds what an AI tool has started in the execution that is being retried, where this use of the tool repeats that one. */
async function findRetriedUse(start: ItemStart, use: ToolUse): Promise<StartEnd> {
	const { kind, context } = start.run;
	if (!isFindable(kind)) {
		throw withReason(new NodeOperationError(context.getNode(), alreadyUsed(kind)), 'refused');
	}
	const { key, startedId, sentAtMs } = use;
	start.claim.sentAtMs = sentAtMs;
	const { idField, one, started } = STARTS[kind];
	if (startedId) return await adoptedNow(start, { record: { [idField]: startedId } });
	const to = calleeOf(start);
	const found = await search(start, { key, to, sinceMs: sentAtMs });
	if (found.started) return adopted(found.started);
	const message = `The ${one}${to ? ` to ${to}` : ''} may have been ${started} before`;
	return { name: 'inDoubt', error: doubtError(start.run, { message }) };
}

/** Makes the error for a start of which the list doesn't tell whether it was made. */
function unknownError({ run }: ItemStart, { message, description }: NodeApiError): NodeOperationError {
	const { one, started } = STARTS[run.kind];
	const text = `Nothing was sent, because n8n couldn't check whether the ${one} was already ${started}: ${message}`;
	const error = new NodeOperationError(run.context.getNode(), text, {
		description: description ?? undefined,
	});
	return withReason(error, 'failed');
}

/**
 * Makes the outcome of an earlier start for this execution.
 *
 * @returns `alreadyStarted` if another execution has made it, and `differs` if the agent was told something else there than this item
 *   says, because several items call the number. The response to a question goes to the execution that has asked it
 */
export function asAdopted(start: ItemStart, end: StartEnd): StartEnd {
	if (end.name !== 'adopted' || isOfThisExecution(start)) return end;
	const { record, wait, content } = end.started;
	const own = contentOf(start.item.start);
	const differs = own !== undefined && content !== undefined && own !== content;
	if (start.run.isQuestion) {
		const reason = 'Another execution has already asked this question';
		const { callId } = record;
		return endBy(notCalled(calleeOf(start), reason, 'alreadyAsked', { callId }));
	}
	return adopted({
		record: { ...record, alreadyStarted: true, ...(differs && { differs }) } satisfies IDataObject,
		wait: wait && { ...wait, question: undefined },
	});
}
