import { type IWebhookFunctions } from 'n8n-workflow';
import { parseEvent, type ReceivedEvent } from './event';
import { type Verification, verifyWithPublishedKey } from './keyCache';
import { logRejection } from './rejectionLog';
import { respond } from './respond';
import { type VerificationSettings, verificationSettings } from './verificationSettings';
import { isSignedWith } from './verify';

/** Why a delivery is rejected: what the sender gets, and what the log says. */
export interface Rejection {
	status: 400 | 401 | 503;
	/** For whoever reads the sender's log. */
	sentence: string;
	/** For whoever reads n8n's log: the reason, and what to do. */
	reason: string;
}

/** The credential's settings, or why they cannot be read. */
export type Settings = VerificationSettings | { unreadableBecause: string };

export const SIGNATURE_HEADER = 'videosdk-signature';

const NOT_SIGNED: Omit<Rejection, 'reason'> = {
	status: 401,
	sentence: 'The header videosdk-signature is missing or wrong',
};
const NO_EVENT: Rejection = {
	status: 400,
	sentence: 'The body is not an event: it names no webhookType',
	reason:
		'The body is not an event of VideoSDK: it has no webhookType and no call-summary. Check what sends it.',
};
const WRONG_SIGNATURE =
	"The signature does not fit the body. If the delivery is from VideoSDK, clear 'Webhook Public Key' in the credential, and check that no proxy in front of n8n changes the body.";
const NO_SIGNATURE =
	'The header videosdk-signature is missing. VideoSDK signs what it sends: check what else sends to this URL, and that no proxy in front of n8n removes the header.';
const NO_BODY = 'The body could not be read: it is too large or incomplete.';

function noKey(reason: string): Rejection {
	return {
		status: 503,
		sentence: 'The signature cannot be verified now, try again later',
		reason: `There is no public key to verify the signature with. ${reason}`,
	};
}

/** Reads the node's credential, once for a delivery. Never throws. @param maxAgeMs see `verificationSettings` */
export async function readSettings(context: IWebhookFunctions, maxAgeMs?: number): Promise<Settings> {
	try {
		return await verificationSettings(context, maxAgeMs);
	} catch (error) {
		return { unreadableBecause: (error as Error).message };
	}
}

/** n8n itself reads bodies of the usual types only, unless the node is of version 1. Its limits are the same for both. */
async function readRawBody(context: IWebhookFunctions): Promise<Buffer | undefined> {
	const request = context.getRequestObject();
	try {
		if (!Buffer.isBuffer(request.rawBody)) await request.readRawBody();
	} catch {
		// Too large, incomplete, or a form: nothing that VideoSDK sends.
	}
	return Buffer.isBuffer(request.rawBody) ? request.rawBody : undefined;
}

/** Verifies the signature of the bytes as they came. Never throws. */
async function verifySignature(
	context: IWebhookFunctions,
	rawBody: Buffer,
	settings: Settings,
): Promise<Rejection | undefined> {
	const signature = context.getHeaderData()[SIGNATURE_HEADER];
	if (typeof signature !== 'string' || signature === '') return { ...NOT_SIGNED, reason: NO_SIGNATURE };
	if ('unreadableBecause' in settings) return noKey(settings.unreadableBecause);
	const { baseUrl, pinnedKey } = settings;
	const verification: Verification = pinnedKey
		? { isSigned: isSignedWith(rawBody, signature, pinnedKey) }
		: await verifyWithPublishedKey(context, baseUrl, (key) => isSignedWith(rawBody, signature, key));
	if ('noKeyBecause' in verification) return noKey(verification.noKeyBecause);
	return verification.isSigned ? undefined : { ...NOT_SIGNED, reason: WRONG_SIGNATURE };
}

/**
 * Verifies a delivery and reads the event in it. Never throws, whatever was sent: n8n would answer with a stack trace and store a
 * failed execution.
 *
 * @param isVerified whether the signature is verified; false accepts every sender
 * @param settings the node's. Default: they are read
 */
export async function verifyDelivery(
	context: IWebhookFunctions,
	isVerified: boolean,
	settings?: Settings,
): Promise<{ event: ReceivedEvent } | { rejection: Rejection }> {
	const rawBody = await readRawBody(context);
	if (rawBody === undefined) return { rejection: isVerified ? { ...NOT_SIGNED, reason: NO_BODY } : NO_EVENT };
	const rejection = isVerified
		? await verifySignature(context, rawBody, settings ?? (await readSettings(context)))
		: undefined;
	if (rejection) return { rejection };
	const event = parseEvent(rawBody);
	return event === undefined ? { rejection: NO_EVENT } : { event };
}

/** Answers a rejected delivery, and leaves a trace of it in n8n's log. */
export function reject(context: IWebhookFunctions, rejection: Rejection) {
	logRejection(context, rejection.status, rejection.reason);
	return respond(context, rejection.status, rejection.sentence);
}
