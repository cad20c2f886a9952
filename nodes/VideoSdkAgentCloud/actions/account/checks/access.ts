import { readPublicKey } from '../../../webhook/verify';
import { type Facts, type Finding, good, problem } from './facts';

/** A token is valid from this long before it is signed, and for this long after (credentials/signToken.ts). */
const MAX_CLOCK_AHEAD_MS = 60_000;
const MAX_CLOCK_BEHIND_MS = 5 * 60_000;

const PINNED = "'Webhook Public Key' in the credential";

/** Checks the API key and secret by a list that other checks need as well. */
export const checkCredential = ({ deployments: { failure } }: Facts): Finding =>
	failure ?? good('VideoSDK accepts the API key and secret');

export function checkClock({ key: { aheadMs, failure } }: Facts): Finding {
	if (aheadMs === undefined) {
		return failure ?? good("VideoSDK's response didn't include the time, so the clock wasn't checked");
	}
	if (aheadMs <= MAX_CLOCK_AHEAD_MS && -aheadMs <= MAX_CLOCK_BEHIND_MS)
		return good('The clock is accurate enough');
	const seconds = Math.round(Math.abs(aheadMs) / 1000);
	const amount = seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
	return problem(
		`The clock on the machine that runs n8n is ${amount} ${aheadMs > 0 ? 'fast' : 'slow'}. VideoSDK may reject requests`,
		'Synchronize the clock, for example with NTP. A container uses the clock of its host.',
	);
}

/** Checks the key by which events are verified: the one in the credential, else VideoSDK's own. */
export function checkPublicKey({ key: { pem, failure }, pinnedKey }: Facts): Finding {
	const published = readPublicKey(pem);
	if (pinnedKey === '') {
		if (published) return good("n8n can fetch VideoSDK's public key");
		return (
			failure ??
			problem(
				"VideoSDK doesn't provide a usable public key, so events can't be verified",
				"Check 'Base URL' in the credential. A different service may be responding there. If it's right, try again later.",
			)
		);
	}
	const pinned = readPublicKey(pinnedKey);
	// One that is not published cannot differ.
	if (pinned && (!published || pinned.equals(published))) {
		return good(`${PINNED} is a usable key`);
	}
	return problem(
		`${PINNED} isn't ${pinned ? 'the key that VideoSDK publishes' : 'a usable key'}, so its events are rejected`,
		"Unless VideoSDK gave you this key, clear 'Webhook Public Key' in the credential.",
	);
}
