import { type IWebhookFunctions } from 'n8n-workflow';
import { findAccount } from './account';
import type { Waiting } from './storedWait';
import { findWait, keepWait, type Wait } from './wait';

/** @returns the wait; a process that hears of it for the first time, or after a restart, does from then on what the first one does */
export async function takeUp(context: IWebhookFunctions, { stored, items }: Waiting): Promise<Wait> {
	const present = findWait(stored);
	if (present) return present;
	// A webhook has no items on which an expression in the credential could work.
	const account = stored.isCredentialByItem ? undefined : await findAccount(context);
	const wait = findWait(stored) ?? keepWait(stored);
	wait.joinItems(items);
	if (account) wait.watch(account);
	return wait;
}
