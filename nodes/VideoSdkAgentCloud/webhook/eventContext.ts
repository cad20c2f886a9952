import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';
import { CREDENTIAL_TYPE, CredentialCache, credentialId } from '../api/credential';
import type { ContextKey } from './context';
import { CONTEXT_PARAMETER, contextKey, verifyContext } from './context';
import { warnSparingly } from './rejectionLog';

const MAX_KEPT = 100;
/** A context of another key makes the credential be read again after this time: the user may just have changed the secret. */
const RECHECK_AGE_MS = 5_000;

/** Why a context is dropped, and what to do. */
const REASONS = {
	form: 'It is not one that this package has written.',
	key: "It was signed with another secret key: 'Secret Key' in the credential was changed after the session or room began, or that was started with another credential.",
	signature: 'Its signature does not fit. It was changed on its way.',
};

/** By credential and workflow: the credential may hold an expression. */
const kept = new Map<string, CredentialCache<ContextKey>>();

async function keyOf(context: IWebhookFunctions, maxAgeMs?: number): Promise<ContextKey> {
	const id = `${credentialId(context)} ${context.getWorkflow().id}`;
	let cache = kept.get(id);
	if (cache === undefined) {
		if (kept.size >= MAX_KEPT) kept.delete([...kept.keys()][0] as string);
		cache = new CredentialCache();
		kept.set(id, cache);
	}
	return await cache.get(async () => {
		const { secretKey } = await context.getCredentials(CREDENTIAL_TYPE);
		const secret = String(secretKey ?? '').trim();
		// With no secret everybody could sign.
		if (secret === '') throw new UserError("'Secret Key' in the VideoSDK Agent Cloud credential is empty.");
		return contextKey(secret);
	}, maxAgeMs);
}

/**
 * Reads the context that was given where the session or room of a verified event began. VideoSDK's signature does not cover the URL, so
 * the context has one of its own. Without a context in the URL no credential is read. Never throws: an event is worth more than its
 * context.
 *
 * @returns undefined if there is none, or it was not signed with the secret of the node's credential
 */
export async function readEventContext(context: IWebhookFunctions): Promise<IDataObject | undefined> {
	const { [CONTEXT_PARAMETER]: text } = context.getQueryData() as Record<string, unknown>;
	if (text === undefined) return undefined;
	let reason: string;
	try {
		let verified = verifyContext(text, await keyOf(context));
		if ('rejected' in verified && verified.rejected === 'key') {
			verified = verifyContext(text, await keyOf(context, RECHECK_AGE_MS));
		}
		if ('pairs' in verified) return verified.pairs;
		reason = REASONS[verified.rejected];
	} catch (error) {
		reason = (error as Error).message;
	}
	const { name } = context.getNode();
	warnSparingly(context, 'context', `'${name}' left the context of an event out. ${reason}`);
	return undefined;
}
