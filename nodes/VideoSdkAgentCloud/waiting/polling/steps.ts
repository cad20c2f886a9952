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
import type { Limiter } from '../../api/http/limiter';

/** The statuses for a rejected credential, which say nothing about the conversation. */
const REJECTED = [401, 403];
/** The status of a request that VideoSDK hasn't even read. */
const TOO_MANY = 429;

/** @returns the record with the conversation's own spelling of its ID, because VideoSDK may change the case */
const asOwn = (one: PendingConversation, record: IDataObject) => ({ ...record, [one.kind.idField]: one.id });

/**
 * Fetches and merges the record of a conversation. Never throws. "Not found" is ignored, because the ID came from VideoSDK.
 *
 * @returns whether VideoSDK has responded, with the record or with "not found". Any other failure may pass
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

/** Sends one request to end a conversation at its Max Wait, and polls it if that fails. Never throws. */
async function end(account: AccountRequests, one: PendingConversation): Promise<void> {
	try {
		const send = account.sender(account.ends, one.limits, one.lastMs('end'));
		const record = await one.kind.requestEnd(send, one.id);
		one.mergeFact({ record: asOwn(one, record), skewMs: account.skewMs });
		one.mergeFact({ ended: true });
	} catch (error) {
		one.mergeFact({ ended: (error as Error).message });
		const failure = failureOf(error);
		// The next try tells more than a poll, unless there is none, or VideoSDK hasn't responded to any poll since Max Wait.
		const isLast = Date.now() + LONGEST_TRY_AGAIN_MS >= one.lastMs('end');
		if (failure?.status === TOO_MANY && one.isPolled && !isLast) return;
		const nowMs = Date.now();
		if (await pollRecord(account, one, account.ends)) one.noteStep('poll', nowMs);
		// Only the response was lost, and the end has worked.
		const isEnding = one.known.isConfirmedOver || isStopping(describeKnown(one.kind, one.known));
		if (failure && isInDoubt(failure) && isEnding) one.mergeFact({ ended: true });
	}
}

/** Searches for the artifacts of a conversation, and merges them. @param busy its `untilMs` is the time after which no file is requested */
async function fetchArtifacts(
	account: AccountRequests,
	one: PendingConversation,
	busy: Busy,
	nowMs: number,
): Promise<void> {
	const untilMs = Math.min(busy.untilMs, one.limits.fetchUntilMs);
	// Only the record certainly tells when it was over. An event, or the response to an end, may not.
	if (!one.known.isConfirmedOver) await pollRecord(account, one, account.fetches);
	const record = describeKnown(one.kind, one.known);
	const reason = reasonMissing(one.kind, record);
	if (reason !== undefined) {
		const mayCome = record.outcome === 'running';
		for (const name of one.policy.include)
			one.mergeFact({ artifacts: { [name]: { reason, mayCome, atMs: nowMs } } });
		return;
	}
	const { ownRoomId: roomId } = one.policy;
	const { overAtMs, reported, seenOverAtMs = nowMs } = one.known;
	// The record's time is by VideoSDK's clock, and all others are by n8n's.
	const knownMs = (overAtMs ?? Math.min(...Object.values(reported), seenOverAtMs)) - account.skewMs;
	const endMs = Date.parse(String(record.end)) || knownMs;
	await findArtifacts(
		account.sender(account.fetches, one.limits, one.limits.fetchUntilMs),
		async (url) => await account.readText(url, one.limits, untilMs),
		openArtifacts(one.known, one.policy),
		placeOf(record, roomId === undefined ? undefined : { roomId, endMs }),
		nowMs,
		(name, found) => one.mergeFact({ artifacts: { [name]: found } }),
	);
}

/** The function of each step. A result of `false` means that VideoSDK hasn't responded. */
export const STEPS = {
	poll: async (account: AccountRequests, one: PendingConversation) => await pollRecord(account, one),
	end,
	fetch: fetchArtifacts,
};
