import type { CredentialSource } from './credentialSource';
import { type MakeRequest, Poller } from './poll';
import type { StoredWait } from './storedWait';

/** The waits that this process polls for, by the hash of their key. */
const pollers = new Map<string, Poller>();

/** @returns what this process knows of a wait, if it polls for it */
export function findPoller({ keyHash }: StoredWait): Poller | undefined {
	return pollers.get(keyHash);
}

/**
 * Has the API asked soon for a call that may be over, as an event says, if an execution of this process waits for it.
 *
 * @param credentialId of the trigger that verified the event. One that another credential verified counts for nothing
 */
export function hintEnd(credentialId: string, callId: string): void {
	for (const poller of pollers.values()) {
		if (poller.credentialId === credentialId) poller.hints.note(callId);
	}
}

/**
 * Polls for a wait until its execution continues.
 *
 * @param groups the IDs of the conversations, by the source of their credential
 * @param isOwner whether this process put the execution to wait. Only then is anything ended at the deadline
 */
export function startPolling(
	wait: StoredWait,
	groups: Map<CredentialSource, string[]>,
	makeRequest: MakeRequest,
	isOwner = true,
): Poller {
	const poller = new Poller(wait, groups, makeRequest, isOwner, () => pollers.delete(wait.keyHash));
	pollers.set(wait.keyHash, poller);
	return poller;
}
