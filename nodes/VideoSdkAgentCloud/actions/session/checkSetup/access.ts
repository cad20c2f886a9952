import { type IDataObject, type IExecuteFunctions } from 'n8n-workflow';
import { failureOf, type Send } from '../../../api/client';
import { CREDENTIAL_TYPE } from '../../../api/credential';
import { DEPLOYMENTS } from '../../../api/deployments';
import { listRecords } from '../../../api/pagination';
import { fetchKeyAndTime } from '../../../api/publicKey';
import { readPublicKey } from '../../../webhook/verify';
import { failed, type Finding, good, problem } from './finding';

/** A token is valid from this long before it is signed, and for this long after (credentials/signToken.ts). */
const MAX_CLOCK_AHEAD_MS = 60_000;
const MAX_CLOCK_BEHIND_MS = 5 * 60_000;

const CLEAR_KEY = "Clear 'Webhook Public Key' in the credential to use VideoSDK's own key.";

/** Checks the API key and secret by fetching the list of deployments, which other checks need as well. */
export async function checkCredential(
	send: Send,
): Promise<{ credential: Finding; deployments?: IDataObject[] }> {
	try {
		const deployments = await listRecords(send, DEPLOYMENTS, Infinity);
		return { credential: good('VideoSDK accepts the API key and secret'), deployments };
	} catch (error) {
		return { credential: failed(error, 'the list of deployments') };
	}
}

/** Checks the clock and the public key by the same request. */
export async function checkClockAndKey(
	context: IExecuteFunctions,
	send: Send,
	itemIndex: number,
): Promise<{ clock: Finding; publicKey: Finding }> {
	// Each item may have a key of its own.
	const { webhookPublicKey } = await context
		.getCredentials(CREDENTIAL_TYPE, itemIndex)
		.catch((): IDataObject => ({}));
	const pinned = String(webhookPublicKey ?? '').trim();
	try {
		const { pem, answeredAtMs } = await fetchKeyAndTime(send);
		return { clock: checkClock(answeredAtMs), publicKey: checkPublicKey(pinned, pem) };
	} catch (error) {
		// VideoSDK may have rejected the request because the clock is wrong.
		const answeredAtMs = failureOf(error as object)?.serverTimeMs;
		return {
			clock:
				answeredAtMs === undefined
					? problem(
							"The clock wasn't checked because n8n didn't get the time from VideoSDK",
							"Fix the 'publicKey' check first.",
						)
					: checkClock(answeredAtMs),
			publicKey: pinned === '' ? failed(error, 'its public key') : checkPublicKey(pinned, ''),
		};
	}
}

/**
 * @param pinned 'Webhook Public Key' of the credential; empty if it has none
 * @param published as VideoSDK answered; empty if there was no key
 */
function checkPublicKey(pinned: string, published: string): Finding {
	const [pinnedKey, publishedKey] = [readPublicKey(pinned), readPublicKey(published)];
	if (pinned === '') {
		return publishedKey === undefined
			? problem(
					"VideoSDK doesn't provide a usable public key, so events can't be verified",
					"Check 'Base URL' in the credential. A different service may be responding there. If it's right, try again later.",
				)
			: good("n8n can fetch VideoSDK's public key");
	}
	if (pinnedKey === undefined) {
		return problem(
			"'Webhook Public Key' in the credential isn't a usable key, so all events will be rejected",
			CLEAR_KEY,
		);
	}
	// One that is not published cannot differ.
	if (publishedKey !== undefined && !pinnedKey.equals(publishedKey)) {
		return problem(
			"'Webhook Public Key' in the credential isn't VideoSDK's key, so all events will be rejected",
			CLEAR_KEY,
		);
	}
	return publishedKey === undefined
		? good(
				"'Webhook Public Key' in the credential is a usable key. It wasn't compared because n8n couldn't fetch VideoSDK's own key",
			)
		: good("'Webhook Public Key' in the credential is VideoSDK's own key");
}

/** @param answeredAtMs when VideoSDK answered by its own clock, in ms since 1970 */
function checkClock(answeredAtMs: number | undefined): Finding {
	if (answeredAtMs === undefined) {
		return good("The clock wasn't checked because VideoSDK's response didn't include the time");
	}
	const aheadMs = Date.now() - answeredAtMs;
	if (aheadMs <= MAX_CLOCK_AHEAD_MS && -aheadMs <= MAX_CLOCK_BEHIND_MS) return good('The clock is correct');
	const seconds = Math.round(Math.abs(aheadMs) / 1000);
	const amount = seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
	return problem(
		`The clock on the machine that runs n8n is ${amount} ${aheadMs > 0 ? 'fast' : 'slow'}, so VideoSDK rejects requests`,
		'Synchronize the clock, for example with NTP. A container uses the clock of its host.',
	);
}
