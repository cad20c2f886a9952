import type { IDataObject } from 'n8n-workflow';
import { failureOf } from '../../api/http/client';
import { isStopping } from '../../api/endOnce';
import { isInDoubt, NOT_FOUND_STATUSES } from '../../api/http/failure';
import { findArtifacts, placeOf } from '../../conversation/findArtifacts';
import { reasonMissing } from '../../conversation/artifact';
import { describeKnown } from '../../conversation/known';
import { LONGEST_TRY_AGAIN_MS, openArtifacts } from '../../conversation/nextStep';
import type { AccountRequests } from './accountRequests';
import type { PendingConversation, Busy } from './pendingConversation';
import type { Limiter } from './limiter';

/** Statuses that concern the credential, not the conversation. */
const REJECTED = [401, 403];
/** The status of what VideoSDK hasn't even read. */
const TOO_MANY = 429;

/** VideoSDK may write the ID in other capitals. */
const asOwn = (one: PendingConversation, record: IDataObject) => ({ ...record, [one.kind.idField]: one.id });

/**
 * Fetches the record. Never throws: "not found" says nothing, since the ID is VideoSDK's own.
 *
 * @returns whether VideoSDK has answered: the record, or that there is none. Anything else may pass
 */
export async function pollRecord(
	account: AccountRequests,
	one: PendingConversation,
	limiter: Limiter = account.polls,
): Promise<boolean> {
	const [atMs, wasOver] = [Date.now(), one.known.isConfirmedOver];
	const send = account.sender(limiter, one.limits, one.limits.fetchUntilMs);
	return await one.kind.get(send, one.id).then(
		(record) => {
			one.mergePoll(asOwn(one, record), atMs, account.skewMs, wasOver);
			return true;
		},
		(error: Error) => {
			const failure = failureOf(error);
			if (REJECTED.includes(failure?.status ?? 0)) one.onRejected?.(error);
			return NOT_FOUND_STATUSES.includes(failure?.status ?? 0);
		},
	);
}

/** Asks once to end a conversation at its Max Wait, and looks whether it is over if that failed. Never throws. */
async function end(account: AccountRequests, one: PendingConversation): Promise<void> {
	try {
		const send = account.sender(account.ends, one.limits, one.lastMs('end'));
		const record = await one.kind.requestEnd(send, one.id);
		one.mergeFact({ record: asOwn(one, record), skewMs: account.skewMs });
		one.mergeFact({ ended: true });
	} catch (error) {
		one.mergeFact({ ended: (error as Error).message });
		const failure = failureOf(error);
		// The next try tells more, unless there is none, or no look has been answered since Max Wait.
		const isLast = Date.now() + LONGEST_TRY_AGAIN_MS >= one.lastMs('end');
		if (failure?.status === TOO_MANY && one.isPolled && !isLast) return;
		const nowMs = Date.now();
		if (await pollRecord(account, one, account.ends)) one.noteStep('poll', nowMs);
		// The answer was lost, but the end worked.
		const isEnding = one.known.isConfirmedOver || isStopping(describeKnown(one.kind, one.known));
		if (failure && isInDoubt(failure) && isEnding) one.mergeFact({ ended: true });
	}
}

/** Looks for what was said. @param busy after its time nothing is sent */
async function fetchArtifacts(
	account: AccountRequests,
	one: PendingConversation,
	busy: Busy,
	nowMs: number,
): Promise<void> {
	const untilMs = Math.min(busy.untilMs, one.limits.fetchUntilMs);
	// The record tells when it was over, which an event or the answer to an end may not.
	if (!one.known.isConfirmedOver) await pollRecord(account, one, account.fetches);
	const record = describeKnown(one.kind, one.known);
	const reason = reasonMissing(one.kind, record);
	if (reason !== undefined) {
		const mayCome = record.outcome === 'running';
		for (const part of one.policy.include)
			one.mergeFact({ artifacts: { [part]: { reason, mayCome, atMs: nowMs } } });
		return;
	}
	const { ownRoomId: roomId } = one.policy;
	const { overAtMs, reported, seenOverAtMs = nowMs } = one.known;
	// The record tells it by VideoSDK's clock, everything else is known by n8n's.
	const knownMs = (overAtMs ?? Math.min(...Object.values(reported), seenOverAtMs)) - account.skewMs;
	const endMs = Date.parse(String(record.end)) || knownMs;
	await findArtifacts(
		account.sender(account.fetches, one.limits, one.limits.fetchUntilMs),
		async (url) => await account.readText(url, one.limits, untilMs),
		openArtifacts(one.known, one.policy),
		placeOf(record, roomId === undefined ? undefined : { roomId, endMs }),
		nowMs,
		(part, found) => one.mergeFact({ artifacts: { [part]: found } }),
	);
}

/** What is done in each step. `false`: VideoSDK hasn't answered. */
export const STEPS = {
	poll: async (account: AccountRequests, one: PendingConversation) => await pollRecord(account, one),
	end,
	fetch: fetchArtifacts,
};
