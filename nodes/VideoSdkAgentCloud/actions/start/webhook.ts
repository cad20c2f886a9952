import { type SessionWebhook } from '../../api/sessions';
import { resumeWebhook } from '../../waiting/resuming/resumeUrl';
import { readSettings } from '../../webhook/verificationSettings';
import type { EventTarget } from '../operation';
import type { ItemStart } from './itemStart';

/** @returns the webhook that VideoSDK gets; undefined if it can't reach the execution that waits */
export async function webhookOf(
	{ run, requests }: ItemStart,
	{ endPoint, events }: EventTarget,
): Promise<SessionWebhook | undefined> {
	if (endPoint !== undefined) return { endPoint, events };
	return await resumeWebhook(run.context, events, requests.credential);
}

/**
 * Makes the webhook of a session.
 *
 * @throws NodeOperationError for a session whose end n8n couldn't verify with this credential, because nothing else may report it
 */
export async function sessionWebhook(start: ItemStart): Promise<SessionWebhook | undefined> {
	const { request } = start.item.start;
	const target = request.kind === 'session' ? request.webhook : undefined;
	if (target === undefined) return undefined;
	if (target.endPoint === undefined) {
		const settings = await readSettings(start.run.context);
		if ('unreadableBecause' in settings) {
			throw start.read.fail(settings.unreadableBecause, 'Nothing was sent to VideoSDK.');
		}
	}
	return await webhookOf(start, target);
}
