import { type IWebhookFunctions } from 'n8n-workflow';
import type { Waiting } from './storedWait';
import { findWait, keepWait, type Wait } from './wait';
import { findWatch } from './watch';

/** @returns the wait; a process that hears of it for the first time, or after a restart, does from then on what the first one does */
export async function takeUp(context: IWebhookFunctions, { stored, items }: Waiting): Promise<Wait> {
	const present = findWait(stored);
	if (present) return present;
	// A webhook has no items on which an expression in the credential could work.
	const watch = stored.isCredentialByItem ? undefined : await findWatch(context);
	const wait = findWait(stored) ?? keepWait(stored);
	wait.joinItems(items);
	if (watch) wait.watch(watch);
	return wait;
}
