import { type IWebhookFunctions } from 'n8n-workflow';
import { parseWithoutTools } from '../security/redactTokens';
import { readEvent, type ReceivedEvent } from './event';
import { publishedKeys } from './keyCache';
import { type Rejection } from './respond';
import { type Settings } from './verificationSettings';
import { isSignedWith } from './verify';

export const SIGNATURE_HEADER = 'videosdk-signature';

const NOT_SIGNED: Omit<Rejection, 'reason'> = {
	status: 401,
	sentence: 'The videosdk-signature header is missing or wrong',
};
const NO_EVENT: Rejection = {
	status: 400,
	sentence: 'The body is not an event, because it has no webhookType',
	reason: "The body isn't a VideoSDK event. It has no webhookType and no call-summary. Check what sends it.",
};
const WRONG_SIGNATURE =
	"The signature doesn't match the body. If the request is from VideoSDK, clear 'Webhook Public Key' in the credential, and make sure that no proxy in front of n8n changes the body.";
const NO_SIGNATURE =
	'The videosdk-signature header is missing. Check whether it was VideoSDK (it may not sign call summaries), what else sends requests to this URL, and whether a proxy in front of n8n removes the header.';
const NO_BODY = "The body couldn't be read, because it's too large or incomplete.";

function noKey(reason: string): Rejection {
	return {
		status: 503,
		sentence: "The signature can't be verified right now. Try again later.",
		reason: `There is no public key to verify the signature with. ${reason}`,
	};
}

/**
 * Reads the bytes of the body. For a node of a version above 1, n8n has read only the usual types (parseRequestBody in webhook-helpers),
 * and applies the same limits to the others here.
 */
async function readRawBody(context: IWebhookFunctions): Promise<Buffer | undefined> {
	const request = context.getRequestObject();
	try {
		if (!Buffer.isBuffer(request.rawBody)) await request.readRawBody();
	} catch {
		// The body is too large, incomplete, or a form, none of which VideoSDK sends.
	}
	return Buffer.isBuffer(request.rawBody) ? request.rawBody : undefined;
}

/**
 * Reads a delivery's body.
 *
 * @param rawBody the bytes as received
 * @returns undefined if the body isn't a JSON object with a type or a call summary
 */
export function parseEvent(rawBody: Buffer): ReceivedEvent | undefined {
	try {
		return readEvent(parseWithoutTools(rawBody.toString('utf8')), rawBody);
	} catch {
		return undefined;
	}
}

/** Verifies the signature of the bytes as received. Never throws. @returns why the delivery is rejected; undefined if it isn't */
async function verifySignature(
	context: IWebhookFunctions,
	rawBody: Buffer,
	settings: Settings,
): Promise<Rejection | undefined> {
	const signature = context.getHeaderData()[SIGNATURE_HEADER];
	if (typeof signature !== 'string' || signature === '') return { ...NOT_SIGNED, reason: NO_SIGNATURE };
	if ('unreadableBecause' in settings) return noKey(settings.unreadableBecause);
	const { baseUrl, pinnedKey } = settings;
	try {
		for await (const key of pinnedKey ? [pinnedKey] : publishedKeys(context, baseUrl)) {
			if (isSignedWith(rawBody, signature, key)) return undefined;
		}
	} catch (error) {
		return noKey((error as Error).message);
	}
	return { ...NOT_SIGNED, reason: WRONG_SIGNATURE };
}

/**
 * Verifies a delivery and reads its event. Never throws, whatever was sent, because n8n would respond with a stack trace and store a failed
 * execution (test/e2e/hostile).
 *
 * @param isVerified whether to verify the signature; without that, every sender is accepted
 * @param settings the settings of the node's credential
 */
export async function verifyDelivery(
	context: IWebhookFunctions,
	isVerified: boolean,
	settings: Settings,
): Promise<{ event: ReceivedEvent } | { rejection: Rejection }> {
	const rawBody = await readRawBody(context);
	if (rawBody === undefined) return { rejection: isVerified ? { ...NOT_SIGNED, reason: NO_BODY } : NO_EVENT };
	const rejection = isVerified ? await verifySignature(context, rawBody, settings) : undefined;
	if (rejection) return { rejection };
	const event = parseEvent(rawBody);
	return event === undefined ? { rejection: NO_EVENT } : { event };
}
