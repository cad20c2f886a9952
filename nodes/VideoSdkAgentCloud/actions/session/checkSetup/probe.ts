import {
	type IDataObject,
	type IExecuteFunctions,
	type IHttpRequestMethods,
	type IHttpRequestOptions,
} from 'n8n-workflow';
import { failureOfError } from '../../../api/failure';

const TIMEOUT_MS = 10_000;

/** n8n answers it itself, by the methods that are registered for the path, if it names an origin (its WebhookRequestHandler). */
const PREFLIGHT = 'OPTIONS' as string as IHttpRequestMethods;

/** What answers at a URL. */
export type Answer =
	/** A trigger, which rejects the delivery. */
	| { by: 'trigger'; canVerify: boolean; isVerifying: boolean }
	/** n8n, for a workflow that it publishes there. */
	| { by: 'workflow'; takesPost: boolean }
	/** n8n, which publishes nothing there. */
	| { by: 'nothing' }
	| { by: 'other'; status: number }
	| { by: 'none'; reason: string };

interface Response {
	statusCode: number;
	headers: Record<string, unknown>;
	body: unknown;
}

/** @returns why nothing came from a URL, as the end of a sentence */
function reasonOf(error: unknown): string {
	const { kind, code, apiMessage } = failureOfError(error);
	if (kind === 'timeout') return `timed out after ${TIMEOUT_MS / 1000} seconds`;
	if (kind === 'untrusted') return "n8n doesn't trust its certificate";
	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name is unknown';
	if (kind === 'notConnected') return "the host can't be reached, or nothing is listening there";
	return `the connection failed: ${code ?? apiMessage ?? 'unknown reason'}`;
}

function fromTrigger({ statusCode: status, body }: Response): Answer {
	// The sentences of webhook/delivery.ts.
	const message = String((body as IDataObject | undefined)?.message ?? '');
	const isTrigger = (401 === status || 503 === status) && message.includes('signature');
	if (isTrigger) return { by: 'trigger', canVerify: status === 401, isVerifying: true };
	if (status === 400 && message.includes('webhookType')) {
		return { by: 'trigger', canVerify: true, isVerifying: false };
	}
	return status === 404 && message.includes('not registered') ? { by: 'nothing' } : { by: 'other', status };
}

function fromN8n({ statusCode: status, headers }: Response): Answer {
	const [first, ...methods] = String(headers['access-control-allow-methods'] ?? '').split(/,\s*/);
	if (first !== 'OPTIONS') return { by: 'other', status };
	return methods.length === 0 ? { by: 'nothing' } : { by: 'workflow', takesPost: methods.includes('POST') };
}

/**
 * Finds out what answers at a URL without starting anything there.
 *
 * @param target `trigger`: the URL of a trigger, which gets a delivery that is no event and has a wrong signature, so that it has to
 * read its credential. `unknown`: any other URL, which gets a preflight request
 */
export async function probe(
	context: IExecuteFunctions,
	target: { trigger: string } | { unknown: string },
): Promise<Answer> {
	const request: IHttpRequestOptions =
		'trigger' in target
			? {
					method: 'POST',
					url: target.trigger,
					body: {},
					json: true,
					headers: { 'videosdk-signature': 'bm90IHNpZ25lZA==' },
				}
			: { method: PREFLIGHT, url: target.unknown, headers: { Origin: new URL(target.unknown).origin } };
	try {
		const response = (await context.helpers.httpRequest({
			...request,
			timeout: TIMEOUT_MS,
			disableFollowRedirect: true,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
		})) as Response;
		return 'trigger' in target ? fromTrigger(response) : fromN8n(response);
	} catch (error) {
		return { by: 'none', reason: reasonOf(error) };
	}
}
