import type { IWebhookFunctions } from 'n8n-workflow';
import { verificationSettings } from '../signature/credentialKeys';
import { judgeByPublishedKey } from '../signature/publicKey';
import { isGenuine } from '../signature/verify';
import type { ReceivedEvent } from './event';
import { parseEvent } from './event';

/** A delivery that is turned away: the HTTP status and the sentence that the sender gets. */
export interface Refusal {
	status: 400 | 401 | 503;
	sentence: string;
}

const SIGNATURE_HEADER = 'videosdk-signature';

const NOT_SIGNED: Refusal = { status: 401, sentence: 'The header videosdk-signature is missing or wrong' };
const NO_EVENT: Refusal = { status: 400, sentence: 'The body is not an event: it names no webhookType' };
const NO_KEY: Refusal = { status: 503, sentence: 'The signature cannot be checked now, try again later' };

/** @returns whether the delivery is genuine; undefined if no key is to be had */
async function isSignedByVideoSdk(
	context: IWebhookFunctions,
	rawBody: Buffer,
	signature: unknown,
): Promise<boolean | undefined> {
	const { baseUrl, pinnedKey } = await verificationSettings(context);
	if (pinnedKey !== undefined) return isGenuine(rawBody, signature, pinnedKey);
	return await judgeByPublishedKey(context, baseUrl, (key) => isGenuine(rawBody, signature, key));
}

/** n8n itself reads bodies of the usual types only, unless the node is of version 1. */
async function readRawBody(context: IWebhookFunctions): Promise<Buffer | undefined> {
	const request = context.getRequestObject();
	try {
		if (!Buffer.isBuffer(request.rawBody)) await request.readRawBody();
	} catch {
		// Too large, broken off, or a form: nothing that VideoSDK sends.
	}
	return Buffer.isBuffer(request.rawBody) ? request.rawBody : undefined;
}

/**
 * Judges a delivery and reads the event in it. Never throws, whatever was sent: n8n would answer with a stack trace and store a
 * failed run.
 *
 * @param verifySignature whether the signature is checked; false believes everybody
 */
export async function judgeDelivery(
	context: IWebhookFunctions,
	verifySignature: boolean,
): Promise<{ event: ReceivedEvent } | { refusal: Refusal }> {
	const rawBody = await readRawBody(context);
	if (rawBody === undefined) return { refusal: verifySignature ? NOT_SIGNED : NO_EVENT };
	if (verifySignature) {
		const signature = context.getHeaderData()[SIGNATURE_HEADER];
		if (typeof signature !== 'string' || signature === '') return { refusal: NOT_SIGNED };
		const isSigned = await isSignedByVideoSdk(context, rawBody, signature).catch(() => undefined);
		if (isSigned === undefined) return { refusal: NO_KEY };
		if (!isSigned) return { refusal: NOT_SIGNED };
	}
	const event = parseEvent(rawBody);
	return event === undefined ? { refusal: NO_EVENT } : { event };
}
