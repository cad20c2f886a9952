import type { ICheckProcessedOptions, IExecuteFunctions } from 'n8n-workflow';

/** Two entries for each event; n8n keeps them as one list that is read and written as a whole. */
const OPTIONS: ICheckProcessedOptions = { mode: 'entries', maxEntries: 2_000 };

/**
 * Tells whether a run is the first one for its event, and remembers the event in n8n's database. This catches what the memory of
 * one process cannot: a second delivery after a restart, or on another process of a queue-mode set-up.
 *
 * It is asked within the run, because n8n offers it only there, and because an event may be remembered only once its run exists.
 * n8n's store has no lock: two runs that begin in the same few milliseconds on two processes may both count as the first.
 *
 * @returns true also if the store cannot be used: rather an event twice than not at all
 */
export async function isFirstRun(context: IExecuteFunctions, eventId: string): Promise<boolean> {
	if (eventId === '' || context.getMode() === 'manual') return true;
	// A run that a worker lost half way is begun again under the same id, and is no duplicate of itself.
	const ownMark = `${eventId}:${context.getExecutionId()}`;
	try {
		const { new: isNew } = await context.helpers.checkProcessedAndRecord([eventId, ownMark], 'node', OPTIONS);
		const isDuplicate = !isNew.includes(eventId) && isNew.includes(ownMark);
		if (isDuplicate) await context.helpers.removeProcessed([ownMark], 'node', OPTIONS);
		return !isDuplicate;
	} catch (error) {
		context.logger.warn('Could not check whether an event came before, so it is taken as new', {
			reason: (error as Error).message,
		});
		return true;
	}
}
