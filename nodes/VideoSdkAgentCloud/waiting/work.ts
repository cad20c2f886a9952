import type { IDataObject } from 'n8n-workflow';
import { failureOf } from '../api/client';
import { isStopping } from '../api/endOnce';
import { isInDoubt, NOT_FOUND_STATUSES } from '../api/failure';
import { findParts, placeOf } from '../conversation/kept';
import { reasonMissing } from '../conversation/part';
import { describeKnown } from '../conversation/known';
import { LONGEST_TRY_AGAIN_MS, openParts } from '../conversation/wait';
import type { Account } from './account';
import type { Awaited, Busy } from './awaited';
import type { Limiter } from './limiter';

/** Statuses that concern the credential, not the conversation. */
const REJECTED = [401, 403];
/** The status of what VideoSDK hasn't even read. */
const TOO_MANY = 429;

/** VideoSDK may write the ID in other capitals. */
const asOwn = (one: Awaited, record: IDataObject) => ({ ...record, [one.kind.idField]: one.id });

/**
 * Fetches the record. Never throws: "not found" says nothing, since the ID is VideoSDK's own.
 *
 * @returns whether VideoSDK has answered: the record, or that there is none. Anything else may pass
 */
export async function fetchRecord(
	account: Account,
	one: Awaited,
	limiter: Limiter = account.looks,
): Promise<boolean> {
	const [atMs, wasOver] = [Date.now(), one.known.isShownOver];
	const send = account.sender(limiter, one.limits, one.limits.keepUntilMs);
	return await one.kind.get(send, one.id).then(
		(record) => {
			one.learnLook(asOwn(one, record), atMs, account.skewMs, wasOver);
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
async function end(account: Account, one: Awaited): Promise<void> {
	try {
		const send = account.sender(account.ends, one.limits, one.lastMs('end'));
		const record = await one.kind.requestEnd(send, one.id);
		one.learn({ record: asOwn(one, record), skewMs: account.skewMs });
		one.learn({ ended: true });
	} catch (error) {
		one.learn({ ended: (error as Error).message });
		const failure = failureOf(error);
		// The next try tells more, unless there is none, or no look has been answered since Max Wait.
		const isLast = Date.now() + LONGEST_TRY_AGAIN_MS >= one.lastMs('end');
		if (failure?.status === TOO_MANY && one.isLookedAt && !isLast) return;
		const nowMs = Date.now();
		if (await fetchRecord(account, one, account.ends)) one.noteStep('look', nowMs);
		// The answer was lost, but the end worked.
		const isEnding = one.known.isShownOver || isStopping(describeKnown(one.kind, one.known));
		if (failure && isInDoubt(failure) && isEnding) one.learn({ ended: true });
	}
}

/** Looks for what was said. @param busy after its time nothing is sent */
async function keep(account: Account, one: Awaited, busy: Busy, nowMs: number): Promise<void> {
	const untilMs = Math.min(busy.untilMs, one.limits.keepUntilMs);
	// The record tells when it was over, which an event or the answer to an end may not.
	if (!one.known.isShownOver) await fetchRecord(account, one, account.finds);
	const record = describeKnown(one.kind, one.known);
	const reason = reasonMissing(one.kind, record);
	if (reason !== undefined) {
		const mayCome = record.outcome === 'running';
		for (const part of one.want.keep) one.learn({ parts: { [part]: { reason, mayCome, atMs: nowMs } } });
		return;
	}
	const { ownRoomId: roomId } = one.want;
	const { overAtMs, told, seenOverAtMs = nowMs } = one.known;
	// The record tells it by VideoSDK's clock, everything else is known by n8n's.
	const knownMs = (overAtMs ?? Math.min(...Object.values(told), seenOverAtMs)) - account.skewMs;
	const endMs = Date.parse(String(record.end)) || knownMs;
	await findParts(
		account.sender(account.finds, one.limits, one.limits.keepUntilMs),
		async (url) => await account.readText(url, one.limits, untilMs),
		openParts(one.known, one.want),
		placeOf(record, roomId === undefined ? undefined : { roomId, endMs }),
		nowMs,
		(part, found) => one.learn({ parts: { [part]: found } }),
	);
}

/** What is done in each step. `false`: VideoSDK hasn't answered. */
export const STEPS = {
	look: async (account: Account, one: Awaited) => await fetchRecord(account, one),
	end,
	keep,
};
